//! Folding journal entries into cells and names, without SQL.

use super::amounts::entry_amounts;
use super::cells::Cells;
use super::kinds::Kind;
use super::names::Names;
use crate::PublishError;
use crate::grouping::scan;
use commonweal_schemas::Dataset;
use std::path::PathBuf;

/// Sums new journal files of one dataset.
pub(super) fn entries(dataset: Dataset, paths: &[PathBuf]) -> Result<(Cells, Names), PublishError> {
    let keys = Kind::Keys(dataset).keys();
    let mut wanted: Vec<&str> = keys.iter().copied().filter(|key| *key != "as_of").collect();
    wanted.extend(["occurred_on", "quantity", "entry", "cancelled", "conflict", "revision"]);
    wanted.extend(["organisation_name", "counterparty_name"]);
    let mut cells = Cells::new(dataset);
    let mut names = Names::new();
    let mut amounts = Vec::new();
    scan(paths, &wanted, |batch| {
        entry_amounts(batch, &mut amounts)?;
        for (at, key) in keys.iter().enumerate() {
            // A stock's date is kept, the others' is not: it is put in place below.
            let column = if *key == "as_of" { "occurred_on" } else { key };
            cells.encode(at, batch, column)?;
        }
        cells.keep_dates_of_stocks();
        cells.add(&amounts);
        names.add_entries(batch, &amounts)
    })?;
    Ok((cells, names))
}
