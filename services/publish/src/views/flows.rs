//! `flow_cells` and `flow_contributions`.

use super::{CONTRIBUTOR, Table, contributor, numbered, table};
use crate::PublishError;
use crate::balances::{Cells, Seen};
use crate::grouping::{Amounts, Chunk, Codes, Pairs};

/// What of a flow is shown.
const FLOW_CELL: &[&str] = &["quarter", "measure", "programme", "district", "job_basis", "prior_status"];

/// What each organisation adds to flows.
pub(super) struct Flows {
    seen_as_cell: Seen,
    seen_as_contributor: Seen,
    cells: Pairs,
    /// Cell and organisation.
    contributions: Pairs,
}

impl Flows {
    pub(super) fn new(cells: &Cells) -> Self {
        Self {
            seen_as_cell: cells.seen_by(FLOW_CELL),
            seen_as_contributor: cells.seen_by(CONTRIBUTOR),
            cells: Pairs::default(),
            contributions: Pairs::default(),
        }
    }

    pub(super) fn add(&mut self, cell: [u32; 2], amounts: &Amounts) {
        let shown = self.cells.add(self.seen_as_cell.pair(cell), amounts);
        self.contributions.add([shown, contributor(&self.seen_as_contributor, cell)], amounts);
    }

    pub(super) fn into_tables(self, cells: &Cells) -> Result<Vec<Table>, PublishError> {
        let live = |sum: &Amounts| sum.counts[0] > 0;
        let shown: Vec<Chunk> = self.cells.chunks(live).collect();
        let numbers: Vec<Codes> = shown.iter().map(|chunk| chunk.numbers.clone()).collect();
        let named = table("flow_cells", cells, &self.seen_as_cell, FLOW_CELL, shown, &[])?;
        let mut contributions: Vec<Chunk> = self.contributions.chunks(live).collect();
        let (of_cells, contributors): (Vec<Codes>, Vec<Codes>) =
            contributions.iter_mut().map(|chunk| std::mem::take(&mut chunk.pairs)).map(|[cell, of]| (cell, of)).unzip();
        let quantities = table("flow_contributions", cells, &self.seen_as_cell, &[], contributions, &["quantity"])?;
        let quantities = numbered("contributor", quantities, &contributors)?;
        Ok(vec![numbered("cell", named, &numbers)?, numbered("cell", quantities, &of_cells)?])
    }
}
