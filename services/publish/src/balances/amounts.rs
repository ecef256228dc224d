//! Sums as columns, and back.

use super::kinds::COUNT_COLUMNS;
use crate::PublishError;
use crate::grouping::{Amounts, COUNTS, Chunk};
use arrow::array::{Array as _, ArrayRef, AsArray as _, Decimal128Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Columns of sums.
pub(super) const SUMS: [&str; 5] = ["quantity", COUNT_COLUMNS[0], COUNT_COLUMNS[1], COUNT_COLUMNS[2], COUNT_COLUMNS[3]];

/// Array of the sums of that name, which are taken out of the chunk.
pub(crate) fn sum_array(name: &str, chunk: &mut Chunk) -> Result<ArrayRef, PublishError> {
    if name == "quantity" {
        let quantities = Decimal128Array::from(std::mem::take(&mut chunk.quantities));
        return Ok(Arc::new(quantities.with_precision_and_scale(28, 4).map_err(PublishError::arrow(name))?));
    }
    let at = COUNT_COLUMNS.iter().position(|count| *count == name).unwrap_or(0);
    Ok(Arc::new(Int64Array::from(std::mem::take(&mut chunk.counts[at]))))
}

/// What each journal row adds to its cell.
pub(super) fn entry_amounts(batch: &RecordBatch, amounts: &mut Vec<Amounts>) -> Result<(), PublishError> {
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
pub(super) fn cell_amounts(batch: &RecordBatch, amounts: &mut Vec<Amounts>) -> Result<(), PublishError> {
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

pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, PublishError> {
    batch.column_by_name(name).ok_or_else(|| {
        let missing = ArrowError::SchemaError(format!("column {name} is missing"));
        PublishError::arrow("balances")(missing)
    })
}

pub(super) fn mistyped(name: &str, found: &DataType) -> PublishError {
    PublishError::arrow("balances")(ArrowError::SchemaError(format!("column {name} is {found}")))
}
