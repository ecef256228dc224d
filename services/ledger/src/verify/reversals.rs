//! L3, second half: a reversal carries every column of the entry it takes back,
//! and what is posted anew under another reference version every column but
//! those that the reference decides.

use super::Invariant;
use super::events::{EventFault, Pair, Restated};
use super::rows::At;
use crate::LedgerError;
use crate::flush::carried;
use crate::parquet_files::{Rows, each_batch};
use arrow::array::RecordBatch;
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use commonweal_journal::JournalFile;
use commonweal_schemas::arrow_schema;
use xxhash_rust::xxh3::xxh3_128;

/// Faults of reversals that differ from their entry in a column; signs were
/// looked at before.
pub(super) fn reversed(files: &[JournalFile], pairs: Vec<Pair>) -> Result<Vec<EventFault>, LedgerError> {
    let columns = carried().into_iter().filter(|name| name != "quantity").collect();
    let pairs = pairs.into_iter().map(|Pair { reversal, entry }| (reversal, entry)).collect();
    compare(files, columns, pairs, "a reversal does not carry every column of its entry")
}

/// Faults of entries posted anew that differ in what their event states.
pub(super) fn restated(files: &[JournalFile], pairs: Vec<Restated>) -> Result<Vec<EventFault>, LedgerError> {
    let validated = arrow_schema::validated();
    let columns = carried().into_iter().filter(|name| validated.field_with_name(name).is_ok()).collect();
    let pairs = pairs.into_iter().map(|Restated { anew, before }| (anew, before)).collect();
    compare(files, columns, pairs, "a reclassification changes more than the reference decides")
}

/// Faults at the first rows of pairs whose rows differ in one of the columns.
fn compare(
    files: &[JournalFile],
    names: Vec<String>,
    mut pairs: Vec<(At, At)>,
    finding: &str,
) -> Result<Vec<EventFault>, LedgerError> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let columns = Columns::new(names)?;
    pairs.sort_unstable_by_key(|(first, _)| *first);
    let firsts: Vec<At> = pairs.iter().map(|(first, _)| *first).collect();
    let due = columns.digests(files, &firsts)?;
    let mut order: Vec<(At, u32)> = (0..).zip(&pairs).map(|(number, (_, second))| (*second, number)).collect();
    order.sort_unstable();
    let seconds: Vec<At> = order.iter().map(|(at, _)| *at).collect();
    let found = columns.digests(files, &seconds)?;
    let mut faults = Vec::new();
    for ((_, number), found) in order.iter().zip(found) {
        let number = *number as usize;
        if due.get(number) != Some(&found)
            && let Some((first, _)) = pairs.get(number)
        {
            let finding = finding.to_owned();
            faults.push(EventFault { invariant: Invariant::Immutability, at: *first, finding });
        }
    }
    Ok(faults)
}

/// The columns that two rows have to share.
struct Columns {
    names: Vec<String>,
    converter: RowConverter,
}

impl Columns {
    fn new(names: Vec<String>) -> Result<Self, LedgerError> {
        let schema = arrow_schema::posting_stored();
        let fields = names
            .iter()
            .map(|name| schema.field_with_name(name).map(|field| SortField::new(field.data_type().clone())))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { names, converter: RowConverter::new(fields)? })
    }

    /// Digest of each row at `places` (rising, distinct), in that order.
    fn digests(&self, files: &[JournalFile], places: &[At]) -> Result<Vec<u128>, LedgerError> {
        let mut digests = Vec::with_capacity(places.len());
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        for group in places.chunk_by(|a, b| a.file == b.file) {
            let Some(file) = group.first().and_then(|at| files.get(at.file as usize)) else { continue };
            let content: Bytes =
                std::fs::read(&file.path).map_err(|source| LedgerError::Io { path: file.path.clone(), source })?.into();
            let rows: Vec<u32> = group.iter().map(|at| at.row).collect();
            let schema = arrow_schema::posting_stored();
            each_batch(content, &file.path, &schema, Some(&names), Rows::Only(&rows), |_, batch| {
                self.append(batch, &mut digests)
            })?;
        }
        Ok(digests)
    }

    fn append(&self, batch: &RecordBatch, digests: &mut Vec<u128>) -> Result<(), LedgerError> {
        let columns = self
            .names
            .iter()
            .map(|name| batch.column_by_name(name).cloned())
            .collect::<Option<Vec<_>>>()
            .ok_or(LedgerError::Column("of the posting schema"))?;
        let rows = self.converter.convert_columns(&columns)?;
        digests.extend(rows.iter().map(|row| xxh3_128(row.as_ref())));
        Ok(())
    }
}
