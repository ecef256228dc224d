//! The reading half of a pipeline: polls Kafka and takes each batch through
//! the stages before the ledger; in the fused topology on a thread of its own.

mod slice;

use super::held::{Held, HeldMessage, Place};
use super::stage::{RawMessage, Stage, Staged};
use crate::AppError;
use crate::books::{Read, Taken};
use arrow::array::RecordBatch;
use commonweal_ledger::RejectedMessage;
use commonweal_runtime::kafka::{GroupSource, MessageBatch, Source, SourceError};
use commonweal_runtime::registry::RegistrySchemas;
use commonweal_runtime::shutdown::Shutdown;
use commonweal_schemas::Dataset;
use slice::Slice;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Longest wait for messages before the thread looks at shutdown again, and at
/// what waits for a schema.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// The same for a run to the end: its last batch is never full, so this is
/// added to the run's time once.
const POLL_WAIT_TO_END: Duration = Duration::from_millis(10);
/// How long everything waits for the registry's first answer about an id: it
/// mostly comes in a few milliseconds, and pausing a partition costs more.
const FIRST_ANSWER_WAIT: Duration = Duration::from_millis(250);

/// One batch of one topic that has been through its stage.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) dataset: Dataset,
    pub(crate) topic: Arc<str>,
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) rejected: Vec<RejectedMessage>,
    pub(crate) read: BTreeMap<i32, PartitionRead>,
    pub(crate) messages: u64,
    /// Number of the topic.
    pub(crate) number: usize,
}

impl From<Passed> for Taken {
    fn from(passed: Passed) -> Self {
        let Passed { dataset, topic, batches, rejected, read, messages, .. } = passed;
        let read = read.into_iter().flat_map(|(partition, PartitionRead { seen, next_offset, lost })| {
            let read_to = lost.unwrap_or(next_offset);
            let origin = Read::Origin { topic: Arc::clone(&topic), partition, seen, next_offset: read_to };
            let offsets = |first| (first, next_offset - 1);
            let lost = lost.map(|first| Read::Lost { topic: Arc::clone(&topic), partition, offsets: offsets(first) });
            [Some(origin), lost].into_iter().flatten()
        });
        let read = read.collect();
        let events = batches.into_iter().map(|batch| (dataset, Arc::clone(&topic), batch)).collect();
        Self { events, rejected, read, messages }
    }
}

/// What was read of one partition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionRead {
    /// Offsets that hold a message, rising.
    pub(crate) seen: Vec<i64>,
    /// One past the last offset read, whether it held a message or not.
    pub(crate) next_offset: i64,
    /// First of the offsets before that one which were deleted unread, where
    /// that is what is told; then nothing was seen.
    pub(crate) lost: Option<i64>,
}

/// Ends to read to: topic number and partition to end offset.
pub(crate) type Ends = BTreeMap<Place, i64>;

type Books = Sender<Result<Taken, AppError>>;

/// Where messages come from.
pub(crate) trait Feed {
    /// Up to `max` messages, or what came until `timeout` passed.
    fn poll(&mut self, max: usize, timeout: Duration) -> Result<MessageBatch, SourceError>;
    /// Gives nothing more of a partition until it is resumed.
    fn pause(&mut self, place: Place) -> Result<(), SourceError>;
    /// Goes on with a partition, from one past the last offset that was given.
    fn resume(&mut self, place: Place, next_offset: i64) -> Result<(), SourceError>;
}

impl Feed for Source {
    fn poll(&mut self, max: usize, timeout: Duration) -> Result<MessageBatch, SourceError> {
        Self::poll(self, max, timeout)
    }

    fn pause(&mut self, (topic, partition): Place) -> Result<(), SourceError> {
        Self::pause(self, topic, partition)
    }

    fn resume(&mut self, (topic, partition): Place, next_offset: i64) -> Result<(), SourceError> {
        Self::resume(self, topic, partition, next_offset)
    }
}

impl Feed for GroupSource {
    fn poll(&mut self, max: usize, timeout: Duration) -> Result<MessageBatch, SourceError> {
        Self::poll(self, max, timeout)
    }

    fn pause(&mut self, place: Place) -> Result<(), SourceError> {
        Self::pause(self, place)
    }

    fn resume(&mut self, place: Place, next_offset: i64) -> Result<(), SourceError> {
        Self::resume(self, place, next_offset)
    }
}

/// Reads until shutdown, or until every partition has reached its end where
/// `ends` is given. Topic numbers of the source are positions in `stages`.
pub(crate) struct Intake<F> {
    pub(crate) source: F,
    pub(crate) stages: Vec<Stage>,
    pub(crate) ends: Option<Ends>,
    pub(crate) batch_rows: usize,
    pub(crate) shutdown: Shutdown,
    /// Where the stages' schemas come from, unless they are compiled in.
    pub(crate) schemas: Option<RegistrySchemas>,
    pub(crate) held: Held,
}

