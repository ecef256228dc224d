//! `reference.json`: what a version is made of.

use super::{hex, kind_file};
use crate::{Kind, ReferenceError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// Form of version folders that this code writes and reads.
pub(crate) const FORMAT: u32 = 1;
/// Name of the manifest in a version's folder.
pub(crate) const MANIFEST_FILE: &str = "reference.json";
/// Hexadecimal digits of a version id.
const VERSION_DIGITS: usize = 12;

/// A file that a kind was loaded from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// File name without its folder.
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
    /// Well-formed rows read, before repeated ones were left out.
    pub rows: u64,
}

/// One kind's file in a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindEntry {
    pub kind: String,
    /// Path below the version's folder.
    pub file: String,
    pub rows: u64,
    /// SHA-256 of the canonical rows; the version id is made of these.
    pub content_sha256: String,
    pub bytes: u64,
    pub file_sha256: String,
    pub sources: Vec<SourceFile>,
}

/// One dimension table's file in a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Path below the version's folder.
    pub file: String,
    pub rows: u64,
    pub bytes: u64,
    pub file_sha256: String,
}

/// What a version is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// First 12 hexadecimal digits of the content's SHA-256.
    pub version: String,
    /// What a reader may call it; no part of the content.
    pub label: String,
    /// Version the other kinds were taken from.
    pub base: Option<String>,
    /// Place in the order in which versions came into this folder, from 1.
    pub sequence: u64,
    pub kinds: Vec<KindEntry>,
    pub tables: Vec<TableEntry>,
}

/// Version id of a content: digests of the kinds' rows in the order of [`Kind::ALL`].
pub(crate) fn version_id<'a>(digests: impl Iterator<Item = (Kind, &'a str)>) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("commonweal-reference {FORMAT}\n"));
    for (kind, content) in digests {
        digest.update(format!("{kind} {content}\n"));
    }
    let mut version = hex(&digest.finalize());
    version.truncate(VERSION_DIGITS);
    version
}

impl Manifest {
    /// The entry of a kind.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Option<&KindEntry> {
        self.kinds.iter().find(|entry| entry.kind == kind.name())
    }

    /// Reads the manifest of a version folder without looking at its files.
    ///
    /// # Errors
    /// The manifest is missing, is no manifest, or is of a form unknown here.
    pub(crate) fn read(folder: &Path) -> Result<Self, ReferenceError> {
        let path = folder.join(MANIFEST_FILE);
        let broken = |message: String| ReferenceError::broken(folder, message);
        let text =
            fs::read_to_string(&path).map_err(|error| broken(format!("{MANIFEST_FILE} cannot be read: {error}")))?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|error| broken(format!("{MANIFEST_FILE} is no manifest: {error}")))?;
        if manifest.format != FORMAT {
            let found = manifest.format;
            return Err(broken(format!("it has form {found}, this program reads form {FORMAT}")));
        }
        Ok(manifest)
    }

    /// Reads the manifest of a version folder and checks every file against it.
    ///
    /// # Errors
    /// [`ReferenceError::Broken`] names the first thing that is not as it was written.
    pub(crate) fn read_checked(folder: &Path) -> Result<Self, ReferenceError> {
        let manifest = Self::read(folder)?;
        manifest.check(folder)?;
        Ok(manifest)
    }

    fn check(&self, folder: &Path) -> Result<(), ReferenceError> {
        let broken = |message: String| Err(ReferenceError::broken(folder, message));
        let mut digests = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            match self.kind(kind) {
                Some(entry) => digests.push((kind, entry.content_sha256.as_str())),
                None => return broken(format!("{MANIFEST_FILE} names no file of kind {kind}")),
            }
        }
        let made = version_id(digests.into_iter());
        let named = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if made != self.version || named != self.version {
            return broken(format!(
                "the folder is named '{named}', {MANIFEST_FILE} says '{}', and its content makes '{made}'",
                self.version
            ));
        }
        for table in crate::dimensions::TABLES {
            if !self.tables.iter().any(|entry| entry.file == format!("{table}.parquet")) {
                return broken(format!("{MANIFEST_FILE} names no table {table}"));
            }
        }
        let kinds = self.kinds.iter().map(|entry| (&entry.file, entry.bytes, &entry.file_sha256));
        let tables = self.tables.iter().map(|entry| (&entry.file, entry.bytes, &entry.file_sha256));
        for (file, bytes, sha256) in kinds.chain(tables) {
            match kind_file::digest_file(&folder.join(file)) {
                Err(error) => return broken(format!("{file} cannot be read: {error}")),
                Ok((found, _)) if found != bytes => {
                    return broken(format!("{file} has {found} bytes where {bytes} were written"));
                }
                Ok((_, found)) if found != *sha256 => {
                    return broken(format!("{file} was changed: its SHA-256 is {found}, not {sha256}"));
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Writes the manifest into a version folder.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), ReferenceError> {
        let path = folder.join(MANIFEST_FILE);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| ReferenceError::broken(folder, format!("{MANIFEST_FILE} cannot be made: {error}")))?;
        text.push('\n');
        fs::write(&path, text).map_err(ReferenceError::io(&path, "write the file"))
    }
}
