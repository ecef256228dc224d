//! Digest of an event's content, by which duplicates are told from conflicts.
//!
//! For each stated field, in a fixed order, its number and its value go into
//! xxh3-128: text with its length before it, numbers as little-endian bytes.
//! Fields that are null, and flags that are false, leave no trace, so a new
//! nullable field does not change the digests of events without it. Lineage
//! (origin, source document) is no content.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int32Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, Schema, TimestampMicrosecondType};
use arrow::error::ArrowError;
use xxhash_rust::xxh3::xxh3_128;

use crate::columns::Symbols;

/// Bytes of a digest.
const DIGEST_BYTES: usize = 16;
/// Room for one event's content; it grows where that is not enough.
const CONTENT_BYTES: usize = 512;

/// Number of each content field. A number once given is never given again.
const FIELDS: [(&str, u8); 25] = [
    ("source", 1),
    ("event_id", 2),
    ("revision", 3),
    ("cancel", 4),
    ("recorded_at", 5),
    ("measure", 6),
    ("quantity", 7),
    ("unit", 8),
    ("instrument", 9),
    ("job_basis", 10),
    ("prior_status", 11),
    ("organisation_key", 12),
    ("organisation_name", 13),
    ("recipient_kind", 14),
    ("counterparty_key", 15),
    ("counterparty_name", 16),
    ("programme", 17),
    ("award_id", 18),
    ("onward_grant", 19),
    ("occurred_on", 20),
    ("period_start", 21),
    ("period_end", 22),
    ("postcode", 23),
    ("place_code", 24),
    ("title", 25),
];

enum Cells<'a> {
    Text(&'a StringArray),
    /// With what each value leaves in the content.
    Symbols(&'a Symbols, Vec<Vec<u8>>),
    Decimal(&'a Decimal128Array),
    Date(&'a Date32Array),
    Integer(&'a Int32Array),
    Instant(&'a TimestampMicrosecondArray),
    Flag(&'a BooleanArray),
}

impl<'a> Cells<'a> {
    fn new(number: u8, column: &'a ArrayRef) -> Result<Self, ArrowError> {
        let cells = match column.data_type() {
            DataType::Utf8 => column.as_string_opt().map(Self::Text),
            DataType::Dictionary(..) => column
                .as_dictionary_opt::<Int32Type>()
                .and_then(|symbols| Some(Self::Symbols(symbols, pieces(number, symbols.values().as_string_opt()?)))),
            DataType::Decimal128(..) => column.as_primitive_opt::<Decimal128Type>().map(Self::Decimal),
            DataType::Date32 => column.as_primitive_opt::<Date32Type>().map(Self::Date),
            DataType::Int32 => column.as_primitive_opt::<Int32Type>().map(Self::Integer),
            DataType::Timestamp(..) => column.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Instant),
            DataType::Boolean => column.as_boolean_opt().map(Self::Flag),
            _ => None,
        };
        cells.ok_or_else(|| ArrowError::SchemaError(format!("no digest is defined for {}", column.data_type())))
    }

    #[inline]
    fn write(&self, number: u8, row: usize, content: &mut Vec<u8>) {
        match self {
            Self::Text(column) if column.is_valid(row) => write_text(number, column.value(row), content),
            Self::Symbols(column, pieces) => {
                if let Some(piece) = column.key(row).and_then(|key| pieces.get(key)) {
                    content.extend_from_slice(piece);
                }
            }
            Self::Decimal(column) if column.is_valid(row) => {
                write_bytes(number, column.value(row).to_le_bytes(), content);
            }
            Self::Date(column) if column.is_valid(row) => {
                write_bytes(number, column.value(row).to_le_bytes(), content);
            }
            Self::Integer(column) if column.is_valid(row) => {
                write_bytes(number, column.value(row).to_le_bytes(), content);
            }
            Self::Instant(column) if column.is_valid(row) => {
                write_bytes(number, column.value(row).to_le_bytes(), content);
            }
            Self::Flag(column) if column.is_valid(row) && column.value(row) => content.push(number),
            _ => {}
        }
    }
}

/// What each value of a dictionary leaves in the content.
fn pieces(number: u8, values: &StringArray) -> Vec<Vec<u8>> {
    let piece = |value| {
        let mut piece = Vec::new();
        write_text(number, values.value(value), &mut piece);
        piece
    };
    (0..values.len()).map(piece).collect()
}

#[inline]
fn write_bytes<const BYTES: usize>(number: u8, bytes: [u8; BYTES], content: &mut Vec<u8>) {
    content.reserve(1 + BYTES);
    content.push(number);
    content.extend_from_slice(&bytes);
}

#[inline]
fn write_text(number: u8, text: &str, content: &mut Vec<u8>) {
    // No text passes the limits with more bytes than 32 bits count.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    content.reserve(1 + size_of::<u32>() + text.len());
    write_bytes(number, length.to_le_bytes(), content);
    content.extend_from_slice(text.as_bytes());
}

/// Whether a column leaves no trace in any row's content.
fn is_silent(column: &ArrayRef) -> bool {
    column.null_count() == column.len() || column.as_boolean_opt().is_some_and(|flags| flags.true_count() == 0)
}

/// Digest of each row, 16 bytes, most significant first. `before` and `after`
/// are the columns of `schema` on either side of `content_digest`.
///
/// # Errors
/// A content column is missing or of a type that has no digest.
pub(crate) fn content_digests(
    schema: &Schema,
    before: &[ArrayRef],
    after: &[ArrayRef],
) -> Result<BinaryArray, ArrowError> {
    let rows = before.first().map_or(0, Array::len);
    let mut fields: Vec<(u8, Cells<'_>)> = Vec::with_capacity(FIELDS.len());
    for (name, number) in FIELDS {
        let position = schema.index_of(name)?;
        let column = match position.checked_sub(before.len() + 1) {
            Some(position) => after.get(position),
            None => before.get(position),
        };
        let column = column.ok_or_else(|| ArrowError::SchemaError(format!("column {name} is missing")))?;
        if !is_silent(column) {
            fields.push((number, Cells::new(number, column)?));
        }
    }
    let mut digests: Vec<u8> = Vec::with_capacity(rows * DIGEST_BYTES);
    let mut content: Vec<u8> = Vec::with_capacity(CONTENT_BYTES);
    for row in 0..rows {
        content.clear();
        for (number, cells) in &fields {
            cells.write(*number, row, &mut content);
        }
        digests.extend_from_slice(&xxh3_128(&content).to_be_bytes());
    }
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(DIGEST_BYTES, rows));
    BinaryArray::try_new(offsets, Buffer::from_vec(digests), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use commonweal_schemas::arrow_schema;

    /// Proves that every validated column is either content with a number of
    /// its own or lineage, so that no field is forgotten.
    #[test]
    fn every_column_is_content_or_lineage() {
        let lineage = ["origin_topic", "origin_partition", "origin_offset", "content_digest", "source_document"];
        for field in arrow_schema::validated().fields() {
            let content = FIELDS.iter().filter(|(name, _)| name == field.name()).count();
            assert_eq!(content, usize::from(!lineage.contains(&field.name().as_str())), "{}", field.name());
        }
        for (place, (_, number)) in (1..).zip(FIELDS) {
            assert_eq!(place, number);
        }
    }
}
