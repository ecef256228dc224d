//! Pending postings made into the two files of a commit: entries, sorted for
//! readers, and reversals.

use crate::columns::primitive;
use crate::post::{NewRow, Pending, Reversal, RowState, Target};
use crate::read_back::{EntriesFiles, read_entries};
use crate::{LedgerError, Location, Stamp};
use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches, interleave};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type};
use commonweal_schemas::arrow_schema::{self, QUANTITY_PRECISION, QUANTITY_SCALE};
use commonweal_schemas::{Dataset, Measure};
use std::sync::Arc;

/// Columns of a posting that come from the event as they are.
pub(crate) fn carried() -> Vec<String> {
    let enriched = arrow_schema::enriched();
    let names = enriched.fields().iter().map(|field| field.name().clone());
    names.filter(|name| name != "cancel").collect()
}

/// Entries of a commit.
pub(crate) struct Entries {
    /// In the posting schema, sorted by measure, then day.
    pub(crate) batch: RecordBatch,
    /// For each pending row, the row it became.
    pub(crate) rows: Vec<u32>,
}

/// The pending rows as entries.
pub(crate) fn entries(pending: &Pending, stamp: Stamp) -> Result<Entries, LedgerError> {
    let order = sorted(pending)?;
    let mut rows = vec![0_u32; order.len()];
    for (new, &old) in (0_u32..).zip(&order) {
        rows[old as usize] = new;
    }
    let chosen: Vec<NewRow> = order.iter().map(|&old| pending.rows()[old as usize]).collect();
    let states: Vec<RowState> = chosen.iter().map(|row| row.state).collect();
    let mut columns = interleaved(pending, &chosen)?;
    keep_quantity_of_records(&mut columns, &states)?;
    columns.extend(state_columns(&states, 1)?);
    columns.extend(stamp.columns(states.len()));
    let batch = RecordBatch::try_new(arrow_schema::posting(), columns)?;
    Ok(Entries { batch, rows })
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

/// The carried columns of `rows`, gathered over the pending batches.
fn interleaved(pending: &Pending, rows: &[NewRow]) -> Result<Vec<ArrayRef>, LedgerError> {
    let indices: Vec<(usize, usize)> = rows.iter().map(|row| (row.batch as usize, row.row as usize)).collect();
    let names = carried();
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        let arrays = pending
            .batches()
            .iter()
            .map(|batch| batch.column_by_name(name).map(AsRef::as_ref))
            .collect::<Option<Vec<&dyn Array>>>()
            .ok_or(LedgerError::Column("of the enriched schema"))?;
        columns.push(interleave(&arrays, &indices)?);
    }
    Ok(columns)
}

/// Notes and tombstones add nothing, whatever quantity their event states.
fn keep_quantity_of_records(columns: &mut [ArrayRef], states: &[RowState]) -> Result<(), LedgerError> {
    if states.iter().all(|state| state.entry != 0) {
        return Ok(());
    }
    let at = quantity_position();
    let quantity = columns[at].as_primitive_opt::<Decimal128Type>().ok_or(LedgerError::Column("quantity"))?;
    let kept = quantity.iter().zip(states).map(|(value, state)| if state.entry == 0 { Some(0) } else { value });
    columns[at] =
        Arc::new(kept.collect::<Decimal128Array>().with_precision_and_scale(QUANTITY_PRECISION, QUANTITY_SCALE)?);
    Ok(())
}

fn quantity_position() -> usize {
    arrow_schema::posting().index_of("quantity").unwrap_or(0)
}

/// `entry`, `cause`, `cancelled`, `conflict`; `sign` is -1 for reversals, whose
/// conflict is given as it is.
fn state_columns(states: &[RowState], sign: i32) -> Result<[ArrayRef; 4], LedgerError> {
    let number = |get: fn(&RowState) -> i8, sign: i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(states.iter().map(|state| sign * i32::from(get(state)))))
    };
    let names = StringArray::from_iter_values(crate::post::Cause::ALL.iter().map(|cause| cause.name()));
    let keys = Int32Array::from_iter_values(states.iter().map(|state| state.cause as i32));
    let causes = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(names))?;
    Ok([
        number(|state| state.entry, sign),
        Arc::new(causes),
        number(|state| state.cancelled, sign),
        number(|state| state.conflict, 1),
    ])
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
    let (mut rows, mut states) = (Vec::new(), Vec::new());
    for reversal in pending.reversals() {
        if let Target::Pending(position) = reversal.target {
            let row = pending.rows()[position as usize];
            rows.push(row);
            states.push(RowState { conflict: reversal.conflict, cause: reversal.cause, ..row.state });
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let mut columns = interleaved(pending, &rows)?;
    keep_quantity_of_records(&mut columns, &states)?;
    negate_quantity(&mut columns)?;
    columns.extend(state_columns(&states, -1)?);
    columns.extend(stamp.columns(rows.len()));
    let schema = arrow_schema::posting_stored();
    let columns = columns
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(RecordBatch::try_new(schema, columns)?))
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
            Target::Pending(_) => None,
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

/// First and last day of a batch of postings, for file skipping.
pub(crate) fn days(batch: &RecordBatch) -> Option<(i32, i32)> {
    let column = batch.column_by_name("occurred_on")?;
    if column.data_type() != &DataType::Date32 {
        return None;
    }
    let days = column.as_primitive_opt::<Date32Type>()?;
    Some((arrow::compute::min(days)?, arrow::compute::max(days)?))
}
