//! Rows of the rejections book: refused messages with their original bytes.

use crate::{LedgerError, Stamp};
use arrow::array::{
    ArrayRef, BinaryArray, BinaryBuilder, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    StructBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use commonweal_schemas::records::Header;
use commonweal_schemas::{Dataset, Reason, arrow_schema};
use std::borrow::Cow;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// A refused message.
#[derive(Clone, Debug)]
pub struct RejectedMessage {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    pub dataset: Dataset,
    pub reason: Reason,
    pub field: Option<Cow<'static, str>>,
    pub message: String,
    pub source: Option<String>,
    pub event_id: Option<String>,
    /// The message value, untouched; `None` where it had none.
    pub payload: Option<Vec<u8>>,
    pub key: Option<Vec<u8>>,
    pub headers: Vec<Header>,
    /// UTC microseconds.
    pub timestamp: Option<i64>,
}

impl RejectedMessage {
    /// Memory the message holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, Vec::len) + self.message.len() + size_of::<Self>()
    }
}

/// Rows of the rejections book, in order of origin.
///
/// # Errors
/// The batch cannot be built.
pub(crate) fn to_batch(messages: &[RejectedMessage], stamp: Stamp) -> Result<RecordBatch, LedgerError> {
    let mut rows: Vec<&RejectedMessage> = messages.iter().collect();
    rows.sort_by(|a, b| (&a.topic, a.partition, a.offset).cmp(&(&b.topic, b.partition, b.offset)));
    let text = |get: fn(&RejectedMessage) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| get(row)).collect::<StringArray>())
    };
    let digests = rows.iter().map(|row| xxh3_128(row.payload.as_deref().unwrap_or_default()).to_be_bytes());
    let lengths = rows.iter().map(|row| row.payload.as_ref().map_or(0, Vec::len));
    let mut columns: Vec<ArrayRef> = vec![
        text(|row| Some(row.topic.as_ref())),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.partition))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.offset))),
        text(|row| Some(row.dataset.name())),
        text(|row| Some(row.reason.stage().name())),
        text(|row| Some(row.reason.code())),
        text(|row| row.field.as_deref()),
        text(|row| Some(&row.message)),
        text(|row| row.source.as_deref()),
        text(|row| row.event_id.as_deref()),
        Arc::new(rows.iter().map(|row| row.payload.as_deref()).collect::<BinaryArray>()),
        Arc::new(BinaryArray::from_iter_values(digests)),
        Arc::new(Int64Array::from_iter_values(lengths.map(|length| i64::try_from(length).unwrap_or(i64::MAX)))),
        Arc::new(rows.iter().map(|row| row.key.as_deref()).collect::<BinaryArray>()),
        headers(&rows),
        Arc::new(rows.iter().map(|row| row.timestamp).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
    ];
    columns.extend(stamp.columns(rows.len()));
    Ok(RecordBatch::try_new(arrow_schema::rejections(), columns)?)
}

fn headers(rows: &[&RejectedMessage]) -> ArrayRef {
    let fields = vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)];
    let element = Field::new("element", DataType::Struct(fields.clone().into()), false);
    let pairs = StructBuilder::new(fields, vec![Box::new(StringBuilder::new()), Box::new(BinaryBuilder::new())]);
    let mut list = ListBuilder::new(pairs).with_field(element);
    for row in rows {
        let pairs = list.values();
        for header in &row.headers {
            if let Some(keys) = pairs.field_builder::<StringBuilder>(0) {
                keys.append_value(&header.key);
            }
            if let Some(values) = pairs.field_builder::<BinaryBuilder>(1) {
                values.append_option(header.value.as_deref());
            }
            pairs.append(true);
        }
        list.append(true);
    }
    Arc::new(list.finish())
}
