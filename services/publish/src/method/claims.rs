//! `claims.csv`: what was published about the region.

use super::rows;
use crate::error::MethodError;
use rust_decimal::Decimal;

pub(super) const FILE: &str = "claims.csv";

const COLUMNS: &[&str] = &["id", "text", "value", "unit", "source", "url", "date", "headline", "programme", "period"];

/// A published claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub id: String,
    /// As published.
    pub text: String,
    pub value: Decimal,
    /// Unit of the value: `PERSONS` or a currency.
    pub unit: String,
    /// Who published it.
    pub source: String,
    pub url: String,
    /// When, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// Figure of the table `headline` to read it beside; none where nothing
    /// computed measures the same.
    pub headline: Option<String>,
    /// Programme of that figure: `all`, or a code; empty without a headline.
    pub programme: String,
    /// Period of that figure: a year, `total`, or `latest`, the last quarter's
    /// level; empty without a headline.
    pub period: String,
}

pub(super) fn read(text: &str, faults: &mut Vec<MethodError>) -> Vec<Claim> {
    rows::read(FILE, text, COLUMNS, faults, |row| {
        let headline = row.get("headline");
        let beside = |column: &str| -> Result<String, MethodError> {
            match (headline.is_empty(), row.get(column)) {
                (true, "") => Ok(String::new()),
                (true, _) => Err(row.fault(format!("{column} says where to read a headline, and there is none"))),
                (false, _) => Ok(row.required(column)?.to_owned()),
            }
        };
        Ok(Claim {
            id: row.required("id")?.to_owned(),
            text: row.required("text")?.to_owned(),
            value: row.decimal("value")?,
            unit: row.required("unit")?.to_owned(),
            source: row.required("source")?.to_owned(),
            url: row.required("url")?.to_owned(),
            date: row.required("date")?.to_owned(),
            programme: beside("programme")?,
            period: beside("period")?,
            headline: (!headline.is_empty()).then(|| headline.to_owned()),
        })
    })
}
