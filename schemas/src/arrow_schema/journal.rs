//! Schemas of the journal's four books.

use super::{dict, enriched, field, instant_type, stored, text};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// When and by which commit a row was posted.
fn stamp() -> [Field; 3] {
    [
        field("ledger_commit", DataType::Int64, false),
        field("posted_at", instant_type(), false),
        field("booked_on", DataType::Date32, false),
    ]
}

/// Books `funding` and `employment`, in memory: an enriched event with what
/// its posting does to the sums.
///
/// `entry` is +1 for a record, -1 for a reversal, 0 for a note; `quantity` is
/// negative in a reversal; `cancelled` and `conflict` count identities and are
/// reversed likewise. Plain addition of any of the four is right at any moment.
#[must_use]
pub fn posting() -> SchemaRef {
    let mut fields: Vec<Field> = enriched()
        .fields()
        .iter()
        .filter(|field| field.name() != "cancel")
        .map(|field| field.as_ref().clone())
        .collect();
    fields.extend([
        field("entry", DataType::Int32, false),
        dict("cause", false),
        field("cancelled", DataType::Int32, false),
        field("conflict", DataType::Int32, false),
    ]);
    fields.extend(stamp());
    Arc::new(Schema::new(fields))
}

/// [`posting`] as Parquet holds it.
#[must_use]
pub fn posting_stored() -> SchemaRef {
    stored(&posting())
}

/// Book `rejections`: every refused message with its original bytes.
#[must_use]
pub fn rejections() -> SchemaRef {
    let header =
        DataType::Struct(vec![field("key", DataType::Utf8, false), field("value", DataType::Binary, true)].into());
    let mut fields = vec![
        text("origin_topic", false),
        field("origin_partition", DataType::Int32, false),
        field("origin_offset", DataType::Int64, false),
        text("dataset", false),
        text("stage", false),
        text("reason", false),
        text("field", true),
        text("message", false),
        text("source", true),
        text("event_id", true),
        field("payload", DataType::Binary, true),
        field("payload_digest", DataType::Binary, false),
        field("payload_bytes", DataType::Int64, false),
        field("key", DataType::Binary, true),
        field("headers", DataType::List(Arc::new(Field::new("element", header, false))), true),
        field("message_timestamp", instant_type(), true),
    ];
    fields.extend(stamp());
    Arc::new(Schema::new(fields))
}

/// Book `receipts`: per commit, origin partition and outcome, the set of
/// origin offsets as a portable 64-bit roaring bitmap.
#[must_use]
pub fn receipts() -> SchemaRef {
    let mut fields = vec![
        text("origin_topic", false),
        field("origin_partition", DataType::Int32, false),
        text("outcome", false),
        field("offsets_count", DataType::Int64, false),
        field("first_offset", DataType::Int64, false),
        field("last_offset", DataType::Int64, false),
        field("offsets", DataType::Binary, false),
    ];
    fields.extend(stamp());
    Arc::new(Schema::new(fields))
}

/// The whole table: the union of the books' columns, all nullable since a book
/// fills only its own, and the partition column `book`.
#[must_use]
pub fn journal() -> SchemaRef {
    let mut fields: Vec<Field> = vec![text("book", true)];
    for schema in [posting_stored(), rejections(), receipts()] {
        for column in schema.fields() {
            if !fields.iter().any(|known| known.name() == column.name()) {
                fields.push(column.as_ref().clone().with_nullable(true));
            }
        }
    }
    Arc::new(Schema::new(fields))
}

/// Columns balances are grouped by, beside `dataset`: whatever a published
/// table may group, filter or join on.
#[must_use]
pub const fn balances_key_columns() -> &'static [&'static str] {
    &[
        "source",
        "measure",
        "unit",
        "instrument",
        "job_basis",
        "prior_status",
        "organisation_id",
        "organisation_basis",
        "recipient_kind",
        "legal_form",
        "sic",
        "icnptso",
        "counterparty_id",
        "programme",
        "onward_grant",
        "district",
        "combined_authority",
        "region",
        "imd_decile",
        "place_basis",
        "quarter",
        "reference_version",
        "booked_on",
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a column shared by two books has one type, as one table needs.
    #[test]
    fn books_agree_on_shared_columns() {
        let whole = journal();
        for schema in [posting_stored(), rejections(), receipts()] {
            check(&whole, &schema);
        }
    }

    fn check(whole: &Schema, book: &Schema) {
        for column in book.fields() {
            let shared = whole.field_with_name(column.name()).unwrap();
            assert_eq!(shared.data_type(), column.data_type(), "column {}", column.name());
        }
    }
}
