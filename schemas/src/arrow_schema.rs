//! Arrow schemas of every stage, beside the Avro contracts.
//!
//! Text of few values is dictionary-encoded in memory; in Parquet all text is
//! plain strings. Quantities are `Decimal128(18, 4)`, instants are UTC
//! microseconds, dates are days.

mod journal;

pub use journal::{balances_key_columns, journal, posting, posting_stored, receipts, rejections};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// Digits of a quantity.
pub const QUANTITY_PRECISION: u8 = 18;
/// Decimals of a quantity.
pub const QUANTITY_SCALE: i8 = 4;

/// `Decimal128(18, 4)`.
#[must_use]
pub const fn quantity_type() -> DataType {
    DataType::Decimal128(QUANTITY_PRECISION, QUANTITY_SCALE)
}

/// UTC microseconds.
#[must_use]
pub fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

/// Text of few values.
#[must_use]
pub fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn field(name: &str, data_type: DataType, nullable: bool) -> Field {
    Field::new(name, data_type, nullable)
}

fn text(name: &str, nullable: bool) -> Field {
    field(name, DataType::Utf8, nullable)
}

fn dict(name: &str, nullable: bool) -> Field {
    field(name, dictionary_type(), nullable)
}

fn date(name: &str) -> Field {
    field(name, DataType::Date32, true)
}

fn identity() -> Vec<Field> {
    vec![
        text("source", false),
        text("event_id", false),
        field("revision", DataType::Int32, false),
        dict("action", false),
        field("recorded_at", instant_type(), false),
    ]
}

/// What the decoder makes of `funding.avsc`.
#[must_use]
pub fn funding_raw() -> SchemaRef {
    let mut fields = identity();
    fields.extend([
        dict("stage", false),
        dict("instrument", false),
        text("programme", true),
        text("funder_id", true),
        text("funder_name", true),
        dict("recipient_kind", false),
        text("recipient_id", true),
        text("recipient_name", true),
        field("amount", quantity_type(), true),
        text("currency", true),
        date("occurred_on"),
        text("award_id", true),
        field("onward_grant", DataType::Boolean, false),
        text("postcode", true),
        text("place_code", true),
        text("title", true),
        text("source_document", true),
        text("unreadable_field", true),
        text("unreadable_text", true),
        date("planned_start"),
        date("planned_end"),
    ]);
    Arc::new(Schema::new(fields))
}

/// What the decoder makes of `employment.avsc`.
#[must_use]
pub fn employment_raw() -> SchemaRef {
    let mut fields = identity();
    let basis = Field::new("item", dictionary_type(), false);
    fields.extend([
        dict("measure", false),
        field("quantity", quantity_type(), true),
        dict("unit", false),
        date("as_of"),
        date("period_start"),
        date("period_end"),
        field("job_basis", DataType::List(Arc::new(basis)), false),
        dict("prior_status", false),
        text("programme", true),
        text("funder_id", true),
        text("funder_name", true),
        text("award_id", true),
        text("employer_id", true),
        text("employer_name", true),
        text("postcode", true),
        text("place_code", true),
        text("source_document", true),
        text("unreadable_field", true),
        text("unreadable_text", true),
    ]);
    Arc::new(Schema::new(fields))
}

/// Raw schema of a dataset.
#[must_use]
pub fn raw(dataset: crate::Dataset) -> SchemaRef {
    match dataset {
        crate::Dataset::Funding => funding_raw(),
        crate::Dataset::Employment => employment_raw(),
    }
}

fn validated_fields() -> Vec<Field> {
    vec![
        dict("origin_topic", false),
        field("origin_partition", DataType::Int32, false),
        field("origin_offset", DataType::Int64, false),
        text("source", false),
        text("event_id", false),
        field("revision", DataType::Int32, false),
        field("cancel", DataType::Boolean, false),
        field("recorded_at", instant_type(), false),
        field("content_digest", DataType::Binary, false),
        dict("measure", true),
        field("quantity", quantity_type(), true),
        dict("unit", true),
        dict("instrument", true),
        dict("job_basis", true),
        dict("prior_status", true),
        text("organisation_key", true),
        text("organisation_name", true),
        dict("recipient_kind", true),
        text("counterparty_key", true),
        text("counterparty_name", true),
        dict("programme", true),
        text("award_id", true),
        field("onward_grant", DataType::Boolean, false),
        date("occurred_on"),
        date("period_start"),
        date("period_end"),
        text("postcode", true),
        text("place_code", true),
        text("title", true),
        text("source_document", true),
    ]
}

fn enrichment_fields() -> Vec<Field> {
    vec![
        text("organisation_id", false),
        dict("organisation_basis", false),
        dict("legal_form", false),
        dict("sic", false),
        dict("icnptso", false),
        text("counterparty_id", false),
        dict("lsoa", false),
        dict("district", false),
        dict("combined_authority", false),
        dict("region", false),
        field("imd_decile", DataType::Int32, true),
        dict("place_basis", false),
        dict("quarter", false),
        dict("reference_version", false),
    ]
}

/// Events that passed every rule: what ingest makes, beside `validated.avsc`.
#[must_use]
pub fn validated() -> SchemaRef {
    Arc::new(Schema::new(validated_fields()))
}

/// Validated events with who, where and what: what enrich makes, beside
/// `enriched.avsc`.
#[must_use]
pub fn enriched() -> SchemaRef {
    let mut fields = validated_fields();
    fields.extend(enrichment_fields());
    Arc::new(Schema::new(fields))
}

/// The same fields with dictionaries as plain text, as Parquet holds them.
#[must_use]
pub fn stored(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Dictionary(_, value) => Field::new(field.name(), value.as_ref().clone(), field.is_nullable()),
            _ => field.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}
