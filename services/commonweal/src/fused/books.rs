//! The writing half of the fused pipeline: posts what the intake sends, and
//! flushes by rows, bytes and wall clock.

use super::dead_letters::DeadLetters;
use super::intake::Taken;
use super::progress::Progress;
use crate::AppError;
use commonweal_ledger::{Committed, Ledger};
use commonweal_runtime::clock::Clock;
use commonweal_runtime::kafka::Sink;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

/// When to commit; whichever comes first.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlushLimits {
    pub(super) rows: usize,
    pub(super) bytes: usize,
    pub(super) interval: Duration,
}

/// Where dead letters go.
pub(super) struct DeadLetterTopic {
    pub(super) letters: DeadLetters,
    pub(super) topic: String,
    pub(super) sink: Sink,
    /// Longest wait for the broker's acknowledgements before a commit.
    pub(super) delivery_timeout: Duration,
}

pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) limits: FlushLimits,
    pub(super) dead_letters: Option<DeadLetterTopic>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) progress: Arc<Progress>,
}

/// Why the books stopped waiting.
enum Event {
    Taken(Box<Taken>),
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
    pub(super) async fn run<F>(
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
                Some(taken) => Ok(Event::Taken(Box::new(taken?))),
                None => Ok(Event::Ended),
            },
        }
    }

    fn take(&mut self, taken: Taken) -> Result<(), AppError> {
        for batch in &taken.batches {
            self.ledger.post(taken.dataset, &taken.topic, batch)?;
        }
        let rejected = taken.rejected.len() as u64;
        for message in taken.rejected {
            if let Some(dead_letters) = &mut self.dead_letters {
                let (key, value) = dead_letters.letters.letter(&message)?;
                dead_letters.sink.send(&dead_letters.topic, Some(&key), Some(&value), &[])?;
            }
            self.ledger.reject(message);
        }
        for (partition, read) in taken.read {
            self.ledger.advance(&taken.topic, partition, read.seen.into_iter(), read.next_offset);
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
            dead_letters.sink.flush(dead_letters.delivery_timeout)?;
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
