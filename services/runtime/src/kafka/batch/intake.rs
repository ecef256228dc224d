//! The consumer, the queue its partitions flow into, and taking messages from
//! it.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::types::{RDKafkaMessage, RDKafkaQueue, RDKafkaRespErr, RDKafkaTopic};
use rdkafka_sys as native;

use super::{MessageBatch, PartitionError, Slot};
use crate::kafka::client::{Events, Kept};

/// How long closing a consumer may take before it is left behind.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// A consumer and the queue that all its partitions flow into.
pub(crate) struct Intake {
    queue: NonNull<RDKafkaQueue>,
    consumer: Option<Kept<BaseConsumer<Events>>>,
}

// SAFETY: a queue handle may be used from any thread, several at once; the
// consumer is Send and Sync itself.
unsafe impl Send for Intake {}
// SAFETY: as above.
unsafe impl Sync for Intake {}

impl Intake {
    /// `None` where librdkafka has no queue to give.
    pub(crate) fn new(consumer: Kept<BaseConsumer<Events>>) -> Option<Self> {
        // SAFETY: the client is alive, and this struct keeps it alive for as
        // long as the queue.
        let queue = unsafe { native::rd_kafka_queue_new(consumer.client().native_ptr()) };
        Some(Self { queue: NonNull::new(queue)?, consumer: Some(consumer) })
    }

    pub(crate) fn consumer(&self) -> Option<&BaseConsumer<Events>> {
        self.consumer.as_deref()
    }

    /// Sends a partition's messages to this queue; before it is assigned, so
    /// that none goes elsewhere. False where the partition cannot be had.
    pub(crate) fn redirect(&self, topic: &str, partition: i32) -> bool {
        let (Some(consumer), Ok(topic)) = (&self.consumer, CString::new(topic)) else {
            return false;
        };
        // SAFETY: client and topic name are alive during the call.
        let from =
            unsafe { native::rd_kafka_queue_get_partition(consumer.client().native_ptr(), topic.as_ptr(), partition) };
        if from.is_null() {
            return false;
        }
        // SAFETY: both queues are alive. Forwarding keeps a count on ours, so
        // letting go of the partition's handle leaves it in place.
        unsafe {
            native::rd_kafka_queue_forward(from, self.queue.as_ptr());
            native::rd_kafka_queue_destroy(from);
        }
        true
    }

    /// Up to `max` messages and events; returns when it has them or `timeout`
    /// has passed. Events that are errors are pushed to `errors`.
    pub(crate) fn consume(
        self: &Arc<Self>,
        topics: &mut TopicTable,
        max: usize,
        timeout: Duration,
        errors: &mut Vec<PartitionError>,
    ) -> MessageBatch {
        let mut pointers: Vec<*mut RDKafkaMessage> = Vec::with_capacity(max);
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive; the buffer has room for `max` pointers.
        let count = unsafe {
            native::rd_kafka_consume_batch_queue(self.queue.as_ptr(), timeout_ms, pointers.as_mut_ptr(), max)
        };
        let count = usize::try_from(count).unwrap_or(0).min(max);
        // SAFETY: librdkafka has written the first `count` pointers.
        unsafe { pointers.set_len(count) };
        let mut batch = MessageBatch {
            slots: Vec::with_capacity(count),
            ends: Vec::new(),
            lost: Vec::new(),
            _intake: Arc::clone(self),
        };
        for pointer in pointers {
            let Some(message) = NonNull::new(pointer) else {
                continue;
            };
            // SAFETY: the message is ours until it is destroyed.
            let (code, topic) = unsafe { (message.as_ref().err, topics.index(message.as_ref().rkt)) };
            let slot = Slot { message, topic };
            if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                batch.slots.push(slot);
            } else {
                slot.report(code, &mut batch.ends, errors);
                // SAFETY: it comes from the call above and goes nowhere else.
                unsafe { native::rd_kafka_message_destroy(pointer) };
            }
        }
        batch
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        // SAFETY: made by rd_kafka_queue_new, destroyed here alone, before the
        // client; no batch is left, for each holds this intake.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
        let Some(consumer) = self.consumer.take() else {
            return;
        };
        // Closing waits for librdkafka's threads, which may wait for a broker
        // that is gone: so it gets a thread and a limit.
        let (done, closed) = mpsc::channel();
        let closing = thread::Builder::new().name("kafka-close".to_owned()).spawn(move || {
            drop(consumer);
            // Nobody listens any more once the limit is past.
            let _outcome = done.send(());
        });
        if closing.is_ok() && closed.recv_timeout(CLOSE_WAIT).is_err() {
            tracing::warn!(seconds = CLOSE_WAIT.as_secs(), "kafka consumer did not close in time; it is left behind");
        }
    }
}

/// Topic names by librdkafka's handle: one handle a topic and client.
#[derive(Debug)]
pub(crate) struct TopicTable {
    names: Vec<Arc<str>>,
    /// Address of the handle and the topic's index; as many as topics. The
    /// assignment keeps each handle, so an address never changes its meaning.
    handles: Vec<(usize, u32)>,
}

/// Index of a topic that was not asked for; it never comes up.
const UNKNOWN_TOPIC: u32 = u32::MAX;

impl TopicTable {
    pub(crate) fn new(names: Vec<Arc<str>>) -> Self {
        Self { names, handles: Vec::new() }
    }

    pub(crate) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Index of the topic behind `handle`.
    ///
    /// # Safety
    /// The handle belongs to a live message, or is null.
    unsafe fn index(&mut self, handle: *mut RDKafkaTopic) -> u32 {
        let address = handle as usize;
        if let Some((_, index)) = self.handles.iter().find(|(known, _)| *known == address) {
            return *index;
        }
        if handle.is_null() {
            return UNKNOWN_TOPIC;
        }
        // SAFETY: the caller holds a message of this topic; its name is a C
        // string that lives as long.
        let name = unsafe { CStr::from_ptr(native::rd_kafka_topic_name(handle)) };
        let found = self.names.iter().position(|known| known.as_bytes() == name.to_bytes());
        let index = found.and_then(|index| u32::try_from(index).ok()).unwrap_or(UNKNOWN_TOPIC);
        self.handles.push((address, index));
        index
    }
}