impl Intake<Source> {
    /// Runs to the end; the books see an error as the last thing sent.
    pub(crate) fn run(mut self, books: Books) {
        let outcome = self.read(&books);
        let ended = outcome.is_ok();
        if let Err(error) = outcome {
            // The receiver may be gone already; then it has an error of its own.
            let _gone = books.blocking_send(Err(error)).is_err();
        }
        // The books go on while the source is closed.
        drop(books);
        self.source.close();
        if ended && !self.held.is_empty() {
            tracing::info!(messages = self.held.rows(), "messages still wait for a schema; the next start reads them");
        }
    }

    fn read(&mut self, books: &Books) -> Result<(), AppError> {
        while !self.shutdown.is_requested() && !self.ends.as_ref().is_some_and(BTreeMap::is_empty) {
            for passed in self.step()? {
                if books.blocking_send(Ok(passed.into())).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl<F: Feed> Intake<F> {
    /// Takes through the stages what need wait no longer and what comes next.
    pub(crate) fn step(&mut self) -> Result<Vec<Passed>, AppError> {
        let mut taken = self.release()?;
        if self.held.is_full() {
            self.await_schemas();
        } else {
            let wait = if self.ends.is_some() { POLL_WAIT_TO_END } else { POLL_WAIT };
            let batch = self.source.poll(self.batch_rows, wait)?;
            self.take(&batch, &mut taken)?;
        }
        Ok(taken)
    }

    fn await_schemas(&self) {
        if let Some(schemas) = &self.schemas {
            schemas.next_answer(POLL_WAIT);
        }
    }

    /// Takes one polled batch through the stages, topic by topic.
    fn take(&mut self, batch: &MessageBatch, taken: &mut Vec<Passed>) -> Result<(), AppError> {
        for topic in 0..self.stages.len() {
            let mut slice = Slice::of(batch, topic);
            if !self.held.is_empty() {
                slice.hold_behind(&mut self.held);
            }
            if slice.is_empty() {
                continue;
            }
            let staged = self.stage(&mut slice)?;
            taken.extend(self.taken(topic, staged, slice.messages.len(), slice.read));
        }
        Ok(())
    }

    /// Takes a slice through its stage, less what has to wait for a schema.
    fn stage(&mut self, slice: &mut Slice<'_>) -> Result<Staged, AppError> {
        let mut staged = slice.process(&mut self.stages)?;
        if let (false, Some(schemas)) = (staged.awaiting.is_empty(), &self.schemas) {
            schemas.first_answers(FIRST_ANSWER_WAIT);
            staged = slice.process(&mut self.stages)?;
        }
        while !staged.awaiting.is_empty() {
            for (topic, partition) in slice.hold(&staged.awaiting, &mut self.held) {
                self.source.pause((topic, partition))?;
                let topic = self.stages[topic].topic();
                tracing::info!(topic = &**topic, partition, "a partition waits for a schema");
            }
            staged = slice.process(&mut self.stages)?;
        }
        Ok(staged)
    }

    /// Takes what waited and need wait no longer through the stages.
    fn release(&mut self) -> Result<Vec<Passed>, AppError> {
        let mut all = Vec::new();
        for place in self.held.places() {
            let (topic, partition) = place;
            let stage = &mut self.stages[topic];
            let Some((held, next_offset)) = self.held.take(place, self.batch_rows, |payload| stage.awaits(payload))
            else {
                continue;
            };
            let messages: Vec<RawMessage<'_>> = held.iter().map(HeldMessage::raw).collect();
            let staged = stage.process(&messages, &|position| held[position].headers.clone())?;
            if !staged.awaiting.is_empty() {
                // What was known of a schema has had to make room since.
                self.held.put_back(place, held, next_offset);
                continue;
            }
            let seen = held.iter().map(|message| message.offset).collect();
            let read = BTreeMap::from([(partition, PartitionRead { seen, next_offset, lost: None })]);
            all.extend(self.taken(topic, staged, held.len(), read));
            if !self.held.holds(place) {
                self.source.resume(place, next_offset)?;
                let topic = self.stages[topic].topic();
                tracing::info!(topic = &**topic, partition, "a partition goes on");
            }
        }
        Ok(all)
    }

    /// What the books get; nothing where nothing was read. Strikes off the
    /// ends that were reached.
    fn taken(
        &mut self,
        topic: usize,
        staged: Staged,
        messages: usize,
        read: BTreeMap<i32, PartitionRead>,
    ) -> Option<Passed> {
        if read.is_empty() {
            return None;
        }
        for (&partition, of_partition) in &read {
            let place = (topic, partition);
            let reached = |ends: &Ends| ends.get(&place).is_some_and(|&end| of_partition.next_offset >= end);
            if let Some(ends) = self.ends.as_mut().filter(|ends| reached(ends)) {
                ends.remove(&place);
            }
        }
        let stage = &self.stages[topic];
        Some(Passed {
            number: topic,
            dataset: stage.dataset(),
            topic: Arc::clone(stage.topic()),
            batches: staged.batches,
            rejected: staged.rejected,
            read,
            messages: messages as u64,
        })
    }
}
