//! The releases at both ends: read, and held against what comes out of the
//! journal again.

use super::RevisionsError;
use crate::disclosure::Protection;
use crate::files::hex_digest;
use crate::inputs::data_label;
use crate::manifest::Manifest;
use crate::method::{MethodBook, Shelf};
use crate::write::Encoded;
use crate::{Options, PublishError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A release as its manifest has it.
pub(super) struct Release {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
    /// Of the manifest, in hexadecimal.
    digest: String,
    pub(super) method: MethodBook,
}

impl Release {
    /// Reads a folder, and holds its files against its manifest.
    pub(super) fn read(folder: &Path, shelf: &Shelf) -> Result<Self, PublishError> {
        let (manifest, text) = Manifest::read(folder)?;
        for entry in &manifest.tables {
            let path = folder.join(&entry.file);
            let bytes = std::fs::read(&path).map_err(PublishError::io("read", &path))?;
            if hex_digest(&bytes) != entry.sha256 {
                return Err(RevisionsError::Altered(path).into());
            }
        }
        let labels = [&Protection::None, &Protection::default()].map(Protection::label);
        if !labels.contains(&manifest.disclosure.as_str()) {
            return Err(RevisionsError::Unlabelled(folder.to_owned()).into());
        }
        let version = manifest.method.version.clone();
        let method = shelf.open(&version).map_err(|source| RevisionsError::Method {
            folder: folder.to_owned(),
            version,
            source,
        })?;
        Ok(Self { folder: folder.to_owned(), manifest, digest: hex_digest(&text), method })
    }

    pub(super) fn is_protected(&self) -> bool {
        self.manifest.disclosure == Protection::default().label()
    }

    /// What it was published with; `earlier` are folders by the digest of their
    /// manifests.
    pub(super) fn options(&self, base: &Options, earlier: &BTreeMap<String, PathBuf>) -> Result<Options, PublishError> {
        let folder = |digest: &String| {
            earlier
                .get(digest)
                .cloned()
                .ok_or_else(|| RevisionsError::EarlierUnknown { folder: self.folder.clone(), digest: digest.clone() })
        };
        let protection = if self.is_protected() {
            Protection::Full { against: self.manifest.against.iter().map(folder).collect::<Result<_, _>>()? }
        } else {
            Protection::None
        };
        let label = (self.manifest.data_label != data_label(None)).then(|| self.manifest.data_label.clone());
        Ok(Options { method: self.method.clone(), label, protection, ..base.clone() })
    }

    /// Whether the tables that came out again are those of the release.
    pub(super) fn check(&self, again: &[Encoded]) -> Result<(), RevisionsError> {
        let mut listed: BTreeMap<&str, &str> =
            self.manifest.tables.iter().map(|entry| (entry.table.as_str(), entry.sha256.as_str())).collect();
        let differs = |table: &str| RevisionsError::NotReproduced {
            folder: self.folder.clone(),
            table: table.to_owned(),
            method: self.manifest.method.version.clone(),
        };
        for encoded in again {
            if listed.remove(encoded.table.name) != Some(encoded.sha256.as_str()) {
                return Err(differs(encoded.table.name));
            }
        }
        listed.into_keys().next().map_or(Ok(()), |table| Err(differs(table)))
    }
}

/// Folders of releases by the digest of their manifests.
pub(super) fn by_digest(
    releases: [&Release; 2],
    earlier: &[PathBuf],
) -> Result<BTreeMap<String, PathBuf>, PublishError> {
    let mut folders = BTreeMap::new();
    for folder in earlier {
        let (_, text) = Manifest::read(folder)?;
        folders.insert(hex_digest(&text), folder.clone());
    }
    for release in releases {
        folders.insert(release.digest.clone(), release.folder.clone());
    }
    Ok(folders)
}
