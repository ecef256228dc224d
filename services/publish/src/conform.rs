//! A model's answer, held to what its table promises: columns, types, no
//! nulls where none may be, one row per key, sorted by the key.

use crate::tables::Table;
use arrow::array::{Array as _, ArrayRef, UInt32Array};
use arrow::compute::{cast, concat_batches, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use std::sync::Arc;

/// Puts the batches of a model together as one batch of the table's schema.
///
/// Text is converted from views; any other type must be the table's own.
///
/// # Errors
/// Says what does not fit, naming the column.
pub(crate) fn conform(table: &Table, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, String> {
    let whole = concat_batches(schema, batches).map_err(|error| error.to_string())?;
    for field in schema.fields() {
        if table.columns.iter().all(|column| column.name != field.name()) {
            return Err(format!("column {} is not one of table {}", field.name(), table.name));
        }
    }
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let given = whole.column_by_name(column.name).ok_or_else(|| format!("column {} is missing", column.name))?;
        let array = plain(given, column.name, &column.kind.arrow())?;
        if !column.nullable && array.null_count() > 0 {
            return Err(format!("column {} must not be null and is in {} rows", column.name, array.null_count()));
        }
        columns.push(array);
    }
    let batch = RecordBatch::try_new(table.schema(), columns).map_err(|error| error.to_string())?;
    sorted(table, &batch)
}

fn plain(array: &ArrayRef, name: &str, wanted: &DataType) -> Result<ArrayRef, String> {
    match array.data_type() {
        given if given == wanted => Ok(Arc::clone(array)),
        DataType::Utf8View if *wanted == DataType::Utf8 => cast(array, wanted).map_err(|error| error.to_string()),
        // A column of nothing but NULL has no type of its own.
        DataType::Null => cast(array, wanted).map_err(|error| error.to_string()),
        given => Err(format!("column {name} is {given} and must be {wanted}; cast it in the model")),
    }
}

fn sorted(table: &Table, batch: &RecordBatch) -> Result<RecordBatch, String> {
    let keys: Vec<ArrayRef> = table.key.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
    let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
    let rows = RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(&keys))
        .map_err(|error| error.to_string())?;
    let mut order: Vec<usize> = (0..rows.num_rows()).collect();
    order.sort_unstable_by(|a, b| rows.row(*a).cmp(&rows.row(*b)));
    let twice = order.windows(2).filter(|pair| rows.row(pair[0]) == rows.row(pair[1])).count();
    if twice > 0 {
        return Err(format!("{twice} rows repeat the key ({})", table.key.join(", ")));
    }
    let order: Result<Vec<u32>, _> = order.into_iter().map(u32::try_from).collect();
    let order = UInt32Array::from(order.map_err(|_| "more rows than one file holds".to_owned())?);
    let columns: Result<Vec<ArrayRef>, _> = batch.columns().iter().map(|column| take(column, &order, None)).collect();
    RecordBatch::try_new(batch.schema(), columns.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{Column, Disclosure, Type};
    use arrow::array::{Int64Array, StringArray, StringViewArray};
    use arrow::datatypes::{Field, Schema};

    const TABLE: Table = Table {
        name: "t",
        doc: "d",
        key: &["k"],
        disclosure: Disclosure::NotAboutWork,
        columns: &[
            Column { name: "k", kind: Type::Varchar, nullable: false, doc: "d", unit: "" },
            Column { name: "n", kind: Type::BigInt, nullable: true, doc: "d", unit: "" },
        ],
    };

    fn batch(names: &[&str], columns: Vec<ArrayRef>) -> RecordBatch {
        let fields: Vec<Field> = names
            .iter()
            .zip(&columns)
            .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    fn refused(names: &[&str], columns: Vec<ArrayRef>) -> String {
        let batch = batch(names, columns);
        conform(&TABLE, &batch.schema(), std::slice::from_ref(&batch)).unwrap_err()
    }

    /// Proves that rows are sorted by key, columns put in order and text views
    /// made plain.
    #[test]
    fn rows_are_sorted_and_columns_ordered() {
        let given = batch(
            &["n", "k"],
            vec![Arc::new(Int64Array::from(vec![1, 2])), Arc::new(StringViewArray::from(vec!["b", "a"]))],
        );
        let got = conform(&TABLE, &given.schema(), std::slice::from_ref(&given)).unwrap();
        let expected = batch(
            &["k", "n"],
            vec![Arc::new(StringArray::from(vec!["a", "b"])), Arc::new(Int64Array::from(vec![2, 1]))],
        );
        assert_eq!(got.columns(), expected.columns());
    }

    /// Proves that each way a model can break its promise is named.
    #[test]
    fn broken_promises_are_named() {
        let text = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
        let number = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        assert!(refused(&["k"], vec![text(vec![])]).contains("column n is missing"));
        assert!(refused(&["k", "n", "x"], vec![text(vec![]), number(vec![]), number(vec![])]).contains("column x"));
        assert!(refused(&["k", "n"], vec![number(vec![1]), number(vec![1])]).contains("column k is Int64"));
        assert!(refused(&["k", "n"], vec![text(vec![None]), number(vec![1])]).contains("must not be null"));
        let twice = refused(&["k", "n"], vec![text(vec![Some("a"), Some("a")]), number(vec![1, 2])]);
        assert!(twice.contains("1 rows repeat the key (k)"), "{twice}");
    }
}
