//! The journal read naively: plain Parquet, plain loops.

use super::model::Net;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type};
use arrow::util::display::array_value_to_string;
use commonweal_journal::{Journal, JournalFile};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

/// All rows of a file.
pub(crate) fn read(file: &JournalFile) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file.path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

/// Value of a column as text, empty where it is null.
pub(crate) fn cell(batch: &RecordBatch, name: &str, row: usize) -> String {
    array_value_to_string(batch.column_by_name(name).unwrap(), row).unwrap()
}

fn number(batch: &RecordBatch, name: &str, row: usize) -> i32 {
    batch.column_by_name(name).unwrap().as_primitive::<Int32Type>().value(row)
}

fn quantity(batch: &RecordBatch, row: usize) -> i128 {
    let column = batch.column_by_name("quantity").unwrap().as_primitive::<Decimal128Type>();
    if column.is_null(row) { 0 } else { column.value(row) }
}

/// Plain sums over every row of both books of postings.
pub(crate) fn net(journal: &Journal) -> Net {
    let mut net = Net::default();
    for file in journal.files().unwrap() {
        let Some(dataset) = file.book.dataset() else { continue };
        let batch = read(&file);
        for row in 0..batch.num_rows() {
            let sums = net.datasets.entry(dataset.to_string()).or_default();
            for (sum, name) in sums.iter_mut().zip(["entry", "cancelled", "conflict"]) {
                *sum += i64::from(number(&batch, name, row));
            }
            let [measure, unit, district, quarter, programme] =
                ["measure", "unit", "district", "quarter", "programme"].map(|name| cell(&batch, name, row));
            let group = [dataset.to_string(), measure, unit, district, quarter, programme];
            let sums = net.groups.entry(group).or_default();
            sums.0 += i64::from(number(&batch, "entry", row));
            sums.1 += quantity(&batch, row);
        }
    }
    net.reduced()
}

/// Content of every file of the journal.
pub(crate) fn contents(journal: &Journal) -> BTreeMap<PathBuf, Vec<u8>> {
    journal.files().unwrap().into_iter().map(|file| (file.path.clone(), std::fs::read(file.path).unwrap())).collect()
}

/// How often each standing row was posted and taken back, by all columns that
/// a reversal carries, by the counts and by the quantity.
pub(crate) fn standing_and_reversed(journal: &Journal) -> BTreeMap<String, (u32, u32)> {
    const OWN: [&str; 8] =
        ["quantity", "entry", "cancelled", "conflict", "cause", "ledger_commit", "posted_at", "booked_on"];
    let mut rows: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for file in journal.files().unwrap().into_iter().filter(|file| file.book.dataset().is_some()) {
        let batch = read(&file);
        let schema = batch.schema();
        let carried: Vec<&String> =
            schema.fields().iter().map(|field| field.name()).filter(|name| !OWN.contains(&name.as_str())).collect();
        for row in 0..batch.num_rows() {
            let (entry, cancelled) = (number(&batch, "entry", row), number(&batch, "cancelled", row));
            if (entry, cancelled) == (0, 0) {
                continue;
            }
            let sign = if file.reversals { -1 } else { 1 };
            let columns: Vec<String> =
                carried.iter().map(|name| format!("{name}={}", cell(&batch, name, row))).collect();
            let own = (sign * entry, sign * cancelled, i128::from(sign) * quantity(&batch, row));
            let counts = rows.entry(format!("{} {own:?} {columns:?}", file.book)).or_default();
            if file.reversals { counts.1 += 1 } else { counts.0 += 1 }
        }
    }
    rows
}
