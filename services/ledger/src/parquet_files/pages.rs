//! Pages of one column chunk, compressed, in the order of the file.

use super::COMPRESSION_LEVEL;
use super::hybrid;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::page_index::offset_index::{OffsetIndexMetaData, PageLocation};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

/// An encoded column chunk, as a row group takes it.
pub(crate) struct Chunk {
    pub(crate) content: Bytes,
    pub(crate) close: ColumnCloseResult,
}

/// Which rows of a page have a value.
pub(super) enum Valid<I> {
    /// All, in a column that cannot be null.
    Required,
    /// All, in one that could.
    All,
    /// Those told.
    Some(I),
}

impl<I> Valid<I> {
    /// Of rows of the flat column `descr`, of which there are `nulls` or not.
    pub(super) fn of(descr: &ColumnDescPtr, nulls: bool, valid: I) -> Self {
        match (descr.max_def_level() > 0, nulls) {
            (false, _) => Self::Required,
            (true, false) => Self::All,
            (true, true) => Self::Some(valid),
        }
    }
}

/// What all chunks of a file are made with: a compressor takes longer to make
/// than to press many a page.
pub(super) struct Press {
    compressor: Compressor<'static>,
    /// The page at hand before compression: reused, since a buffer that grows
    /// anew for each page is copied and cleared as often.
    plain: Vec<u8>,
    levels: Vec<u32>,
}

impl Press {
    pub(super) fn new() -> Result<Self> {
        let compressor = Compressor::new(COMPRESSION_LEVEL).map_err(ParquetError::from)?;
        Ok(Self { compressor, plain: Vec::new(), levels: Vec::new() })
    }
}

/// Pages under way.
pub(super) struct Pages<'p> {
    press: &'p mut Press,
    sink: TrackedWrite<Vec<u8>>,
    encoding: Encoding,
    has_dictionary: bool,
    locations: Vec<PageLocation>,
    uncompressed_bytes: usize,
    rows: usize,
}

impl<'p> Pages<'p> {
    /// Pages whose values are in `encoding`.
    pub(super) fn new(encoding: Encoding, press: &'p mut Press) -> Self {
        Self {
            press,
            sink: TrackedWrite::new(Vec::new()),
            encoding,
            has_dictionary: false,
            locations: Vec::new(),
            uncompressed_bytes: 0,
            rows: 0,
        }
    }

    /// Writes the dictionary, before any page of rows.
    pub(super) fn dictionary(&mut self, plain: &[u8], values: usize) -> Result<()> {
        let num_values = length(values)?;
        let page = |buf| Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
        self.has_dictionary = true;
        self.write(plain, page).map(drop)
    }

    /// Writes a page of rows: `valid` tells which of them have a value, and
    /// `values` appends those values.
    pub(super) fn rows(
        &mut self,
        rows: usize,
        valid: Valid<impl Iterator<Item = bool>>,
        values: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let mut plain = std::mem::take(&mut self.press.plain);
        plain.clear();
        if !matches!(valid, Valid::Required) {
            plain.extend_from_slice(&[0; 4]);
            match valid {
                Valid::Some(valid) => {
                    let levels = &mut self.press.levels;
                    levels.clear();
                    levels.extend(valid.map(u32::from));
                    hybrid::encode(levels, 1, &mut plain);
                }
                Valid::All | Valid::Required => hybrid::repeat(1, rows, 1, &mut plain),
            }
            let bytes = length(plain.len() - 4)?.to_le_bytes();
            plain[..4].copy_from_slice(&bytes);
        }
        values(&mut plain)?;
        let (num_values, encoding) = (length(rows)?, self.encoding);
        let (offset, compressed_page_size) = self.write(&plain, |buf| Page::DataPage {
            buf,
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        let first_row_index = i64::from(length(self.rows)?);
        self.locations.push(PageLocation { offset, compressed_page_size, first_row_index });
        self.rows += rows;
        self.press.plain = plain;
        Ok(())
    }

    /// Compresses and writes a page; its place, and its length with its header.
    fn write(&mut self, plain: &[u8], page: impl FnOnce(Bytes) -> Page) -> Result<(i64, i32)> {
        let compressed = self.press.compressor.compress(plain).map_err(ParquetError::from)?;
        let page = CompressedPage::new(page(compressed.into()), plain.len());
        let spec = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.uncompressed_bytes += spec.uncompressed_size;
        let too_long = |_| ParquetError::General("a page of more than 2 GiB".to_owned());
        Ok((i64::try_from(spec.offset).map_err(too_long)?, i32::try_from(spec.compressed_size).map_err(too_long)?))
    }

    /// The chunk of the flat column `descr`.
    pub(super) fn close(self, descr: &ColumnDescPtr, bounds: Option<Statistics>) -> Result<Chunk> {
        let pages = |page_type, encoding, count: usize| PageEncodingStats {
            page_type,
            encoding,
            count: i32::try_from(count).unwrap_or(i32::MAX),
        };
        let mut statistics = vec![pages(PageType::DATA_PAGE, self.encoding, self.locations.len())];
        if self.has_dictionary {
            statistics.insert(0, pages(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1));
        }
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        if self.encoding != Encoding::PLAIN {
            encodings.push(self.encoding);
        }
        let first_page = self.locations.first().map_or(0, |location| location.offset);
        let content = self.sink.into_inner()?;
        let number = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut metadata = ColumnChunkMetaData::builder(descr.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(COMPRESSION_LEVEL)?))
            .set_encodings(encodings)
            .set_page_encoding_stats(statistics)
            .set_total_compressed_size(number(content.len()))
            .set_total_uncompressed_size(number(self.uncompressed_bytes))
            .set_num_values(number(self.rows))
            .set_data_page_offset(first_page)
            .set_dictionary_page_offset(self.has_dictionary.then_some(0));
        if let Some(bounds) = bounds {
            metadata = metadata.set_statistics(bounds);
        }
        let offsets = OffsetIndexMetaData { page_locations: self.locations, unencoded_byte_array_data_bytes: None };
        let close = ColumnCloseResult {
            bytes_written: content.len() as u64,
            rows_written: self.rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(offsets),
        };
        Ok(Chunk { content: content.into(), close })
    }
}

/// Appends bytes after their number, as plain values of text are written.
pub(super) fn push_plain(value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(&length(value.len())?.to_le_bytes());
    out.extend_from_slice(value);
    Ok(())
}

fn length(count: usize) -> Result<u32> {
    u32::try_from(count).map_err(|_| ParquetError::General(format!("{count} do not fit a page")))
}
