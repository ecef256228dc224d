//! Writes Parquet files of a version and digests what they hold.

use super::hex;
use super::manifest::{KindEntry, SourceFile, TableEntry};
use crate::load::sort::SortedLines;
use crate::source::{BATCH_ROWS, RowBuilder, kind_path};
use crate::table::table;
use crate::{Kind, ReferenceError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

const COMPRESSION_LEVEL: i32 = 3;

/// Writes a kind's sorted lines as `kinds/<kind>.parquet` under `folder`.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_kind(
    kind: Kind,
    lines: &mut SortedLines,
    folder: &Path,
    sources: Vec<SourceFile>,
) -> Result<KindEntry, ReferenceError> {
    let path = kind_path(folder, kind);
    let mut writer = open_writer(&path, table(kind).schema())?;
    let mut builder = RowBuilder::new(kind);
    let mut digest = Sha256::new();
    let mut rows = 0_u64;
    while let Some(line) = lines.next_line().map_err(ReferenceError::io(&path, "sort the rows"))? {
        digest.update(line.as_bytes());
        digest.update(b"\n");
        builder.push(&line);
        rows += 1;
        if builder.len() == BATCH_ROWS {
            writer.write(&builder.finish()?).map_err(ReferenceError::parquet(&path))?;
        }
    }
    if builder.len() > 0 {
        writer.write(&builder.finish()?).map_err(ReferenceError::parquet(&path))?;
    }
    close_writer(writer, &path)?;
    let (bytes, file_sha256) = digest_file(&path)?;
    Ok(KindEntry {
        kind: kind.name().to_owned(),
        file: format!("kinds/{}.parquet", kind.name()),
        rows,
        content_sha256: hex(&digest.finalize()),
        bytes,
        file_sha256,
        sources,
    })
}

/// Digest of a kind's lines, as [`write_kind`] gives it, and their number.
///
/// # Errors
/// A spilled run could not be read back.
pub(crate) fn digest_lines(lines: &mut SortedLines) -> std::io::Result<(String, u64)> {
    let mut digest = Sha256::new();
    let mut rows = 0;
    while let Some(line) = lines.next_line()? {
        digest.update(line.as_bytes());
        digest.update(b"\n");
        rows += 1;
    }
    Ok((hex(&digest.finalize()), rows))
}

/// Writes a dimension table as `<name>.parquet` under `folder`.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_table(name: &str, batch: &RecordBatch, folder: &Path) -> Result<TableEntry, ReferenceError> {
    let file = format!("{name}.parquet");
    let path = folder.join(&file);
    let mut writer = open_writer(&path, batch.schema())?;
    writer.write(batch).map_err(ReferenceError::parquet(&path))?;
    close_writer(writer, &path)?;
    let (bytes, file_sha256) = digest_file(&path)?;
    Ok(TableEntry { file, rows: batch.num_rows() as u64, bytes, file_sha256 })
}

fn open_writer(path: &Path, schema: SchemaRef) -> Result<ArrowWriter<File>, ReferenceError> {
    let level = ZstdLevel::try_new(COMPRESSION_LEVEL).map_err(ReferenceError::parquet(path))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let file = File::create(path).map_err(ReferenceError::io(path, "create the file"))?;
    ArrowWriter::try_new(file, schema, Some(properties)).map_err(ReferenceError::parquet(path))
}

fn close_writer(writer: ArrowWriter<File>, path: &Path) -> Result<(), ReferenceError> {
    let file = writer.into_inner().map_err(ReferenceError::parquet(path))?;
    file.sync_all().map_err(ReferenceError::io(path, "sync the file"))
}

/// Size and SHA-256 of a file.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn digest_file(path: &Path) -> Result<(u64, String), ReferenceError> {
    let read = |action| ReferenceError::io(path, action);
    let mut file = File::open(path).map_err(read("open the file"))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).map_err(read("read the file"))?;
        if count == 0 {
            return Ok((bytes, hex(&digest.finalize())));
        }
        digest.update(&buffer[..count]);
        bytes += count as u64;
    }
}
