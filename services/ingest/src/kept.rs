//! Columns without the refused rows.
//!
//! Nearly every batch holds a refused row and few hold many, so what is kept
//! are long runs, and text is copied by the run into room made beforehand.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray, StringBuilder};
use arrow::compute::{FilterBuilder, FilterPredicate};
use arrow::datatypes::ArrowNativeType;
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// Rows of the average run from which on text is copied by the run.
const RUN_ROWS_MIN: usize = 16;

/// The rows of a batch to keep.
pub(crate) struct Kept {
    rows: usize,
    runs: Vec<Range<usize>>,
    predicate: FilterPredicate,
}

impl Kept {
    pub(crate) fn new(keep: &BooleanArray) -> Self {
        Self {
            rows: keep.values().count_set_bits(),
            runs: keep.values().set_slices().map(|(start, end)| start..end).collect(),
            // Found once for all columns.
            predicate: FilterBuilder::new(keep).optimize().build(),
        }
    }

    /// The kept rows of `column`.
    ///
    /// # Errors
    /// The column is shorter than the batch, which is a fault of this crate.
    pub(crate) fn of(&self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        if column.null_count() == column.len() {
            return Ok(column.slice(0, self.rows));
        }
        match column.as_string_opt::<i32>() {
            Some(texts) if self.rows >= RUN_ROWS_MIN * self.runs.len() => Ok(Arc::new(self.texts(texts)?)),
            _ => self.predicate.filter(column),
        }
    }

    fn texts(&self, column: &StringArray) -> Result<StringArray, ArrowError> {
        let ends = column.value_offsets();
        let bytes = self.runs.iter().map(|run| ends[run.end].as_usize() - ends[run.start].as_usize()).sum();
        let mut kept = StringBuilder::with_capacity(self.rows, bytes);
        for run in &self.runs {
            kept.append_array(&column.slice(run.start, run.len()))?;
        }
        Ok(kept.finish())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use arrow::array::Int32Array;
    use proptest::prelude::*;

    proptest! {
        /// Proves that what is kept is what the plain filter keeps, of text and
        /// of other columns, in long runs and short ones.
        #[test]
        fn kept_is_filtered(
            rows in proptest::collection::vec((proptest::option::of("[a-z\u{e9}]{0,3}"), 0_u8..40), 1..200),
            refused_below in 0_u8..40,
        ) {
            let texts: ArrayRef = Arc::new(rows.iter().map(|(text, _)| text.as_deref()).collect::<StringArray>());
            let numbers: ArrayRef = Arc::new(rows.iter().map(|(_, n)| Some(i32::from(*n))).collect::<Int32Array>());
            let nothing: ArrayRef = Arc::new(StringArray::new_null(rows.len()));
            let keep: BooleanArray = rows.iter().map(|(_, number)| Some(*number >= refused_below)).collect();
            let kept = Kept::new(&keep);
            for column in [texts, numbers, nothing] {
                let filtered = arrow::compute::filter(&column, &keep).unwrap();
                prop_assert_eq!(&kept.of(&column).unwrap(), &filtered);
            }
        }
    }
}
