//! Journal files as Parquet: how they are encoded, and rows read back.

mod coded;
mod hybrid;
mod numbers;
mod pages;
mod symbols;
#[cfg(test)]
mod tests;
mod unique;

use crate::LedgerError;
use crate::gather::Symbols;
use arrow::array::{ArrayRef, AsArray as _, RecordBatch, RecordBatchReader};
use arrow::compute::concat_batches;
use arrow::datatypes::{Date32Type, SchemaRef};
use bytes::Bytes;
use commonweal_journal::Book;
pub(crate) use numbers::{Numbers, Width};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowWriter, ArrowWriterOptions, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
pub(crate) use unique::Values;

/// Rows of a row group: small enough that readers skip by date and measure.
const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a page: what reading one old entry back costs.
const PAGE_ROWS: usize = 8_192;

/// Level of zstd.
const COMPRESSION_LEVEL: i32 = 1;
/// Room made for a row of a file: somewhat more than most take.
const ROW_BYTES: usize = 56;

/// Rows gathered and encoded at a time.
const CHUNK_ROWS: usize = 8_192;
/// The column files are skipped by.
const DAY: &str = "occurred_on";
/// Rows read at a time.
const BATCH_ROWS: usize = 65_536;

/// Columns whose values hardly repeat: a dictionary costs time and space there.
const UNIQUE: [&str; 8] =
    ["event_id", "content_digest", "award_id", "title", "source_document", "payload", "payload_digest", "offsets"];
/// Columns of slowly rising numbers.
const RISING: [&str; 2] = ["recorded_at", "origin_offset"];

/// Columns that readers skip row groups by. Bounds of the others would cost two
/// comparisons a value and help nobody.
const BOUNDED: [&str; 8] =
    ["measure", "unit", "occurred_on", "quarter", "district", "origin_partition", "origin_offset", "ledger_commit"];

fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(COMPRESSION_LEVEL).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS);
    for name in UNIQUE {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    for name in RISING {
        let path = ColumnPath::from(name);
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    for name in BOUNDED {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk);
    }
    builder.build()
}

/// An encoded file, in memory: as large as the flush limits allow.
pub(crate) struct Encoded {
    pub(crate) content: Vec<u8>,
    pub(crate) rows: u64,
    /// First and last `occurred_on` in days since 1970, where the book has it.
    pub(crate) days: Option<(i32, i32)>,
}

/// A batch as a file.
pub(crate) fn encode(batch: &RecordBatch, book: Book) -> Result<Encoded, LedgerError> {
    let mut writer = writer(book, &batch.schema(), batch.num_rows())?;
    writer.write(batch).map_err(fault(book))?;
    let content = writer.into_inner().map_err(fault(book))?;
    Ok(Encoded { content, rows: batch.num_rows() as u64, days: batch.column_by_name(DAY).and_then(days) })
}

/// Whether the values of a column of text mostly repeat.
pub(crate) fn repeats(name: &str) -> bool {
    !UNIQUE.contains(&name)
}

