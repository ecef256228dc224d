//! A column chunk written from codes: the Parquet library would hash every
//! value again to find its place in the dictionary.

use super::PAGE_ROWS;
use super::hybrid::{bit_width, encode};
use super::pages::{Chunk, Pages, Press, Valid};
use crate::gather::NULL;
use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

/// Rows of a chunk by the values they use, in order of appearance.
pub(super) struct Coded {
    /// For each row the position of its value in `used`; [`NULL`] for none.
    codes: Vec<u32>,
    /// Codes of the values in use, as they were given.
    pub(super) used: Vec<u32>,
    pub(super) nulls: usize,
}

impl Coded {
    /// `codes` of the rows, each below `known` or [`NULL`].
    pub(super) fn new(codes: impl ExactSizeIterator<Item = u32>, known: usize) -> Self {
        let mut coded = Self { codes: Vec::with_capacity(codes.len()), used: Vec::new(), nulls: 0 };
        let mut positions = vec![NULL; known];
        for code in codes {
            let Some(position) = positions.get_mut(code as usize) else {
                coded.nulls += 1;
                coded.codes.push(NULL);
                continue;
            };
            if *position == NULL {
                *position = u32::try_from(coded.used.len()).unwrap_or(NULL);
                coded.used.push(code);
            }
            coded.codes.push(*position);
        }
        coded
    }

    /// The chunk of the flat column `descr`; `dictionary` has the values in
    /// use, in their order and in plain encoding.
    ///
    /// # Errors
    /// A page is too long for the format, which rows of Kafka's messages are not.
    pub(super) fn chunk(
        &self,
        descr: &ColumnDescPtr,
        press: &mut Press,
        dictionary: &[u8],
        bounds: Option<Statistics>,
    ) -> Result<Chunk> {
        let mut pages = Pages::new(Encoding::RLE_DICTIONARY, press);
        pages.dictionary(dictionary, self.used.len())?;
        let width = bit_width(self.used.len());
        for rows in self.codes.chunks(PAGE_ROWS) {
            let valid = Valid::of(descr, self.nulls > 0, rows.iter().map(|code| *code != NULL));
            pages.rows(rows.len(), valid, |out| {
                out.push(width);
                if self.nulls == 0 {
                    encode(rows, width, out);
                } else {
                    let valid: Vec<u32> = rows.iter().copied().filter(|code| *code != NULL).collect();
                    encode(&valid, width, out);
                }
                Ok(())
            })?;
        }
        pages.close(descr, bounds)
    }
}
