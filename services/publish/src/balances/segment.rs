//! Writing one segment.

use super::kinds::HALVES;
use crate::PublishError;
use crate::files::settle;
use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Writes batches of one schema to `path`, and returns the rows; no file is
/// written where there are none.
pub(super) fn write_all(
    path: &Path,
    batches: impl IntoIterator<Item = Result<RecordBatch, PublishError>>,
) -> Result<u64, PublishError> {
    let mut batches = batches.into_iter().filter(|batch| !batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0));
    let Some(first) = batches.next().transpose()? else { return Ok(0) };
    let temporary = path.with_extension("parquet.tmp");
    let file = File::create(&temporary).map_err(PublishError::io("create", &temporary))?;
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None);
    for half in HALVES {
        // Numbers below a few thousand, in no order.
        properties = properties
            .set_column_dictionary_enabled(half.into(), false)
            .set_column_encoding(half.into(), Encoding::DELTA_BINARY_PACKED);
    }
    // Hardly two are alike.
    let properties = properties.set_column_dictionary_enabled("quantity".into(), false).build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let fault = || PublishError::parquet("write", &temporary);
    let mut writer =
        ArrowWriter::try_new_with_options(BufWriter::new(file), first.schema(), options).map_err(fault())?;
    let mut rows = 0;
    for batch in std::iter::once(Ok(first)).chain(batches) {
        let batch = batch?;
        rows += batch.num_rows();
        writer.write(&batch).map_err(fault())?;
    }
    let buffer = writer.into_inner().map_err(fault())?;
    let file = buffer.into_inner().map_err(|error| PublishError::io("write", &temporary)(error.into_error()))?;
    settle(&file, &temporary, path)?;
    Ok(rows as u64)
}
