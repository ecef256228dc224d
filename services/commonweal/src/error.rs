//! What ends a command early, and with which exit code.

use crate::replay::ReplayError;
use commonweal_enrich::{EnrichError, ReferenceError};
use commonweal_gateway::GatewayError;
use commonweal_ingest::IngestError;
use commonweal_journal::JournalError;
use commonweal_ledger::LedgerError;
use commonweal_producers::ProducerError;
use commonweal_publish::trace::TraceError;
use commonweal_publish::{MethodFaults, PublishError, RevisionsError, StoreError};
use commonweal_runtime::kafka::embedded::EmbeddedError;
use commonweal_runtime::kafka::remake::RemakeError;
use commonweal_runtime::kafka::{AdminError, SinkError, SourceError};
use commonweal_runtime::registry::RegistryError;
use commonweal_runtime::telemetry::TelemetryError;
use commonweal_runtime::{ConfigError, Exit};
use commonweal_schemas::decode::DecodeError;
use commonweal_schemas::encode::EncodeError;
use commonweal_schemas::records::CodecError;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Anything that ends a command early.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Remake(#[from] RemakeError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Enrich(#[from] EnrichError),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Method(#[from] MethodFaults),
    #[error(transparent)]
    Producer(#[from] ProducerError),
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("failed to {action} {}", .path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{0}")]
    Usage(String),
    /// Counts that have to agree do not.
    #[error("{0}")]
    Check(String),
    /// Messages between services were deleted before they were passed on.
    #[error(
        "offsets {first} to {} of {topic} [{partition}] were deleted before they were read; with \
         kafka.on_lost_offsets=skip what is left is read, and ingest and enrich bring the rest when they read everything \
         anew under another kafka.group_id: what is in the books already is passed over", .next_offset - 1
    )]
    LostBetween { topic: String, partition: i32, first: i64, next_offset: i64 },
    #[error("a batch between stages cannot be taken apart")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("a part of the pipeline ended without a word: {0}")]
    Lost(&'static str),
    #[error("failed to start the runtime")]
    Runtime(#[source] std::io::Error),
}

impl AppError {
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// The exit code that tells this error apart.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Telemetry(_)
            | Self::Method(_)
            | Self::Publish(
                PublishError::Disclosure { .. }
                | PublishError::Revisions(RevisionsError::Method { .. })
                | PublishError::Trace(TraceError::Untold { .. }),
            )
            | Self::Store(StoreError::Settings { .. }) => Exit::Config,
            Self::Usage(_)
            | Self::Publish(PublishError::Release { .. } | PublishError::Unprotected(_) | PublishError::Trace(_)) => {
                Exit::Usage
            }
            Self::Publish(PublishError::Revisions(error)) => match error {
                RevisionsError::Backwards { .. }
                | RevisionsError::Mixed
                | RevisionsError::Unlabelled(_)
                | RevisionsError::EarlierUnknown { .. } => Exit::Usage,
                _ => Exit::CheckFailed,
            },
            Self::Store(StoreError::Refused { .. }) => Exit::StoreUnavailable,
            Self::Source(error) => error.exit(),
            Self::Sink(error) => error.exit(),
            Self::Admin(error) => error.exit(),
            Self::Remake(error) => error.exit(),
            Self::Registry(error) => error.exit(),
            Self::Gateway(error) => error.exit(),
            Self::Reference(_) | Self::Producer(_) => Exit::Data,
            Self::Ledger(LedgerError::Fenced { .. }) => Exit::Fenced,
            Self::Ledger(LedgerError::Reference { .. } | LedgerError::Adopting { .. }) => Exit::ReferenceMismatch,
            Self::Ledger(LedgerError::PartitionCount { .. } | LedgerError::Repartitioning { .. }) => {
                Exit::PartitionCount
            }
            Self::Ledger(
                LedgerError::Io { .. } | LedgerError::Journal(JournalError::Io { .. } | JournalError::Missing(_)),
            )
            | Self::Journal(JournalError::Io { .. } | JournalError::Missing(_))
            | Self::Publish(_)
            | Self::Store(_)
            | Self::Replay(ReplayError::Io { .. })
            | Self::File { .. } => Exit::Io,
            Self::LostBetween { .. } => Exit::OffsetsLost,
            Self::Replay(ReplayError::Busy(_)) => Exit::Busy,
            Self::Check(_) | Self::Replay(ReplayError::Damaged { .. }) => Exit::CheckFailed,
            _ => Exit::Internal,
        }
    }

    /// The message with every cause behind it, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            // Writing to a String cannot fail.
            let _written = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}
