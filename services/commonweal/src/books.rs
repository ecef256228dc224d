//! The writing half of a pipeline: posts what the reading half sends, and
//! flushes by rows, bytes and wall clock.

use crate::AppError;
use crate::fused::{DeadLetters, Progress};
use arrow::array::RecordBatch;
use commonweal_ledger::{Committed, Ledger, RejectedMessage};
use commonweal_runtime::Exit;
use commonweal_runtime::clock::Clock;
use commonweal_runtime::config::LedgerConfig;
use commonweal_runtime::kafka::Sink;
use commonweal_schemas::Dataset;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

/// When to commit; whichever comes first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlushLimits {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) interval: Duration,
}

impl FlushLimits {
    pub(crate) const fn of(config: &LedgerConfig) -> Self {
        Self { rows: config.flush_rows, bytes: config.flush_bytes, interval: config.flush_interval() }
    }
}

/// What was read at a time, ready for the ledger.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// In the enriched schema, each of one raw topic.
    pub(crate) events: Vec<(Dataset, Arc<str>, RecordBatch)>,
    pub(crate) rejected: Vec<RejectedMessage>,
    pub(crate) read: Vec<Read>,
    pub(crate) messages: u64,
}

/// How far something was read, or what is not to be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Of a raw topic: see [`Ledger::advance`].
    Origin { topic: Arc<str>, partition: i32, seen: Vec<i64>, next_offset: i64 },
    /// Of the topic between services.
    Internal { partition: i32, next_offset: i64 },
    /// Offsets of a raw topic, both included, that hold no record.
    Absent { topic: Arc<str>, partition: i32, offsets: (i64, i64) },
    /// Offsets of a raw topic, both included, that were deleted unread.
    Lost { topic: Arc<str>, partition: i32, offsets: (i64, i64) },
}

/// Where dead letters go.
pub(crate) struct DeadLetterTopic {
    pub(crate) letters: DeadLetters,
    pub(crate) topic: String,
    pub(crate) sink: Sink,
    /// Longest wait for the broker's acknowledgements before a commit.
    pub(crate) delivery_timeout: Duration,
}

impl DeadLetterTopic {
    /// Sends the letter for a refused message in the background.
    pub(crate) fn send(&mut self, message: &RejectedMessage) -> Result<(), AppError> {
        let (key, value) = self.letters.letter(message)?;
        Ok(self.sink.send(&self.topic, Some(&key), Some(&value), &[])?)
    }

    /// Waits until every letter is acknowledged.
    pub(crate) fn flush(&mut self) -> Result<(), AppError> {
        Ok(self.sink.flush(self.delivery_timeout)?)
    }
}

pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) limits: FlushLimits,
    pub(crate) dead_letters: Option<DeadLetterTopic>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: Arc<Progress>,
}

/// Why the books stopped waiting.
enum Event {
    Taken(Box<Taken>),
    /// Nothing more comes, for this reason.
    Failed(AppError),
    FlushDue,
    Flushed(Committed),
    PublishDue,
    Ended,
}

