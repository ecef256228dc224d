//! Why two releases cannot be compared.

use crate::error::MethodFaults;
use std::path::PathBuf;

/// Why the revisions between two releases are not told.
#[derive(Debug, thiserror::Error)]
pub enum RevisionsError {
    /// A table of a release does not come out of the journal again.
    #[error(
        "table {table} of {} does not come out the same again: the release is of another journal, its files were \
         altered, or method {method} reads otherwise than when it was made; give releases of this journal as they \
         were published",
        folder.display()
    )]
    NotReproduced { folder: PathBuf, table: String, method: String },
    /// A file is not the one that its manifest names.
    #[error("{} is not the file that its manifest names; give the release as it was published", .0.display())]
    Altered(PathBuf),
    /// The journal was never in the state that a release names.
    #[error(
        "{} is of ledger commit {version}, which is no state of this journal up to its commit {last}; give releases \
         of this journal",
        folder.display()
    )]
    NotOfThisJournal { folder: PathBuf, version: i64, last: i64 },
    #[error("the older release is of ledger commit {old} and the newer one of {new}; give the older one first")]
    Backwards { old: i64, new: i64 },
    #[error(
        "one of the releases is protected from disclosure and the other one is not; compare two of a kind, for what \
         they differ by would tell what is kept back"
    )]
    Mixed,
    /// A manifest from before disclosure control.
    #[error("{} does not say whether it is protected from disclosure; publish it again, then compare", .0.display())]
    Unlabelled(PathBuf),
    #[error(
        "{} was protected against an earlier release, whose manifest has the SHA-256 {digest}; name its folder with \
         --against, since the figures depend on it",
        folder.display()
    )]
    EarlierUnknown { folder: PathBuf, digest: String },
    #[error(
        "{} was made by method {version}, which cannot be opened; put that book back into the folder of methods",
        folder.display()
    )]
    Method {
        folder: PathBuf,
        version: String,
        #[source]
        source: MethodFaults,
    },
    #[error("a figure of {table} has more digits than the table of revisions holds, row {row:?}")]
    TooLarge { table: &'static str, row: String },
}
