//! `employer_moves`: who came and who left, per employer; and employers' numbers,
//! by which series are held against them.

use super::{Table, numbered, table};
use crate::PublishError;
use crate::balances::{Cells, Seen};
use crate::grouping::{Amounts, Chunk, Codes, Pairs};
use commonweal_schemas::Measure;

/// An employer is an organisation in a district.
const EMPLOYER: &[&str] = &["organisation_id", "district", "combined_authority", "region"];
/// What is told of a move.
const MOVE: &[&str] = &["measure", "quarter"];

/// Employers by number, and their hires and leavers.
pub(super) struct Employers {
    seen_as_employer: Seen,
    seen_as_move: Seen,
    /// Half of a key that has the measure, and the measures by its number.
    measures: (usize, Codes),
    /// Codes of the measures that are moves.
    moving: Vec<u32>,
    numbers: Pairs,
    kinds: Pairs,
    /// Employer and kind of move.
    moves: Pairs,
}

impl Employers {
    pub(super) fn new(cells: &Cells) -> Self {
        let moving = [Measure::Hires, Measure::Leavers];
        Self {
            seen_as_employer: cells.seen_by(EMPLOYER),
            seen_as_move: cells.seen_by(MOVE),
            measures: cells.codes("measure"),
            moving: moving.into_iter().filter_map(|measure| cells.find("measure", measure.code())).collect(),
            numbers: Pairs::default(),
            kinds: Pairs::default(),
            moves: Pairs::default(),
        }
    }

    /// Number of the employer of a cell.
    pub(super) fn number(&mut self, cell: [u32; 2], amounts: &Amounts) -> u32 {
        self.numbers.add(self.seen_as_employer.pair(cell), amounts)
    }

    /// Takes a flow in, where it is a move.
    pub(super) fn add(&mut self, cell: [u32; 2], amounts: &Amounts) {
        let (half, measures) = &self.measures;
        if self.moving.contains(&measures[cell[*half] as usize]) {
            let employer = self.number(cell, amounts);
            let kind = self.kinds.add(self.seen_as_move.pair(cell), amounts);
            self.moves.add([employer, kind], amounts);
        }
    }

    pub(super) fn into_tables(self, cells: &Cells) -> Result<[Table; 2], PublishError> {
        let employers: Vec<Chunk> = self.numbers.chunks(|_| true).collect();
        let numbers: Vec<Codes> = employers.iter().map(|chunk| chunk.numbers.clone()).collect();
        let named = table("employers", cells, &self.seen_as_employer, EMPLOYER, employers, &[])?;
        let kinds: Vec<[u32; 2]> = self.kinds.iter().map(|(pair, _)| pair).collect();
        let mut of_employers = Vec::new();
        let mut moves = Vec::new();
        for mut chunk in self.moves.chunks(|sum| sum.counts[0] > 0) {
            let [employer, kind] = std::mem::take(&mut chunk.pairs);
            chunk.pairs = [0, 1].map(|half| kind.iter().map(|kind| kinds[*kind as usize][half]).collect());
            of_employers.push(employer);
            moves.push(chunk);
        }
        let moved = table("employer_moves", cells, &self.seen_as_move, MOVE, moves, &["quantity", "entries"])?;
        Ok([numbered("employer", named, &numbers)?, numbered("employer", moved, &of_employers)?])
    }
}
