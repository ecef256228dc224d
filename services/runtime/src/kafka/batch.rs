//! Reading from librdkafka in batches. Unsafe code is here, where tokens are
//! handed over, where the allocator is set, and nowhere else.
//!
//! `rd_kafka_consume_batch_queue` hands over many messages in one call, at
//! two thirds of the cost of polling one by one; rust-rdkafka does not wrap
//! it. What makes this sound:
//!
//! - [`Intake`] owns the consumer and the queue made from it, and destroys the
//!   queue first. Each [`MessageBatch`] holds the intake, so no message
//!   outlives the client whose memory it lies in.
//! - A batch owns the messages it was handed: each pointer comes from one call
//!   of `rd_kafka_consume_batch_queue` and is destroyed once, in `Drop`.
//! - Borrowed payloads, keys and messages live no longer than their batch.
//! - librdkafka's handles may be used and its messages destroyed on any
//!   thread. Reading headers caches them inside the message, so a batch is
//!   `Send` and not `Sync`.
#![expect(unsafe_code, reason = "rust-rdkafka does not wrap batch consumption; see the module's own account")]

mod intake;
mod message;

use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::types::{RDKafkaErrorCode, RDKafkaMessage, RDKafkaRespErr};
use rdkafka_sys as native;

pub(crate) use intake::{Intake, TopicTable};
pub use message::Message;
use message::text;

/// An error that librdkafka reports in a partition's stream.
#[derive(Debug)]
pub(crate) struct PartitionError {
    pub(crate) code: RDKafkaErrorCode,
    /// Index of the topic.
    pub(crate) topic: usize,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) reason: String,
}

/// The end of a partition was reached: every offset below `offset` that no
/// message came for holds no record (transaction markers, aborted or compacted
/// records).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionEnd {
    /// Index of the topic, as in [`super::Source::topics`].
    pub topic: usize,
    pub partition: i32,
    /// The next offset that will be read.
    pub offset: i64,
}

/// Offsets of a partition that the brokers deleted before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostOffsets {
    /// Index of the topic, as in [`super::Source::topics`].
    pub topic: usize,
    pub partition: i32,
    pub first: i64,
    /// One past the last: where reading goes on.
    pub next_offset: i64,
}

struct Slot {
    message: NonNull<RDKafkaMessage>,
    topic: u32,
}

impl Slot {
    fn report(&self, code: RDKafkaRespErr, ends: &mut Vec<PartitionEnd>, errors: &mut Vec<PartitionError>) {
        // SAFETY: the message is alive.
        let message = unsafe { self.message.as_ref() };
        let (topic, partition, offset) = (self.topic as usize, message.partition, message.offset);
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF {
            ends.push(PartitionEnd { topic, partition, offset });
            return;
        }
        // SAFETY: the text belongs to the message or to the library.
        let reason = unsafe { text(native::rd_kafka_message_errstr(message)) };
        errors.push(PartitionError { code: code.into(), topic, partition, offset, reason });
    }
}

/// Messages in the order they were read: per partition by rising offset. Frees
/// them when dropped. It may outlive its source.
pub struct MessageBatch {
    slots: Vec<Slot>,
    ends: Vec<PartitionEnd>,
    lost: Vec<LostOffsets>,
    /// Keeps the client, in whose memory the messages lie.
    _intake: Arc<Intake>,
}

// SAFETY: the batch alone points to its messages, and librdkafka lets them be
// read and destroyed on any thread.
unsafe impl Send for MessageBatch {}

impl MessageBatch {
    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no message; there may be ends nevertheless.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The message in place `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Message<'_>> {
        self.slots.get(index).map(Message::of)
    }

    /// The messages in the order they were read.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Message<'_>> + ExactSizeIterator {
        self.slots.iter().map(Message::of)
    }

    /// Without messages: what else there is to tell.
    pub(crate) const fn telling(intake: Arc<Intake>, ends: Vec<PartitionEnd>, lost: Vec<LostOffsets>) -> Self {
        Self { slots: Vec::new(), ends, lost, _intake: intake }
    }

    /// Notes how far a partition was read by the end of this batch.
    pub(crate) fn add_end(&mut self, end: PartitionEnd) {
        self.ends.push(end);
    }

    /// Lets go of messages and ends of all but some partitions, by topic index
    /// and number.
    pub(crate) fn retain(&mut self, keep: impl Fn(usize, i32) -> bool) {
        self.slots.retain(|slot| {
            let message = Message::of(slot);
            let kept = keep(message.topic(), message.partition());
            if !kept {
                // SAFETY: owned by this batch and struck from it in the same step.
                unsafe { native::rd_kafka_message_destroy(slot.message.as_ptr()) };
            }
            kept
        });
        self.ends.retain(|end| keep(end.topic, end.partition));
        self.lost.retain(|lost| keep(lost.topic, lost.partition));
    }

    /// Ends of partitions reached while reading this batch. Whatever has its
    /// offset below an end's is in this batch or an earlier one.
    #[must_use]
    pub fn ends(&self) -> &[PartitionEnd] {
        &self.ends
    }

    /// Offsets that will never be read. Where there are any, the batch holds
    /// no message and no end of their partitions.
    #[must_use]
    pub fn lost(&self) -> &[LostOffsets] {
        &self.lost
    }
}

impl std::fmt::Debug for MessageBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageBatch")
            .field("messages", &self.slots.len())
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

impl Drop for MessageBatch {
    fn drop(&mut self) {
        for slot in &self.slots {
            // SAFETY: owned by this batch, destroyed here alone; the client is
            // alive, for the intake is still held.
            unsafe { native::rd_kafka_message_destroy(slot.message.as_ptr()) };
        }
    }
}
