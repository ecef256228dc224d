//! Folding entries into cells, and cells into fewer cells, without SQL.

use super::kinds::{COUNT_COLUMNS, Kind};
use crate::PublishError;
use crate::grouping::{Amounts, COUNTS, Coder, Codes, Groups, NULL, Tuples, scan};
use arrow::array::{Array as _, ArrayRef, AsArray as _, Decimal128Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use commonweal_schemas::codes::Kind as MeasureKind;
use commonweal_schemas::{Dataset, Measure};
use std::path::PathBuf;
use std::sync::Arc;

/// Cells and names of new entries of one dataset.
pub(super) struct Folded {
    pub(super) balances: Vec<RecordBatch>,
    pub(super) names: Vec<RecordBatch>,
}

const PARTIES: [(&str, &str); 2] = [("organisation_id", "organisation_name"), ("counterparty_id", "counterparty_name")];

/// Sums new journal files of one dataset.
pub(super) fn entries(dataset: Dataset, paths: &[PathBuf]) -> Result<Folded, PublishError> {
    let keys = Kind::Balances(dataset).keys();
    let mut wanted: Vec<&str> = keys.iter().copied().filter(|key| *key != "as_of").collect();
    wanted.extend(["occurred_on", "quantity", "entry", "cancelled", "conflict", "revision"]);
    wanted.extend(PARTIES.map(|(_, name)| name));
    let mut cells = Cells::new(&keys);
    let mut names = Cells::new(&Kind::Names(dataset).keys());
    let mut amounts = Vec::new();
    scan(paths, &wanted, |batch| {
        entry_amounts(batch, &mut amounts)?;
        for (at, key) in keys.iter().enumerate() {
            // A stock's date is kept, the others' is not: it is put in place below.
            let column = if *key == "as_of" { "occurred_on" } else { key };
            cells.encode(at, batch, column)?;
        }
        cells.keep_dates_of_stocks(&keys);
        cells.add(&amounts, |_, _| true);
        add_names(&mut names, batch, &amounts)
    })?;
    Ok(Folded {
        balances: cells.into_batches(Kind::Balances(dataset))?,
        names: names.into_batches(Kind::Names(dataset))?,
    })
}

/// Merges segments of balances or names; cells that came to nothing are gone.
pub(super) fn segments(kind: Kind, paths: &[PathBuf]) -> Result<Vec<RecordBatch>, PublishError> {
    let keys = kind.keys();
    let schema = kind.schema();
    let wanted: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut cells = Cells::new(&keys);
    let mut amounts = Vec::new();
    scan(paths, &wanted, |batch| {
        cell_amounts(batch, &mut amounts)?;
        for (at, key) in keys.iter().enumerate() {
            cells.encode(at, batch, key)?;
        }
        cells.add(&amounts, |_, _| true);
        Ok(())
    })?;
    cells.into_batches(kind)
}

/// Columns that an organisation, its sector and its place mostly decide.
const OF_THE_PARTY: [&str; 12] = [
    "organisation_id",
    "organisation_basis",
    "recipient_kind",
    "legal_form",
    "sic",
    "icnptso",
    "district",
    "combined_authority",
    "region",
    "imd_decile",
    "place_basis",
    "id",
];

/// Cells under way: a coder a key column, and the sums.
///
/// The key is numbered in two halves, so that the tables of long rows have few
/// of them and stay in the processor's cache, and the large one has short rows.
struct Cells {
    coders: Vec<Coder>,
    codes: Vec<Codes>,
    /// Half of each key column, and its position there.
    places: Vec<(usize, usize)>,
    halves: [Tuples; 2],
    numbers: [Codes; 2],
    groups: Groups,
}

impl Cells {
    fn new(keys: &[&str]) -> Self {
        let mut widths = [0, 0];
        let place = |key: &&str| {
            let half = usize::from(!OF_THE_PARTY.contains(key));
            widths[half] += 1;
            (half, widths[half] - 1)
        };
        let places = keys.iter().map(place).collect();
        Self {
            coders: keys.iter().map(|_| Coder::default()).collect(),
            codes: vec![Codes::new(); keys.len()],
            places,
            halves: widths.map(Tuples::new),
            numbers: [Codes::new(), Codes::new()],
            groups: Groups::new(2),
        }
    }

    fn encode(&mut self, at: usize, batch: &RecordBatch, name: &str) -> Result<(), PublishError> {
        self.coders[at].encode(column(batch, name)?, &mut self.codes[at]).map_err(PublishError::arrow(name))
    }

    /// Blanks the date of what may be added over time.
    fn keep_dates_of_stocks(&mut self, keys: &[&str]) {
        let position = |name: &str| keys.iter().position(|key| *key == name);
        let (Some(measure), Some(as_of)) = (position("measure"), position("as_of")) else { return };
        let stocks: Vec<u32> = Measure::ALL
            .into_iter()
            .filter(|measure| measure.kind() == MeasureKind::Stock)
            .filter_map(|stock| self.coders[measure].find(stock.code()))
            .collect();
        let measures = std::mem::take(&mut self.codes[measure]);
        for (day, measure) in self.codes[as_of].iter_mut().zip(&measures) {
            if !stocks.contains(measure) {
                *day = NULL;
            }
        }
        self.codes[measure] = measures;
    }

    fn add(&mut self, amounts: &[Amounts], keep: impl Fn(&[Codes], usize) -> bool) {
        for (half, (tuples, numbers)) in self.halves.iter_mut().zip(&mut self.numbers).enumerate() {
            let columns: Vec<&[u32]> = self
                .codes
                .iter()
                .zip(&self.places)
                .filter(|(_, place)| place.0 == half)
                .map(|(codes, _)| codes.as_slice())
                .collect();
            numbers.clear();
            tuples.number(&columns, amounts.len(), |_| true, |_, number| numbers.push(number));
        }
        let [one, other] = &self.numbers;
        self.groups.add(&[one, other], amounts, |row| keep(&self.codes, row), |_, _| {});
    }

    fn into_batches(self, kind: Kind) -> Result<Vec<RecordBatch>, PublishError> {
        let schema = kind.schema();
        let chunks = self.groups.into_chunks(|sum| !sum.is_zero());
        let mut columns: Vec<Vec<ArrayRef>> = Vec::new();
        for (at, (coder, (half, place))) in self.coders.iter().zip(&self.places).enumerate() {
            let tuples = &self.halves[*half];
            let codes_of = |numbers: &Codes| numbers.iter().map(|number| tuples.code(*number, *place)).collect();
            let codes: Vec<Codes> = chunks.iter().map(|chunk| codes_of(&chunk.columns[*half])).collect();
            let arrays = coder.decode(schema.field(at).data_type(), &codes);
            columns.push(arrays.map_err(PublishError::arrow(kind.name()))?);
        }
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let batch = |at: usize, sums: &[Amounts]| {
            let mut arrays: Vec<ArrayRef> = columns.iter().map(|column| Arc::clone(&column[at])).collect();
            arrays.extend(sum_arrays(&names[arrays.len()..], sums)?);
            RecordBatch::try_from_iter_with_nullable(names.iter().zip(arrays).map(|(name, array)| (*name, array, true)))
        };
        let batches = chunks.iter().enumerate().map(|(at, chunk)| batch(at, &chunk.sums));
        batches.collect::<Result<_, _>>().map_err(PublishError::arrow(kind.name()))
    }
}

/// Names of new entries: both parties share the coders of ids and names.
fn add_names(names: &mut Cells, batch: &RecordBatch, amounts: &[Amounts]) -> Result<(), PublishError> {
    let unknown = names.coders[0].code("unknown");
    for (id, name) in PARTIES {
        names.encode(0, batch, id)?;
        names.encode(1, batch, name)?;
        names.add(amounts, |codes, row| codes[0][row] != unknown && codes[1][row] != NULL);
    }
    Ok(())
}

/// Arrays of the named sums.
fn sum_arrays(names: &[&str], sums: &[Amounts]) -> Result<Vec<ArrayRef>, arrow::error::ArrowError> {
    let array = |name: &&str| -> Result<ArrayRef, arrow::error::ArrowError> {
        if *name == "quantity" {
            let quantities = Decimal128Array::from_iter_values(sums.iter().map(|sum| sum.quantity));
            return Ok(Arc::new(quantities.with_precision_and_scale(28, 4)?));
        }
        let at = COUNT_COLUMNS.iter().position(|count| count == name).unwrap_or(0);
        Ok(Arc::new(Int64Array::from_iter_values(sums.iter().map(|sum| sum.counts[at]))))
    };
    names.iter().map(array).collect()
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, PublishError> {
    batch.column_by_name(name).ok_or_else(|| {
        let missing = arrow::error::ArrowError::SchemaError(format!("column {name} is missing"));
        PublishError::arrow("balances")(missing)
    })
}

/// What each journal row adds to its cell.
fn entry_amounts(batch: &RecordBatch, amounts: &mut Vec<Amounts>) -> Result<(), PublishError> {
    quantities(batch, amounts)?;
    let numbers = |name: &str| -> Result<_, PublishError> {
        let column = column(batch, name)?;
        let numbers = column.as_primitive_opt::<Int32Type>();
        numbers.ok_or_else(|| mistyped(name, column.data_type()))
    };
    let (entry, cancelled) = (numbers("entry")?, numbers("cancelled")?);
    let (conflict, revision) = (numbers("conflict")?, numbers("revision")?);
    for (row, amount) in amounts.iter_mut().enumerate() {
        let entries = i64::from(entry.value(row));
        let corrected = if revision.value(row) > 0 { entries } else { 0 };
        amount.counts = [entries, i64::from(cancelled.value(row)), i64::from(conflict.value(row)), corrected];
    }
    Ok(())
}

/// What each row of a segment adds.
pub(crate) fn cell_amounts(batch: &RecordBatch, amounts: &mut Vec<Amounts>) -> Result<(), PublishError> {
    amounts.clear();
    if batch.column_by_name("quantity").is_some() {
        quantities(batch, amounts)?;
    } else {
        amounts.resize(batch.num_rows(), Amounts::default());
    }
    for (at, name) in COUNT_COLUMNS.iter().enumerate().take(COUNTS) {
        let Some(column) = batch.column_by_name(name) else { continue };
        let counts = column.as_primitive_opt::<Int64Type>().ok_or_else(|| mistyped(name, column.data_type()))?;
        for (amount, count) in amounts.iter_mut().zip(counts.values()) {
            amount.counts[at] = *count;
        }
    }
    Ok(())
}

fn quantities(batch: &RecordBatch, amounts: &mut Vec<Amounts>) -> Result<(), PublishError> {
    let column = column(batch, "quantity")?;
    let decimals = column.as_primitive_opt::<Decimal128Type>();
    let decimals = decimals.ok_or_else(|| mistyped("quantity", column.data_type()))?;
    amounts.clear();
    amounts.extend(decimals.iter().map(|quantity| Amounts { quantity: quantity.unwrap_or(0), ..Amounts::default() }));
    Ok(())
}

fn mistyped(name: &str, found: &DataType) -> PublishError {
    PublishError::arrow("balances")(arrow::error::ArrowError::SchemaError(format!("column {name} is {found}")))
}
