//! Secrets where they are used: from a setting, or from the file that a
//! setting names.

use crate::config::Secret;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest secret that is taken from a file, in bytes: tokens are a few KiB.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Where a secret comes from.
#[derive(Clone, Debug)]
pub(crate) enum SecretSource {
    Value(Secret),
    /// Read each time: what issues short-lived secrets renews the file.
    File {
        setting: &'static str,
        path: PathBuf,
    },
}

impl SecretSource {
    /// The file's, where one is named; `setting` names it.
    pub(crate) fn new(value: &Secret, setting: &'static str, path: &Path) -> Self {
        if path.as_os_str().is_empty() {
            Self::Value(value.clone())
        } else {
            Self::File { setting, path: path.to_owned() }
        }
    }

    /// The secret as it is now.
    ///
    /// # Errors
    /// What is wrong with the file, which it names, and the setting.
    pub(crate) fn read(&self) -> Result<Secret, String> {
        let (setting, path) = match self {
            Self::Value(secret) => return Ok(secret.clone()),
            Self::File { setting, path } => (setting, path),
        };
        let unusable = |reason: String| format!("the file of {setting}, {}, {reason}", path.display());
        let size = fs::metadata(path).map_err(|error| unusable(format!("cannot be read: {error}")))?.len();
        if size > SECRET_BYTES_MAX {
            return Err(unusable(format!("holds {size} bytes, more than any secret")));
        }
        let text = fs::read_to_string(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
        // Editors and `echo` end a file with a line's end.
        let secret = Secret(text.trim_end_matches(['\r', '\n']).to_owned());
        if secret.0.is_empty() || !secret.is_sendable() {
            return Err(unusable("holds no line of printable ASCII".to_owned()));
        }
        Ok(secret)
    }
}
