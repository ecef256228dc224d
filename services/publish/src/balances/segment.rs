//! Writing one segment.

use crate::PublishError;
use crate::files::settle;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Writes a stream of batches to `path`, and returns the rows; no file is
/// left where there are none.
pub(super) async fn write(path: &Path, mut stream: SendableRecordBatchStream) -> Result<u64, PublishError> {
    let temporary = path.with_extension("parquet.tmp");
    let file = File::create(&temporary).map_err(PublishError::io("create", &temporary))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(BufWriter::new(file), stream.schema(), options)
        .map_err(PublishError::parquet("write", &temporary))?;
    let mut rows = 0_u64;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(PublishError::query("balances"))?;
        rows += batch.num_rows() as u64;
        writer.write(&batch).map_err(PublishError::parquet("write", &temporary))?;
    }
    let buffer = writer.into_inner().map_err(PublishError::parquet("write", &temporary))?;
    let file =
        buffer.into_inner().map_err(|error| PublishError::io("write", &temporary)(error.into_error()))?;
    if rows == 0 {
        drop(file);
        std::fs::remove_file(&temporary).map_err(PublishError::io("remove", &temporary))?;
        return Ok(0);
    }
    settle(&file, &temporary, path)?;
    Ok(rows)
}
