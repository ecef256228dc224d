//! From decisions back to tables: counts rounded, values recomputed, the rest
//! kept back and marked.

use super::changes::Verdict;
use super::decide::Decision;
use super::gather::{Gathered, Row, round};
use super::units::Units;
use super::{CONFIDENTIAL, HELD, Policy, ROUNDED, Raw};
use crate::PublishError;
use crate::tables::{Disclosure, Figures, Table};
use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Decimal128Array, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::nullif;
use arrow::datatypes::Decimal128Type;
use arrow::error::ArrowError;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// No figure about work: left as it is.
    Left,
    KeptBack,
    /// The count to be told, in ten-thousandths.
    Told {
        count: i128,
        column: &'static str,
        mark: &'static str,
    },
}

/// Protects the tables.
pub(super) fn apply(
    gathered: &Gathered,
    decision: &Decision,
    verdicts: &[Option<Verdict>],
    policy: Policy,
    raw: Vec<Raw>,
    units: &Units,
) -> Result<Vec<Raw>, PublishError> {
    let quiet = lines_to_keep_quiet(gathered, decision);
    let mut protected = Vec::with_capacity(raw.len());
    for (at, (table, batch)) in raw.into_iter().enumerate() {
        let Disclosure::Protected(figures) = &table.disclosure else { continue };
        let mut fates = vec![Fate::Left; batch.num_rows()];
        let mut blank = vec![false; batch.num_rows()];
        for (number, row) in gathered.rows.iter().enumerate().filter(|(_, row)| row.table == at) {
            let verdict = verdicts.get(number).copied().flatten();
            fates[row.at] = fate(gathered, decision, policy, row, verdict);
            let cell = gathered.problem.figures[row.figure].only_cell();
            blank[row.at] = fates[row.at] == Fate::KeptBack || cell.is_some_and(|cell| quiet.contains(&cell));
        }
        let totals = Totals::new(table, figures, &batch);
        let told = totals.keep_back_with_parts(&mut fates);
        let protect = Protect { figures, fates: &fates, blank: &blank, batch: &batch, units: units.get(table.name) };
        protected.push((table, protect.table(&told).map_err(PublishError::arrow(table.name))?));
    }
    Ok(protected)
}

fn fate(gathered: &Gathered, decision: &Decision, policy: Policy, row: &Row, verdict: Option<Verdict>) -> Fate {
    let column = row.count_column;
    match verdict {
        Some(Verdict::KeepBack) => return Fate::KeptBack,
        Some(Verdict::Repeat(count)) => return Fate::Told { count, column, mark: HELD },
        Some(Verdict::Unfit) if gathered.held(row, policy).is_none() => return Fate::KeptBack,
        _ if !decision.told[row.figure] => return Fate::KeptBack,
        _ => {}
    }
    // So small a change would be a small count told; and a mark for none would
    // tell that there was one.
    match gathered.held(row, policy) {
        Some(count) => Fate::Told { count, column, mark: HELD },
        None => Fate::Told { count: gathered.rounded(row, policy), column, mark: ROUNDED },
    }
}

/// Levels beside one that is kept back: how many of their series are carried
/// forward would tell that the two are the same.
fn lines_to_keep_quiet(gathered: &Gathered, decision: &Decision) -> BTreeSet<usize> {
    let cells = &gathered.problem.cells;
    let closed = cells.iter().zip(&decision.closed).filter(|(cell, closed)| **closed && cell.is_level);
    let beside: BTreeSet<(u64, i32)> =
        closed.flat_map(|(cell, _)| [cell.ordinal - 1, cell.ordinal + 1].map(|ordinal| (cell.line, ordinal))).collect();
    (0..cells.len()).filter(|at| beside.contains(&(cells[*at].line, cells[*at].ordinal))).collect()
}

/// Rows whose values are sums over other rows.
struct Totals {
    /// Total, and the rows it is of.
    of: Vec<(usize, Vec<usize>)>,
}

