//! One published table as one Parquet file: equal rows, equal bytes.

use crate::PublishError;
use crate::files::write_atomically;
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
pub(crate) struct Labels<'a> {
    pub(crate) method_version: &'a str,
    pub(crate) reference_version: &'a str,
    pub(crate) data_label: &'a str,
}

/// A file as it now lies there.
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// False where the file was there already with these bytes.
    pub(crate) changed: bool,
}

/// Writes `<dir>/<table>.parquet`, or leaves it where its bytes are the same.
pub(crate) fn table(
    dir: &Path,
    table: &Table,
    batch: &RecordBatch,
    labels: &Labels<'_>,
) -> Result<Written, PublishError> {
    let path = dir.join(file_name(table));
    let bytes = encode(table, batch, labels).map_err(PublishError::parquet("write", &path))?;
    let sha256 = format!("{:x}", Sha256::digest(&bytes));
    let changed = match std::fs::read(&path) {
        Ok(before) => before != bytes,
        Err(_) => true,
    };
    if changed {
        write_atomically(&path, &bytes)?;
    }
    Ok(Written { bytes: bytes.len() as u64, sha256, changed })
}

/// Name of a table's file.
pub(crate) fn file_name(table: &Table) -> String {
    format!("{}.parquet", table.name)
}

fn encode(table: &Table, batch: &RecordBatch, labels: &Labels<'_>) -> parquet::errors::Result<Vec<u8>> {
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

fn metadata(table: &Table, batch: &RecordBatch, labels: &Labels<'_>) -> parquet::errors::Result<Vec<KeyValue>> {
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
        entry("method_version", labels.method_version.to_owned()),
        entry("reference_version", labels.reference_version.to_owned()),
        entry("data_label", labels.data_label.to_owned()),
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