/// What a column is encoded from.
pub(crate) enum Cells<'a> {
    /// Codes of text, and which of them the rows take, in their order.
    Symbols(Symbols<'a>, &'a [u32]),
    /// The same with a code for each of the rows, in their order.
    InOrder(Symbols<'a>),
    Numbers(Numbers),
    /// Values that hardly repeat, and which of them the rows take.
    Unique(Values<'a>, &'a [(usize, usize)]),
    /// Gives some rows of the column.
    Arrays(Box<dyn Fn(Range<usize>) -> Result<ArrayRef, LedgerError> + 'a>),
}

/// A column of a row group.
enum Chunk {
    Pages(pages::Chunk),
    Arrays(ArrowColumnChunk),
}

/// `rows` rows of flat columns as a file; `column` gives the column with a
/// number. Column after column, a few rows at a time: what a column is
/// gathered from stays in the cache, and so does what it becomes.
pub(crate) fn encode_columns<'a>(
    book: Book,
    schema: &SchemaRef,
    rows: usize,
    column: impl Fn(usize) -> Result<Cells<'a>, LedgerError>,
) -> Result<Encoded, LedgerError> {
    let fault = fault(book);
    let (mut file, factory) = writer(book, schema, rows)?.into_serialized_writer().map_err(&fault)?;
    let groups: Vec<Range<usize>> =
        (0..rows).step_by(ROW_GROUP_ROWS).map(|first| first..rows.min(first + ROW_GROUP_ROWS)).collect();
    let mut writers = Vec::with_capacity(groups.len());
    for number in 0..groups.len() {
        writers.push(factory.create_column_writers(number).map_err(&fault)?.into_iter());
    }
    let mut chunks: Vec<Vec<Chunk>> = groups.iter().map(|_| Vec::with_capacity(schema.fields().len())).collect();
    let mut span: Option<(i32, i32)> = None;
    let press = &mut pages::Press::new().map_err(&fault)?;
    for (number, field) in schema.fields().iter().enumerate() {
        let cells = column(number)?;
        let bounded = BOUNDED.contains(&field.name().as_str());
        if let (DAY, Cells::Numbers(days)) = (field.name().as_str(), &cells) {
            span = days.bounds();
        }
        for ((group, chunks), writers) in groups.iter().zip(&mut chunks).zip(&mut writers) {
            let Some(mut writer) = writers.next() else { return Err(LedgerError::Column("of the posting schema")) };
            let descr = file.schema_descr().column(number);
            chunks.push(match &cells {
                Cells::Symbols(symbols, order) => {
                    let codes = order[group.clone()].iter().map(|row| symbols.codes[*row as usize]);
                    Chunk::Pages(symbols::chunk(&descr, press, &symbols.texts, codes, bounded).map_err(&fault)?)
                }
                Cells::InOrder(symbols) => {
                    let codes = symbols.codes[group.clone()].iter().copied();
                    Chunk::Pages(symbols::chunk(&descr, press, &symbols.texts, codes, bounded).map_err(&fault)?)
                }
                Cells::Numbers(numbers) => {
                    Chunk::Pages(numbers::chunk(&descr, press, numbers, group.clone(), bounded).map_err(&fault)?)
                }
                Cells::Unique(values, places) => {
                    Chunk::Pages(unique::chunk(&descr, press, values, &places[group.clone()]).map_err(&fault)?)
                }
                Cells::Arrays(rows) => {
                    for first in group.clone().step_by(CHUNK_ROWS) {
                        let array = rows(first..group.end.min(first + CHUNK_ROWS))?;
                        if field.name() == DAY {
                            span = widened(span, days(&array));
                        }
                        for leaf in compute_leaves(field, &array).map_err(&fault)? {
                            writer.write(&leaf).map_err(&fault)?;
                        }
                    }
                    Chunk::Arrays(writer.close().map_err(&fault)?)
                }
            });
        }
    }
    for chunks in chunks {
        let mut group = file.next_row_group().map_err(&fault)?;
        for chunk in chunks {
            match chunk {
                Chunk::Pages(chunk) => group.append_column(&chunk.content, chunk.close).map_err(&fault)?,
                Chunk::Arrays(chunk) => chunk.append_to_row_group(&mut group).map_err(&fault)?,
            }
        }
        group.close().map_err(&fault)?;
    }
    let content = file.into_inner().map_err(&fault)?;
    Ok(Encoded { content, rows: rows as u64, days: span })
}

fn writer(book: Book, schema: &SchemaRef, rows: usize) -> Result<ArrowWriter<Vec<u8>>, LedgerError> {
    // Without the Arrow schema in the metadata, text is text to every reader,
    // whichever way it was encoded in memory.
    let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(Vec::with_capacity(rows * ROW_BYTES), Arc::clone(schema), options)
        .map_err(fault(book))
}

