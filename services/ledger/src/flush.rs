//! Pending postings made into the two files of a commit: entries, sorted for
//! readers, and reversals.

use crate::columns::primitive;
use crate::gather::{Column, Places, Symbols};
use crate::parquet_files::{Cells, Encoded, Numbers, Values, encode_columns, repeats};
use crate::post::{Cause, Pending, Reversal, RowState, Target};
use crate::read_back::{EntriesFiles, read_entries};
use crate::{LedgerError, Location, Stamp};
use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, concat_batches, interleave, take};
use arrow::datatypes::{Date32Type, Decimal128Type, Int32Type};
use commonweal_journal::Book;
use commonweal_schemas::arrow_schema::{self, QUANTITY_PRECISION, QUANTITY_SCALE};
use commonweal_schemas::{Dataset, Measure};
use std::sync::{Arc, LazyLock};

/// Columns of a posting that come from the event as they are.
pub(crate) fn carried() -> Vec<String> {
    let enriched = arrow_schema::enriched();
    let names = enriched.fields().iter().map(|field| field.name().clone());
    names.filter(|name| name != "cancel").collect()
}

/// Entries of a commit.
pub(crate) struct Entries<'a> {
    batches: &'a [RecordBatch],
    carried: Vec<String>,
    /// Where the rows lie among the pending batches, sorted by measure, then day.
    places: Places,
    /// What each of them adds to the sums.
    states: Vec<RowState>,
    /// For each pending row, the row it becomes.
    pub(crate) rows: Vec<u32>,
}

impl<'a> Entries<'a> {
    /// The pending rows as entries.
    pub(crate) fn of(pending: &'a Pending) -> Result<Self, LedgerError> {
        let order = sorted(pending)?;
        let mut rows = vec![0_u32; order.len()];
        for (new, &old) in (0_u32..).zip(&order) {
            rows[old as usize] = new;
        }
        let sorted = || order.iter().map(|&old| &pending.rows()[old as usize]);
        let (places, states) = (Places::of(pending.batches(), sorted())?, sorted().map(|row| row.state).collect());
        Ok(Self { batches: pending.batches(), carried: carried(), places, states, rows })
    }

    /// Encodes the entries in the posting schema.
    pub(crate) fn encode(&self, book: Book, stamp: Stamp) -> Result<Encoded, LedgerError> {
        let schema = arrow_schema::posting();
        encode_columns(book, &schema, self.states.len(), |column| self.column(column, stamp))
    }

    /// One column of the posting schema.
    fn column(&self, column: usize, stamp: Stamp) -> Result<Cells<'_>, LedgerError> {
        let Some(name) = self.carried.get(column) else {
            return self.own(column - self.carried.len(), stamp);
        };
        match Column::new(self.batches, name, repeats(name))? {
            Column::Symbols(symbols) => Ok(Cells::Symbols(symbols, &self.places.in_all)),
            Column::Plain(arrays) => {
                let places = self.places.in_batches.as_slice();
                if let Some(values) = Values::of(&arrays) {
                    return Ok(Cells::Unique(values, places));
                }
                if let Some(numbers) = Numbers::of(&arrays, places) {
                    return Ok(Cells::Numbers(numbers));
                }
                Ok(Cells::Arrays(Box::new(move |rows| {
                    let states = &self.states[rows.clone()];
                    let mut array = [interleave(&arrays, &places[rows])?];
                    if column == quantity_position() {
                        keep_quantity_of_records(&mut array, 0, states)?;
                    }
                    let [array] = array;
                    Ok(array)
                })))
            }
        }
    }

    /// What a posting adds to its event.
    fn own(&self, column: usize, stamp: Stamp) -> Result<Cells<'_>, LedgerError> {
        let Some(state) = State::ALL.get(column) else {
            let same = stamp.numbers().into_iter().nth(column - State::ALL.len());
            let (number, width) = same.ok_or(LedgerError::Column("of the posting schema"))?;
            return Ok(Cells::Numbers(Numbers::same(number, width, self.states.len())));
        };
        Ok(match state.number() {
            Some(number) => Cells::Numbers(Numbers::signs(self.states.iter().map(number))),
            None => Cells::InOrder(Symbols {
                codes: self.states.iter().map(|state| state.cause as u32).collect(),
                texts: Cause::ALL.iter().map(|cause| cause.name()).collect(),
            }),
        })
    }
}

