//! Files that are whole or not there: written aside, synced, renamed.

use crate::PublishError;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// Puts a written temporary file in its place for good.
pub(crate) fn settle(file: &File, temporary: &Path, path: &Path) -> Result<(), PublishError> {
    file.sync_all().map_err(PublishError::io("sync", temporary))?;
    std::fs::rename(temporary, path).map_err(PublishError::io("rename to", path))?;
    if let Some(folder) = path.parent() {
        // The rename itself lies in the folder.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(PublishError::io("sync", folder))?;
    }
    Ok(())
}

/// Replaces a small file by `bytes`.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let mut file = File::create(&temporary).map_err(PublishError::io("create", &temporary))?;
    file.write_all(bytes).map_err(PublishError::io("write", &temporary))?;
    settle(&file, &temporary, path)
}

/// SHA-256 in hexadecimal, as manifests have it.
pub(crate) fn hex_digest(bytes: impl AsRef<[u8]>) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
