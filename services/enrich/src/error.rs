//! What can go wrong with reference data, and in joining it.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use std::io;
use std::path::{Path, PathBuf};

/// Why reference data could not be loaded, opened or written.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    #[error("no kind of reference data is named '{name}'; known are {known}")]
    UnknownKind { name: String, known: String },

    #[error("no file was given to load {kind} from; name at least one")]
    NoFiles { kind: &'static str },

    #[error("{}: failed to {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: io::Error },

    #[error(
        "{}: the header has no column '{column}' (accepted names: {accepted}); it has: {found}",
        file.display()
    )]
    MissingColumn { file: PathBuf, column: &'static str, accepted: String, found: String },

    #[error("{}: line {line}: the file cannot be read on: {message}", file.display())]
    Unreadable { file: PathBuf, line: u64, message: String },

    #[error(
        "{}: line {line}, column '{column}': {message}; with this row {count} rows of the load are malformed, \
         more than the {limit} that are tolerated: check that the file is of kind {kind}",
        file.display()
    )]
    TooManyMalformed {
        file: PathBuf,
        line: u64,
        column: String,
        message: String,
        count: u64,
        limit: u64,
        kind: &'static str,
    },

    #[error("{}: no row of {kind} could be read from it; {hint}", file.display())]
    NoRows { file: PathBuf, kind: &'static str, hint: String },

    #[error("no reference version '{version}' in {}; it has: {known}", dir.display())]
    MissingVersion { dir: PathBuf, version: String, known: String },

    #[error(
        "{}: the version folder is broken: {message}; remove the folder and load the version again",
        folder.display()
    )]
    Broken { folder: PathBuf, message: String },

    #[error("the built-in reference is wrong at {file}: {message}")]
    Builtin { file: &'static str, message: String },

    #[error("{}: failed to read or write parquet: {source}", path.display())]
    Parquet { path: PathBuf, source: ParquetError },

    #[error("failed to build a reference table: {0}")]
    Arrow(#[from] ArrowError),

    #[error("reference data hold more than {limit} {what}")]
    TooLarge { what: &'static str, limit: u64 },
}

impl ReferenceError {
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }

    pub(crate) fn parquet<E: Into<ParquetError>>(path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::Parquet { path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn broken(folder: &Path, message: impl Into<String>) -> Self {
        Self::Broken { folder: folder.to_owned(), message: message.into() }
    }
}

/// Why a batch could not be enriched. Rows never fail: what the reference does
/// not know is `unknown`.
#[derive(Debug, thiserror::Error)]
pub enum EnrichError {
    #[error("the batch is no batch of validated events: column '{column}' {problem}")]
    Input { column: String, problem: String },

    #[error("failed to build the enriched batch: {0}")]
    Arrow(#[from] ArrowError),
}
