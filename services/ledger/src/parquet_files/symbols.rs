//! A column chunk of text that repeats.

use super::coded::Coded;
use super::pages::{Chunk, Press, push_plain};
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

/// Encodes rows of these codes of `known` texts as one chunk of the flat text
/// column `descr`, with bounds where they are wanted.
///
/// # Errors
/// As [`Coded::chunk`].
pub(super) fn chunk(
    descr: &ColumnDescPtr,
    press: &mut Press,
    known: &[&str],
    codes: impl ExactSizeIterator<Item = u32>,
    bounded: bool,
) -> Result<Chunk> {
    let coded = Coded::new(codes, known.len());
    let texts = || coded.used.iter().map(|code| known[*code as usize]);
    let mut dictionary = Vec::new();
    texts().try_for_each(|text| push_plain(text.as_bytes(), &mut dictionary))?;
    let bounds = bounded.then(|| {
        let bounds = [texts().min(), texts().max()].map(|text| text.map(ByteArray::from));
        let [least, greatest] = bounds;
        let bounds = ValueStatistics::new(least, greatest, None, Some(coded.nulls as u64), false);
        Statistics::ByteArray(bounds.with_min_is_exact(true).with_max_is_exact(true))
    });
    coded.chunk(descr, press, &dictionary, bounds)
}
