//! Books and the names of their files.

use crate::JournalError;
use commonweal_schemas::{Dataset, arrow_schema};
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write as _};
use std::path::PathBuf;

/// A partition of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    Funding,
    Employment,
    Rejections,
    Receipts,
}

impl Book {
    pub const ALL: [Self; 4] = [Self::Funding, Self::Employment, Self::Rejections, Self::Receipts];

    /// Value of the partition column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Employment => "employment",
            Self::Rejections => "rejections",
            Self::Receipts => "receipts",
        }
    }

    /// The dataset a book of postings belongs to.
    #[must_use]
    pub const fn dataset(self) -> Option<Dataset> {
        match self {
            Self::Funding => Some(Dataset::Funding),
            Self::Employment => Some(Dataset::Employment),
            Self::Rejections | Self::Receipts => None,
        }
    }

    /// Columns of the book's files.
    #[must_use]
    pub fn schema(self) -> arrow::datatypes::SchemaRef {
        match self {
            Self::Funding | Self::Employment => arrow_schema::posting_stored(),
            Self::Rejections => arrow_schema::rejections(),
            Self::Receipts => arrow_schema::receipts(),
        }
    }
}

impl From<Dataset> for Book {
    fn from(dataset: Dataset) -> Self {
        match dataset {
            Dataset::Funding => Self::Funding,
            Dataset::Employment => Self::Employment,
        }
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An active file of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFile {
    /// Absolute path.
    pub path: PathBuf,
    pub book: Book,
    /// Ledger commit that wrote the file.
    pub commit: i64,
    pub rows: u64,
    pub bytes: u64,
    /// True where the file holds reversals only.
    pub reversals: bool,
}

const ENTRIES: &str = "entries";
const REVERSALS: &str = "reversals";

/// Path of a file relative to the table, named by its content.
pub(crate) fn relative_path(book: Book, commit: i64, reversals: bool, digest: &str) -> String {
    let role = if reversals { REVERSALS } else { ENTRIES };
    format!("book={book}/{commit:012}-{role}-{digest}.parquet")
}

/// SHA-256 in hexadecimal, the part of a file's name that proves its content.
pub(crate) fn content_digest(content: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(content) {
        // Writing to a String cannot fail.
        let _written = write!(text, "{byte:02x}");
    }
    text
}

impl JournalFile {
    /// Whether `content` is what the file held when it was committed.
    #[must_use]
    pub fn is_unchanged(&self, content: &[u8]) -> bool {
        let name = self.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        name.rsplit('-').next() == Some(content_digest(content).as_str())
    }
}

/// Book, commit and role told from a relative path.
pub(crate) fn parse(path: &str) -> Result<(Book, i64, bool), JournalError> {
    let foreign = || JournalError::ForeignFile(path.to_owned());
    let (folder, name) = path.split_once('/').ok_or_else(foreign)?;
    let book =
        Book::ALL.into_iter().find(|book| folder.strip_prefix("book=") == Some(book.name())).ok_or_else(foreign)?;
    let mut parts = name.splitn(3, '-');
    let commit = parts.next().and_then(|text| text.parse().ok()).ok_or_else(foreign)?;
    match parts.next() {
        Some(ENTRIES) => Ok((book, commit, false)),
        Some(REVERSALS) => Ok((book, commit, true)),
        _ => Err(foreign()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a file's name tells its book, commit and role, and that a
    /// stranger's name is refused.
    #[test]
    fn names_round_trip() {
        for book in Book::ALL {
            for reversals in [false, true] {
                let path = relative_path(book, 41, reversals, "0a-b");
                assert_eq!(parse(&path).unwrap(), (book, 41, reversals));
            }
        }
        assert!(parse("book=funding/part-0000.parquet").is_err());
        assert!(parse("book=other/000000000001-entries-a.parquet").is_err());
    }
}
