//! Writing one segment.

use crate::PublishError;
use crate::files::settle;
use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Writes batches of one schema to `path`, and returns the rows; no file is
/// written where there are none.
pub(super) fn write_all(path: &Path, batches: &[RecordBatch]) -> Result<u64, PublishError> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let Some(first) = batches.first().filter(|_| rows > 0) else { return Ok(0) };
    let temporary = path.with_extension("parquet.tmp");
    let file = File::create(&temporary).map_err(PublishError::io("create", &temporary))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let fault = || PublishError::parquet("write", &temporary);
    let mut writer =
        ArrowWriter::try_new_with_options(BufWriter::new(file), first.schema(), options).map_err(fault())?;
    for batch in batches {
        writer.write(batch).map_err(fault())?;
    }
    let buffer = writer.into_inner().map_err(fault())?;
    let file = buffer.into_inner().map_err(|error| PublishError::io("write", &temporary)(error.into_error()))?;
    settle(&file, &temporary, path)?;
    Ok(rows as u64)
}
