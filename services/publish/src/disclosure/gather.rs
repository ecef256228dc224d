//! From tables to the numbers that are decided upon.

use super::earlier::Earlier;
use super::problem::{CELL_UNIT, Cell, Figure, Problem};
use super::{Policy, Raw};
use crate::PublishError;
use crate::tables::{Disclosure, Figures, Table};
use arrow::array::{Array as _, AsArray as _, BooleanArray, Decimal128Array, Int32Array, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use commonweal_query::Session;
use std::collections::HashMap;

/// Models that only disclosure control reads.
const CELLS: &str = "SELECT cell, line, ordinal, kind = 'stock' AS is_level, quantity FROM work_cells ORDER BY cell";
const CONTRIBUTIONS: &str = "SELECT cell, contributor, quantity FROM work_contributions";
const PARTS: &str = "SELECT table_name, row_key, cell, weight FROM work_parts";

/// Half of the last digit of a count in a table, in parts of a figure.
const TOLERANCE: i128 = 50;
/// Parts of a figure in one ten-thousandth, in which tables have counts.
const PARTS_OF_COUNT: i128 = super::problem::UNIT / CELL_UNIT;

/// Answers of the models.
pub(super) struct Inputs {
    cells: Vec<RecordBatch>,
    contributions: Vec<RecordBatch>,
    parts: Vec<RecordBatch>,
}

/// Cells, and of which of them each row is the sum.
pub(super) fn read(inputs: &Inputs) -> Result<(Vec<Cell>, Parts), PublishError> {
    let cells = cells(inputs)?;
    let parts = parts(&inputs.parts, cells.len())?;
    Ok((cells, parts))
}

impl Inputs {
    pub(super) async fn read(session: &Session) -> Result<Self, PublishError> {
        let (_, cells) = session.query("the cells of disclosure control", CELLS).await?;
        let (_, contributions) = session.query("the contributions to cells", CONTRIBUTIONS).await?;
        let (_, parts) = session.query("the parts of figures", PARTS).await?;
        Ok(Self { cells, contributions, parts })
    }
}

/// A row with a figure about work.
pub(super) struct Row {
    pub(super) table: usize,
    /// Its place in the table.
    pub(super) at: usize,
    pub(super) figure: usize,
    /// Column of `Figures::counts` that has the count.
    pub(super) count_column: &'static str,
    /// What an earlier release told of the same quarters, in ten-thousandths.
    pub(super) told_before: Option<i128>,
}

/// What there is to protect, and the rows it stands in.
pub(super) struct Gathered {
    pub(super) problem: Problem,
    pub(super) rows: Vec<Row>,
}

/// Cells and weights by table and row.
pub(super) type Parts = HashMap<String, HashMap<String, Vec<(usize, i128)>>>;

impl Gathered {
    pub(super) fn new(
        inputs: &Inputs,
        tables: &[Raw],
        earlier: &[Earlier],
        policy: Policy,
    ) -> Result<Self, PublishError> {
        let (cells, parts) = read(inputs)?;
        let mut gathered = Self { problem: Problem { cells, figures: Vec::new() }, rows: Vec::new() };
        let mut known = HashMap::new();
        for (at, (table, batch)) in tables.iter().enumerate() {
            let Disclosure::Protected(figures) = &table.disclosure else { continue };
            let of_table = parts.get(table.name);
            for row in 0..batch.num_rows() {
                if is_public(figures, batch, row) {
                    continue;
                }
                let Some((count_column, count)) = count(figures, batch, row) else { continue };
                let key = row_key(table, batch, row);
                let parts = of_table.and_then(|parts| parts.get(&key));
                let parts = parts.ok_or_else(|| fault(table, &key, "model work_parts has no part of it"))?;
                let figure = gathered.figure(parts.clone(), &mut known);
                gathered.problem.figures[figure].is_current = true;
                let sum: i128 =
                    parts.iter().map(|(cell, weight)| gathered.problem.cells[*cell].quantity * weight).sum();
                if (sum - count * PARTS_OF_COUNT).abs() > TOLERANCE {
                    return Err(fault(table, &key, "its parts in model work_parts do not add up to it"));
                }
                gathered.rows.push(Row { table: at, at: row, figure, count_column, told_before: None });
            }
        }
        for release in earlier {
            gathered.take_in(release, tables, &parts, &mut known);
        }
        gathered.note_held(policy);
        Ok(gathered)
    }

    /// Notes the figures that tell nothing but what an earlier release told.
    fn note_held(&mut self, policy: Policy) {
        let mut held = vec![true; self.problem.figures.len()];
        for row in &self.rows {
            held[row.figure] &= self.held(row, policy).is_some();
        }
        for (figure, held) in self.problem.figures.iter_mut().zip(held) {
            figure.is_held = held && figure.is_current;
        }
    }

    /// The rounded count of a row, in ten-thousandths.
    pub(super) fn rounded(&self, row: &Row, policy: Policy) -> i128 {
        let parts = &self.problem.figures[row.figure].parts;
        let exact: i128 = parts.iter().map(|(cell, weight)| self.problem.cells[*cell].quantity * weight).sum();
        let base = i128::from(policy.rounding_base);
        round(exact, base * super::problem::UNIT) * base * CELL_UNIT
    }

    /// What an earlier release told, where the count differs from it by less
    /// than the threshold.
    pub(super) fn held(&self, row: &Row, policy: Policy) -> Option<i128> {
        let threshold = i128::from(policy.threshold) * CELL_UNIT;
        row.told_before.filter(|before| (self.rounded(row, policy) - before).abs() < threshold)
    }

    /// Cells that a release had: those of which it has a row of their own.
    fn cells_of(&self, release: &Earlier, parts: &Parts) -> Vec<bool> {
        let mut was_there = vec![false; self.problem.cells.len()];
        for (name, rows) in &release.tables {
            let Some(of_table) = parts.get(name) else { continue };
            for parts in rows.keys().filter_map(|key| of_table.get(key)) {
                if let [(cell, _)] = parts[..] {
                    was_there[cell] = true;
                }
            }
        }
        was_there
    }

    fn figure(&mut self, parts: Vec<(usize, i128)>, known: &mut HashMap<Vec<(usize, i128)>, usize>) -> usize {
        let next = self.problem.figures.len();
        let number = *known.entry(parts.clone()).or_insert(next);
        if number == next {
            self.problem.figures.push(Figure { parts, ..Figure::default() });
        }
        number
    }

    /// Notes what an earlier release told and kept back. Its sums were of the
    /// cells it had, and reached to its last quarter.
    fn take_in(
        &mut self,
        release: &Earlier,
        tables: &[Raw],
        parts: &Parts,
        known: &mut HashMap<Vec<(usize, i128)>, usize>,
    ) {
        let mut told = HashMap::new();
        let was_there = self.cells_of(release, parts);
        for (name, rows) in &release.tables {
            let Some(of_table) = parts.get(name) else { continue };
            for (key, count) in rows {
                let Some(parts) = of_table.get(key) else { continue };
                let then: Vec<_> = parts.iter().filter(|(cell, _)| was_there[*cell]).copied().collect();
                if then.is_empty() {
                    continue;
                }
                let is_in_time = |(cell, _): &(usize, i128)| self.problem.cells[*cell].ordinal <= release.last_ordinal;
                if let Some(count) = count.filter(|_| parts.iter().all(is_in_time)) {
                    told.insert((name.as_str(), key.as_str()), count);
                }
                let figure = self.figure(then, known);
                let figure = &mut self.problem.figures[figure];
                figure.was_told |= count.is_some();
                figure.was_kept_back |= count.is_none();
            }
        }
        for row in &mut self.rows {
            let (table, batch) = &tables[row.table];
            let count = told.get(&(table.name, row_key(table, batch, row.at).as_str())).copied();
            row.told_before = count.or(row.told_before);
        }
    }
}

/// How often `base` goes into `value`, halves away from zero.
pub(super) fn round(value: i128, base: i128) -> i128 {
    (value.abs() * 2 + base) / (base * 2) * value.signum()
}

fn fault(table: &Table, key: &str, reason: &str) -> PublishError {
    PublishError::Disclosure { table: table.name, row: key.to_owned(), reason: reason.to_owned() }
}

/// A row by the values of its key, with a bar between.
pub(super) fn row_key(table: &Table, batch: &RecordBatch, row: usize) -> String {
    let part = |name: &&str| {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        column.filter(|column| column.is_valid(row)).map_or("", |column| column.value(row))
    };
    table.key.iter().map(part).collect::<Vec<_>>().join("|")
}

/// Whether a row of a protected table is not about work.
pub(super) fn is_public(figures: &Figures, batch: &RecordBatch, row: usize) -> bool {
    let Some((column, prefixes)) = figures.public else { return false };
    let column = batch.column_by_name(column).and_then(|column| column.as_string_opt::<i32>());
    column.is_some_and(|column| prefixes.iter().any(|prefix| column.value(row).starts_with(prefix)))
}

/// The count of a row: its column, and it in ten-thousandths.
pub(super) fn count(figures: &Figures, batch: &RecordBatch, row: usize) -> Option<(&'static str, i128)> {
    figures.counts.iter().find_map(|name| {
        let column = batch.column_by_name(name)?.as_primitive_opt::<Decimal128Type>()?;
        column.is_valid(row).then(|| (*name, column.value(row)))
    })
}

fn cells(inputs: &Inputs) -> Result<Vec<Cell>, PublishError> {
    let mut cells = Vec::new();
    for batch in &inputs.cells {
        let (lines, ordinals) = (big(batch, "line")?, small(batch, "ordinal")?);
        let (levels, quantities) = (flags(batch, "is_level")?, decimals(batch, "quantity")?);
        for row in 0..batch.num_rows() {
            cells.push(Cell {
                quantity: quantities.value(row),
                line: lines.value(row).cast_unsigned(),
                ordinal: ordinals.value(row),
                is_level: levels.value(row),
                contributions: Vec::new(),
            });
        }
    }
    for batch in &inputs.contributions {
        let (numbers, contributors) = (big(batch, "cell")?, big(batch, "contributor")?);
        let quantities = decimals(batch, "quantity")?;
        for row in 0..batch.num_rows() {
            let cell = number(numbers.value(row), cells.len())?;
            cells[cell].contributions.push((contributors.value(row), quantities.value(row)));
        }
    }
    for (at, cell) in cells.iter().enumerate() {
        if cell.contributions.iter().map(|(_, amount)| amount).sum::<i128>() != cell.quantity {
            let reason = "its contributions in model work_contributions do not add up to it".to_owned();
            return Err(PublishError::Disclosure { table: "work_cells", row: (at + 1).to_string(), reason });
        }
    }
    Ok(cells)
}

fn parts(batches: &[RecordBatch], cells: usize) -> Result<Parts, PublishError> {
    let mut parts = Parts::new();
    for batch in batches {
        let text = |name: &str| cast(column(batch, name)?, &DataType::Utf8).map_err(PublishError::arrow(name));
        let (tables, keys) = (text("table_name")?, text("row_key")?);
        let (tables, keys) = (tables.as_string::<i32>(), keys.as_string::<i32>());
        let (numbers, weights) = (big(batch, "cell")?, decimals(batch, "weight")?);
        for row in 0..batch.num_rows() {
            let cell = number(numbers.value(row), cells)?;
            let table = match parts.get_mut(tables.value(row)) {
                Some(table) => table,
                None => parts.entry(tables.value(row).to_owned()).or_default(),
            };
            let of_row = match table.get_mut(keys.value(row)) {
                Some(of_row) => of_row,
                None => table.entry(keys.value(row).to_owned()).or_default(),
            };
            of_row.push((cell, weights.value(row)));
        }
    }
    parts.values_mut().flat_map(HashMap::values_mut).for_each(|of_row| of_row.sort_unstable());
    Ok(parts)
}

/// Place of a cell by its number, which counts from 1.
fn number(number: i64, cells: usize) -> Result<usize, PublishError> {
    let place = usize::try_from(number - 1).ok().filter(|place| *place < cells);
    place.ok_or_else(|| PublishError::Disclosure {
        table: "work_cells",
        row: number.to_string(),
        reason: "is named by a model and not there".to_owned(),
    })
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::ArrayRef, PublishError> {
    batch.column_by_name(name).ok_or_else(|| mistyped(name))
}

fn mistyped(name: &str) -> PublishError {
    let reason = "is not there or not of its type".to_owned();
    PublishError::Disclosure { table: "work_", row: name.to_owned(), reason }
}

fn big<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array, PublishError> {
    column(batch, name)?.as_primitive_opt::<Int64Type>().ok_or_else(|| mistyped(name))
}

fn small<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int32Array, PublishError> {
    column(batch, name)?.as_primitive_opt::<Int32Type>().ok_or_else(|| mistyped(name))
}

fn flags<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a BooleanArray, PublishError> {
    column(batch, name)?.as_boolean_opt().ok_or_else(|| mistyped(name))
}

fn decimals<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Decimal128Array, PublishError> {
    column(batch, name)?.as_primitive_opt::<Decimal128Type>().ok_or_else(|| mistyped(name))
}
