//! The published folder as files.

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Every table that is published.
pub const TABLES: [&str; 21] = [
    "attribution",
    "claims",
    "completeness",
    "data_quality",
    "funder_shares",
    "funding",
    "headline",
    "jobs",
    "leverage",
    "lifetime_value",
    "measures",
    "organisations",
    "places",
    "programmes",
    "quarters",
    "reconciliation",
    "repayable_finance",
    "social_value",
    "targets",
    "value_for_money",
    "volunteering",
];

/// The published files and their manifest.
#[derive(Clone, Debug)]
pub struct Published {
    folder: PathBuf,
    manifest: Value,
    digests: BTreeMap<String, String>,
}

impl Published {
    /// Reads all files, and fails where one is missing, is no table we
    /// publish, or is not what the manifest says.
    pub fn open(folder: &Path) -> Self {
        let manifest = fs::read(folder.join("manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest in JSON");
        let mut digests = BTreeMap::new();
        for table in manifest["tables"].as_array().expect("tables") {
            let name = table["table"].as_str().expect("a table's name");
            let bytes = fs::read(folder.join(table["file"].as_str().expect("a file"))).expect("a published file");
            let digest = format!("{:x}", Sha256::digest(&bytes));
            assert_eq!(table["sha256"], digest.as_str(), "{name}");
            assert_eq!(table["bytes"], bytes.len(), "{name}");
            digests.insert(name.to_owned(), digest);
        }
        assert_eq!(digests.keys().collect::<Vec<_>>(), TABLES.iter().collect::<Vec<_>>());
        let published = Self { folder: folder.to_owned(), manifest, digests };
        for (name, rows) in TABLES.map(|name| (name, published.rows(name))) {
            assert_eq!(published.table(name)["rows"], rows, "{name}");
        }
        published
    }

    /// SHA-256 of each table's bytes.
    pub const fn digests(&self) -> &BTreeMap<String, String> {
        &self.digests
    }

    /// `manifest.json`.
    pub const fn manifest(&self) -> &Value {
        &self.manifest
    }

    fn table(&self, name: &str) -> &Value {
        let tables = self.manifest["tables"].as_array().expect("tables");
        tables.iter().find(|table| table["table"] == name).expect("a listed table")
    }

    /// Bytes of all tables.
    pub fn bytes(&self) -> u64 {
        TABLES.iter().map(|name| self.table(name)["bytes"].as_u64().expect("a size")).sum()
    }

    fn rows(&self, name: &str) -> usize {
        self.batches(name).iter().map(RecordBatch::num_rows).sum()
    }

    /// Rows of a table.
    pub fn batches(&self, name: &str) -> Vec<RecordBatch> {
        let file = File::open(self.folder.join(format!("{name}.parquet"))).expect("a published file");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
        reader.map(|batch| batch.expect("a batch")).collect()
    }
}