/// Positions of the pending rows in the order readers want.
fn sorted(pending: &Pending) -> Result<Vec<u32>, LedgerError> {
    let keys = pending.batches().iter().map(sort_keys).collect::<Result<Vec<_>, _>>()?;
    let mut order: Vec<(u64, u32)> = (0_u32..)
        .zip(pending.rows())
        .map(|(position, row)| (keys[row.batch as usize][row.row as usize], position))
        .collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, position)| position).collect())
}

/// Measure and day of each row as one number that sorts like them.
fn sort_keys(batch: &RecordBatch) -> Result<Vec<u64>, LedgerError> {
    let measures = batch
        .column_by_name("measure")
        .and_then(|column| column.as_dictionary_opt::<Int32Type>())
        .ok_or(LedgerError::Column("measure"))?;
    let names = measures.values().as_string_opt::<i32>().ok_or(LedgerError::Column("measure"))?;
    let ranks: Vec<u64> =
        names.iter().map(|name| name.and_then(Measure::from_code).map_or(0, |m| m as u64 + 1)).collect();
    let days = primitive::<Date32Type>(batch, "occurred_on")?;
    Ok((0..batch.num_rows())
        .map(|row| {
            let rank = measures.key(row).and_then(|key| ranks.get(key)).copied().unwrap_or(0);
            let day = if days.is_null(row) { 0 } else { days.value(row).cast_unsigned() ^ 0x8000_0000 };
            rank << 32 | u64::from(day)
        })
        .collect())
}

/// Notes and tombstones add nothing, whatever quantity their event states.
fn keep_quantity_of_records(columns: &mut [ArrayRef], at: usize, states: &[RowState]) -> Result<(), LedgerError> {
    if states.iter().all(|state| state.entry != 0) {
        return Ok(());
    }
    let quantity = columns[at].as_primitive_opt::<Decimal128Type>().ok_or(LedgerError::Column("quantity"))?;
    let kept = quantity.iter().zip(states).map(|(value, state)| if state.entry == 0 { Some(0) } else { value });
    columns[at] =
        Arc::new(kept.collect::<Decimal128Array>().with_precision_and_scale(QUANTITY_PRECISION, QUANTITY_SCALE)?);
    Ok(())
}

fn quantity_position() -> usize {
    static POSITION: LazyLock<usize> = LazyLock::new(|| arrow_schema::posting().index_of("quantity").unwrap_or(0));
    *POSITION
}

/// What a posting says of itself, in the order of the schema's columns.
#[derive(Clone, Copy)]
enum State {
    Entry,
    Cause,
    Cancelled,
    Conflict,
}

impl State {
    const ALL: [Self; 4] = [Self::Entry, Self::Cause, Self::Cancelled, Self::Conflict];

    /// The number it is; none for the cause, which is a name.
    fn number(self) -> Option<fn(&RowState) -> i8> {
        match self {
            Self::Entry => Some(|state| state.entry),
            Self::Cancelled => Some(|state| state.cancelled),
            Self::Conflict => Some(|state| state.conflict),
            Self::Cause => None,
        }
    }

    /// The column of reversals, whose conflict is given as it is.
    fn reversed(self, states: &[RowState]) -> ArrayRef {
        let Some(number) = self.number() else {
            let names = states.iter().map(|state| state.cause.name());
            return Arc::new(StringArray::from_iter_values(names));
        };
        let sign = if matches!(self, Self::Conflict) { 1 } else { -1 };
        Arc::new(Int32Array::from_iter_values(states.iter().map(|state| sign * i32::from(number(state)))))
    }
}

