//! Following parts from row to row.

use super::arithmetic::{self, Figure, Figures, Part, RowId};
use super::evidence::Leaves;
use super::{TraceError, Valued, lines};
use crate::PublishError;
use crate::method::{MethodBook, TraceModel};
use crate::models::reads;
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use commonweal_query::Session;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Table that names the rows whose traces are wanted.
const WANTED: &str = "wanted_rows";
/// What stands before the name of a table that is read with its row keys.
const KEYED: &str = "keyed_";

/// A row, with those of its figures that lead somewhere.
#[derive(Clone, Debug)]
pub struct Unfolded {
    pub row: RowId,
    pub figures: BTreeMap<String, Figure>,
}

/// Figures that are yet to be followed.
#[derive(Default)]
pub(super) struct Wanted(VecDeque<(RowId, String)>);

impl Wanted {
    pub(super) fn add(&mut self, row: &RowId, figure: &str) {
        self.0.push_back((row.clone(), figure.to_owned()));
    }
}

/// Everything that was followed.
#[derive(Default)]
pub(super) struct Unfolding {
    /// Rows as the traces tell them.
    loaded: BTreeMap<RowId, Figures>,
    /// Figures that were followed, in the order they were met.
    followed: Vec<(RowId, String)>,
    seen: BTreeSet<(RowId, String)>,
    leaves: Leaves,
}

impl Unfolding {
    pub(super) const fn leaves(&self) -> &Leaves {
        &self.leaves
    }

    /// Whether the method says what the row is made of.
    pub(super) fn is_traced(&self, row: &RowId) -> bool {
        self.loaded.contains_key(row)
    }

    /// The figure that was asked for, and the variant it is told under.
    pub(super) fn find(&self, part: &Part, variant: usize) -> Option<(&Figure, usize)> {
        arithmetic::find(self.loaded.get(&part.row)?, &part.figure, variant)
    }

    /// Figures that were followed, with their parts.
    pub(super) fn figures(&self) -> impl Iterator<Item = (&RowId, &str, &Figure)> {
        self.followed.iter().filter_map(|(row, name)| {
            let figure = self.loaded.get(row)?.get(name)?;
            Some((row, name.as_str(), figure))
        })
    }

    /// The rows, the nearest first.
    pub(super) fn into_rows(mut self) -> Vec<Unfolded> {
        let mut places: BTreeMap<RowId, usize> = BTreeMap::new();
        let mut rows: Vec<Unfolded> = Vec::new();
        for (row, name) in self.followed {
            let Some(figure) = self.loaded.get_mut(&row).and_then(|figures| figures.remove(&name)) else { continue };
            let at = *places.entry(row.clone()).or_insert_with(|| {
                rows.push(Unfolded { row, figures: BTreeMap::new() });
                rows.len() - 1
            });
            if let Some(unfolded) = rows.get_mut(at) {
                unfolded.figures.insert(name, figure);
            }
        }
        rows
    }
}

/// Follows figures to what no trace leads further from.
pub(super) async fn unfold(valued: &Valued, mut wanted: Wanted) -> Result<Unfolding, PublishError> {
    add_keyed(&valued.session, &valued.method).await?;
    let mut all = Unfolding::default();
    while !wanted.0.is_empty() {
        load(valued, &mut all.loaded, &wanted).await?;
        for _ in 0..wanted.0.len() {
            if let Some((row, asked)) = wanted.0.pop_front() {
                follow(&valued.method, &mut all, &row, &asked, &mut wanted);
            }
        }
    }
    Ok(all)
}

/// Puts the parts of a figure among those wanted, or among the leaves.
fn follow(method: &MethodBook, all: &mut Unfolding, row: &RowId, asked: &str, wanted: &mut Wanted) {
    let Some(figures) = all.loaded.get(row) else { return };
    for name in arithmetic::names(figures, asked) {
        if !all.seen.insert((row.clone(), name.to_owned())) {
            continue;
        }
        all.followed.push((row.clone(), name.to_owned()));
        let factors =
            figures.get(name).into_iter().flat_map(|figure| figure.terms.values()).flat_map(|term| &term.factors);
        for factor in factors {
            let Some(part) = &factor.part else { continue };
            if trace_of(method, &part.row.table).is_some() {
                wanted.add(&part.row, &part.figure);
            } else {
                all.leaves.add(part);
            }
        }
    }
}

/// Loads the rows wanted that are not yet there, table by table.
async fn load(valued: &Valued, loaded: &mut BTreeMap<RowId, Figures>, wanted: &Wanted) -> Result<(), PublishError> {
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (row, _) in wanted.0.iter().filter(|(row, _)| !loaded.contains_key(row)) {
        keys.entry(&row.table).or_default().insert(&row.key);
    }
    let mut found = Vec::new();
    for (table, keys) in keys {
        let trace = trace_of(&valued.method, table).ok_or_else(|| TraceError::Untold {
            table: table.to_owned(),
            method: valued.method.version().to_owned(),
        })?;
        found.extend(keys.iter().map(|key| (row_id(table, key), Figures::new())));
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(&keys));
        let names = RecordBatch::try_from_iter([(lines::ROW_KEY, names)]).map_err(PublishError::arrow(WANTED))?;
        valued.session.add_batches(WANTED, &names.schema(), vec![names])?;
        let sql = format!(
            "SELECT traced.*, {key} AS {row_key} FROM ({sql}) AS traced \
             WHERE {key} IN (SELECT {row_key} FROM {WANTED})",
            key = key_sql("traced", &trace.key),
            row_key = lines::ROW_KEY,
            sql = trace.sql,
        );
        let (_, batches) = valued.session.query(&trace.file(), &sql).await?;
        let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
        for line in lines::read(&trace.file(), &batches)? {
            let key = line.key.clone();
            line.put(figures.entry(key).or_default());
        }
        found.extend(figures.into_iter().map(|(key, figures)| (row_id(table, &key), figures)));
    }
    loaded.extend(found);
    Ok(())
}

fn row_id(table: &str, key: &str) -> RowId {
    RowId { table: table.to_owned(), key: key.to_owned() }
}

fn trace_of<'a>(method: &'a MethodBook, table: &str) -> Option<&'a TraceModel> {
    method.traces().iter().find(|trace| trace.table == table)
}

/// The key of a row as text, in SQL.
pub(super) fn key_sql(alias: &str, key: &[impl AsRef<str>]) -> String {
    let column = |name: &str| format!("COALESCE(CAST({alias}.{name} AS STRING), '')");
    key.iter().map(|name| column(name.as_ref())).collect::<Vec<_>>().join(" || '|' || ")
}

/// Registers the tables that traces read with their row keys, as `keyed_TABLE`.
async fn add_keyed(session: &Session, method: &MethodBook) -> Result<(), PublishError> {
    let there = session.tables();
    for trace in method.traces() {
        let name = format!("{KEYED}{}", trace.table);
        let is_read = method.traces().iter().any(|other| reads(&other.sql, &name));
        if is_read && !there.contains(&name) && there.contains(&trace.table) {
            let key = key_sql("t", &trace.key);
            let sql = format!("SELECT t.*, {key} AS {} FROM {} t", lines::ROW_KEY, trace.table);
            session.view(&name, &sql).await?;
        }
    }
    Ok(())
}
