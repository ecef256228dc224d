//! Validated batches for tests and the speed example.

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, DictionaryArray, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::Int32Type;
use commonweal_schemas::arrow_schema;
use std::sync::Arc;

/// What enrichment reads of an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) cancel: bool,
    pub(crate) organisation: Option<String>,
    pub(crate) individual: bool,
    pub(crate) counterparty: Option<String>,
    /// Days since 1970-01-01.
    pub(crate) occurred_on: Option<i32>,
    pub(crate) postcode: Option<String>,
    pub(crate) place_code: Option<String>,
}

fn text<'a>(values: impl Iterator<Item = Option<&'a String>>) -> ArrayRef {
    Arc::new(values.map(|value| value.map(String::as_str)).collect::<StringArray>())
}

/// A batch of these events, in the schema that ingest gives.
pub(crate) fn validated(events: &[Event]) -> RecordBatch {
    let rows = events.len();
    let schema = arrow_schema::validated();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "origin_topic" => Arc::new(std::iter::repeat_n("topic", rows).collect::<DictionaryArray<Int32Type>>()),
            "origin_partition" | "revision" => Arc::new(Int32Array::from(vec![0; rows])),
            "origin_offset" => Arc::new(Int64Array::from_iter_values((0..).take(rows))),
            "source" => Arc::new(StringArray::from_iter_values(std::iter::repeat_n("urn:test", rows))),
            "event_id" => Arc::new(StringArray::from_iter_values((0..rows).map(|row| row.to_string()))),
            "recorded_at" => Arc::new(TimestampMicrosecondArray::from(vec![0; rows]).with_timezone("UTC")),
            "content_digest" => Arc::new(BinaryArray::from_iter_values(std::iter::repeat_n([0_u8; 16], rows))),
            "onward_grant" => Arc::new(BooleanArray::from(vec![false; rows])),
            "cancel" => Arc::new(events.iter().map(|event| Some(event.cancel)).collect::<BooleanArray>()),
            "organisation_key" => text(events.iter().map(|event| event.organisation.as_ref())),
            "counterparty_key" => text(events.iter().map(|event| event.counterparty.as_ref())),
            "postcode" => text(events.iter().map(|event| event.postcode.as_ref())),
            "place_code" => text(events.iter().map(|event| event.place_code.as_ref())),
            "occurred_on" => Arc::new(events.iter().map(|event| event.occurred_on).collect::<Date32Array>()),
            "recipient_kind" => {
                let kinds = events.iter().map(|event| if event.individual { "INDIVIDUAL" } else { "ORGANISATION" });
                Arc::new(kinds.collect::<DictionaryArray<Int32Type>>())
            }
            _ => new_null_array(field.data_type(), rows),
        }
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).unwrap()
}