/// The pending reversals as rows that carry every column of what they
/// reverse; `None` where there are none.
pub(crate) fn reversals(
    dataset: Dataset,
    pending: &Pending,
    files: &EntriesFiles,
    stamp: Stamp,
) -> Result<Option<RecordBatch>, LedgerError> {
    let mut parts = Vec::new();
    if let Some(batch) = of_pending(pending, stamp)? {
        parts.push(batch);
    }
    if let Some(batch) = of_committed(dataset, pending, files, stamp)? {
        parts.push(batch);
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(Some(concat_batches(&arrow_schema::posting_stored(), &parts)?))
}

/// Reversals of rows that this same commit posts.
fn of_pending(pending: &Pending, stamp: Stamp) -> Result<Option<RecordBatch>, LedgerError> {
    let mut rows = Vec::new();
    for reversal in pending.reversals() {
        if let Target::Pending(position) = reversal.target {
            let row = pending.rows()[position as usize];
            rows.push((row, RowState { conflict: reversal.conflict, cause: reversal.cause, ..row.state }));
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    rows.sort_by_key(|(row, _)| (row.batch, row.row));
    let schema = arrow_schema::posting_stored();
    let carried = carried();
    let mut parts = Vec::new();
    for of_batch in rows.chunk_by(|a, b| a.0.batch == b.0.batch) {
        let Some(batch) = of_batch.first().and_then(|(row, _)| pending.batches().get(row.batch as usize)) else {
            return Err(LedgerError::Column("batches"));
        };
        let states: Vec<RowState> = of_batch.iter().map(|(_, state)| *state).collect();
        let taken = UInt32Array::from_iter_values(of_batch.iter().map(|(row, _)| row.row));
        let mut columns = Vec::with_capacity(schema.fields().len());
        for name in &carried {
            let column = batch.column_by_name(name).ok_or(LedgerError::Column("of the enriched schema"))?;
            columns.push(take(column, &taken, None)?);
        }
        keep_quantity_of_records(&mut columns, quantity_position(), &states)?;
        negate_quantity(&mut columns)?;
        for state in State::ALL {
            columns.push(state.reversed(&states));
        }
        columns.extend(stamp.columns(states.len()));
        let stored = columns.iter().zip(schema.fields()).map(|(column, field)| cast(column, field.data_type()));
        parts.push(RecordBatch::try_new(Arc::clone(&schema), stored.collect::<Result<_, _>>()?)?);
    }
    Ok(Some(concat_batches(&schema, &parts)?))
}

/// Reversals of entries of earlier commits.
fn of_committed(
    dataset: Dataset,
    pending: &Pending,
    files: &EntriesFiles,
    stamp: Stamp,
) -> Result<Option<RecordBatch>, LedgerError> {
    let mut found: Vec<(Location, Reversal)> = pending
        .reversals()
        .iter()
        .filter_map(|reversal| match reversal.target {
            Target::Committed(at) => Some((at, *reversal)),
            // A flush begins when the one before has ended and its rows have their places.
            Target::Pending(_) | Target::Flushing(_) => None,
        })
        .collect();
    if found.is_empty() {
        return Ok(None);
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    let locations: Vec<Location> = found.iter().map(|(at, _)| *at).collect();
    let old = read_entries(dataset, files, &locations)?;
    let negated = |name: &'static str| -> Result<ArrayRef, LedgerError> {
        let values = primitive::<Int32Type>(&old, name)?;
        Ok(Arc::new(values.iter().map(|value| value.map(i32::wrapping_neg)).collect::<Int32Array>()))
    };
    let mut columns: Vec<ArrayRef> = old.columns().iter().take(carried().len()).map(Arc::clone).collect();
    negate_quantity(&mut columns)?;
    columns.push(negated("entry")?);
    columns.push(Arc::new(StringArray::from_iter_values(found.iter().map(|(_, reversal)| reversal.cause.name()))));
    columns.push(negated("cancelled")?);
    columns
        .push(Arc::new(Int32Array::from_iter_values(found.iter().map(|(_, reversal)| i32::from(reversal.conflict)))));
    columns.extend(stamp.columns(found.len()));
    Ok(Some(RecordBatch::try_new(arrow_schema::posting_stored(), columns)?))
}

fn negate_quantity(columns: &mut [ArrayRef]) -> Result<(), LedgerError> {
    let at = quantity_position();
    let quantity = columns[at].as_primitive_opt::<Decimal128Type>().ok_or(LedgerError::Column("quantity"))?;
    let negated: Decimal128Array = quantity.unary(i128::wrapping_neg);
    columns[at] = Arc::new(negated.with_precision_and_scale(QUANTITY_PRECISION, QUANTITY_SCALE)?);
    Ok(())
}
