//! Messages and batches for the decoder's tests.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, TimestampMicrosecondType};
use commonweal_schemas::Dataset;
use commonweal_schemas::arrow_schema;
use commonweal_schemas::avro::EmbeddedSchemas;
use commonweal_schemas::decode::{BatchDecoder, Decoded};
use commonweal_schemas::records::{Codec, FundingEvent, FundingStage};
use commonweal_schemas::{Reason, avro::WriterSchemas};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Limit of the decoders made here, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 20;

pub(crate) fn decoder(dataset: Dataset) -> BatchDecoder<EmbeddedSchemas> {
    decoder_with(dataset, EmbeddedSchemas)
}

pub(crate) fn decoder_with<S: WriterSchemas>(dataset: Dataset, schemas: S) -> BatchDecoder<S> {
    BatchDecoder::new(dataset.contract(), arrow_schema::raw(dataset), schemas, MESSAGE_BYTES_MAX)
}

/// A funding event told apart from others by its number.
pub(crate) fn funding(number: usize) -> FundingEvent {
    FundingEvent {
        source: "urn:test".to_owned(),
        event_id: format!("event-{number}"),
        stage: FundingStage::Committed,
        title: Some(format!("Title {number}")),
        ..FundingEvent::default()
    }
}

pub(crate) fn encode<T: Serialize>(dataset: Dataset, record: &T) -> Vec<u8> {
    Codec::embedded(dataset.contract()).unwrap().encode(record).unwrap()
}

/// Funding event `number` as a message.
pub(crate) fn message(number: usize) -> Vec<u8> {
    encode(Dataset::Funding, &funding(number))
}

pub(crate) fn values(messages: &[Vec<u8>]) -> Vec<Option<&[u8]>> {
    messages.iter().map(|message| Some(message.as_slice())).collect()
}

/// What became of each message: its row, or why it has none. Fails where a
/// message has neither or both.
pub(crate) fn outcomes(decoded: &Decoded, messages: usize) -> Vec<Result<RecordBatch, Reason>> {
    let mut outcomes: Vec<Option<Result<RecordBatch, Reason>>> = vec![None; messages];
    let mut set = |message: u32, outcome| {
        let slot = &mut outcomes[message as usize];
        assert!(slot.is_none(), "message {message} was decided twice");
        *slot = Some(outcome);
    };
    for batch in &decoded.batches {
        assert_eq!(batch.batch.num_rows(), batch.messages.len());
        for (row, &message) in batch.messages.iter().enumerate() {
            set(message, Ok(batch.batch.slice(row, 1)));
        }
    }
    for bad in &decoded.undecodable {
        assert!(!bad.detail.is_empty());
        set(bad.message, Err(bad.reason));
    }
    outcomes.into_iter().enumerate().map(|(n, outcome)| outcome.unwrap_or_else(|| panic!("{n} was lost"))).collect()
}

/// Row `row` as the typed record, by way of JSON.
pub(crate) fn record<T: DeserializeOwned>(batch: &RecordBatch, row: usize) -> T {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let object: Map<String, Value> = fields.map(|(field, column)| (field.name().clone(), json(column, row))).collect();
    serde_json::from_value(Value::Object(object)).unwrap()
}

fn json(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Date32 => column.as_primitive::<Date32Type>().value(row).into(),
        DataType::Timestamp(..) => column.as_primitive::<TimestampMicrosecondType>().value(row).into(),
        DataType::Decimal128(..) => column.as_primitive::<Decimal128Type>().value_as_string(row).into(),
        DataType::Dictionary(..) => {
            let symbols = column.as_dictionary::<Int32Type>();
            symbols.values().as_string::<i32>().value(symbols.key(row).unwrap()).into()
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).map(|item| json(&items, item)).collect()
        }
        other => panic!("no JSON for {other}"),
    }
}
