//! A column chunk of text or bytes that hardly repeat, written where they lie:
//! gathered into order first, every value would be copied twice.

use super::PAGE_ROWS;
use super::pages::{Chunk, Pages, Press, Valid, push_plain};
use arrow::array::{Array, GenericByteArray};
use arrow::datatypes::{BinaryType, ByteArrayType, Utf8Type};
use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;

/// Arrays of one type, one a batch.
pub(crate) enum Values<'a> {
    Text(Vec<&'a GenericByteArray<Utf8Type>>),
    Bytes(Vec<&'a GenericByteArray<BinaryType>>),
}

impl<'a> Values<'a> {
    /// The arrays, where they are of text or bytes.
    pub(crate) fn of(arrays: &[&'a dyn Array]) -> Option<Self> {
        Some(match downcast(arrays) {
            Some(texts) => Self::Text(texts),
            None => Self::Bytes(downcast(arrays)?),
        })
    }
}

fn downcast<'a, T: ByteArrayType>(arrays: &[&'a dyn Array]) -> Option<Vec<&'a GenericByteArray<T>>> {
    arrays.iter().map(|array| array.as_any().downcast_ref()).collect()
}

/// Encodes the values at `places` (array and position) as one chunk of the
/// flat column `descr`.
///
/// # Errors
/// A page is too long for the format, which rows of Kafka's messages are not.
pub(super) fn chunk(
    descr: &ColumnDescPtr,
    press: &mut Press,
    values: &Values<'_>,
    places: &[(usize, usize)],
) -> Result<Chunk> {
    match values {
        Values::Text(arrays) => of(descr, press, arrays, places),
        Values::Bytes(arrays) => of(descr, press, arrays, places),
    }
}

fn of<T: ByteArrayType>(
    descr: &ColumnDescPtr,
    press: &mut Press,
    arrays: &[&GenericByteArray<T>],
    places: &[(usize, usize)],
) -> Result<Chunk> {
    let mut pages = Pages::new(Encoding::PLAIN, press);
    let nulls = arrays.iter().any(|array| array.null_count() > 0);
    let is_valid = |&(array, row): &(usize, usize)| arrays[array].is_valid(row);
    for rows in places.chunks(PAGE_ROWS) {
        let valid = Valid::of(descr, nulls, rows.iter().map(is_valid));
        pages.rows(rows.len(), valid, |out| {
            for &(array, row) in rows.iter().filter(|place| is_valid(place)) {
                let value: &[u8] = arrays[array].value(row).as_ref();
                push_plain(value, out)?;
            }
            Ok(())
        })?;
    }
    pages.close(descr, None)
}
