//! Figures of a table in one state of the books.

use super::RevisionsError;
use super::covered::Covered;
use crate::PublishError;
use crate::disclosure::CONFIDENTIAL;
use crate::tables::Table;
use crate::values::text;
use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use std::collections::BTreeMap;

/// Decimals of figures here.
const SCALE: u32 = 4;

/// A figure, in ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// No such row, or no figure in it.
    Absent,
    Confidential,
    Told(i128),
}

impl Token {
    pub(super) const fn told(self) -> Option<i128> {
        match self {
            Self::Told(value) => Some(value),
            Self::Absent | Self::Confidential => None,
        }
    }

    /// What it comes to in a difference; nothing where there is nothing.
    pub(super) const fn amount(self) -> i128 {
        match self {
            Self::Told(value) => value,
            Self::Absent | Self::Confidential => 0,
        }
    }
}

/// What readers filter rows by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFacts {
    /// Quarter, year or `total`.
    pub period: Option<String>,
    /// Headline, outcome, measure, claim or target.
    pub subject: Option<String>,
    pub programme: Option<String>,
    pub place: Option<String>,
    /// The figure in words, in `headline`.
    pub label: Option<String>,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) facts: RowFacts,
    /// In the order of `Covered::figures`.
    pub(super) tokens: Vec<Token>,
    pub(super) units: Vec<Option<String>>,
    /// Whether the figures are about work.
    pub(super) is_about_work: bool,
}

/// Rows of a table by their key.
pub(super) type Rows = BTreeMap<String, Row>;

/// Reads the figures of a table.
pub(super) fn read(covered: &Covered, table: &'static Table, batch: &RecordBatch) -> Result<Rows, PublishError> {
    let mut rows = Rows::new();
    for row in 0..batch.num_rows() {
        let mut key = Vec::with_capacity(table.key.len());
        for name in table.key {
            key.push(text(batch, name, row)?.unwrap_or_default());
        }
        let key = key.join("|");
        let mark = text(batch, "disclosure", row)?;
        let is_confidential = mark.as_deref() == Some(CONFIDENTIAL);
        let (mut tokens, mut units) = (Vec::new(), Vec::new());
        for name in covered.figures {
            tokens.push(match batch.column_by_name(name).filter(|column| column.is_valid(row)) {
                Some(column) => amount(column, row)
                    .map(Token::Told)
                    .ok_or_else(|| RevisionsError::TooLarge { table: table.name, row: key.clone() })?,
                None if is_confidential => Token::Confidential,
                None => Token::Absent,
            });
            units.push(unit(table, batch, name, row)?);
        }
        let fact = |name: &str| text(batch, name, row);
        let facts = RowFacts {
            period: fact(covered.period)?,
            subject: fact(covered.subject)?,
            programme: fact(covered.programme)?,
            place: fact(covered.place)?,
            label: fact("label")?,
        };
        rows.insert(key, Row { facts, tokens, units, is_about_work: mark.is_some() });
    }
    Ok(rows)
}

/// Unit of a figure: as the column says, or the row.
fn unit(table: &Table, batch: &RecordBatch, name: &str, row: usize) -> Result<Option<String>, PublishError> {
    let stated = table.columns.iter().find(|column| column.name == name).map_or("", |column| column.unit);
    match stated.strip_prefix("see ") {
        Some(column) => text(batch, column, row),
        // Of which year's pounds is said by the releases' methods.
        None if stated.starts_with("GBP") => Ok(Some("GBP".to_owned())),
        None => Ok((!stated.is_empty()).then(|| stated.to_owned())),
    }
}

/// An amount or a count in ten-thousandths; none where it has too many digits
/// or decimals.
fn amount(column: &ArrayRef, row: usize) -> Option<i128> {
    if let Some(decimals) = column.as_primitive_opt::<Decimal128Type>() {
        let scale = u32::try_from(decimals.scale()).ok()?;
        let factor = 10_i128.checked_pow(SCALE.checked_sub(scale)?)?;
        return decimals.value(row).checked_mul(factor);
    }
    let counts = column.as_primitive_opt::<Int64Type>()?;
    Some(i128::from(counts.value(row)) * 10_i128.pow(SCALE))
}
