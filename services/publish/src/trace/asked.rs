//! The rows that were asked for, as they are and as they are published.

use super::arithmetic::RowId;
use super::unfold::key_sql;
use super::{Request, TraceError, Valued, lines};
use crate::Options;
use crate::PublishError;
use crate::disclosure::{self, Protection};
use crate::models::{is_protected, tables_of};
use crate::tables::{Column, Disclosure, Table, Type};
use crate::values::text;
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt;

/// Mark of what disclosure control did.
const MARK: &str = "disclosure";

/// A row that was asked for.
#[derive(Clone, Debug)]
pub struct Cell {
    pub row: RowId,
    /// The columns that name it, with their values; none for null.
    pub key: Vec<(&'static str, Option<String>)>,
    pub told: Vec<Told>,
    /// What disclosure control did to the row: its mark.
    pub mark: Option<String>,
}

/// A figure of such a row.
#[derive(Clone, Debug)]
pub struct Told {
    pub column: &'static str,
    pub unit: &'static str,
    /// As the method gives it; none for null.
    pub exact: Option<Amount>,
    /// As it is published; none for null.
    pub published: Option<Amount>,
}

/// A value of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// With its decimals.
    Decimal(Decimal, u32),
    Double(f64),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal(value, scale) => {
                let mut value = *value;
                value.rescale(*scale);
                value.fmt(f)
            }
            Self::Double(value) => value.fmt(f),
        }
    }
}

/// The rows of a table that a condition holds for.
pub(super) async fn find(valued: &Valued, table: &'static Table, request: &Request) -> Result<Vec<Cell>, PublishError> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    // Most tables name their place as what it is.
    let place = columns.contains(&"district") && !columns.contains(&"place");
    let place = if place { ", district AS place" } else { "" };
    let sql = format!(
        "SELECT * FROM (SELECT {key} AS {row_key}, t.*{place} FROM {name} t) c WHERE ({condition}) LIMIT {limit}",
        key = key_sql("t", table.key),
        row_key = lines::ROW_KEY,
        name = table.name,
        condition = request.condition,
        limit = request.rows_max + 1,
    );
    let answer = valued.session.query(table.name, &sql).await;
    let (_, batches) = answer.map_err(|source| TraceError::Condition { table: table.name, columns, source })?;
    let cells = read(table, &batches)?;
    if cells.is_empty() {
        return Err(TraceError::NoRow { table: table.name }.into());
    }
    if cells.len() > request.rows_max {
        return Err(TraceError::Rows { table: table.name, max: request.rows_max }.into());
    }
    Ok(cells)
}

/// Every row of a table.
pub(super) async fn every(valued: &Valued, table: &'static Table) -> Result<Vec<Cell>, PublishError> {
    let (key, row_key) = (key_sql("t", table.key), lines::ROW_KEY);
    let sql = format!("SELECT {key} AS {row_key}, t.* FROM {} t", table.name);
    let (_, batches) = valued.session.query(table.name, &sql).await?;
    read(table, &batches)
}

fn read(table: &'static Table, batches: &[RecordBatch]) -> Result<Vec<Cell>, PublishError> {
    let mut cells = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let key = table.key.iter().map(|name| Ok((*name, text(batch, name, row)?)));
            let told = table.figures().map(|column| {
                let exact = amount(batch, column, row);
                Told { column: column.name, unit: column.unit, exact, published: exact }
            });
            cells.push(Cell {
                row: RowId { table: table.name.to_owned(), key: text(batch, lines::ROW_KEY, row)?.unwrap_or_default() },
                key: key.collect::<Result<_, PublishError>>()?,
                told: told.collect(),
                mark: text(batch, MARK, row)?,
            });
        }
    }
    Ok(cells)
}

fn amount(batch: &RecordBatch, column: &Column, row: usize) -> Option<Amount> {
    let array = batch.column_by_name(column.name).filter(|array| array.is_valid(row))?;
    Some(match column.kind {
        Type::Decimal(scale) => {
            let scale = u32::from(scale.unsigned_abs());
            let value = array.as_primitive_opt::<Decimal128Type>()?.value(row);
            Amount::Decimal(Decimal::try_from_i128_with_scale(value, scale).ok()?, scale)
        }
        Type::BigInt => Amount::Decimal(Decimal::from(array.as_primitive_opt::<Int64Type>()?.value(row)), 0),
        _ => Amount::Double(array.as_primitive_opt::<Float64Type>()?.value(row)),
    })
}

/// Puts beside the figures what is published of them. Tables of the session
/// are the protected ones afterwards.
pub(super) async fn publish(
    valued: &Valued,
    table: &'static Table,
    cells: &mut [Cell],
    options: &Options,
) -> Result<(), PublishError> {
    let Protection::Full { against } = &options.protection else { return Ok(()) };
    if !is_protected(table) {
        return Ok(());
    }
    // In the order of the models, as they are protected whenever they are published.
    let of = |wanted: fn(&Disclosure) -> bool| tables_of(valued.method.models(), wanted);
    let raw = of(|disclosure| matches!(disclosure, Disclosure::Protected(_))).into_iter();
    let raw = raw.filter_map(|table| Some((table, valued.tables.get(table.name)?.clone()))).collect();
    let made_of = of(|disclosure| matches!(disclosure, Disclosure::OfProtected));
    let (session, policy) = (valued.session.clone(), valued.method.disclosure());
    let decided = disclosure::decide(session, policy, raw, against.clone(), None).await?;
    disclosure::protect(&valued.session, &valued.method, decided, &made_of).await?;
    let published: BTreeMap<String, Cell> =
        every(valued, table).await?.into_iter().map(|cell| (cell.row.key.clone(), cell)).collect();
    for cell in cells {
        let Some(known) = published.get(&cell.row.key) else { continue };
        for (told, published) in cell.told.iter_mut().zip(&known.told) {
            told.published = published.exact;
        }
        cell.mark.clone_from(&known.mark);
    }
    Ok(())
}
