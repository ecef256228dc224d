//! Typed access to the columns of a raw batch.

use crate::error::IngestError;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, DictionaryArray, ListArray, PrimitiveArray,
    RecordBatch, StringArray,
};
use arrow::datatypes::Int32Type;
use commonweal_schemas::{Dataset, Origins, arrow_schema};

/// Text of few values.
pub(crate) type Symbols = DictionaryArray<Int32Type>;

/// A raw batch that has its contract's columns, with one origin a row.
pub(crate) struct Columns<'a> {
    pub(crate) batch: &'a RecordBatch,
    pub(crate) origins: &'a Origins,
    dataset: Dataset,
}

impl<'a> Columns<'a> {
    /// # Errors
    /// [`IngestError::Column`] where the batch has not exactly the contract's
    /// columns, [`IngestError::Origins`] where an origin is missing.
    pub(crate) fn new(dataset: Dataset, batch: &'a RecordBatch, origins: &'a Origins) -> Result<Self, IngestError> {
        let columns = Self { batch, origins, dataset };
        let rows = batch.num_rows();
        if origins.partition.len() != rows || origins.offset.len() != rows {
            return Err(IngestError::Origins { rows, origins: origins.offset.len().min(origins.partition.len()) });
        }
        let expected = arrow_schema::raw(dataset);
        let found = batch.schema_ref().fields();
        for (position, field) in expected.fields().iter().enumerate() {
            let column = found.get(position);
            let fits = column.is_some_and(|column| {
                column.name() == field.name()
                    && column.data_type() == field.data_type()
                    && column.is_nullable() == field.is_nullable()
            });
            if !fits {
                return Err(IngestError::Column {
                    dataset: dataset.name(),
                    column: field.name().clone(),
                    expected: field.to_string(),
                    found: column.map_or_else(|| "nothing".to_owned(), ToString::to_string),
                });
            }
        }
        Ok(columns)
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    pub(crate) fn any(&self, name: &str) -> Result<&'a ArrayRef, IngestError> {
        self.batch.column_by_name(name).ok_or_else(|| self.wrong(name, "present"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a StringArray, IngestError> {
        self.any(name)?.as_string_opt().ok_or_else(|| self.wrong(name, "text"))
    }

    pub(crate) fn symbols(&self, name: &str) -> Result<&'a Symbols, IngestError> {
        self.any(name)?.as_dictionary_opt().ok_or_else(|| self.wrong(name, "a dictionary"))
    }

    pub(crate) fn primitive<T: ArrowPrimitiveType>(&self, name: &str) -> Result<&'a PrimitiveArray<T>, IngestError> {
        self.any(name)?.as_primitive_opt().ok_or_else(|| self.wrong(name, "a primitive"))
    }

    pub(crate) fn flags(&self, name: &str) -> Result<&'a BooleanArray, IngestError> {
        self.any(name)?.as_boolean_opt().ok_or_else(|| self.wrong(name, "a boolean"))
    }

    pub(crate) fn lists(&self, name: &str) -> Result<&'a ListArray, IngestError> {
        self.any(name)?.as_list_opt().ok_or_else(|| self.wrong(name, "a list"))
    }

    fn wrong(&self, name: &str, expected: &str) -> IngestError {
        let found = self.batch.column_by_name(name).map(|column| column.data_type().to_string());
        IngestError::Column {
            dataset: self.dataset.name(),
            column: name.to_owned(),
            expected: expected.to_owned(),
            found: found.unwrap_or_else(|| "nothing".to_owned()),
        }
    }
}

/// What `judge` says of each value of a dictionary: asked once a value, not
/// once a row.
pub(crate) fn per_value<T>(symbols: &Symbols, mut judge: impl FnMut(&str) -> T) -> Vec<T> {
    let values = symbols.values().as_string_opt::<i32>();
    values.map_or_else(Vec::new, |values| (0..values.len()).map(|value| judge(values.value(value))).collect())
}

/// `per_value`'s verdict for one row, or `absent` where the row is null.
pub(crate) fn verdict<T: Copy>(symbols: &Symbols, verdicts: &[T], row: usize, absent: T) -> T {
    symbols.key(row).and_then(|key| verdicts.get(key)).copied().unwrap_or(absent)
}
