//! What can go wrong with the table.

use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::TransactionError;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no table at the path.
    #[error("no journal at {}; run `commonweal up` once, or point data_dir at an existing one", .0.display())]
    Missing(PathBuf),
    /// Another writer committed first: reload, compare positions, write again.
    #[error("the journal moved on from version {expected} while this commit was made")]
    Conflict { expected: i64 },
    /// A path cannot be a table's location.
    #[error("cannot use {} as a journal location", .0.display())]
    Location(PathBuf),
    /// A file in the table does not carry the name the ledger gives.
    #[error("file {0} in the journal was not written by the ledger: its name carries no book and commit number")]
    ForeignFile(String),
    /// The table was made for something else.
    #[error("the table at {} is no journal: {reason}", .path.display())]
    NotAJournal { path: PathBuf, reason: String },
    #[error("failed to {action} the journal")]
    Delta {
        action: &'static str,
        #[source]
        source: Box<DeltaTableError>,
    },
    #[error("failed to access {}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("a column of the journal has no Delta type")]
    Schema(#[from] arrow::error::ArrowError),
}

impl JournalError {
    pub(crate) fn delta(action: &'static str) -> impl Fn(DeltaTableError) -> Self {
        move |source| Self::Delta { action, source: Box::new(source) }
    }

    /// A commit's failure, with "somebody was faster" told apart.
    pub(crate) fn commit(expected: i64, error: DeltaTableError) -> Self {
        match error {
            DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source:
                    TransactionError::VersionAlreadyExists(_)
                    | TransactionError::MaxCommitAttempts(_)
                    | TransactionError::CommitConflict(_),
            } => Self::Conflict { expected },
            source => Self::Delta { action: "commit to", source: Box::new(source) },
        }
    }
}
