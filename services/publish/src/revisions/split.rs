//! Entries of journal files, split by why they were posted.

use super::causes::Cause;
use crate::PublishError;
use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use commonweal_journal::{Book, JournalFile};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

const BATCH_ROWS: usize = 16_384;
/// Name in the journal of what is posted first of an event.
const FIRST: &str = "record";

/// The causes that entries of ordinary commits have, in their order: an event's
/// first statement goes before what corrects it.
pub(super) const POSTED: [Cause; 3] = [Cause::NewQuarter, Cause::LateData, Cause::Correction];

/// Splits files of both datasets' books into `folder`, and returns the parts
/// that have rows by cause; `last_quarter` is the older release's, none where
/// it had none.
pub(super) fn split(
    files: &[&JournalFile],
    last_quarter: Option<&str>,
    folder: &Path,
) -> Result<BTreeMap<Cause, Vec<JournalFile>>, PublishError> {
    let mut parts = Parts { folder, open: BTreeMap::new(), done: BTreeMap::new() };
    for file in files {
        let path = &file.path;
        let fault = || PublishError::parquet("read", path);
        let opened = File::open(path).map_err(PublishError::io("open", path))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(fault())?;
        let reader = reader.with_batch_size(BATCH_ROWS).build().map_err(fault())?;
        for batch in reader {
            let what = || PublishError::arrow(path.display().to_string());
            let batch = batch.map_err(what())?;
            let causes = causes(&batch, last_quarter).map_err(what())?;
            for cause in POSTED {
                let chosen: BooleanArray = causes.iter().map(|of_row| Some(*of_row == cause)).collect();
                if chosen.true_count() > 0 {
                    parts.add(cause, file, &filter_record_batch(&batch, &chosen).map_err(what())?)?;
                }
            }
        }
    }
    parts.finish()
}

fn causes(batch: &RecordBatch, last_quarter: Option<&str>) -> Result<Vec<Cause>, ArrowError> {
    let text = |name: &str| {
        let column = batch.column_by_name(name);
        let column = column.ok_or_else(|| ArrowError::SchemaError(format!("column {name} is missing")))?;
        cast(column, &DataType::Utf8)
    };
    let (stated, quarters) = (text("cause")?, text("quarter")?);
    let (stated, quarters) = (stated.as_string::<i32>(), quarters.as_string::<i32>());
    let cause = |row: usize| {
        if stated.is_null(row) || stated.value(row) != FIRST {
            return Cause::Correction;
        }
        let is_new = quarters.is_valid(row) && last_quarter.is_none_or(|last| quarters.value(row) > last);
        if is_new { Cause::NewQuarter } else { Cause::LateData }
    };
    Ok((0..batch.num_rows()).map(cause).collect())
}

/// A file of one book and cause on its way.
struct Part {
    file: JournalFile,
    schema: SchemaRef,
    writer: ArrowWriter<BufWriter<File>>,
}

struct Parts<'a> {
    folder: &'a Path,
    open: BTreeMap<(Cause, Book), Part>,
    done: BTreeMap<Cause, Vec<JournalFile>>,
}

impl Parts<'_> {
    fn add(&mut self, cause: Cause, from: &JournalFile, batch: &RecordBatch) -> Result<(), PublishError> {
        let key = (cause, from.book);
        // Files of one book may differ in what their columns may hold.
        if self.open.get(&key).is_some_and(|part| part.schema != batch.schema())
            && let Some(part) = self.open.remove(&key)
        {
            self.close(cause, part)?;
        }
        if !self.open.contains_key(&key) {
            let part = self.begin(cause, from, batch.schema())?;
            self.open.insert(key, part);
        }
        if let Some(part) = self.open.get_mut(&key) {
            part.writer.write(batch).map_err(PublishError::parquet("write", &part.file.path))?;
            part.file.rows += batch.num_rows() as u64;
        }
        Ok(())
    }

    fn begin(&self, cause: Cause, from: &JournalFile, schema: SchemaRef) -> Result<Part, PublishError> {
        let number = self.done.get(&cause).map_or(0, Vec::len);
        let name = format!("{}-{}-{}-{number}.parquet", from.commit, from.book, super::causes::name(&[cause]));
        let path: PathBuf = self.folder.join(name);
        let file = File::create(&path).map_err(PublishError::io("create", &path))?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(BufWriter::new(file), SchemaRef::clone(&schema), Some(properties));
        let writer = writer.map_err(PublishError::parquet("write", &path))?;
        let file = JournalFile { path, rows: 0, bytes: 0, reversals: false, ..from.clone() };
        Ok(Part { file, schema, writer })
    }

    fn close(&mut self, cause: Cause, part: Part) -> Result<(), PublishError> {
        let Part { file, writer, .. } = part;
        writer.close().map_err(PublishError::parquet("write", &file.path))?;
        self.done.entry(cause).or_default().push(file);
        Ok(())
    }

    fn finish(mut self) -> Result<BTreeMap<Cause, Vec<JournalFile>>, PublishError> {
        for ((cause, _), part) in std::mem::take(&mut self.open) {
            self.close(cause, part)?;
        }
        Ok(self.done)
    }
}
