//! The method's numbers and code lists as tables.

use crate::PublishError;
use crate::method::{Claim, MethodBook, Target, YEARS_MAX};
use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int32Array, StringArray};
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use commonweal_schemas::Measure;
use rust_decimal::{Decimal, RoundingStrategy};
use std::sync::Arc;

/// Decimals of parameters and deflators.
const SCALE: i8 = 8;
/// Unit of a parameter that says what share of an outcome is left a year later.
const KEPT: &str = "share kept a year";

/// Registers `measure_codes`, `parameters`, `deflators`, `discounts`,
/// `retentions`, `funder_roles`, `stated_claims`, `stated_targets` and `run`.
pub(crate) fn add(
    session: &Session,
    method: &MethodBook,
    label: &str,
    reference_version: &str,
) -> Result<(), PublishError> {
    let tables = [
        ("measure_codes", measures()?),
        ("parameters", parameters(method)?),
        ("deflators", deflators(method)?),
        ("discounts", discounts(method)?),
        ("retentions", retentions(method)?),
        ("funder_roles", funder_roles(method)?),
        ("stated_claims", claims(method)?),
        ("stated_targets", targets(method)?),
        ("run", run(method, label, reference_version)?),
    ];
    for (name, batch) in tables {
        session.add_batches(name, &batch.schema(), vec![batch])?;
    }
    Ok(())
}

fn measures() -> Result<RecordBatch, PublishError> {
    let all = || Measure::ALL.into_iter();
    table(
        "measure_codes",
        vec![
            ("measure", text(all().map(|measure| Some(measure.code())))),
            ("dataset", text(all().map(|measure| Some(measure.dataset().name())))),
            ("kind", text(all().map(|measure| Some(measure.kind().name())))),
            ("unit", text(all().map(Measure::unit))),
            ("definition", text(all().map(|measure| Some(measure.definition())))),
        ],
    )
}

fn parameters(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let rows = || method.parameters.iter();
    let days = |day: chrono::NaiveDate| day.to_epoch_days();
    table(
        "parameters",
        vec![
            ("id", text(rows().map(|row| Some(row.id.as_str())))),
            ("value_low", decimals(rows().map(|row| row.value_low))?),
            ("value_central", decimals(rows().map(|row| row.value_central))?),
            ("value_high", decimals(rows().map(|row| row.value_high))?),
            ("unit", text(rows().map(|row| Some(row.unit.as_str())))),
            ("price_year", Arc::new(rows().map(|row| row.price_year).collect::<Int32Array>())),
            ("confidence", text(rows().map(|row| Some(row.confidence.as_str())))),
            ("valid_from", Arc::new(rows().map(|row| Some(days(row.valid_from))).collect::<Date32Array>())),
            ("valid_to", Arc::new(rows().map(|row| row.valid_to.map(days)).collect::<Date32Array>())),
        ],
    )
}

fn deflators(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let years = method.deflators.keys().map(|year| Some(*year)).collect::<Int32Array>();
    table("deflators", vec![("price_year", Arc::new(years)), ("factor", decimals(method.deflators.values().copied())?)])
}

fn discounts(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let rows = || method.discounts.iter();
    table(
        "discounts",
        vec![
            ("kind", text(rows().map(|row| Some(row.kind)))),
            ("year", Arc::new(rows().map(|row| Some(row.year)).collect::<Int32Array>())),
            ("factor", decimals(rows().map(|row| row.factor))?),
            ("confidence", text(rows().map(|row| Some(row.confidence.as_str())))),
        ],
    )
}

