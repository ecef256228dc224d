//! Folding journal entries into cells and names, without SQL.

use super::amounts::entry_amounts;
use super::cells::Cells;
use super::kinds::Kind;
use super::names::Names;
use crate::PublishError;
use crate::grouping::{Amounts, scan};
use arrow::array::RecordBatch;
use commonweal_schemas::Dataset;
use std::path::PathBuf;

/// Sums new journal files of one dataset.
pub(super) fn entries(dataset: Dataset, paths: &[PathBuf]) -> Result<(Cells, Names), PublishError> {
    let mut cells = Cells::new(dataset);
    let mut names = Names::new();
    let keys = Kind::Keys(dataset).keys();
    let mut amounts = Vec::new();
    let wanted: Vec<&str> = wanted(&keys).into_iter().chain(NAMES).collect();
    scan(paths, &wanted, |batch| {
        add(&mut cells, batch, &keys, &mut amounts)?;
        names.add_entries(batch, &amounts)
    })?;
    Ok((cells, names))
}

/// Adds journal files to cells.
pub(super) fn add_files(dataset: Dataset, cells: &mut Cells, paths: &[PathBuf]) -> Result<(), PublishError> {
    let keys = Kind::Keys(dataset).keys();
    let mut amounts = Vec::new();
    scan(paths, &wanted(&keys), |batch| add(cells, batch, &keys, &mut amounts))
}

/// Names alone of journal files.
pub(super) fn names(paths: &[PathBuf]) -> Result<Names, PublishError> {
    let mut names = Names::new();
    let mut amounts = Vec::new();
    let wanted: Vec<&str> = AMOUNTS.into_iter().chain(["organisation_id", "counterparty_id"]).chain(NAMES).collect();
    scan(paths, &wanted, |batch| {
        entry_amounts(batch, &mut amounts)?;
        names.add_entries(batch, &amounts)
    })?;
    Ok(names)
}

const AMOUNTS: [&str; 5] = ["quantity", "entry", "cancelled", "conflict", "revision"];
const NAMES: [&str; 2] = ["organisation_name", "counterparty_name"];

fn wanted(keys: &[&'static str]) -> Vec<&'static str> {
    let kept = keys.iter().copied().filter(|key| *key != "as_of");
    kept.chain(["occurred_on"]).chain(AMOUNTS).collect()
}

/// Sums one batch of entries of one dataset.
pub(crate) fn cells_of(dataset: Dataset, batch: &RecordBatch) -> Result<Cells, PublishError> {
    let mut cells = Cells::new(dataset);
    add(&mut cells, batch, &Kind::Keys(dataset).keys(), &mut Vec::new())?;
    Ok(cells)
}

fn add(cells: &mut Cells, batch: &RecordBatch, keys: &[&str], amounts: &mut Vec<Amounts>) -> Result<(), PublishError> {
    entry_amounts(batch, amounts)?;
    encode_keys(cells, batch, keys)?;
    cells.add(amounts);
    Ok(())
}

/// Takes the keys of entries.
pub(super) fn encode_keys(cells: &mut Cells, batch: &RecordBatch, keys: &[&str]) -> Result<(), PublishError> {
    for (at, key) in keys.iter().enumerate() {
        // A stock's date is kept, the others' is not: it is put in place below.
        let column = if *key == "as_of" { "occurred_on" } else { key };
        cells.encode(at, batch, column)?;
    }
    cells.keep_dates_of_stocks();
    Ok(())
}

/// Columns of the journal that [`Cells`] look at.
pub(crate) fn columns(dataset: Dataset) -> Vec<&'static str> {
    wanted(&Kind::Keys(dataset).keys())
}
