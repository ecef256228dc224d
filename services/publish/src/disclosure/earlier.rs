//! What an earlier release tells.

use super::gather::{count, is_public, row_key};
use super::{CONFIDENTIAL, Protection};
use crate::PublishError;
use crate::files::hex_digest;
use crate::manifest::Manifest;
use crate::tables::{self, Disclosure};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// A release: the figures of its protected tables.
pub(super) struct Earlier {
    /// Its last quarter, in quarters since the first of year 0.
    pub(super) last_ordinal: i32,
    /// By table: rows by key, and the count in ten-thousandths; none where it
    /// was kept back.
    pub(super) tables: BTreeMap<String, BTreeMap<String, Option<i128>>>,
}

impl Earlier {
    /// Reads a folder that was published.
    ///
    /// # Errors
    /// There is no manifest, a file is missing or not what the manifest says,
    /// or the folder was never fit to be released.
    pub(super) fn read(folder: &Path) -> Result<Self, PublishError> {
        let (manifest, _) = Manifest::read(folder)?;
        if manifest.disclosure == Protection::None.label() {
            return Err(refused(folder, "holds tables before disclosure control, which no release does"));
        }
        let mut earlier = Self { last_ordinal: i32::MIN, tables: BTreeMap::new() };
        for entry in &manifest.tables {
            let is_quarters = entry.table == "quarters";
            let table = tables::ALL.iter().find(|table| table.name == entry.table);
            let figures = table.and_then(|table| match &table.disclosure {
                Disclosure::Protected(figures) => Some((table, figures)),
                _ => None,
            });
            if figures.is_none() && !is_quarters {
                continue;
            }
            let batches = read(&folder.join(&entry.file), &entry.sha256)?;
            for batch in &batches {
                if is_quarters {
                    let ordinals = batch.column_by_name("ordinal").and_then(|one| one.as_primitive_opt::<Int32Type>());
                    let last = ordinals.and_then(arrow::compute::max);
                    earlier.last_ordinal = earlier.last_ordinal.max(last.unwrap_or(i32::MIN));
                }
                let Some((table, figures)) = figures else { continue };
                let rows = earlier.tables.entry(table.name.to_owned()).or_default();
                let marks = batch.column_by_name("disclosure").and_then(|column| column.as_string_opt::<i32>());
                for row in 0..batch.num_rows() {
                    let mark = marks.filter(|marks| marks.is_valid(row)).map(|marks| marks.value(row));
                    let count = count(figures, batch, row).map(|(_, count)| count);
                    if !is_public(figures, batch, row) && (count.is_some() || mark == Some(CONFIDENTIAL)) {
                        rows.insert(row_key(table, batch, row), count);
                    }
                }
            }
        }
        Ok(earlier)
    }
}

fn refused(path: &Path, reason: &'static str) -> PublishError {
    PublishError::Release { path: path.to_owned(), reason }
}

fn read(path: &Path, sha256: &str) -> Result<Vec<RecordBatch>, PublishError> {
    let bytes = std::fs::read(path).map_err(PublishError::io("read", path))?;
    if hex_digest(&bytes) != sha256 {
        return Err(refused(path, "is not the file that its manifest names"));
    }
    drop(bytes);
    let file = File::open(path).map_err(PublishError::io("open", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
    let reader = reader.map_err(PublishError::parquet("read", path))?;
    reader.collect::<Result<_, _>>().map_err(PublishError::arrow(path.display().to_string()))
}
