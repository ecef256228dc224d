//! Rows of the query as entries.

use crate::PublishError;
use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow::error::ArrowError;

/// What a grant is made of: one entry in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) source: String,
    pub(super) event_id: String,
    pub(super) award: String,
    /// A commitment; else a payment.
    pub(super) committed: bool,
    pub(super) revision: i32,
    /// UTC microseconds.
    pub(super) recorded_at: i64,
    pub(super) currency: String,
    pub(super) instrument: Option<String>,
    pub(super) recipient: Party,
    pub(super) funder: Party,
    pub(super) programme: Option<String>,
    pub(super) onward: bool,
    /// Days since 1970, as the two after it.
    pub(super) day: i32,
    pub(super) planned_start: Option<i32>,
    pub(super) planned_end: Option<i32>,
    pub(super) postcode: Option<String>,
    pub(super) place_code: Option<String>,
    pub(super) title: Option<String>,
    pub(super) document: Option<String>,
    pub(super) quarter: String,
    /// Ten-thousandths.
    pub(super) amount: i128,
}

/// An organisation as the event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

/// The entries of a batch.
pub(super) fn read(batch: &RecordBatch) -> Result<Vec<Row>, PublishError> {
    read_columns(batch).map_err(PublishError::arrow("grants in force"))
}

fn read_columns(batch: &RecordBatch) -> Result<Vec<Row>, ArrowError> {
    let texts = |name: &str| -> Result<Texts, ArrowError> {
        let text = cast(column(batch, name)?, &DataType::Utf8)?;
        Ok(Texts(text.as_string::<i32>().clone()))
    };
    let days = |name: &str| -> Result<Days, ArrowError> {
        let day = cast(column(batch, name)?, &DataType::Date32)?;
        let day = day.as_primitive::<Date32Type>().clone();
        Ok(Box::new(move |row| day.is_valid(row).then(|| day.value(row))))
    };
    let (source, event_id, award, measure) = (texts("source")?, texts("event_id")?, texts("award")?, texts("measure")?);
    let revision = typed(batch, "revision", &DataType::Int32)?;
    let recorded_at = typed(batch, "recorded_at", &arrow_instant())?;
    let amount = typed(batch, "quantity", &DataType::Decimal128(28, 4))?;
    let onward = typed(batch, "onward_grant", &DataType::Boolean)?;
    let (currency, instrument, programme) = (texts("unit")?, texts("instrument")?, texts("programme")?);
    let recipient = (texts("organisation_key")?, texts("organisation_name")?);
    let funder = (texts("counterparty_key")?, texts("counterparty_name")?);
    let (day, start, end) = (days("occurred_on")?, days("period_start")?, days("period_end")?);
    let (postcode, place_code) = (texts("postcode")?, texts("place_code")?);
    let (title, document, quarter) = (texts("title")?, texts("source_document")?, texts("quarter")?);
    let party = |(id, name): &(Texts, Texts), row| Party { id: id.of(row), name: name.of(row) };
    let row = |row| Row {
        source: source.of(row).unwrap_or_default(),
        event_id: event_id.of(row).unwrap_or_default(),
        award: award.of(row).unwrap_or_default(),
        committed: measure.of(row).as_deref() == Some("COMMITTED"),
        revision: revision.as_primitive::<Int32Type>().value(row),
        recorded_at: recorded_at.as_primitive::<TimestampMicrosecondType>().value(row),
        currency: currency.of(row).unwrap_or_default(),
        instrument: instrument.of(row),
        recipient: party(&recipient, row),
        funder: party(&funder, row),
        programme: programme.of(row).filter(|code| code != "unknown"),
        onward: onward.as_boolean().value(row),
        day: day(row).unwrap_or_default(),
        planned_start: start(row),
        planned_end: end(row),
        postcode: postcode.of(row),
        place_code: place_code.of(row),
        title: title.of(row),
        document: document.of(row),
        quarter: quarter.of(row).unwrap_or_default(),
        amount: amount.as_primitive::<Decimal128Type>().value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

type Days = Box<dyn Fn(usize) -> Option<i32>>;

struct Texts(StringArray);

impl Texts {
    fn of(&self, row: usize) -> Option<String> {
        (self.0.is_valid(row) && !self.0.value(row).is_empty()).then(|| self.0.value(row).to_owned())
    }
}

fn arrow_instant() -> DataType {
    commonweal_schemas::arrow_schema::instant_type()
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("column {name} is missing")))
}

fn typed(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<arrow::array::ArrayRef, ArrowError> {
    cast(column(batch, name)?, kind)
}
