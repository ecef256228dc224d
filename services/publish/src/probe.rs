//! The check of models for sums that must not be (L9), by experiment.
//!
//! A small made-up region has one deed of each sort. Each deed is raised by one
//! in turn, and what rises of the published amounts is noted. An amount that
//! rises with two deeds that must not be added adds them, however the SQL is
//! written. Differences and ratios pass: there one of the two falls.

mod deeds;

use crate::method::MethodBook;
use crate::tables::Table;
use crate::{PublishError, made_up, tables};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Decimal128Type;
use arrow::util::display::array_value_to_string;
use deeds::Deed;
use futures::future::BoxFuture;
use std::collections::BTreeMap;

/// Decimals that amounts are compared in.
const SCALE: i8 = 4;
const ONE: i128 = 10_000;

/// Two things that a published amount adds and must not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForbiddenSum {
    /// Table whose model does it.
    pub table: &'static str,
    pub column: &'static str,
    /// What is added, in words.
    pub adds: [String; 2],
    /// Key of a row in which it shows.
    pub row: String,
}

/// A published amount: table, column, key of the row.
type Cell = (&'static str, &'static str, String);

/// Finds the sums of a method's models that must not be: of currencies, of
/// measures, of grants and repayable finance, of onward grants and the awards
/// at their end, of job bases, and of levels over time.
///
/// # Errors
/// A model does not run.
#[must_use]
pub fn forbidden_sums(method: &MethodBook) -> BoxFuture<'_, Result<Vec<ForbiddenSum>, PublishError>> {
    Box::pin(async move {
        let deeds = deeds::all();
        let level = amounts(method, &deeds, None).await?;
        // Deeds that raise a cell, and by how much.
        let mut raised: BTreeMap<Cell, Vec<(usize, i128)>> = BTreeMap::new();
        for at in (0..deeds.len()).filter(|at| deeds[*at].is_probed()) {
            for (cell, amount) in amounts(method, &deeds, Some(at)).await? {
                let rise = amount - level.get(&cell).copied().unwrap_or(0);
                if rise > 0 {
                    raised.entry(cell).or_default().push((at, rise));
                }
            }
        }
        let mut found: BTreeMap<(&str, &str, [String; 2]), ForbiddenSum> = BTreeMap::new();
        for ((table, column, row), rises) in raised {
            for adds in forbidden(&deeds, &rises) {
                let sum = ForbiddenSum { table, column, adds: adds.clone(), row: row.clone() };
                found.entry((table, column, adds)).or_insert(sum);
            }
        }
        Ok(found.into_values().collect())
    })
}

/// What of the deeds that raise one amount must not be added.
fn forbidden(deeds: &[Deed], rises: &[(usize, i128)]) -> Vec<[String; 2]> {
    let mut found = Vec::new();
    for (at, (one, rise)) in rises.iter().enumerate() {
        let mut level = *rise;
        for (other, more) in &rises[at + 1..] {
            let (one, other) = (&deeds[*one], &deeds[*other]);
            if let Some(adds) = one.must_not_be_added_to(other) {
                found.push(adds);
            } else if one.is_earlier_level_of(other) && *more <= ONE {
                level += more;
            }
        }
        // The mean of levels rises by parts of one; a sum by one each.
        if *rise <= ONE && level > ONE {
            let name = deeds[*one].name();
            found.push([format!("{name} at one quarter's end"), format!("{name} at another's")]);
        }
    }
    found
}

/// Amounts that rise with two deeds and yet add nothing: what is lost for good,
/// whether it was just paid out or has just been given up.
const IDENTITIES: [(&str, &str); 4] = [
    ("repayable_finance", "grant_equivalent_low"),
    ("repayable_finance", "grant_equivalent_central"),
    ("repayable_finance", "grant_equivalent_high"),
    ("value_for_money", "grant_equivalent"),
];

/// All published amounts, with one deed raised by one.
async fn amounts(
    method: &MethodBook,
    deeds: &[Deed],
    raised: Option<usize>,
) -> Result<BTreeMap<Cell, i128>, PublishError> {
    let mut amounts = BTreeMap::new();
    for (table, rows) in made_up::published(method, &deeds::postings(method, deeds, raised)).await? {
        collect(table, &rows, &mut amounts)?;
    }
    Ok(amounts)
}

/// Decimals are amounts; whole numbers are counts, which may be added.
fn collect(table: &'static Table, batch: &RecordBatch, amounts: &mut BTreeMap<Cell, i128>) -> Result<(), PublishError> {
    for row in 0..batch.num_rows() {
        let mut key = Vec::new();
        for name in table.key {
            let Some(column) = batch.column_by_name(name) else { continue };
            key.push(array_value_to_string(column, row).map_err(PublishError::arrow(table.name))?);
        }
        let key = key.join(" / ");
        for column in table.columns {
            let tables::Type::Decimal(scale) = column.kind else { continue };
            // A share is no amount.
            if scale > SCALE || IDENTITIES.contains(&(table.name, column.name)) {
                continue;
            }
            let Some(values) = batch.column_by_name(column.name) else { continue };
            let values = values.as_primitive::<Decimal128Type>();
            if values.is_valid(row) {
                let unit = 10_i128.pow(u32::from((SCALE - scale).unsigned_abs()));
                amounts.insert((table.name, column.name, key.clone()), values.value(row) * unit);
            }
        }
    }
    Ok(())
}
