//! What sets two versions apart, kind by kind and row by row.

use crate::load::parse::SEPARATOR;
use crate::source::{Batches, Source, day, integer, text};
use crate::store::manifest::Manifest;
use crate::table::{Column, ColumnType, table};
use crate::{Kind, Reference, ReferenceError};
use arrow::array::RecordBatch;
use chrono::{Days, NaiveDate};
use std::cmp::Ordering;

/// How one kind of two versions differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindDifference {
    pub kind: Kind,
    /// Rows of the kind in either version.
    pub rows: [u64; 2],
    /// Rows whose key the first version lacks.
    pub added: u64,
    /// Rows whose key the second version lacks.
    pub removed: u64,
    /// Rows that have one key and other values.
    pub changed: u64,
    /// The first rows that differ, by key, as many as were asked for.
    pub examples: Vec<RowDifference>,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// Values of the key, by column.
    pub key: Vec<(&'static str, String)>,
    /// Columns that differ: name, before and after. All that are filled where
    /// one of the versions lacks the row.
    pub columns: Vec<(&'static str, Option<String>, Option<String>)>,
    /// Whether either version has the row.
    pub present: [bool; 2],
}

/// How two versions differ, in the order of [`Kind::ALL`]; kinds that are equal
/// are among them. Rows are read side by side in bounded memory.
///
/// # Errors
/// A file of a version cannot be read.
pub fn difference(
    before: &Reference,
    after: &Reference,
    examples_max: usize,
) -> Result<Vec<KindDifference>, ReferenceError> {
    Kind::ALL.into_iter().map(|kind| of_kind(kind, [before.source(), after.source()], examples_max)).collect()
}

fn of_kind(kind: Kind, sources: [&Source; 2], examples_max: usize) -> Result<KindDifference, ReferenceError> {
    let mut found = KindDifference { kind, rows: [0; 2], added: 0, removed: 0, changed: 0, examples: Vec::new() };
    if let [Some((one, rows)), Some((other, _))] = sources.map(|source| recorded(source, kind))
        && one == other
    {
        found.rows = [rows; 2];
        return Ok(found);
    }
    let [mut before, mut after] = [Lines::open(kind, sources[0])?, Lines::open(kind, sources[1])?];
    let (mut old, mut new) = (before.next_line()?, after.next_line()?);
    loop {
        let order = match (&old, &new) {
            (None, None) => return Ok(found),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => key(kind, old).cmp(key(kind, new)),
        };
        let sides = match order {
            Ordering::Less => (old.as_deref(), None),
            Ordering::Greater => (None, new.as_deref()),
            Ordering::Equal => (old.as_deref(), new.as_deref()),
        };
        found.rows[0] += u64::from(sides.0.is_some());
        found.rows[1] += u64::from(sides.1.is_some());
        found.take(sides, examples_max);
        if order.is_le() {
            old = before.next_line()?;
        }
        if order.is_ge() {
            new = after.next_line()?;
        }
    }
}

/// Digest and number of a kind's rows, where a version folder says them.
fn recorded(source: &Source, kind: Kind) -> Option<(String, u64)> {
    let Source::Folder(folder) = source else { return None };
    let manifest = Manifest::read(folder).ok()?;
    manifest.kind(kind).map(|entry| (entry.content_sha256.clone(), entry.rows))
}

impl KindDifference {
    /// Takes in the row of a key as either version has it.
    fn take(&mut self, sides: (Option<&str>, Option<&str>), examples_max: usize) {
        match sides {
            (Some(old), Some(new)) if old == new => return,
            (Some(_), Some(_)) => self.changed += 1,
            (Some(_), None) => self.removed += 1,
            _ => self.added += 1,
        }
        if self.examples.len() < examples_max {
            self.examples.push(row_difference(self.kind, sides));
        }
    }
}

fn row_difference(kind: Kind, (old, new): (Option<&str>, Option<&str>)) -> RowDifference {
    let keys = table(kind).key;
    let fields = |line: Option<&str>| -> Vec<Option<String>> {
        let given = line.into_iter().flat_map(|line| line.split(SEPARATOR));
        let mut fields: Vec<_> = given.map(|field| (!field.is_empty()).then(|| field.to_owned())).collect();
        fields.resize(table(kind).columns.len(), None);
        fields
    };
    let (before, after) = (fields(old), fields(new));
    let mut difference =
        RowDifference { key: Vec::new(), columns: Vec::new(), present: [old.is_some(), new.is_some()] };
    for (at, ((column, before), after)) in table(kind).columns.iter().zip(before).zip(after).enumerate() {
        if at < keys {
            difference.key.push((column.name, before.or(after).unwrap_or_default()));
        } else if before != after {
            difference.columns.push((column.name, before, after));
        }
    }
    difference
}

/// The key of a canonical line: by it the lines of a kind are sorted.
fn key(kind: Kind, line: &str) -> &str {
    let end = line.match_indices(SEPARATOR).nth(table(kind).key - 1).map_or(line.len(), |(at, _)| at);
    &line[..end]
}

/// The rows of a kind as canonical lines.
struct Lines {
    columns: &'static [Column],
    batches: Batches,
    batch: Option<RecordBatch>,
    row: usize,
}

impl Lines {
    fn open(kind: Kind, source: &Source) -> Result<Self, ReferenceError> {
        Ok(Self { columns: table(kind).columns, batches: source.batches(kind)?, batch: None, row: 0 })
    }

    fn next_line(&mut self) -> Result<Option<String>, ReferenceError> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|batch| self.row < batch.num_rows()) {
                let line = line(self.columns, batch, self.row);
                self.row += 1;
                return Ok(Some(line));
            }
            let Some(batch) = self.batches.next() else { return Ok(None) };
            (self.batch, self.row) = (Some(batch?), 0);
        }
    }
}

fn line(columns: &[Column], batch: &RecordBatch, row: usize) -> String {
    let mut line = String::with_capacity(64);
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            line.push(SEPARATOR);
        }
        match column.cells {
            ColumnType::Text => line.push_str(text(batch, at)(row).unwrap_or_default()),
            ColumnType::Integer => {
                if let Some(number) = integer(batch, at)(row) {
                    line.push_str(&number.to_string());
                }
            }
            ColumnType::Date => {
                if let Some(date) = day(batch, at)(row).and_then(date) {
                    line.push_str(&date.to_string());
                }
            }
        }
    }
    line
}

/// A date of days since 1970-01-01.
fn date(days: i32) -> Option<NaiveDate> {
    let magnitude = Days::new(u64::from(days.unsigned_abs()));
    let epoch = NaiveDate::default();
    if days < 0 { epoch.checked_sub_days(magnitude) } else { epoch.checked_add_days(magnitude) }
}