fn fault(book: Book) -> impl Fn(parquet::errors::ParquetError) -> LedgerError {
    move |source| LedgerError::Parquet { path: book.name().into(), source }
}

/// First and last day of a column.
fn days(column: &ArrayRef) -> Option<(i32, i32)> {
    let days = column.as_primitive_opt::<Date32Type>()?;
    Some((arrow::compute::min(days)?, arrow::compute::max(days)?))
}

fn widened(known: Option<(i32, i32)>, new: Option<(i32, i32)>) -> Option<(i32, i32)> {
    match (known, new) {
        (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
        (known, new) => known.or(new),
    }
}

/// Which rows of a file to read.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    All,
    /// These, rising and distinct.
    Only(&'a [u32]),
}

impl Rows<'_> {
    fn selection(self) -> Option<RowSelection> {
        let Self::Only(rows) = self else { return None };
        let mut selectors = Vec::with_capacity(rows.len() * 2);
        let mut next = 0_usize;
        for &row in rows {
            let row = row as usize;
            if row > next {
                selectors.push(RowSelector::skip(row - next));
            }
            selectors.push(RowSelector::select(1));
            next = row + 1;
        }
        Some(RowSelection::from(selectors))
    }
}

/// Rows `rows` (rising, distinct) of a file of postings, in that order.
pub(crate) fn read_rows(path: &Path, rows: &[u32], schema: &SchemaRef) -> Result<RecordBatch, LedgerError> {
    read(path, schema, None, Rows::Only(rows))
}

/// The named columns of a whole file.
pub(crate) fn read_columns(path: &Path, schema: &SchemaRef, names: &[&str]) -> Result<RecordBatch, LedgerError> {
    read(path, schema, Some(names), Rows::All)
}

fn read(path: &Path, schema: &SchemaRef, names: Option<&[&str]>, rows: Rows<'_>) -> Result<RecordBatch, LedgerError> {
    let reader = open(path, schema, names, rows, BATCH_ROWS)?;
    let projected = RecordBatchReader::schema(&reader);
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&projected, &batches)?)
}

/// Gives the chosen rows of a file batch by batch, each with the number of
/// rows given before it; `path` is for messages.
pub(crate) fn each_batch(
    content: Bytes,
    path: &Path,
    schema: &SchemaRef,
    names: Option<&[&str]>,
    rows: Rows<'_>,
    mut take: impl FnMut(u32, &RecordBatch) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut given = 0_usize;
    for batch in reader(content, path, schema, names, rows, BATCH_ROWS)? {
        let batch = batch?;
        let first = u32::try_from(given).map_err(|_| LedgerError::LocationOverflow("a row number"))?;
        take(first, &batch)?;
        given += batch.num_rows();
    }
    Ok(())
}

/// The chosen columns and rows of a file, at most `batch_rows` at a time.
pub(crate) fn open(
    path: &Path,
    schema: &SchemaRef,
    names: Option<&[&str]>,
    rows: Rows<'_>,
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader, LedgerError> {
    let file = File::open(path).map_err(|source| LedgerError::Io { path: path.to_owned(), source })?;
    reader(file, path, schema, names, rows, batch_rows)
}

fn reader<R: ChunkReader + 'static>(
    source: R,
    path: &Path,
    schema: &SchemaRef,
    names: Option<&[&str]>,
    rows: Rows<'_>,
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader, LedgerError> {
    let fault = |source| LedgerError::Parquet { path: path.to_owned(), source };
    let options =
        ArrowReaderOptions::new().with_schema(Arc::clone(schema)).with_page_index_policy(PageIndexPolicy::Optional);
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(source, options).map_err(fault)?;
    if let Some(names) = names {
        let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        builder = builder.with_projection(mask);
    }
    if let Some(selection) = rows.selection() {
        builder = builder.with_row_selection(selection);
    }
    builder.with_batch_size(batch_rows).build().map_err(fault)
}
