//! What can go wrong in the ledger.

use commonweal_journal::{JournalError, Writer};
use commonweal_schemas::Dataset;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another writer posts to the same dataset or partition; this one must stop.
    #[error(
        "another writer has posted to {writer} since this one read the journal (commit {commit}); \
         one writer of it may run, so this one stops with nothing half written"
    )]
    Fenced { writer: Writer, commit: i64 },
    /// An internal topic has another number of partitions than it was posted from.
    #[error(
        "topic {topic} has {found} partitions, but the journal was posted from {recorded}: events of one identity \
         would lie in two; stop all workers and run `commonweal topics repartition --partitions {found}`, which \
         drains the topic and makes it anew"
    )]
    PartitionCount { topic: Arc<str>, recorded: i32, found: i32 },
    /// A topic is being made anew.
    #[error(
        "topic {topic} is being made anew with {partitions} partitions; run `commonweal topics repartition \
         --partitions {partitions}` to its end"
    )]
    Repartitioning { topic: Arc<str>, partitions: i32 },
    /// The journal's entries were enriched with another reference version.
    #[error(
        "the journal is posted under reference version {journal}, the configuration names {configured}; \
         set reference.version = \"{journal}\", or bring the journal to the other version: \
         `commonweal reference diff {journal} {configured}` says what changes by that, \
         `commonweal reference adopt {configured}` does it"
    )]
    Reference { journal: String, configured: String },
    /// An adoption was begun and has not ended.
    #[error(
        "the journal is being brought from reference version {from} to {to}, and that is not through; \
         run `commonweal reference adopt {to}` to its end, then set reference.version = \"{to}\""
    )]
    Adopting { from: String, to: String },
    /// The table kept moving while a commit was tried.
    #[error("gave up a commit after {attempts} attempts, the journal moved on each time")]
    Contended { attempts: u32 },
    /// The task of a flush was given up before it ended.
    #[error("a flush was stopped before its commit; what it held is read again from Kafka after a restart")]
    Stopped,
    /// A column is missing or of another type: a fault between stages.
    #[error("a batch lacks column {0} in its expected type")]
    Column(&'static str),
    /// More rows in one file than a location can number.
    #[error("{0} does not fit the index's location numbers")]
    LocationOverflow(&'static str),
    /// A location in the index names no row of the journal.
    #[error("the entry at commit {commit}, row {row} of {dataset} cannot be found; run `commonweal verify`")]
    LostEntry { dataset: Dataset, commit: u32, row: u32 },
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("failed to build a batch for the journal")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("failed to write or read {}", .path.display())]
    Parquet {
        path: PathBuf,
        #[source]
        source: parquet::errors::ParquetError,
    },
    #[error("failed to access {}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}
