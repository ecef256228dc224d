//! What sets two method versions apart: in their numbers and models, and in
//! the headlines that come of them.

use crate::disclosure::CONFIDENTIAL;
use crate::method::{MethodBook, Parameter};
use crate::tables::Table;
use crate::{Options, PublishError, publish};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Decimal128Type;
use arrow::util::display::array_value_to_string;
use futures::future::BoxFuture;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Low, central, high.
pub type Amounts = [Decimal; 3];

/// Something that one of two versions has, or both have in two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<T> {
    pub what: String,
    pub before: Option<T>,
    pub after: Option<T>,
}

/// What sets one version apart from another; what is equal is not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Title, perspective, price base, area and the like.
    pub about: Vec<Change<String>>,
    /// By id and first day.
    pub parameters: Vec<Change<(Amounts, String)>>,
    /// Ratio of the base year's deflator to the year's.
    pub deflators: Vec<Change<Decimal>>,
    /// Names of models, with the lines they have.
    pub models: Vec<Change<usize>>,
}

/// A headline by two methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Area, programme, headline, unit and period.
    pub key: [String; 5],
    pub label: String,
    /// Central value.
    pub before: Figure,
    pub after: Figure,
}

/// A published value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The method has none.
    Missing,
    /// Kept back by disclosure control.
    Confidential,
    Told(Decimal),
}

impl Figure {
    /// The value where it is told.
    #[must_use]
    pub const fn told(self) -> Option<Decimal> {
        match self {
            Self::Told(value) => Some(value),
            Self::Missing | Self::Confidential => None,
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("-"),
            Self::Confidential => f.write_str(CONFIDENTIAL),
            Self::Told(value) => value.fmt(f),
        }
    }
}

/// Compares two versions.
#[must_use]
pub fn difference(before: &MethodBook, after: &MethodBook) -> Difference {
    let about = |book: &MethodBook| {
        BTreeMap::from([
            ("title".to_owned(), book.title().to_owned()),
            ("status".to_owned(), book.status().to_owned()),
            ("date".to_owned(), book.date().to_owned()),
            ("price base year".to_owned(), book.price_base_year().to_string()),
            ("perspective".to_owned(), book.perspective().to_owned()),
            ("distribution".to_owned(), book.distribution().name().to_owned()),
            ("area".to_owned(), book.area_code().to_owned()),
        ])
    };
    let named = |parameter: &Parameter| format!("{} from {}", parameter.id, parameter.valid_from);
    let stated = |parameter: &Parameter| {
        let amounts = [parameter.value_low, parameter.value_central, parameter.value_high];
        (amounts, format!("{}, {}, confidence {}", parameter.unit, parameter.source, parameter.confidence))
    };
    let parameters =
        |book: &MethodBook| book.parameters().iter().map(|row| (named(row), stated(row))).collect::<BTreeMap<_, _>>();
    let deflators =
        |book: &MethodBook| book.deflators().iter().map(|(year, ratio)| (year.to_string(), *ratio)).collect();
    let models =
        |book: &MethodBook| book.models().iter().map(|model| (model.name.clone(), model.sql.clone())).collect();
    let lines = |change: Change<String>| Change {
        what: change.what,
        before: change.before.map(|sql| sql.lines().count()),
        after: change.after.map(|sql| sql.lines().count()),
    };
    Difference {
        about: changes(about(before), about(after)),
        parameters: changes(parameters(before), parameters(after)),
        deflators: changes(deflators(before), deflators(after)),
        models: changes(models(before), models(after)).into_iter().map(lines).collect(),
    }
}

fn changes<T: PartialEq>(before: BTreeMap<String, T>, mut after: BTreeMap<String, T>) -> Vec<Change<T>> {
    let mut changes = Vec::new();
    for (what, before) in before {
        let after = after.remove(&what);
        if after.as_ref() != Some(&before) {
            changes.push(Change { what, before: Some(before), after });
        }
    }
    changes.extend(after.into_iter().map(|(what, after)| Change { what, before: None, after: Some(after) }));
    changes.sort_by(|a, b| a.what.cmp(&b.what));
    changes
}

/// Values one journal by two methods, and lists the headlines that differ.
/// `options.method` is the first of the two.
///
/// # Errors
/// As [`publish::value`].
#[must_use]
pub fn effects<'a>(options: &'a Options, after: &'a MethodBook) -> BoxFuture<'a, Result<Vec<Effect>, PublishError>> {
    Box::pin(async move {
        let other = Options { method: after.clone(), ..options.clone() };
        let before = headlines(&publish::value(options).await?)?;
        let mut after = headlines(&publish::value(&other).await?)?;
        let mut effects = Vec::new();
        for (key, (label, before)) in before {
            let after = after.remove(&key).map_or(Figure::Missing, |(_, after)| after);
            if before != after {
                effects.push(Effect { key, label, before, after });
            }
        }
        effects.extend(after.into_iter().map(|(key, (label, after))| Effect {
            key,
            label,
            before: Figure::Missing,
            after,
        }));
        Ok(effects)
    })
}

type Headlines = BTreeMap<[String; 5], (String, Figure)>;

fn headlines(tables: &[(&'static Table, RecordBatch)]) -> Result<Headlines, PublishError> {
    let mut found = Headlines::new();
    let Some((table, batch)) = tables.iter().find(|(table, _)| table.name == "headline") else { return Ok(found) };
    let text = |name: &str, row: usize| match batch.column_by_name(name) {
        Some(column) => array_value_to_string(column, row).map_err(PublishError::arrow(table.name)),
        None => Ok(String::new()),
    };
    for row in 0..batch.num_rows() {
        let mut key = [const { String::new() }; 5];
        for (part, name) in key.iter_mut().zip(table.key) {
            *part = text(name, row)?;
        }
        let central = batch.column_by_name("value_central").and_then(|column| {
            let decimals = column.as_primitive_opt::<Decimal128Type>()?;
            let scale = u32::from(decimals.scale().unsigned_abs());
            decimals.is_valid(row).then(|| Decimal::from_i128_with_scale(decimals.value(row), scale))
        });
        let central = match central {
            Some(value) => Figure::Told(value),
            None if text("disclosure", row)? == CONFIDENTIAL => Figure::Confidential,
            None => Figure::Missing,
        };
        found.insert(key, (text("label", row)?, central));
    }
    Ok(found)
}
