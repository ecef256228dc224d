//! The published tables: the one source of their columns, types, keys, units
//! and docs, from which models are checked, Parquet files described and
//! `docs/published-tables.md` made.

mod dimensions;
mod disclosure;
mod documentation;
mod facts;
mod references;
mod revisions;
mod rules;

pub use disclosure::{Disclosure, Figures};
pub use documentation::documentation;
pub use references::{Reference, references};
pub(crate) use revisions::REVISIONS;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// A published table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub name: &'static str,
    pub doc: &'static str,
    pub columns: &'static [Column],
    /// Columns that name a row; rows are sorted by them, nulls first.
    pub key: &'static [&'static str],
    /// What it tells about people's work, and how that is protected.
    pub disclosure: Disclosure,
}

/// A column of a published table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Type,
    pub nullable: bool,
    pub doc: &'static str,
    /// Unit of the values; empty where they have none.
    pub unit: &'static str,
}

/// Types that every BI tool reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Varchar,
    Boolean,
    Integer,
    BigInt,
    Date,
    /// A ratio: never money, never a count.
    Double,
    /// Precision 18 and this scale.
    Decimal(i8),
}

impl Type {
    /// Arrow type in memory and in the file.
    #[must_use]
    pub const fn arrow(self) -> DataType {
        match self {
            Self::Varchar => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Date => DataType::Date32,
            Self::Double => DataType::Float64,
            Self::Decimal(scale) => DataType::Decimal128(18, scale),
        }
    }

    /// Name in SQL.
    #[must_use]
    pub fn sql(self) -> String {
        match self {
            Self::Varchar => "VARCHAR".to_owned(),
            Self::Boolean => "BOOLEAN".to_owned(),
            Self::Integer => "INTEGER".to_owned(),
            Self::BigInt => "BIGINT".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Double => "DOUBLE".to_owned(),
            Self::Decimal(scale) => format!("DECIMAL(18, {scale})"),
        }
    }
}

/// Every published table, facts first.
pub const ALL: &[Table] = &[
    facts::HEADLINE,
    facts::SOCIAL_VALUE,
    facts::FUNDING,
    facts::JOBS,
    facts::VOLUNTEERING,
    facts::DATA_QUALITY,
    facts::CLAIMS,
    rules::FUNDER_SHARES,
    rules::ATTRIBUTION,
    rules::LEVERAGE,
    rules::LIFETIME_VALUE,
    rules::REPAYABLE_FINANCE,
    rules::VALUE_FOR_MONEY,
    rules::RECONCILIATION,
    rules::TARGETS,
    rules::COMPLETENESS,
    dimensions::ORGANISATIONS,
    dimensions::PLACES,
    dimensions::QUARTERS,
    dimensions::MEASURES,
    dimensions::PROGRAMMES,
];

/// Tables that are made when they are asked for, and lie where the asker says.
pub const ASKED: &[Table] = &[REVISIONS];

impl Table {
    /// The published table of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|table| table.name == name)
    }

    /// Columns that are figures: numbers that do not name the row.
    pub(crate) fn figures(&'static self) -> impl Iterator<Item = &'static Column> {
        let is_figure = |column: &&Column| matches!(column.kind, Type::Decimal(_) | Type::BigInt | Type::Double);
        self.columns.iter().filter(is_figure).filter(|column| !self.key.contains(&column.name))
    }

    /// Columns as Arrow has them.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields = self.columns.iter().map(|column| Field::new(column.name, column.kind.arrow(), column.nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// A column that always has a value.
const fn given(name: &'static str, kind: Type, doc: &'static str) -> Column {
    Column { name, kind, nullable: false, doc, unit: "" }
}

/// A column that may be null.
const fn optional(name: &'static str, kind: Type, doc: &'static str) -> Column {
    Column { name, kind, nullable: true, doc, unit: "" }
}

/// A column with a unit.
const fn measured(column: Column, unit: &'static str) -> Column {
    Column { unit, ..column }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that each table is described in full: names unique, docs given,
    /// key columns there and never null unless the doc says when.
    #[test]
    fn definitions_are_complete() {
        for table in ALL.iter().chain(ASKED) {
            assert!(!table.doc.is_empty() && !table.key.is_empty(), "{}", table.name);
            for (index, column) in table.columns.iter().enumerate() {
                assert!(!column.doc.is_empty(), "{}.{}", table.name, column.name);
                assert!(table.columns[..index].iter().all(|other| other.name != column.name), "{}", column.name);
            }
            for key in table.key {
                let column = table.columns.iter().find(|column| column.name == *key);
                let column = column.unwrap_or_else(|| panic!("{} has no column {key}", table.name));
                assert!(!column.nullable || column.doc.contains("Null"), "{}.{key}", table.name);
            }
        }
    }

    /// Proves that no table about work can be broken down to an organisation.
    #[test]
    fn work_is_never_shown_by_organisation() {
        for name in ["jobs", "volunteering", "social_value", "lifetime_value", "reconciliation"] {
            let table = Table::named(name).unwrap();
            assert!(table.columns.iter().all(|column| !column.name.contains("organisation")), "{name}");
        }
    }
}
