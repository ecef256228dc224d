//! `manifest.json`: what lies in the folder and where it came from, written
//! after every table. Only here stand commit numbers and times.

use crate::PublishError;
use crate::files::write_atomically;
use crate::method::MethodBook;
use crate::write::{self, Encoded};
use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// `recorded`, or what the data are instead: `synthetic`.
    pub data_label: String,
    /// Whether figures about work are protected from disclosure: `controlled`,
    /// or in words that they are not; empty in manifests from before.
    #[serde(default)]
    pub disclosure: String,
    /// SHA-256 of the manifests of the earlier releases they are protected
    /// against, in hexadecimal, the latest last.
    #[serde(default)]
    pub against: Vec<String>,
    pub method: ManifestMethod,
    pub reference_version: String,
    /// Ledger commit the figures include.
    pub ledger_version: i64,
    /// When that commit was posted, RFC 3339 UTC; none where nothing was.
    pub as_of: Option<String>,
    pub tables: Vec<ManifestTable>,
    /// What tells of them to others: a data package, a catalogue.
    #[serde(default)]
    pub descriptors: Vec<ManifestFile>,
}

/// The method in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestMethod {
    pub version: String,
    pub title: String,
    pub status: String,
    pub date: String,
    pub price_base_year: i32,
    pub perspective: String,
}

/// One table in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTable {
    pub table: String,
    /// File beside the manifest.
    pub file: String,
    pub rows: u64,
    pub bytes: u64,
    /// Of the file, in hexadecimal.
    pub sha256: String,
    pub description: String,
}

/// A file in the manifest that is no table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// File beside the manifest.
    pub file: String,
    pub bytes: u64,
    /// Of the file, in hexadecimal.
    pub sha256: String,
    pub media_type: String,
}

impl Manifest {
    pub(crate) const FORMAT: u32 = 1;
    pub(crate) const FILE: &str = "manifest.json";

    pub(crate) fn instant(micros: i64) -> Option<String> {
        let instant = (micros != 0).then(|| DateTime::from_timestamp_micros(micros)).flatten()?;
        Some(instant.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    /// Whether the data are recorded ones.
    pub(crate) fn is_recorded(&self) -> bool {
        self.data_label == crate::inputs::data_label(None)
    }

    /// The manifest of a folder, and its text.
    pub(crate) fn read(dir: &Path) -> Result<(Self, Vec<u8>), PublishError> {
        let path = dir.join(Self::FILE);
        let text = std::fs::read(&path).map_err(PublishError::io("read", &path))?;
        let manifest = serde_json::from_slice(&text).map_err(|source| PublishError::Json {
            action: "read",
            what: "the manifest",
            source,
        })?;
        Ok((manifest, text))
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<(), PublishError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|source| PublishError::Json {
            action: "write",
            what: "the manifest",
            source,
        })?;
        text.push(b'\n');
        write_atomically(&dir.join(Self::FILE), &text)
    }
}

impl ManifestMethod {
    pub(crate) fn of(method: &MethodBook) -> Self {
        Self {
            version: method.version().to_owned(),
            title: method.title().to_owned(),
            status: method.status().to_owned(),
            date: method.date().to_owned(),
            price_base_year: method.price_base_year(),
            perspective: method.perspective().to_owned(),
        }
    }
}

impl ManifestTable {
    pub(crate) fn of(encoded: Encoded) -> Self {
        let Encoded { table, rows, bytes, sha256 } = encoded;
        Self {
            table: table.name.to_owned(),
            file: write::file_name(table),
            rows: rows.num_rows() as u64,
            bytes: bytes.len() as u64,
            sha256,
            description: table.doc.to_owned(),
        }
    }
}
