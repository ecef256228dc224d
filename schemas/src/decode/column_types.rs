//! The decoder's column types made those of the contract's Arrow schema.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// `batch` with the columns of `target`, by name. Types that differ only in
/// metadata or in the name of the UTC zone are relabelled, not copied.
///
/// # Errors
/// A column is missing or cannot be cast.
pub(super) fn conform(batch: &RecordBatch, target: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = target
        .fields()
        .iter()
        .map(|field| {
            let column = batch.column(batch.schema_ref().index_of(field.name())?);
            retype(column, field.data_type())
        })
        .collect::<Result<Vec<_>, ArrowError>>()?;
    RecordBatch::try_new(Arc::clone(target), columns)
}

fn retype(column: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == target {
        return Ok(Arc::clone(column));
    }
    let relabelled = match (column.data_type(), target) {
        (DataType::Timestamp(from, Some(_)), DataType::Timestamp(to, Some(_))) => from == to,
        (DataType::List(from), DataType::List(to)) => from.data_type() == to.data_type(),
        _ => false,
    };
    if relabelled {
        let data = column.to_data().into_builder().data_type(target.clone()).build()?;
        return Ok(arrow::array::make_array(data));
    }
    cast(column, target)
}
