//! The reading half of the fused pipeline: a thread of its own that polls
//! Kafka and takes each batch through the stages before the ledger.

use super::stage::{RawMessage, Stage};
use crate::AppError;
use arrow::array::RecordBatch;
use commonweal_ledger::RejectedMessage;
use commonweal_runtime::kafka::{MessageBatch, Source};
use commonweal_runtime::shutdown::Shutdown;
use commonweal_schemas::Dataset;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Longest wait for messages before the thread looks at shutdown again.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// One batch of one topic, ready for the ledger.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) dataset: Dataset,
    pub(super) topic: Arc<str>,
    pub(super) batches: Vec<RecordBatch>,
    pub(super) rejected: Vec<RejectedMessage>,
    pub(super) read: BTreeMap<i32, PartitionRead>,
    pub(super) messages: u64,
}

/// What was read of one partition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartitionRead {
    /// Offsets that hold a message, rising.
    pub(super) seen: Vec<i64>,
    /// One past the last offset read, whether it held a message or not.
    pub(super) next_offset: i64,
}

/// Ends to read to: topic number and partition to end offset.
pub(super) type Ends = BTreeMap<(usize, i32), i64>;

/// Reads until shutdown, or until every partition has reached its end where
/// `ends` is given. Topic numbers of the source are positions in `stages`.
pub(super) struct Intake {
    pub(super) source: Source,
    pub(super) stages: Vec<Stage>,
    pub(super) ends: Option<Ends>,
    pub(super) batch_rows: usize,
    pub(super) shutdown: Shutdown,
}

impl Intake {
    /// Runs to the end; the books see an error as the last thing sent.
    pub(super) fn run(mut self, books: &Sender<Result<Taken, AppError>>) {
        let outcome = self.read(books);
        self.source.close();
        if let Err(error) = outcome {
            // The receiver may be gone already; then it has an error of its own.
            let _gone = books.blocking_send(Err(error)).is_err();
        }
    }

    fn read(&mut self, books: &Sender<Result<Taken, AppError>>) -> Result<(), AppError> {
        while !self.shutdown.is_requested() && !self.ends.as_ref().is_some_and(BTreeMap::is_empty) {
            let batch = self.source.poll(self.batch_rows, POLL_WAIT)?;
            for taken in self.take(&batch)? {
                if books.blocking_send(Ok(taken)).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Takes one polled batch through the stages, topic by topic.
    fn take(&mut self, batch: &MessageBatch) -> Result<Vec<Taken>, AppError> {
        let mut taken = Vec::with_capacity(self.stages.len());
        for (topic, stage) in self.stages.iter_mut().enumerate() {
            let mut positions = Vec::with_capacity(batch.len());
            let mut messages = Vec::with_capacity(batch.len());
            let mut read: BTreeMap<i32, PartitionRead> = BTreeMap::new();
            for (position, message) in batch.iter().enumerate().filter(|(_, message)| message.topic() == topic) {
                let (partition, offset) = (message.partition(), message.offset());
                let of_partition = read.entry(partition).or_default();
                of_partition.seen.push(offset);
                of_partition.next_offset = offset + 1;
                positions.push(position);
                messages.push(RawMessage {
                    partition,
                    offset,
                    payload: message.payload(),
                    key: message.key(),
                    timestamp: message.timestamp_millis().map(|millis| millis.saturating_mul(1_000)),
                });
            }
            for end in batch.ends().iter().filter(|end| end.topic == topic) {
                let of_partition = read.entry(end.partition).or_default();
                of_partition.next_offset = of_partition.next_offset.max(end.offset);
            }
            if read.is_empty() {
                continue;
            }
            reached(&mut self.ends, topic, &read);
            let staged = stage.process(&messages, &|position| {
                batch.get(positions[position]).map(|message| message.headers()).unwrap_or_default()
            })?;
            taken.push(Taken {
                dataset: stage.dataset(),
                topic: Arc::clone(stage.topic()),
                batches: staged.batches,
                rejected: staged.rejected,
                read,
                messages: messages.len() as u64,
            });
        }
        Ok(taken)
    }
}

/// Strikes off the ends that were reached.
fn reached(ends: &mut Option<Ends>, topic: usize, read: &BTreeMap<i32, PartitionRead>) {
    let Some(ends) = ends else { return };
    for (&partition, of_partition) in read {
        if ends.get(&(topic, partition)).is_some_and(|&end| of_partition.next_offset >= end) {
            ends.remove(&(topic, partition));
        }
    }
}
