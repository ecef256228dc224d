//! The files of a book: read from a folder, told apart by their hash.

use crate::error::MethodError;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Text of each file by its path within the book.
pub(super) type Files = BTreeMap<String, String>;

/// Folders of a book, with what stands before their files' names.
const FOLDERS: [(&str, &str); 4] = [("", ""), ("models", "models/"), ("examples", "examples/"), ("traces", "traces/")];
/// Longest file that is read, in bytes: a book is read by people.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// All files of a book.
pub(super) fn read(dir: &Path) -> Result<Files, MethodError> {
    let mut files = Files::new();
    for (folder, prefix) in FOLDERS {
        let folder = dir.join(folder);
        if !prefix.is_empty() && !folder.is_dir() {
            continue;
        }
        let fault = |error: std::io::Error| MethodError::file(folder.display().to_string(), error.to_string());
        for entry in std::fs::read_dir(&folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if !path.is_file() {
                continue;
            }
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().display());
            let fault = |reason: String| MethodError::file(name.clone(), reason);
            let bytes = path.metadata().map_err(|error| fault(error.to_string()))?.len();
            if bytes > FILE_BYTES_MAX {
                return Err(fault(format!("has {bytes} bytes; a file of a book has at most {FILE_BYTES_MAX}")));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| fault(error.to_string()))?;
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// SHA-256 over names and contents, in hexadecimal.
pub(super) fn digest(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a byte moved from one file to the next, or from a name to
    /// its text, is another book.
    #[test]
    fn the_digest_sees_every_byte() {
        let book = |pairs: &[(&str, &str)]| {
            digest(&pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
        };
        let books = [
            book(&[("a", "12"), ("b", "3")]),
            book(&[("a", "1"), ("b", "23")]),
            book(&[("a1", "2"), ("b", "3")]),
            book(&[("a", "12b3")]),
        ];
        for (at, one) in books.iter().enumerate() {
            assert!(books[at + 1..].iter().all(|other| other != one));
        }
    }
}
