//! The method's own numbers, which figures end in beside the journal.

use super::arithmetic::{Part, RowId, Values, stem};
use super::evidence::Leaves;
use crate::method::MethodBook;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A number of the method book.
#[derive(Clone, Debug)]
pub struct Number {
    pub row: RowId,
    /// What it is, in words.
    pub what: String,
    /// Low, central, high.
    pub values: Values,
    pub unit: String,
    /// Where it comes from; empty for what the method decides itself.
    pub source: String,
    /// File of the book.
    pub file: &'static str,
}

impl Number {
    /// A variant of the number, or the one that is asked for.
    pub(super) fn value(&self, figure: &str, variant: usize) -> Option<Decimal> {
        self.values[stem(figure).map_or(variant, |(_, own)| own)]
    }
}

/// Finds the numbers among the leaves; what is not in the book is left out.
pub(super) fn find(method: &MethodBook, leaves: &Leaves) -> BTreeMap<RowId, Number> {
    let rows = leaves.numbers.iter().map(|Part { row, .. }| row);
    rows.filter_map(|row| Some((row.clone(), number(method, row)?))).collect()
}

fn number(method: &MethodBook, row: &RowId) -> Option<Number> {
    let key = row.key.as_str();
    let told = |what: String, values: [Decimal; 3], unit: &str, source: String, file| Number {
        row: row.clone(),
        what,
        values: values.map(Some),
        unit: unit.to_owned(),
        source,
        file,
    };
    Some(match row.table.as_str() {
        "parameters" => {
            let named = |id: &str, day: &dyn std::fmt::Display| format!("{id}|{day}") == key;
            let found = method.parameters().iter().find(|row| named(&row.id, &row.valid_from))?;
            let unit = match found.price_year {
                Some(year) => format!("{}, prices of {year}", found.unit),
                None => found.unit.clone(),
            };
            let source = format!("{}, {}; confidence {}", found.source, found.source_year, found.confidence);
            let values = [found.value_low, found.value_central, found.value_high];
            told(format!("{}: {}", found.id, found.what), values, &unit, source, "parameters.csv")
        }
        "deflators" => {
            let ratio = *method.deflators().get(&key.parse::<i32>().ok()?)?;
            let what = format!("prices of {} to those of {key}", method.price_base_year());
            told(what, [ratio; 3], "ratio", String::new(), "deflators.csv")
        }
        "discounts" => {
            let found = method.discounts.iter().find(|row| format!("{}|{}", row.kind, row.year) == key)?;
            let what = format!("what a pound in {} years is worth, {} rate", found.year, found.kind);
            let source = format!("confidence {}", found.confidence);
            told(what, [found.factor; 3], "ratio", source, "discount_rates.csv")
        }
        "stated_claims" => {
            let found = method.claims().iter().find(|row| row.id == key)?;
            told(found.text.clone(), [found.value; 3], &found.unit, found.source.clone(), "claims.csv")
        }
        "stated_targets" => {
            let found = method.targets().iter().find(|row| row.id == key)?;
            told(found.text.clone(), [found.value; 3], &found.unit, found.source.clone(), "targets.csv")
        }
        _ => return None,
    })
}