/// What of an outcome is left after each year, for every parameter that says
/// what share is kept a year: its powers, eight decimals, halves away from zero.
fn retentions(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let mut ids = Vec::new();
    let mut years = Vec::new();
    let mut values: [Vec<Decimal>; 3] = Default::default();
    for parameter in method.parameters.iter().filter(|parameter| parameter.unit == KEPT) {
        let shares = [parameter.value_low, parameter.value_central, parameter.value_high];
        let mut kept = [Decimal::ONE; 3];
        for year in 0..=YEARS_MAX {
            ids.push(parameter.id.as_str());
            years.push(i32::try_from(year).ok());
            for ((column, kept), share) in values.iter_mut().zip(&mut kept).zip(shares) {
                let scale = u32::from(SCALE.unsigned_abs());
                column.push(kept.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero));
                // Far below the last decimal a factor has no digits left.
                *kept = kept.checked_mul(share).unwrap_or_default();
            }
        }
    }
    let [low, central, high] = values;
    table(
        "retentions",
        vec![
            ("id", text(ids.iter().map(|id| Some(*id)))),
            ("year", Arc::new(years.into_iter().collect::<Int32Array>())),
            ("value_low", decimals(low.into_iter())?),
            ("value_central", decimals(central.into_iter())?),
            ("value_high", decimals(high.into_iter())?),
        ],
    )
}

fn funder_roles(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let rows = || method.funders.iter();
    table(
        "funder_roles",
        vec![
            ("programme", text(rows().map(|row| Some(row.programme.as_str())))),
            ("funder_id", text(rows().map(|row| Some(row.funder_id.as_str())))),
            ("role", text(rows().map(|row| Some(row.role)))),
        ],
    )
}

fn targets(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let rows = || method.targets.iter();
    let of = |column: fn(&Target) -> &str| text(rows().map(|row| Some(column(row)).filter(|text| !text.is_empty())));
    table(
        "stated_targets",
        vec![
            ("target", of(|row| &row.id)),
            ("text", of(|row| &row.text)),
            ("measure", of(|row| &row.measure)),
            ("job_basis", of(|row| &row.job_basis)),
            ("instrument", of(|row| &row.instrument)),
            ("programme", of(|row| &row.programme)),
            ("place", of(|row| &row.place)),
            ("from_quarter", of(|row| &row.from_quarter)),
            ("quarter", of(|row| &row.quarter)),
            ("value", decimals(rows().map(|row| row.value))?),
            ("unit", of(|row| &row.unit)),
            ("source", of(|row| &row.source)),
            ("url", of(|row| &row.url)),
            ("stated_on", of(|row| &row.date)),
        ],
    )
}

fn claims(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let rows = || method.claims().iter();
    let of = |column: fn(&Claim) -> &str| text(rows().map(|row| Some(column(row)).filter(|text| !text.is_empty())));
    table(
        "stated_claims",
        vec![
            ("claim", of(|row| &row.id)),
            ("text", of(|row| &row.text)),
            ("value", decimals(rows().map(|row| row.value))?),
            ("unit", of(|row| &row.unit)),
            ("source", of(|row| &row.source)),
            ("url", of(|row| &row.url)),
            ("claimed_on", of(|row| &row.date)),
            ("headline", of(|row| row.headline.as_deref().unwrap_or_default())),
            ("programme", of(|row| &row.programme)),
            ("period", of(|row| &row.period)),
        ],
    )
}

/// One row about this run: what models put beside their figures.
fn run(method: &MethodBook, label: &str, reference_version: &str) -> Result<RecordBatch, PublishError> {
    let one = |value: &str| text(std::iter::once(Some(value)));
    table(
        "run",
        vec![
            ("method_version", one(method.version())),
            ("reference_version", one(reference_version)),
            ("price_base_year", Arc::new(Int32Array::from(vec![method.price_base_year()]))),
            ("perspective", one(method.perspective())),
            ("area_code", one(method.area_code())),
            ("data_label", one(label)),
        ],
    )
}

fn table(name: &str, columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, PublishError> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .map_err(PublishError::arrow(name))
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn decimals(values: impl Iterator<Item = Decimal>) -> Result<ArrayRef, PublishError> {
    let scaled = values.map(|mut value| {
        value.rescale(u32::from(SCALE.unsigned_abs()));
        value.mantissa()
    });
    let array = Decimal128Array::from_iter_values(scaled).with_precision_and_scale(18, SCALE);
    Ok(Arc::new(array.map_err(PublishError::arrow("the method's numbers"))?))
}
