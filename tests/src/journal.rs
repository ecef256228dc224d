//! The journal as any engine may read it: active files by the Delta log's
//! JSON, rows by Parquet.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use roaring::RoaringTreemap;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Text column `name` of a batch.
pub fn text<'a>(batch: &'a RecordBatch, name: &str) -> impl Fn(usize) -> Option<&'a str> {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}")).as_string::<i32>();
    move |row| column.is_valid(row).then(|| column.value(row))
}

/// Column `name` of 64-bit integers.
pub fn long(batch: &RecordBatch, name: &str) -> impl Fn(usize) -> i64 {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}")).as_primitive::<Int64Type>();
    move |row| column.value(row)
}

/// Column `name` of 32-bit integers.
pub fn int(batch: &RecordBatch, name: &str) -> impl Fn(usize) -> i32 {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}")).as_primitive::<Int32Type>();
    move |row| column.value(row)
}

/// Column `name` of decimals, in ten-thousandths.
pub fn decimal(batch: &RecordBatch, name: &str) -> impl Fn(usize) -> Option<i128> {
    let column =
        batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}")).as_primitive::<Decimal128Type>();
    assert_eq!(column.scale(), 4, "{name}");
    move |row| column.is_valid(row).then(|| column.value(row))
}

/// Origin of a message: topic, partition, offset.
pub type Origin = (String, i32, i64);

/// The journal's active files.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    files: BTreeSet<String>,
    versions: usize,
}

impl Journal {
    /// Reads the Delta log, which must run from version 0 without a hole.
    pub fn open(folder: &Path) -> Self {
        let log = folder.join("_delta_log");
        let mut files = BTreeSet::new();
        let mut versions = 0;
        while let Ok(actions) = fs::read_to_string(log.join(format!("{versions:020}.json"))) {
            for line in actions.lines() {
                let action: Value = serde_json::from_str(line).expect("an action in JSON");
                if let Some(path) = action["add"]["path"].as_str() {
                    files.insert(path.to_owned());
                }
                if let Some(path) = action["remove"]["path"].as_str() {
                    files.remove(path);
                }
            }
            versions += 1;
        }
        assert!(versions > 0, "{} holds no Delta log", folder.display());
        Self { folder: folder.to_owned(), files, versions }
    }

    /// Commits after the table's creation.
    pub const fn commits(&self) -> usize {
        self.versions - 1
    }

    /// Bytes of the active files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| fs::metadata(self.folder.join(file)).expect("an active file").len()).sum()
    }

    /// Rows of a book, file after file.
    pub fn batches(&self, book: &str) -> impl Iterator<Item = RecordBatch> {
        let prefix = format!("book={book}/");
        self.files.iter().filter(move |file| file.starts_with(&prefix)).flat_map(|file| {
            let file = File::open(self.folder.join(file)).expect("an active file");
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
            reader.map(|batch| batch.expect("a batch"))
        })
    }

    /// SUM(quantity) in ten-thousandths and SUM(entry) by a key of each row;
    /// groups that cancel out are left out.
    pub fn sums<K: Ord>(&self, book: &str, key: impl Fn(&RecordBatch) -> Vec<K>) -> BTreeMap<K, (i128, i64)> {
        let mut sums: BTreeMap<K, (i128, i64)> = BTreeMap::new();
        for batch in self.batches(book) {
            let (quantity, entry) = (decimal(&batch, "quantity"), int(&batch, "entry"));
            for (row, key) in key(&batch).into_iter().enumerate() {
                let sum = sums.entry(key).or_default();
                sum.0 += quantity(row).unwrap_or(0);
                sum.1 += i64::from(entry(row));
            }
        }
        sums.retain(|_, sum| *sum != (0, 0));
        sums
    }

    /// What became of the origin offsets, as the receipts have it.
    pub fn receipts(&self) -> Receipts {
        let mut outcomes = BTreeMap::new();
        for batch in self.batches("receipts") {
            let (topic, outcome) = (text(&batch, "origin_topic"), text(&batch, "outcome"));
            let (partition, count) = (int(&batch, "origin_partition"), long(&batch, "offsets_count"));
            let offsets = batch.column_by_name("offsets").expect("a column").as_binary::<i32>();
            for row in 0..batch.num_rows() {
                let set = RoaringTreemap::deserialize_from(offsets.value(row)).expect("a roaring bitmap");
                assert_eq!(i64::try_from(set.len()).expect("a count"), count(row), "a receipt's count is its set's");
                let key =
                    (topic(row).expect("a topic").to_owned(), partition(row), outcome(row).expect("one").to_owned());
                *outcomes.entry(key).or_insert_with(RoaringTreemap::new) |= set;
            }
        }
        Receipts { outcomes }
    }

    /// Origins of all rows of a book of postings that are no reversals.
    pub fn origins(&self, book: &str) -> BTreeSet<Origin> {
        let mut origins = BTreeSet::new();
        for batch in self.batches(book) {
            let (topic, partition) = (text(&batch, "origin_topic"), int(&batch, "origin_partition"));
            let (offset, entry) = (long(&batch, "origin_offset"), int(&batch, "entry"));
            let kept = (0..batch.num_rows()).filter(|&row| entry(row) >= 0);
            origins.extend(kept.map(|row| (topic(row).expect("a topic").to_owned(), partition(row), offset(row))));
        }
        origins
    }
}

/// Outcomes by topic, partition and name.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipts {
    outcomes: BTreeMap<(String, i32, String), RoaringTreemap>,
}

impl Receipts {
    /// Offsets of an outcome over all partitions of all topics.
    pub fn count(&self, outcome: &str) -> u64 {
        self.outcomes.iter().filter(|((_, _, name), _)| name == outcome).map(|(_, set)| set.len()).sum()
    }

    /// Offsets that hold a message, whatever became of it.
    pub fn messages(&self) -> u64 {
        ["posted", "duplicate", "superseded", "rejected"].iter().map(|outcome| self.count(outcome)).sum()
    }

    /// Offsets of one outcome in one partition.
    pub fn offsets(&self, topic: &str, partition: i32, outcome: &str) -> Vec<i64> {
        let key = (topic.to_owned(), partition, outcome.to_owned());
        let set = self.outcomes.get(&key).into_iter().flatten();
        set.map(|offset| i64::try_from(offset).expect("an offset")).collect()
    }

    /// Fails unless the sets of each partition are disjoint and cover it from
    /// 0 without a hole (L1). What was held for lost may be there after all.
    pub fn check_conservation(&self) {
        let mut covered: BTreeMap<(&str, i32), RoaringTreemap> = BTreeMap::new();
        let (lost, others): (Vec<_>, Vec<_>) = self.outcomes.iter().partition(|((_, _, outcome), _)| outcome == "lost");
        for ((topic, partition, outcome), set) in others.into_iter().chain(lost) {
            let covered = covered.entry((topic, *partition)).or_default();
            assert!(
                outcome == "lost" || covered.is_disjoint(set),
                "{topic}/{partition}: an offset is {outcome} and something else too"
            );
            *covered |= set;
        }
        for ((topic, partition), set) in covered {
            assert_eq!(set.max(), set.len().checked_sub(1), "{topic}/{partition} is covered without a hole");
        }
    }
}
