//! A column chunk of text written from the codes of its values: the Parquet
//! library would hash every value again to find them.

use super::hybrid::{bit_width, encode};
use super::{COMPRESSION_LEVEL, PAGE_ROWS};
use crate::gather::{NULL, Symbols};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::page_index::offset_index::{OffsetIndexMetaData, PageLocation};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

const UNSEEN: u32 = u32::MAX;

/// An encoded column chunk, as a row group takes it.
pub(crate) struct Chunk {
    pub(crate) content: Bytes,
    pub(crate) close: ColumnCloseResult,
}

/// Encodes the rows of `symbols` at `order` as one chunk of the flat text
/// column `descr`, with bounds where they are wanted.
///
/// # Errors
/// A page is too long for the format, which rows of Kafka's messages are not.
pub(crate) fn chunk(descr: &ColumnDescPtr, symbols: &Symbols<'_>, order: &[u32], bounded: bool) -> Result<Chunk> {
    let mut dictionary = Dictionary::new(symbols);
    let codes: Vec<u32> = order.iter().map(|row| dictionary.code(symbols.codes[*row as usize])).collect();
    let mut pages = Pages::new()?;
    pages.dictionary(&dictionary)?;
    let nullable = descr.max_def_level() > 0;
    let width = bit_width(dictionary.texts.len());
    let mut nulls = 0;
    for rows in codes.chunks(PAGE_ROWS) {
        nulls += pages.data(rows, nullable, width)?;
    }
    pages.close(descr, codes.len(), bounded.then(|| dictionary.bounds(nulls)))
}

/// The values that a chunk uses, in order of appearance.
struct Dictionary<'a> {
    known: &'a [&'a str],
    texts: Vec<&'a str>,
    /// Code here by code in `known`.
    codes: Vec<u32>,
}

impl<'a> Dictionary<'a> {
    fn new(symbols: &'a Symbols<'_>) -> Self {
        Self { known: &symbols.texts, texts: Vec::new(), codes: vec![UNSEEN; symbols.texts.len()] }
    }

    fn code(&mut self, code: u32) -> u32 {
        let Some(own) = self.codes.get_mut(code as usize) else { return NULL };
        if *own == UNSEEN {
            *own = u32::try_from(self.texts.len()).unwrap_or(NULL);
            self.texts.push(self.known[code as usize]);
        }
        *own
    }

    fn bounds(&self, nulls: u64) -> Statistics {
        let bound = |text: Option<&&str>| text.map(|text| ByteArray::from(*text));
        let (least, greatest) = (bound(self.texts.iter().min()), bound(self.texts.iter().max()));
        let bounds = ValueStatistics::new(least, greatest, None, Some(nulls), false);
        Statistics::ByteArray(bounds.with_min_is_exact(true).with_max_is_exact(true))
    }
}

/// Pages under way, in the order of the file.
struct Pages {
    sink: TrackedWrite<Vec<u8>>,
    compressor: Compressor<'static>,
    locations: Vec<PageLocation>,
    uncompressed_bytes: usize,
    rows: usize,
}

impl Pages {
    fn new() -> Result<Self> {
        let compressor = Compressor::new(COMPRESSION_LEVEL).map_err(ParquetError::from)?;
        let sink = TrackedWrite::new(Vec::new());
        Ok(Self { sink, compressor, locations: Vec::new(), uncompressed_bytes: 0, rows: 0 })
    }

    fn dictionary(&mut self, dictionary: &Dictionary<'_>) -> Result<()> {
        let mut plain = Vec::new();
        for text in &dictionary.texts {
            plain.extend_from_slice(&length(text.len())?.to_le_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let num_values = length(dictionary.texts.len())?;
        let page = |buf| Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
        self.write(&plain, page).map(drop)
    }

    /// Writes a page of rows and tells how many of them are null.
    fn data(&mut self, codes: &[u32], nullable: bool, width: u8) -> Result<u64> {
        let mut plain = Vec::with_capacity(codes.len() * 2);
        let mut nulls = 0;
        if nullable {
            let levels: Vec<u32> = codes.iter().map(|code| u32::from(*code != NULL)).collect();
            nulls = levels.iter().filter(|level| **level == 0).count();
            plain.extend_from_slice(&[0; 4]);
            encode(&levels, 1, &mut plain);
            let bytes = length(plain.len() - 4)?.to_le_bytes();
            plain[..4].copy_from_slice(&bytes);
        }
        plain.push(width);
        if nulls == 0 {
            encode(codes, width, &mut plain);
        } else {
            let valid: Vec<u32> = codes.iter().copied().filter(|code| *code != NULL).collect();
            encode(&valid, width, &mut plain);
        }
        let num_values = length(codes.len())?;
        let (offset, compressed_page_size) = self.write(&plain, |buf| Page::DataPage {
            buf,
            num_values,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        let first_row_index = i64::from(length(self.rows)?);
        self.locations.push(PageLocation { offset, compressed_page_size, first_row_index });
        self.rows += codes.len();
        Ok(nulls as u64)
    }

    /// Compresses and writes a page; its place and length with its header.
    fn write(&mut self, plain: &[u8], page: impl FnOnce(Bytes) -> Page) -> Result<(i64, i32)> {
        let compressed = self.compressor.compress(plain).map_err(ParquetError::from)?;
        let page = CompressedPage::new(page(compressed.into()), plain.len());
        let spec = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.uncompressed_bytes += spec.uncompressed_size;
        let too_long = |_| ParquetError::General("a page of more than 2 GiB".to_owned());
        Ok((i64::try_from(spec.offset).map_err(too_long)?, i32::try_from(spec.compressed_size).map_err(too_long)?))
    }

    fn close(self, descr: &ColumnDescPtr, rows: usize, bounds: Option<Statistics>) -> Result<Chunk> {
        let pages = i32::try_from(self.locations.len()).unwrap_or(i32::MAX);
        let first_page = self.locations.first().map_or(0, |location| location.offset);
        let content = self.sink.into_inner()?;
        let number = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut metadata = ColumnChunkMetaData::builder(descr.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(COMPRESSION_LEVEL)?))
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_page_encoding_stats(vec![
                PageEncodingStats { page_type: PageType::DICTIONARY_PAGE, encoding: Encoding::PLAIN, count: 1 },
                PageEncodingStats { page_type: PageType::DATA_PAGE, encoding: Encoding::RLE_DICTIONARY, count: pages },
            ])
            .set_total_compressed_size(number(content.len()))
            .set_total_uncompressed_size(number(self.uncompressed_bytes))
            .set_num_values(number(rows))
            .set_data_page_offset(first_page)
            .set_dictionary_page_offset(Some(0));
        if let Some(bounds) = bounds {
            metadata = metadata.set_statistics(bounds);
        }
        let offsets = OffsetIndexMetaData { page_locations: self.locations, unencoded_byte_array_data_bytes: None };
        let close = ColumnCloseResult {
            bytes_written: content.len() as u64,
            rows_written: rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(offsets),
        };
        Ok(Chunk { content: content.into(), close })
    }
}

fn length(count: usize) -> Result<u32> {
    u32::try_from(count).map_err(|_| ParquetError::General(format!("{count} do not fit a page")))
}
