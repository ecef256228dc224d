//! Where the tables of a version come from: a folder, or the built-in data.

use crate::load::parse::SEPARATOR;
use crate::load::sort::SortedLines;
use crate::table::{ColumnType, table};
use crate::{Kind, ReferenceError, builtin};
use arrow::array::{Array, ArrayRef, AsArray, Date32Builder, Int32Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{Date32Type, Int32Type, SchemaRef};
use chrono::NaiveDate;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a batch, read or written.
pub(crate) const BATCH_ROWS: usize = 8192;

/// Batches of one kind, in the schema of its table, sorted by key.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ReferenceError>>>;

/// Where the tables of a version come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Builtin,
    Folder(PathBuf),
}

impl Source {
    /// Reads a kind from its start.
    ///
    /// # Errors
    /// The kind cannot be read, or a file has not the columns of its kind.
    pub(crate) fn batches(&self, kind: Kind) -> Result<Batches, ReferenceError> {
        match self {
            Self::Builtin => {
                Ok(Box::new(LineBatches { kind, lines: builtin::lines(kind)?, file: builtin::file_name(kind) }))
            }
            Self::Folder(folder) => parquet_batches(kind, &kind_path(folder, kind)),
        }
    }
}

/// File of a kind in a version's folder.
pub(crate) fn kind_path(folder: &Path, kind: Kind) -> PathBuf {
    folder.join("kinds").join(format!("{}.parquet", kind.name()))
}

fn parquet_batches(kind: Kind, path: &Path) -> Result<Batches, ReferenceError> {
    let file = File::open(path).map_err(ReferenceError::io(path, "open the file"))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(ReferenceError::parquet(path))?;
    let expected = table(kind).schema();
    if builder.schema().fields() != expected.fields() {
        return Err(ReferenceError::broken(path, format!("the file has not the columns of {kind}")));
    }
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(ReferenceError::parquet(path))?;
    let path = path.to_owned();
    Ok(Box::new(reader.map(move |batch| batch.map_err(ReferenceError::parquet(&path)))))
}

/// A column of text of a batch whose schema was checked when it was read.
pub(crate) fn text<'a>(batch: &'a RecordBatch, column: usize) -> impl Fn(usize) -> Option<&'a str> + 'a {
    let array = batch.column(column).as_string::<i32>();
    move |row| array.is_valid(row).then(|| array.value(row))
}

/// A column of integers of a batch whose schema was checked when it was read.
pub(crate) fn integer(batch: &RecordBatch, column: usize) -> impl Fn(usize) -> Option<i32> + '_ {
    let array = batch.column(column).as_primitive::<Int32Type>();
    move |row| array.is_valid(row).then(|| array.value(row))
}

/// A column of days of a batch whose schema was checked when it was read.
pub(crate) fn day(batch: &RecordBatch, column: usize) -> impl Fn(usize) -> Option<i32> + '_ {
    let array = batch.column(column).as_primitive::<Date32Type>();
    move |row| array.is_valid(row).then(|| array.value(row))
}

/// Canonical lines as batches.
struct LineBatches {
    kind: Kind,
    lines: SortedLines,
    file: &'static str,
}

impl Iterator for LineBatches {
    type Item = Result<RecordBatch, ReferenceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut rows = RowBuilder::new(self.kind);
        while rows.len() < BATCH_ROWS {
            match self.lines.next_line() {
                Ok(Some(line)) => rows.push(&line),
                Ok(None) => break,
                Err(error) => {
                    return Some(Err(ReferenceError::io(Path::new(self.file), "sort the rows")(error)));
                }
            }
        }
        (rows.len() > 0).then(|| rows.finish())
    }
}

enum Cells {
    Text(StringBuilder),
    Integer(Int32Builder),
    Date(Date32Builder),
}

/// Builds batches of a kind from canonical lines.
pub(crate) struct RowBuilder {
    schema: SchemaRef,
    cells: Vec<Cells>,
    nullable: Vec<bool>,
    rows: usize,
}

impl RowBuilder {
    pub(crate) fn new(kind: Kind) -> Self {
        let columns = table(kind).columns;
        let cells = columns
            .iter()
            .map(|column| match column.cells {
                ColumnType::Text => Cells::Text(StringBuilder::new()),
                ColumnType::Integer => Cells::Integer(Int32Builder::new()),
                ColumnType::Date => Cells::Date(Date32Builder::new()),
            })
            .collect();
        Self {
            schema: table(kind).schema(),
            cells,
            nullable: columns.iter().map(|column| column.nullable).collect(),
            rows: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.rows
    }

    /// Adds a line. Its fields are canonical, so a number or a date parses;
    /// an empty field of a nullable column is null.
    pub(crate) fn push(&mut self, line: &str) {
        let mut fields = line.split(SEPARATOR);
        for (cells, nullable) in self.cells.iter_mut().zip(&self.nullable) {
            let field = fields.next().unwrap_or_default();
            match cells {
                Cells::Text(builder) if field.is_empty() && *nullable => builder.append_null(),
                Cells::Text(builder) => builder.append_value(field),
                Cells::Integer(builder) => builder.append_option(field.parse().ok()),
                Cells::Date(builder) => builder.append_option(days(field)),
            }
        }
        self.rows += 1;
    }

    /// The rows so far as a batch; the builder starts anew.
    ///
    /// # Errors
    /// The rows do not make a batch of the kind's schema.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, ReferenceError> {
        let columns: Vec<ArrayRef> = self
            .cells
            .iter_mut()
            .map(|cells| -> ArrayRef {
                match cells {
                    Cells::Text(builder) => Arc::new(builder.finish()),
                    Cells::Integer(builder) => Arc::new(builder.finish()),
                    Cells::Date(builder) => Arc::new(builder.finish()),
                }
            })
            .collect();
        self.rows = 0;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// Days since 1970-01-01 of a date in ISO form.
fn days(text: &str) -> Option<i32> {
    let date: NaiveDate = text.parse().ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}
