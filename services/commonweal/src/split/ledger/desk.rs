//! Where one partition is posted, and how such places are opened.

use crate::AppError;
use crate::books::{Books, FlushLimits, Taken};
use crate::fused::Progress;
use crate::split::start::Start;
use commonweal_ledger::{Ledger, LedgerError, SourceTopic};
use commonweal_runtime::config::OnLostOffsets;
use commonweal_runtime::{Config, SystemClock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

/// What all desks of a worker have in common.
pub(in crate::split) struct Terms {
    journal_dir: PathBuf,
    reference_version: String,
    limits: FlushLimits,
    queue_batches: usize,
    pub(in crate::split) on_lost_offsets: OnLostOffsets,
}

impl Terms {
    pub(in crate::split) fn new(config: &Config, reference_version: String) -> Self {
        Self {
            journal_dir: config.journal_dir(),
            reference_version,
            limits: FlushLimits::of(&config.ledger),
            queue_batches: config.ledger.queue_batches,
            on_lost_offsets: config.kafka.on_lost_offsets,
        }
    }
}

/// Ledgers of newly assigned partitions, being opened.
pub(in crate::split) struct Opening {
    partitions: Vec<i32>,
    task: JoinHandle<Result<Vec<Ledger>, LedgerError>>,
}

impl Opening {
    /// Claims the partitions and rebuilds their indexes, while others are read.
    pub(in crate::split) fn begin(
        runtime: &Runtime,
        terms: &Arc<Terms>,
        topic: SourceTopic,
        partitions: Vec<i32>,
    ) -> Self {
        let (terms, wanted) = (Arc::clone(terms), partitions.clone());
        let task = runtime.spawn(async move {
            Ledger::open_partitions(&terms.journal_dir, &terms.reference_version, &topic, &wanted).await
        });
        Self { partitions, task }
    }

    pub(in crate::split) fn is_done(&self) -> bool {
        self.task.is_finished()
    }

    /// The ledgers by partition, waited for.
    pub(in crate::split) fn outcome(self, runtime: &Runtime) -> Result<BTreeMap<i32, Ledger>, AppError> {
        let ledgers = runtime.block_on(self.task).map_err(|_| AppError::Lost("the opening of ledgers"))??;
        Ok(self.partitions.into_iter().zip(ledgers).collect())
    }
}

/// Posts what comes by one partition.
pub(in crate::split) struct Desk {
    /// None once the desk is closed.
    to_books: Option<Sender<Result<Taken, AppError>>>,
    task: JoinHandle<Result<(), AppError>>,
    next_offset: i64,
    /// One past the last offset when the partition was assigned.
    end: i64,
}

impl Desk {
    pub(in crate::split) fn open(runtime: &Runtime, terms: &Terms, ledger: Ledger, start: Start) -> Self {
        let (to_books, from_reader) = channel(terms.queue_batches);
        let mut books = Books {
            ledger,
            limits: terms.limits,
            dead_letters: None,
            clock: Arc::new(SystemClock),
            progress: Arc::new(Progress::default()),
        };
        let task = runtime.spawn(async move { books.run(from_reader, None, async || Ok(())).await });
        Self { to_books: Some(to_books), task, next_offset: start.from, end: start.end }
    }

    /// Hands over what was read up to `next_offset`; waits while the desk has
    /// too much to do. False where it has ended.
    pub(in crate::split) fn hand(&mut self, taken: Taken, next_offset: i64) -> bool {
        self.next_offset = next_offset;
        self.to_books.as_ref().is_some_and(|books| books.blocking_send(Ok(taken)).is_ok())
    }

    /// Everything up to the end at the assignment was handed over.
    pub(in crate::split) const fn has_ended(&self) -> bool {
        self.next_offset >= self.end
    }

    /// Takes nothing more: what it has is flushed.
    pub(in crate::split) fn close(&mut self) {
        self.to_books = None;
    }

    pub(in crate::split) fn is_done(&self) -> bool {
        self.task.is_finished()
    }

    /// How it ended, waited for.
    pub(in crate::split) fn outcome(self, runtime: &Runtime) -> Result<(), AppError> {
        runtime.block_on(self.task).map_err(|_| AppError::Lost("a partition's ledger"))?
    }

    /// Ends it with what it has, unflushed.
    pub(in crate::split) fn abandon(self) {
        self.task.abort();
    }
}