impl Totals {
    fn new(table: &Table, figures: &Figures, batch: &RecordBatch) -> Self {
        let Some((column, total)) = figures.total_of else { return Self { of: Vec::new() } };
        let mut groups: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
        let text = |name: &str, row: usize| {
            let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            column.filter(|column| column.is_valid(row)).map_or("", |column| column.value(row)).to_owned()
        };
        for row in 0..batch.num_rows() {
            let others = table.key.iter().filter(|name| **name != column).map(|name| text(name, row));
            let (totals, parts) = groups.entry(others.collect::<Vec<_>>().join("|")).or_default();
            if text(column, row) == total { totals.push(row) } else { parts.push(row) }
        }
        let mut of: Vec<_> = groups
            .into_values()
            .flat_map(|(totals, parts)| totals.into_iter().map(move |row| (row, parts.clone())))
            .collect();
        of.sort_unstable();
        Self { of }
    }

    /// A total without one of its parts would tell that part: it is kept back
    /// as well. Returns the totals that are told, where their values are no
    /// copies of the count.
    fn keep_back_with_parts(self, fates: &mut [Fate]) -> HashMap<usize, Vec<usize>> {
        let mut told = HashMap::new();
        for (total, parts) in self.of {
            let Fate::Told { column: "gross", .. } = fates[total] else { continue };
            if parts.iter().all(|part| matches!(fates[*part], Fate::Told { .. })) {
                told.insert(total, parts);
            } else {
                fates[total] = Fate::KeptBack;
            }
        }
        told
    }
}

/// One table on its way.
struct Protect<'a> {
    figures: &'a Figures,
    fates: &'a [Fate],
    /// Rows whose companions are kept back.
    blank: &'a [bool],
    batch: &'a RecordBatch,
    units: Option<&'a RecordBatch>,
}

impl Protect<'_> {
    fn table(&self, totals: &HashMap<usize, Vec<usize>>) -> Result<RecordBatch, ArrowError> {
        let schema = self.batch.schema();
        let columns = schema.fields().iter().zip(self.batch.columns()).map(|(field, column)| {
            let name = field.name().as_str();
            if name == "disclosure" {
                Ok(self.marks())
            } else if self.figures.companions.contains(&name) {
                nullif(column, &BooleanArray::from(self.blank.to_vec()))
            } else if self.figures.counts.contains(&name) || self.figures.values.contains(&name) {
                Ok(self.figures_of(name, column, totals))
            } else {
                Ok(Arc::clone(column))
            }
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
    }

    fn marks(&self) -> ArrayRef {
        let mark = |fate: &Fate| match fate {
            Fate::Left => None,
            Fate::KeptBack => Some(CONFIDENTIAL),
            Fate::Told { mark, .. } => Some(*mark),
        };
        Arc::new(self.fates.iter().map(mark).collect::<StringArray>())
    }

    /// A column of counts, or of values that are so much a count.
    fn figures_of(&self, name: &str, column: &ArrayRef, totals: &HashMap<usize, Vec<usize>>) -> ArrayRef {
        let Some(raw) = column.as_primitive_opt::<Decimal128Type>() else {
            return new_null_array(column.data_type(), column.len());
        };
        let told = |row: usize| match self.fates[row] {
            Fate::Left => raw.is_valid(row).then(|| raw.value(row)),
            Fate::KeptBack => None,
            Fate::Told { count, column, .. } if column == name => Some(count),
            Fate::Told { count, column, .. } => self.value(name, row, count, column),
        };
        let mut figures: Vec<Option<i128>> = (0..raw.len()).map(told).collect();
        for (total, parts) in totals {
            if matches!(self.fates[*total], Fate::Told { column, .. } if column != name) {
                let values: Vec<i128> = parts.iter().filter_map(|part| figures[*part]).collect();
                figures[*total] = (!values.is_empty()).then(|| values.iter().sum());
            }
        }
        let figures: Decimal128Array = figures.into_iter().collect();
        Arc::new(figures.with_data_type(column.data_type().clone()))
    }

    /// So much of a value comes of the count; none where the method has none.
    fn value(&self, name: &str, row: usize, count: i128, counted_in: &str) -> Option<i128> {
        let unit = |name: &str| {
            let column = self.units?.column_by_name(name)?.as_primitive_opt::<Decimal128Type>()?;
            column.is_valid(row).then(|| column.value(row))
        };
        let (value, of) = (unit(name)?, unit(counted_in)?);
        (of != 0).then(|| round(count * value, of))
    }
}
