//! Secrets that stand in files.

use super::Secret;
use std::fs;
use std::path::Path;

/// Longest secret that is taken from a file, in bytes: tokens are a few KiB.
const BYTES_MAX: u64 = 64 << 10;

impl Secret {
    /// The secret that a file holds as its only line.
    ///
    /// # Errors
    /// What is wrong with the file, as the end of a sentence about it.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let size = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
        if size > BYTES_MAX {
            return Err(format!("holds {size} bytes, more than any secret"));
        }
        let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
        // Editors and `echo` end a file with a line's end.
        let secret = Self(text.trim_end_matches(['\r', '\n']).to_owned());
        if secret.0.is_empty() || !secret.is_sendable() {
            return Err("holds no line of printable ASCII".to_owned());
        }
        Ok(secret)
    }
}
