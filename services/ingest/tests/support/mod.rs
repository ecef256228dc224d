//! Events as raw batches, through the real codec and decoder.

#![allow(clippy::unwrap_used, dead_code, reason = "a test fails by panicking; each test crate uses its part")]

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use commonweal_ingest::{Rules, Validated, validate_employment, validate_funding};
use commonweal_schemas::avro::{Contract, EmbeddedSchemas};
use commonweal_schemas::decode::BatchDecoder;
use commonweal_schemas::records::{
    Codec, EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, Instrument, Unit,
};
use commonweal_schemas::{Dataset, Origins, arrow_schema};
use rust_decimal::Decimal;
use std::sync::Arc;

/// 2020-04-01, in days since 1970.
pub(crate) const APRIL_2020: i32 = 18_353;
/// 2020-06-01T12:00:00Z, in microseconds since 1970.
pub(crate) const RECORDED_AT: i64 = 1_591_012_800_000_000;

/// A record that the tests can send.
pub(crate) trait Event: serde::Serialize + Clone + std::fmt::Debug {
    const DATASET: Dataset;
    fn validate(raw: &RecordBatch, origins: &Origins, rules: &Rules) -> Validated;
}

impl Event for FundingEvent {
    const DATASET: Dataset = Dataset::Funding;
    fn validate(raw: &RecordBatch, origins: &Origins, rules: &Rules) -> Validated {
        validate_funding(raw, origins, rules).unwrap()
    }
}

impl Event for EmploymentEvent {
    const DATASET: Dataset = Dataset::Employment;
    fn validate(raw: &RecordBatch, origins: &Origins, rules: &Rules) -> Validated {
        validate_employment(raw, origins, rules).unwrap()
    }
}

/// A grant that breaks no rule and is in canonical form throughout.
pub(crate) fn grant(number: usize) -> FundingEvent {
    FundingEvent {
        source: "urn:commonweal:test".to_owned(),
        event_id: format!("grant-{number}"),
        recorded_at: RECORDED_AT,
        stage: FundingStage::Committed,
        instrument: Instrument::Grant,
        programme: Some("LCR-CARES".to_owned()),
        funder_id: Some("GB-CHC-327114".to_owned()),
        funder_name: Some("A Foundation".to_owned()),
        recipient_id: Some("GB-COH-08253562".to_owned()),
        recipient_name: Some("A Community Hub".to_owned()),
        amount: Some(Decimal::new(1_234_567, 2)),
        currency: Some("GBP".to_owned()),
        occurred_on: Some(APRIL_2020),
        award_id: Some(format!("award-{number}")),
        postcode: Some("L8 1TH".to_owned()),
        place_code: Some("E01006513".to_owned()),
        title: Some("Food and company through the winter".to_owned()),
        source_document: Some("https://example.org/grants.json".to_owned()),
        ..FundingEvent::default()
    }
}

/// A stock that breaks no rule and is in canonical form throughout.
pub(crate) fn headcount(number: usize) -> EmploymentEvent {
    EmploymentEvent {
        source: "urn:commonweal:test".to_owned(),
        event_id: format!("headcount-{number}"),
        recorded_at: RECORDED_AT,
        measure: EmploymentMeasure::Headcount,
        quantity: Some(Decimal::new(12, 0)),
        unit: Unit::Persons,
        as_of: Some(APRIL_2020),
        programme: Some("LCR-CARES".to_owned()),
        employer_id: Some("GB-CHC-1159982".to_owned()),
        employer_name: Some("A Community Hub".to_owned()),
        postcode: Some("L8 1TH".to_owned()),
        ..EmploymentEvent::default()
    }
}

/// A flow that breaks no rule.
pub(crate) fn hires(number: usize) -> EmploymentEvent {
    EmploymentEvent {
        event_id: format!("hires-{number}"),
        measure: EmploymentMeasure::Hires,
        as_of: None,
        period_start: Some(APRIL_2020 - 90),
        period_end: Some(APRIL_2020 - 1),
        ..headcount(number)
    }
}

/// Events as the decoder hands them to ingest.
pub(crate) fn raw<E: Event>(events: &[E]) -> RecordBatch {
    let contract: Contract = E::DATASET.contract();
    let codec = Codec::embedded(contract).unwrap();
    let messages: Vec<Vec<u8>> = events.iter().map(|event| codec.encode(event).unwrap()).collect();
    let messages: Vec<Option<&[u8]>> = messages.iter().map(|message| Some(message.as_slice())).collect();
    let target = arrow_schema::raw(E::DATASET);
    if events.is_empty() {
        return RecordBatch::new_empty(target);
    }
    let mut decoded = BatchDecoder::new(contract, target, EmbeddedSchemas, 1 << 22).decode(&messages).unwrap();
    assert!(decoded.undecodable.is_empty(), "{:?}", decoded.undecodable);
    decoded.batches.remove(0).batch
}

/// Origins of `rows` rows, from offset `first` on.
pub(crate) fn origins(first: usize, rows: usize) -> Origins {
    let mut origins = Origins::with_capacity(Arc::from("commonweal.test.v1"), rows);
    for offset in (first..).take(rows) {
        origins.push(3, i64::try_from(offset).unwrap());
    }
    origins
}

/// Validates events that came one after the other from offset `first` on.
pub(crate) fn validate_from<E: Event>(first: usize, events: &[E], rules: &Rules) -> Validated {
    E::validate(&raw(events), &origins(first, events.len()), rules)
}

/// Validates events under the default rules.
pub(crate) fn validate<E: Event>(events: &[E]) -> Validated {
    validate_from(0, events, &Rules::default())
}

/// A cell as text, `None` where it is null; dictionaries by value.
pub(crate) fn cell(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let column: &ArrayRef = batch.column_by_name(column).unwrap();
    if !column.is_valid(row) {
        return None;
    }
    if let Some(symbols) = column.as_dictionary_opt::<Int32Type>() {
        return Some(symbols.values().as_string::<i32>().value(symbols.key(row).unwrap()).to_owned());
    }
    if let Some(text) = column.as_string_opt::<i32>() {
        return Some(text.value(row).to_owned());
    }
    if let Some(bytes) = column.as_binary_opt::<i32>() {
        return Some(format!("{:02x?}", bytes.value(row)));
    }
    let any = column.as_any();
    if let Some(days) = any.downcast_ref::<Date32Array>() {
        return Some(days.value(row).to_string());
    }
    if let Some(flags) = any.downcast_ref::<BooleanArray>() {
        return Some(flags.value(row).to_string());
    }
    if let Some(quantity) = any.downcast_ref::<Decimal128Array>() {
        return Some(quantity.value_as_string(row));
    }
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        return Some(numbers.value(row).to_string());
    }
    if let Some(numbers) = column.as_primitive_opt::<Int32Type>() {
        return Some(numbers.value(row).to_string());
    }
    let instants = column.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    Some(instants.value(row).to_string())
}

/// All cells of a row, by column name.
pub(crate) fn row(batch: &RecordBatch, row: usize) -> Vec<(String, Option<String>)> {
    let names = batch.schema_ref().fields().iter();
    names.map(|field| (field.name().clone(), cell(batch, field.name(), row))).collect()
}