impl Books {
    /// Posts until the intake ends, then flushes what is left. `publish` is
    /// called with the journal up to date, at most once every
    /// `publish_interval`, where one is set and something was committed since.
    ///
    /// Posting goes on while a flush is on its way; when the next one is due
    /// by rows or bytes before it has ended, posting waits for it.
    pub(crate) async fn run<F>(
        &mut self,
        mut intake: Receiver<Result<Taken, AppError>>,
        publish_interval: Option<Duration>,
        mut publish: F,
    ) -> Result<(), AppError>
    where
        F: AsyncFnMut() -> Result<(), AppError>,
    {
        let mut flush_due: Option<Instant> = None;
        let mut publish_due: Option<Instant> = None;
        loop {
            match self.next(&mut intake, flush_due, publish_due).await? {
                Event::Taken(taken) => {
                    self.take(*taken)?;
                    let (rows, bytes) = self.ledger.gathered();
                    if rows < self.limits.rows && bytes < self.limits.bytes {
                        flush_due.get_or_insert_with(|| Instant::now() + self.limits.interval);
                        continue;
                    }
                    self.begin_flush().await?;
                    flush_due = None;
                }
                Event::FlushDue => {
                    self.begin_flush().await?;
                    flush_due = None;
                }
                Event::Flushed(committed) => self.flushed(committed),
                Event::PublishDue => {
                    publish_due = None;
                    publish().await?;
                    continue;
                }
                // What was read cannot be read again: it was deleted since.
                Event::Failed(error) if error.exit() == Exit::OffsetsLost => {
                    self.begin_flush().await?;
                    self.finish_flush().await?;
                    return Err(error);
                }
                Event::Failed(error) => return Err(error),
                Event::Ended => {
                    self.begin_flush().await?;
                    return self.finish_flush().await;
                }
            }
            if let Some(interval) = publish_interval {
                publish_due.get_or_insert_with(|| Instant::now() + interval);
            }
        }
    }

    async fn next(
        &mut self,
        intake: &mut Receiver<Result<Taken, AppError>>,
        flush_due: Option<Instant>,
        publish_due: Option<Instant>,
    ) -> Result<Event, AppError> {
        let wait = |due: Option<Instant>| async move {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            flushed = self.ledger.finish_flush(), if self.ledger.is_flushing() => {
                Ok(Event::Flushed(flushed?.unwrap_or_default()))
            }
            () = wait(flush_due) => Ok(Event::FlushDue),
            () = wait(publish_due) => Ok(Event::PublishDue),
            taken = intake.recv() => match taken {
                Some(Ok(taken)) => Ok(Event::Taken(Box::new(taken))),
                Some(Err(error)) => Ok(Event::Failed(error)),
                None => Ok(Event::Ended),
            },
        }
    }

    fn take(&mut self, taken: Taken) -> Result<(), AppError> {
        for (dataset, topic, batch) in &taken.events {
            self.ledger.post(*dataset, topic, batch)?;
        }
        let rejected = taken.rejected.len() as u64;
        for message in taken.rejected {
            if let Some(dead_letters) = &mut self.dead_letters {
                dead_letters.send(&message)?;
            }
            self.ledger.reject(message);
        }
        for read in taken.read {
            match read {
                Read::Origin { topic, partition, seen, next_offset } => {
                    self.ledger.advance(&topic, partition, seen.into_iter(), next_offset);
                }
                Read::Internal { partition, next_offset } => self.ledger.read_to(partition, next_offset),
                Read::Absent { topic, partition, offsets } => self.ledger.absent(&topic, partition, offsets),
                Read::Lost { topic, partition, offsets } => self.ledger.lost(&topic, partition, offsets),
            }
        }
        self.progress.took(taken.messages, rejected);
        Ok(())
    }

    /// Begins to commit what was taken, once the flush before has ended.
    /// Dead letters are acknowledged before the commit that counts them, so a
    /// stop between the two repeats letters and never loses one.
    async fn begin_flush(&mut self) -> Result<(), AppError> {
        self.finish_flush().await?;
        if let Some(dead_letters) = &mut self.dead_letters {
            dead_letters.flush()?;
        }
        self.ledger.begin_flush(self.clock.now_micros());
        if self.ledger.is_flushing() {
            self.progress.flushing();
        }
        Ok(())
    }

    async fn finish_flush(&mut self) -> Result<(), AppError> {
        if let Some(committed) = self.ledger.finish_flush().await? {
            self.flushed(committed);
        }
        Ok(())
    }

    fn flushed(&self, committed: Committed) {
        let Committed { commit, entries, reversals, rejections, bytes } = committed;
        tracing::info!(commit, entries, reversals, rejections, bytes, "committed");
        self.progress.flushed();
    }
}
