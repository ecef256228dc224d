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
    PublishDue,
    Ended,
}

impl Books {
    /// Posts until the intake ends, then flushes what is left. `publish` is
    /// called with the journal up to date, at most once every
    /// `publish_interval`, where one is set and something was committed since.
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
            match next(&mut intake, flush_due, publish_due).await? {
                Event::Taken(taken) => {
                    self.take(*taken)?;
                    let (rows, bytes) = self.ledger.gathered();
                    if rows < self.limits.rows && bytes < self.limits.bytes {
                        flush_due.get_or_insert_with(|| Instant::now() + self.limits.interval);
                        continue;
                    }
                    self.flush().await?;
                }
                Event::FlushDue => self.flush().await?,
                Event::PublishDue => {
                    publish_due = None;
                    publish().await?;
                    continue;
                }
                Event::Ended => return self.flush().await,
            }
            flush_due = None;
            if let Some(interval) = publish_interval {
                publish_due.get_or_insert_with(|| Instant::now() + interval);
            }
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

    /// Dead letters are acknowledged before the commit that counts them, so a
    /// stop between the two repeats letters and never loses one.
    async fn flush(&mut self) -> Result<(), AppError> {
        if let Some(dead_letters) = &mut self.dead_letters {
            dead_letters.sink.flush(dead_letters.delivery_timeout)?;
        }
        if let Some(committed) = self.ledger.flush(self.clock.now_micros()).await? {
            let Committed { commit, entries, reversals, rejections, bytes } = committed;
            tracing::info!(commit, entries, reversals, rejections, bytes, "committed");
            self.progress.flushed();
        }
        Ok(())
    }
}

async fn next(
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
        () = wait(flush_due) => Ok(Event::FlushDue),
        () = wait(publish_due) => Ok(Event::PublishDue),
        taken = intake.recv() => match taken {
            Some(taken) => Ok(Event::Taken(Box::new(taken?))),
            None => Ok(Event::Ended),
        },
    }
}
