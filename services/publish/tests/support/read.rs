//! Reading published tables back, with nothing but the Parquet reader.

use arrow::array::{Array as _, Decimal128Array, StringArray};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// All rows of a Parquet file.
pub fn batches(path: &Path) -> Vec<RecordBatch> {
    let file = File::open(path).unwrap();
    ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap).collect()
}

/// Some columns of a published table as CSV, rows in the file's order.
pub fn csv(dir: &Path, table: &str, columns: &[&str]) -> String {
    let mut lines = vec![columns.join(",")];
    for batch in batches(&dir.join("published").join(format!("{table}.parquet"))) {
        for row in 0..batch.num_rows() {
            let cell = |name: &&str| {
                let column = batch.column_by_name(name).unwrap_or_else(|| panic!("{table} has no column {name}"));
                if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap() }
            };
            lines.push(columns.iter().map(cell).collect::<Vec<_>>().join(","));
        }
    }
    lines.join("\n") + "\n"
}

pub fn text<'a>(batch: &'a RecordBatch, name: &str) -> &'a StringArray {
    batch.column_by_name(name).unwrap().as_any().downcast_ref().unwrap()
}

pub fn decimal<'a>(batch: &'a RecordBatch, name: &str) -> &'a Decimal128Array {
    batch.column_by_name(name).unwrap().as_any().downcast_ref().unwrap()
}

/// Bytes of every published table by file name; the manifest is not a table.
pub fn published(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir.join("published")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}
