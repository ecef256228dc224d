//! Old entries read back, many at a time.

use crate::parquet_files::read_rows;
use crate::{LedgerError, Location};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use commonweal_schemas::{Dataset, arrow_schema};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Entries files of one dataset by the commit that wrote them.
pub(crate) type EntriesFiles = BTreeMap<u32, PathBuf>;

/// The entries at `locations` (rising, distinct), in that order, in the stored
/// posting schema.
pub(crate) fn read_entries(
    dataset: Dataset,
    files: &EntriesFiles,
    locations: &[Location],
) -> Result<RecordBatch, LedgerError> {
    let schema = arrow_schema::posting_stored();
    let mut batches = Vec::new();
    for group in locations.chunk_by(|a, b| a.commit == b.commit) {
        let Some(first) = group.first() else { continue };
        let lost = LedgerError::LostEntry { dataset, commit: first.commit, row: first.row };
        let Some(path) = files.get(&first.commit) else { return Err(lost) };
        let rows: Vec<u32> = group.iter().map(|at| at.row).collect();
        let batch = read_rows(path, &rows, &schema)?;
        if batch.num_rows() != rows.len() {
            return Err(lost);
        }
        batches.push(batch);
    }
    Ok(concat_batches(&schema, &batches)?)
}
