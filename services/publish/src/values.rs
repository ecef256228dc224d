//! Single values of batches.

use crate::PublishError;
use arrow::array::{Array as _, RecordBatch};
use arrow::util::display::array_value_to_string;

/// A value as text; none where it is null, or there is no such column.
pub(crate) fn text(batch: &RecordBatch, name: &str, row: usize) -> Result<Option<String>, PublishError> {
    let column = batch.column_by_name(name).filter(|column| column.is_valid(row));
    let told = column.map(|column| array_value_to_string(column, row)).transpose();
    told.map_err(PublishError::arrow(name))
}
