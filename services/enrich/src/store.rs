//! Version folders: listing them, and bringing a new one in whole or not at all.

pub(crate) mod kind_file;
pub(crate) mod manifest;

use crate::source::{Source, kind_path};
use crate::{Kind, Reference, ReferenceError, builtin, dimensions};
use manifest::{FORMAT, KindEntry, MANIFEST_FILE, Manifest, SourceFile, version_id};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String never fails.
        if write!(text, "{byte:02x}").is_err() {
            text.clear();
        }
        text
    })
}

/// The versions of a reference folder, in the order they came into it; none
/// where the folder does not exist. Manifests are read, files are not checked.
///
/// # Errors
/// The folder cannot be read, or a version's manifest cannot.
pub fn list(reference_dir: &Path) -> Result<Vec<Manifest>, ReferenceError> {
    let mut versions = Vec::new();
    if !reference_dir.exists() {
        return Ok(versions);
    }
    let entries = fs::read_dir(reference_dir).map_err(ReferenceError::io(reference_dir, "list the folder"))?;
    for entry in entries {
        let path = entry.map_err(ReferenceError::io(reference_dir, "list the folder"))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            versions.push(Manifest::read(&path)?);
        }
    }
    versions.sort_by(|a, b| (a.sequence, &a.version).cmp(&(b.sequence, &b.version)));
    Ok(versions)
}

/// The version that came last, or `None` where there is none yet.
///
/// # Errors
/// As [`list`].
pub fn latest(reference_dir: &Path) -> Result<Option<String>, ReferenceError> {
    Ok(list(reference_dir)?.pop().map(|manifest| manifest.version))
}

/// The folder of a version, after a check that it holds what was written.
///
/// # Errors
/// There is no such version, or its folder is broken.
pub(crate) fn open_folder(reference_dir: &Path, version: &str) -> Result<(PathBuf, Manifest), ReferenceError> {
    let folder = reference_dir.join(version);
    let is_name = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name || !folder.is_dir() {
        let known: Vec<String> = list(reference_dir)?.into_iter().map(|manifest| manifest.version).collect();
        return Err(ReferenceError::MissingVersion {
            dir: reference_dir.to_owned(),
            version: version.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        });
    }
    let manifest = Manifest::read_checked(&folder)?;
    Ok((folder, manifest))
}

/// Writes the built-in reference as a version folder, unless it is there.
/// Returns its version id.
///
/// # Errors
/// The folder cannot be written, or is there and broken.
pub fn materialise_builtin(reference_dir: &Path) -> Result<String, ReferenceError> {
    let version = builtin_version()?;
    if reference_dir.join(&version).exists() {
        open_folder(reference_dir, &version)?;
        return Ok(version);
    }
    let incoming = Incoming::create(reference_dir)?;
    let mut kinds = Vec::with_capacity(Kind::ALL.len());
    for kind in Kind::ALL {
        let mut lines = builtin::lines(kind)?;
        let text = builtin::text(kind);
        let mut entry = kind_file::write_kind(kind, &mut lines, incoming.folder(), Vec::new())?;
        if entry.rows > 0 {
            entry.sources.push(SourceFile {
                file: builtin::file_name(kind).to_owned(),
                bytes: text.len() as u64,
                sha256: hex(&Sha256::digest(text)),
                rows: entry.rows,
            });
        }
        kinds.push(entry);
    }
    incoming.adopt(kinds, builtin::LABEL.to_owned(), None).map(|(version, _)| version)
}

/// Version id of the built-in reference.
///
/// # Errors
/// A built-in row is malformed.
pub(crate) fn builtin_version() -> Result<String, ReferenceError> {
    let mut digests = Vec::with_capacity(Kind::ALL.len());
    for kind in Kind::ALL {
        let sorting = ReferenceError::io(Path::new(builtin::file_name(kind)), "sort the rows");
        let (digest, _) = kind_file::digest_lines(&mut builtin::lines(kind)?).map_err(sorting)?;
        digests.push((kind, digest));
    }
    Ok(version_id(digests.iter().map(|(kind, digest)| (*kind, digest.as_str()))))
}

static INCOMING: AtomicU64 = AtomicU64::new(0);

/// A version being written, in a hidden folder beside the versions. Removed
/// when dropped before it was adopted.
pub(crate) struct Incoming {
    reference_dir: PathBuf,
    folder: PathBuf,
}

impl Incoming {
    pub(crate) fn create(reference_dir: &Path) -> Result<Self, ReferenceError> {
        let number = INCOMING.fetch_add(1, Ordering::Relaxed);
        let folder = reference_dir.join(format!(".incoming-{}-{number}", std::process::id()));
        if folder.exists() {
            // Left by a process of the same number that was killed.
            fs::remove_dir_all(&folder).map_err(ReferenceError::io(&folder, "remove the old folder"))?;
        }
        fs::create_dir_all(folder.join("kinds")).map_err(ReferenceError::io(&folder, "create the folder"))?;
        Ok(Self { reference_dir: reference_dir.to_owned(), folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes a kind over from another version. Files of versions never change,
    /// so the two share one where the file system can.
    ///
    /// # Errors
    /// The file can be neither linked nor copied.
    pub(crate) fn share_kind(&self, kind: Kind, from: &Path) -> Result<(), ReferenceError> {
        let (from, path) = (kind_path(from, kind), kind_path(&self.folder, kind));
        if fs::hard_link(&from, &path).is_ok() {
            return Ok(());
        }
        fs::copy(&from, &path).map_err(ReferenceError::io(&path, "copy the file"))?;
        sync(&path)
    }

    /// Completes the version and brings it in under its id. Returns the id and
    /// whether the version is new; one that is there already stays as it is.
    ///
    /// # Errors
    /// The tables do not make a reference, the folder cannot be written, or the
    /// version is there and broken.
    pub(crate) fn adopt(
        self,
        mut kinds: Vec<KindEntry>,
        label: String,
        base: Option<String>,
    ) -> Result<(String, bool), ReferenceError> {
        let place = |entry: &KindEntry| Kind::ALL.iter().position(|kind| kind.name() == entry.kind);
        kinds.sort_by_key(place);
        let digests = Kind::ALL.into_iter().zip(kinds.iter().map(|entry| entry.content_sha256.as_str()));
        let version = version_id(digests);
        let target = self.reference_dir.join(&version);
        if target.exists() {
            open_folder(&self.reference_dir, &version)?;
            return Ok((version, false));
        }
        let source = Source::Folder(self.folder.clone());
        let reference = Reference::build(&version, &label, source.clone())?;
        let tables = dimensions::write_all(&source, &reference, &self.folder)?;
        let sequence = list(&self.reference_dir)?.last().map_or(1, |manifest| manifest.sequence + 1);
        let manifest = Manifest { format: FORMAT, version: version.clone(), label, base, sequence, kinds, tables };
        manifest.write(&self.folder)?;
        sync(&self.folder.join(MANIFEST_FILE))?;
        sync(&self.folder)?;
        if let Err(error) = fs::rename(&self.folder, &target) {
            // Another loader may have brought in the same version meanwhile.
            if target.exists() {
                open_folder(&self.reference_dir, &version)?;
                return Ok((version, false));
            }
            return Err(ReferenceError::io(&target, "move the folder into place")(error));
        }
        sync(&self.reference_dir)?;
        Ok((version, true))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.folder.exists()
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            tracing::warn!(folder = %self.folder.display(), %error, "could not remove an unfinished reference version");
        }
    }
}

fn sync(path: &Path) -> Result<(), ReferenceError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(ReferenceError::io(path, "sync"))
}
