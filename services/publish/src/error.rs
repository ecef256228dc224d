//! What can go wrong while balances are kept and tables are published.

use crate::RevisionsError;
use crate::trace::TraceError;
use commonweal_journal::JournalError;
use commonweal_query::QueryError;
use std::io;
use std::path::{Path, PathBuf};

/// A fault of the method book: which file, which row, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("method book: {file}{}: {reason}", .row.map(|row| format!(", row {row}")).unwrap_or_default())]
pub struct MethodError {
    /// File of the book.
    pub file: String,
    /// Line of the file where one line is at fault, counted from 1.
    pub row: Option<u64>,
    /// What is wrong and what to do.
    pub reason: String,
}

impl MethodError {
    pub(crate) fn file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), row: None, reason: reason.into() }
    }

    pub(crate) fn row(file: impl Into<String>, row: u64, reason: impl Into<String>) -> Self {
        Self { file: file.into(), row: Some(row), reason: reason.into() }
    }
}

/// Everything that is wrong with a method book; at least one fault, each on a
/// line of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct MethodFaults(Vec<MethodError>);

impl MethodFaults {
    /// # Errors
    /// There are faults.
    pub(crate) fn check(faults: Vec<MethodError>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }

    /// In the order of the files.
    #[must_use]
    pub fn all(&self) -> &[MethodError] {
        &self.0
    }
}

impl From<MethodError> for MethodFaults {
    fn from(fault: MethodError) -> Self {
        Self(vec![fault])
    }
}

/// Why nothing, or not everything, was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Method(#[from] MethodFaults),
    #[error("failed to {action} {}", .path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to {action} {}", .path.display())]
    Parquet {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: parquet::errors::ParquetError,
    },
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A model's answer does not have the shape its table promises.
    #[error("model {model}.sql of method {method}: {reason}")]
    Model { model: String, method: String, reason: String },
    /// The method does not say, or says wrongly, what a figure about work is
    /// made of; it cannot be protected then and is not published.
    #[error("{table} cannot be protected from disclosure, row {row:?}: {reason}; correct the method's models")]
    Disclosure { table: &'static str, row: String, reason: String },
    /// An earlier release that cannot be one.
    #[error("{} {reason}; give the folder of a release that was published", .path.display())]
    Release { path: PathBuf, reason: &'static str },
    #[error("tables before disclosure control do not belong in {}; give another folder", .0.display())]
    Unprotected(PathBuf),
    #[error(transparent)]
    Revisions(#[from] RevisionsError),
    /// Another process holds the balances.
    #[error(
        "another process has been publishing from {} for {seconds} seconds; wait for it to end, then publish again",
        dir.display()
    )]
    Busy { dir: PathBuf, seconds: u64 },
    /// A journal file without a row, or without its stamp.
    #[error("{} does not tell when it was posted; the file was not written by the ledger", .0.display())]
    Undated(PathBuf),
    #[error("an entry stands in quarter {0:?}, which is not of the form YYYY-Qn; the entry was not made by enrich")]
    Quarter(String),
    #[error("reference version {version} is not complete: {} is missing; load the reference again", .path.display())]
    Reference { version: String, path: PathBuf },
    #[error("failed to put together {what}")]
    Arrow {
        what: String,
        #[source]
        source: arrow::error::ArrowError,
    },
    /// A thread of the publisher panicked or was stopped.
    #[error("publishing was cut off")]
    Lost(#[source] tokio::task::JoinError),
    #[error("failed to {action} {what} as JSON")]
    Json {
        action: &'static str,
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
}

impl PublishError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn parquet(action: &'static str, path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Parquet { action, path, source }
    }

    /// A fault of a file of the method book.
    pub(crate) fn book(file: &str, reason: impl Into<String>) -> Self {
        Self::Method(MethodError::file(file, reason).into())
    }

    pub(crate) fn arrow(what: impl Into<String>) -> impl FnOnce(arrow::error::ArrowError) -> Self {
        let what = what.into();
        move |source| Self::Arrow { what, source }
    }
}
