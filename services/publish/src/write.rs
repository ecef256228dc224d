//! One published table as one Parquet file: equal rows, equal bytes.

use crate::PublishError;
use crate::files::{hex_digest, write_atomically};
use crate::tables::Table;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Rows of a row group, fixed so that the bytes depend on the rows alone.
const ROW_GROUP_ROWS: usize = 1 << 20;

/// What every file says about its origin.
#[derive(Clone)]
pub(crate) struct Labels {
    pub(crate) method_version: String,
    pub(crate) reference_version: String,
    pub(crate) data_label: String,
    /// Whether figures about work are protected.
    pub(crate) disclosure: &'static str,
}

/// A table as a file, not yet in its place.
pub(crate) struct Encoded {
    pub(crate) table: &'static Table,
    pub(crate) rows: RecordBatch,
    pub(crate) bytes: Vec<u8>,
    /// Of the bytes, in hexadecimal.
    pub(crate) sha256: String,
}

impl Encoded {
    /// Encodes the rows of a table.
    pub(crate) fn of(table: &'static Table, rows: RecordBatch, labels: &Labels) -> Result<Self, PublishError> {
        let bytes =
            encode(table, &rows, labels).map_err(PublishError::parquet("write", Path::new(&file_name(table))))?;
        let sha256 = hex_digest(&bytes);
        Ok(Self { table, rows, bytes, sha256 })
    }

    /// Writes `<dir>/<table>.parquet`, or leaves it where its bytes are the
    /// same; tells whether it was written.
    pub(crate) fn store(&self, dir: &Path) -> Result<bool, PublishError> {
        let path = dir.join(file_name(self.table));
        let changed = std::fs::read(&path).map_or(true, |before| before != self.bytes);
        if changed {
            write_atomically(&path, &self.bytes)?;
        }
        Ok(changed)
    }
}

/// Name of a table's file.
pub(crate) fn file_name(table: &Table) -> String {
    format!("{}.parquet", table.name)
}

fn encode(table: &Table, batch: &RecordBatch, labels: &Labels) -> parquet::errors::Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_created_by("commonweal".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_key_value_metadata(Some(metadata(table, batch, labels)?))
        .build();
    // Plain Parquet: an embedded Arrow schema would say nothing more.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
    writer.write(batch)?;
    writer.into_inner()
}

fn metadata(table: &Table, batch: &RecordBatch, labels: &Labels) -> parquet::errors::Result<Vec<KeyValue>> {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name, "type": column.kind.sql(), "nullable": column.nullable,
                "unit": column.unit, "doc": column.doc,
            })
        })
        .collect();
    let entry = |key: &str, value: String| KeyValue::new(format!("commonweal.{key}"), value);
    Ok(vec![
        entry("table", table.name.to_owned()),
        entry("doc", table.doc.to_owned()),
        entry("columns", serde_json::Value::from(columns).to_string()),
        entry("method_version", labels.method_version.clone()),
        entry("reference_version", labels.reference_version.clone()),
        entry("data_label", labels.data_label.clone()),
        entry("disclosure", labels.disclosure.to_owned()),
        entry("state", state(batch)?),
    ])
}

/// Hash of the rows in their order.
fn state(batch: &RecordBatch) -> parquet::errors::Result<String> {
    let fields = batch.columns().iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(batch.columns())?;
    let mut hash = Sha256::new();
    for row in &rows {
        hash.update((row.as_ref().len() as u64).to_le_bytes());
        hash.update(row.as_ref());
    }
    Ok(format!("{:x}", hash.finalize()))
}
