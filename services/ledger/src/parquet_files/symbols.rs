//! A column chunk of text written from the codes of its values: the Parquet
//! library would hash every value again to find them.

use super::PAGE_ROWS;
use super::hybrid::{bit_width, encode};
use super::pages::{Chunk, Pages, push_plain};
use crate::gather::{NULL, Symbols};
use parquet::basic::Encoding;
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

/// Encodes the rows of `symbols` at `order` as one chunk of the flat text
/// column `descr`, with bounds where they are wanted.
///
/// # Errors
/// A page is too long for the format, which rows of Kafka's messages are not.
pub(super) fn chunk(descr: &ColumnDescPtr, symbols: &Symbols<'_>, order: &[u32], bounded: bool) -> Result<Chunk> {
    let mut dictionary = Dictionary::new(symbols);
    let codes: Vec<u32> = order.iter().map(|row| dictionary.code(symbols.codes[*row as usize])).collect();
    let mut pages = Pages::new(Encoding::RLE_DICTIONARY)?;
    let mut plain = Vec::new();
    dictionary.texts.iter().try_for_each(|text| push_plain(text.as_bytes(), &mut plain))?;
    pages.dictionary(&plain, dictionary.texts.len())?;
    let width = bit_width(dictionary.texts.len());
    let nulls = codes.iter().filter(|code| **code == NULL).count();
    for rows in codes.chunks(PAGE_ROWS) {
        let valid = (descr.max_def_level() > 0).then(|| rows.iter().map(|code| *code != NULL));
        pages.rows(rows.len(), valid, |out| {
            out.push(width);
            if nulls == 0 {
                encode(rows, width, out);
            } else {
                let valid: Vec<u32> = rows.iter().copied().filter(|code| *code != NULL).collect();
                encode(&valid, width, out);
            }
            Ok(())
        })?;
    }
    pages.close(descr, bounded.then(|| dictionary.bounds(nulls)))
}

/// The values that a chunk uses, in order of appearance.
struct Dictionary<'a> {
    known: &'a [&'a str],
    texts: Vec<&'a str>,
    /// Code here by code in `known`; [`NULL`] for those not met yet.
    codes: Vec<u32>,
}

impl<'a> Dictionary<'a> {
    fn new(symbols: &'a Symbols<'_>) -> Self {
        Self { known: &symbols.texts, texts: Vec::new(), codes: vec![NULL; symbols.texts.len()] }
    }

    fn code(&mut self, code: u32) -> u32 {
        let Some(own) = self.codes.get_mut(code as usize) else { return NULL };
        if *own == NULL {
            *own = u32::try_from(self.texts.len()).unwrap_or(NULL);
            self.texts.push(self.known[code as usize]);
        }
        *own
    }

    fn bounds(&self, nulls: usize) -> Statistics {
        let bound = |text: Option<&&str>| text.map(|text| ByteArray::from(*text));
        let (least, greatest) = (bound(self.texts.iter().min()), bound(self.texts.iter().max()));
        let bounds = ValueStatistics::new(least, greatest, None, Some(nulls as u64), false);
        Statistics::ByteArray(bounds.with_min_is_exact(true).with_max_is_exact(true))
    }
}
