//! `parameters.csv`.

use super::licence::{self, Distribution};
use super::rows;
use crate::error::MethodError;
use chrono::NaiveDate;
use rust_decimal::Decimal;

pub(super) const FILE: &str = "parameters.csv";

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "what",
    "value_low",
    "value_central",
    "value_high",
    "unit",
    "price_year",
    "source",
    "source_year",
    "confidence",
    "licence",
    "valid_from",
    "valid_to",
];

/// A number of the method, over the time it holds.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub id: String,
    pub what: String,
    pub value_low: Decimal,
    pub value_central: Decimal,
    pub value_high: Decimal,
    pub unit: String,
    /// Year in whose pounds the value is; none where it is not money.
    pub price_year: Option<i32>,
    pub source: String,
    pub source_year: i32,
    /// `A` seen at the publisher, `B` in a transcription, `C` not checked.
    pub confidence: String,
    pub licence: String,
    pub valid_from: NaiveDate,
    /// Last day it holds; none where it still does.
    pub valid_to: Option<NaiveDate>,
    /// Line in the file.
    pub(crate) row: u64,
}

impl Parameter {
    fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |a: &Self, b: &Self| b.valid_to.is_none_or(|end| a.valid_from <= end);
        self.id == other.id && starts_before_end(self, other) && starts_before_end(other, self)
    }
}

pub(super) fn read(text: &str, distribution: Distribution, faults: &mut Vec<MethodError>) -> Vec<Parameter> {
    let parameters = read_rows(FILE, text, distribution, faults);
    for (index, later) in parameters.iter().enumerate() {
        // Two values at once would count an outcome twice.
        if let Some(earlier) = parameters.get(..index).and_then(|before| before.iter().find(|one| one.overlaps(later)))
        {
            let reason = format!("{} holds at the same time in row {}", later.id, earlier.row);
            faults.push(MethodError::row(FILE, later.row, reason));
        }
    }
    parameters
}

/// The rows of a file of parameters, each by itself.
pub(super) fn read_rows(
    file: &str,
    text: &str,
    distribution: Distribution,
    faults: &mut Vec<MethodError>,
) -> Vec<Parameter> {
    rows::read(file, text, COLUMNS, faults, |row| parameter(row, distribution))
}

fn parameter(row: &rows::Row<'_>, distribution: Distribution) -> Result<Parameter, MethodError> {
    let (value_low, value_central, value_high) =
        (row.decimal("value_low")?, row.decimal("value_central")?, row.decimal("value_high")?);
    if !(value_low <= value_central && value_central <= value_high) {
        return Err(row.fault("the values are not in the order low, central, high"));
    }
    let confidence = row.required("confidence")?;
    if !matches!(confidence, "A" | "B" | "C") {
        return Err(row.fault(format!("confidence {confidence:?} is not A, B or C")));
    }
    let unit = row.required("unit")?;
    let price_year = match row.get("price_year") {
        "" => None,
        _ => Some(row.year("price_year")?),
    };
    if (unit == "GBP") != price_year.is_some() {
        return Err(row.fault("money needs a price year, and nothing else has one"));
    }
    let valid_from = day(row, "valid_from")?;
    let valid_to = match row.get("valid_to") {
        "" => None,
        _ => Some(day(row, "valid_to")?),
    };
    if valid_to.is_some_and(|end| end < valid_from) {
        return Err(row.fault("valid_to lies before valid_from"));
    }
    Ok(Parameter {
        id: row.required("id")?.to_owned(),
        what: row.required("what")?.to_owned(),
        value_low,
        value_central,
        value_high,
        unit: unit.to_owned(),
        price_year,
        source: row.required("source")?.to_owned(),
        source_year: row.year("source_year")?,
        confidence: confidence.to_owned(),
        licence: licence::of(row, distribution)?.to_owned(),
        valid_from,
        valid_to,
        row: row.line,
    })
}

fn day(row: &rows::Row<'_>, column: &str) -> Result<NaiveDate, MethodError> {
    let text = row.required(column)?;
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| row.fault(format!("{column} {text:?} is not of the form YYYY-MM-DD")))
}
