//! Statements as a batch in the enriched schema.

use super::history::Statement;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use commonweal_schemas::arrow_schema;
use std::sync::Arc;

/// A statement with its partition and offset.
pub(crate) type Placed<'a> = (i32, i64, &'a Statement);

pub(crate) fn enriched(topic: &str, rows: &[Placed<'_>]) -> RecordBatch {
    let schema = arrow_schema::enriched();
    let columns = schema.fields().iter().map(|field| column(field, topic, rows)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

fn column(field: &Field, topic: &str, rows: &[Placed<'_>]) -> ArrayRef {
    let placed = |get: fn(&Placed<'_>) -> i64| rows.iter().map(get);
    match (field.name().as_str(), field.data_type()) {
        ("origin_partition", _) => Arc::new(rows.iter().map(|row| Some(row.0)).collect::<Int32Array>()),
        ("origin_offset", _) => Arc::new(Int64Array::from_iter_values(placed(|row| row.1))),
        ("revision", _) => Arc::new(rows.iter().map(|row| Some(row.2.revision)).collect::<Int32Array>()),
        ("cancel", _) => Arc::new(rows.iter().map(|row| Some(row.2.cancel)).collect::<BooleanArray>()),
        ("recorded_at", _) => {
            let values = TimestampMicrosecondArray::from_iter_values(placed(|row| row.2.recorded_at));
            Arc::new(values.with_timezone("UTC"))
        }
        ("content_digest", _) => Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| row.2.digest()))),
        ("quantity", _) => {
            let values = rows.iter().map(|row| (!row.2.cancel).then(|| row.2.quantity()));
            let values: Decimal128Array = values.collect();
            Arc::new(values.with_precision_and_scale(18, 4).unwrap())
        }
        (_, DataType::Boolean) => {
            Arc::new(rows.iter().map(|row| Some(!row.2.cancel && row.2.content == 5)).collect::<BooleanArray>())
        }
        (_, DataType::Int32) => Arc::new(rows.iter().map(|row| number(field, row.2)).collect::<Int32Array>()),
        (_, DataType::Date32) => {
            let days = rows.iter().map(|row| number(field, row.2).map(|number| 18_000 + 90 * number));
            Arc::new(days.collect::<Date32Array>())
        }
        (_, DataType::Utf8 | DataType::Dictionary(..)) => {
            let values: StringArray = rows.iter().map(|row| text(field, topic, row.2)).collect();
            cast(&values, field.data_type()).unwrap()
        }
        (name, other) => panic!("no value for column {name} of type {other}"),
    }
}

/// A number that depends on the content; null in withdrawals and for one content.
fn number(field: &Field, statement: &Statement) -> Option<i32> {
    let absent = statement.cancel || usize::from(statement.content) == field.name().len() % 6;
    (!absent).then(|| i32::from(statement.content))
}

fn text(field: &Field, topic: &str, statement: &Statement) -> Option<String> {
    match field.name().as_str() {
        "origin_topic" => return Some(topic.to_owned()),
        "source" => return Some("urn:test".to_owned()),
        "event_id" => return Some(format!("event {}", statement.identity)),
        _ if statement.cancel => return (!field.is_nullable()).then(|| "unknown".to_owned()),
        _ => {}
    }
    Some(match field.name().as_str() {
        "measure" => statement.measure().to_owned(),
        "unit" => statement.unit().to_owned(),
        "district" => statement.district(),
        "quarter" => statement.quarter(),
        "programme" => statement.programme(),
        name => {
            let value = number(field, statement).map(|number| format!("{name} {number}"));
            return if field.is_nullable() { value } else { Some(value.unwrap_or_else(|| "unknown".to_owned())) };
        }
    })
}
