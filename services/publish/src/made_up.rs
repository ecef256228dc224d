//! A made-up region: a few postings, published by a method without a journal.
//! What a method does is tried on it.

use crate::PublishError;
use crate::balances::{Kind, cells_of};
use crate::disclosure::Protection;
use crate::inputs::{self, numbers};
use crate::method::MethodBook;
use crate::models;
use crate::tables::Table;
use crate::views::views;
use crate::write::Labels;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use chrono::NaiveDate;
use commonweal_query::Session;
use commonweal_schemas::arrow_schema::balances_key_columns;
use commonweal_schemas::{Dataset, Measure};
use std::sync::Arc;

/// What is said of data and reference.
const LABEL: &str = "made up";
const SCALE: i8 = 4;

/// An entry in force, with the columns that publishing looks at.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    pub(crate) measure: Measure,
    /// Ten-thousandths.
    pub(crate) quantity: i128,
    pub(crate) unit: String,
    pub(crate) instrument: Option<String>,
    pub(crate) onward_grant: bool,
    pub(crate) job_basis: Option<String>,
    pub(crate) prior_status: Option<String>,
    pub(crate) programme: Option<String>,
    pub(crate) organisation: String,
    pub(crate) counterparty: String,
    pub(crate) district: String,
    pub(crate) combined_authority: String,
    pub(crate) source: String,
    pub(crate) occurred_on: NaiveDate,
    /// None where it plays no part.
    pub(crate) recorded_on: Option<NaiveDate>,
}

impl Posting {
    fn quarter(&self) -> String {
        use chrono::Datelike as _;
        format!("{:04}-Q{}", self.occurred_on.year(), self.occurred_on.month0() / 3 + 1)
    }
}

/// The published tables of a region in which this was posted.
pub(crate) async fn published(
    method: &MethodBook,
    postings: &[Posting],
) -> Result<Vec<(&'static Table, RecordBatch)>, PublishError> {
    let session = Session::new()?;
    for dataset in Dataset::ALL {
        let of_dataset: Vec<&Posting> = postings.iter().filter(|one| one.measure.dataset() == dataset).collect();
        views(dataset, &cells_of(dataset, &entries(&of_dataset)?)?)?.add_to(&session)?;
    }
    let texts = inputs::text_schema(&["id", "name"]);
    let counted =
        Schema::new([texts.fields().to_vec(), vec![Arc::new(Field::new("entries", DataType::Int64, true))]].concat());
    let empty = |name: &str, schema: Schema| session.add_batches(name, &Arc::new(schema), Vec::new());
    empty("rejected_messages", Kind::Rejected.schema())?;
    empty("stated_names", counted)?;
    empty("conflicting_contents", inputs::conflicting_contents_schema())?;
    for (kind, columns) in inputs::REFERENCE {
        empty(&format!("reference_{kind}"), inputs::text_schema(columns))?;
    }
    inputs::add_calendar(&session).await?;
    let recorded = recorded(postings)?;
    session.add_batches(Kind::Recorded.name(), &recorded.schema(), vec![recorded])?;
    inputs::add_recorded_days(&session).await?;
    numbers::add(&session, method, LABEL, LABEL)?;
    let labels = Labels {
        method_version: method.version().to_owned(),
        reference_version: LABEL.to_owned(),
        data_label: LABEL.to_owned(),
        disclosure: Protection::None.label(),
    };
    let encoded = models::evaluate(&session, method, &labels, &Protection::None, None).await?;
    Ok(encoded.into_iter().map(|encoded| (encoded.table, encoded.rows)).collect())
}

/// Postings as journal entries.
fn entries(postings: &[&Posting]) -> Result<RecordBatch, PublishError> {
    let text = |of: fn(&Posting) -> Option<&str>| -> ArrayRef {
        Arc::new(postings.iter().map(|one| of(one)).collect::<StringArray>())
    };
    let whole = |value: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![value; postings.len()])) };
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for key in balances_key_columns() {
        let column = match *key {
            "measure" => text(|one| Some(one.measure.code())),
            "unit" => text(|one| Some(&one.unit)),
            "instrument" => text(|one| one.instrument.as_deref()),
            "job_basis" => text(|one| one.job_basis.as_deref()),
            "prior_status" => text(|one| one.prior_status.as_deref()),
            "programme" => text(|one| one.programme.as_deref()),
            "organisation_id" => text(|one| Some(&one.organisation)),
            "counterparty_id" => text(|one| Some(&one.counterparty)),
            "district" => text(|one| Some(&one.district)),
            "combined_authority" => text(|one| Some(&one.combined_authority)),
            "source" => text(|one| Some(&one.source)),
            "quarter" => Arc::new(postings.iter().map(|one| Some(one.quarter())).collect::<StringArray>()),
            "onward_grant" => Arc::new(postings.iter().map(|one| Some(one.onward_grant)).collect::<BooleanArray>()),
            "imd_decile" => whole(5),
            "booked_on" => Arc::new(Date32Array::from(vec![0; postings.len()])),
            "place_basis" => text(|_| Some("postcode")),
            other => Arc::new(StringArray::from(vec![other; postings.len()])),
        };
        columns.push((key, column));
    }
    let days = postings.iter().map(|one| Some(one.occurred_on.to_epoch_days()));
    columns.push(("occurred_on", Arc::new(days.collect::<Date32Array>())));
    let quantities = Decimal128Array::from_iter_values(postings.iter().map(|one| one.quantity));
    let quantities = quantities.with_precision_and_scale(28, SCALE).map_err(PublishError::arrow(LABEL))?;
    columns.push(("quantity", Arc::new(quantities)));
    columns.extend([("entry", whole(1)), ("cancelled", whole(0)), ("conflict", whole(0)), ("revision", whole(0))]);
    batch(columns)
}

/// When postings were recorded, as balances keep it.
fn recorded(postings: &[Posting]) -> Result<RecordBatch, PublishError> {
    let dated: Vec<(&Posting, NaiveDate)> = postings.iter().filter_map(|one| Some((one, one.recorded_on?))).collect();
    let datasets = dated.iter().map(|(one, _)| Some(one.measure.dataset().name())).collect::<StringArray>();
    let sources = dated.iter().map(|(one, _)| Some(one.source.as_str())).collect::<StringArray>();
    let quarters = dated.iter().map(|(one, _)| Some(one.quarter())).collect::<StringArray>();
    let days = dated.iter().map(|(_, day)| Some(day.to_epoch_days())).collect::<Date32Array>();
    batch(vec![
        ("dataset", Arc::new(datasets)),
        ("source", Arc::new(sources)),
        ("quarter", Arc::new(quarters)),
        ("recorded_on", Arc::new(days)),
        ("entries", Arc::new(Int64Array::from(vec![1; dated.len()]))),
    ])
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, PublishError> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .map_err(PublishError::arrow(LABEL))
}
