//! Sending for whoever awaits each acknowledgement: a server that answers for
//! what it took.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::watch;

use super::client::{self, Events, Kept};
use super::sink::SinkError;
use super::{admin, failure};
use crate::config::KafkaConfig;

/// Longest pause before a lost broker is tried again: whoever waits for an
/// answer cannot wait for librdkafka's ten seconds.
const RECONNECT_MILLIS_MAX: &str = "1000";

/// Longest wait for the brokers' answer to whether they serve, and the pause
/// before they are asked again.
const PROBE_WAIT: Duration = Duration::from_secs(2);
const PROBE_PAUSE: Duration = Duration::from_millis(250);

/// Where a message came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub partition: i32,
    /// `None` where the broker had it already, from a try whose answer was lost.
    pub offset: Option<i64>,
}

/// Why a message has no acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// `kafka.produce_buffer_bytes_max` or 100,000 messages wait already; this
    /// one was not taken.
    #[error("the buffer of messages to send is full")]
    Full,
    /// Beyond `kafka.produce_bytes_max` or the topic's own limit.
    #[error("a message of {bytes} bytes is longer than kafka takes: {reason}")]
    TooLarge { bytes: usize, reason: String },
    /// It may have arrived all the same: only its acknowledgement is missing.
    #[error("kafka did not acknowledge in time: {0}")]
    Unacknowledged(String),
    /// The brokers refuse it, and will until somebody changes something.
    #[error("kafka refuses: {0}")]
    Refused(String),
}

/// A producer whose calls never block. Messages to one partition keep their
/// order and arrive once, retries or not. Clones share it.
#[derive(Clone)]
pub struct AsyncSink {
    producer: Arc<Kept<FutureProducer<Watch>>>,
    away: Arc<watch::Sender<bool>>,
}

/// A message on its way.
pub struct Delivery {
    future: DeliveryFuture,
    bytes: usize,
}

impl AsyncSink {
    /// A producer for the configured brokers, which connects when first used
    /// and gives a message up after `ack_timeout`.
    ///
    /// # Errors
    /// A property that librdkafka does not take, or no login.
    pub fn new(config: &KafkaConfig, ack_timeout: Duration) -> Result<Self, SinkError> {
        let mut client = client::producer(config)?;
        if !config.properties.0.contains_key("reconnect.backoff.max.ms") {
            client.set("reconnect.backoff.max.ms", RECONNECT_MILLIS_MAX);
        }
        client.set("delivery.timeout.ms", ack_timeout.as_millis().to_string());
        let away = Arc::new(watch::Sender::new(false));
        let watch = |events| Watch { events, away: Arc::clone(&away) };
        let producer = client::make(config, Ok(client), None, watch)?;
        Ok(Self { producer: Arc::new(producer), away })
    }

    /// Hands a message over, to the partition of its key.
    ///
    /// # Errors
    /// It was not taken; nothing of it will arrive.
    pub fn send(&self, topic: &str, key: &[u8], value: &[u8]) -> Result<Delivery, DeliveryError> {
        let bytes = key.len() + value.len();
        let sent = self.producer.send_result(FutureRecord::to(topic).key(key).payload(value));
        let future = sent.map_err(|(error, _)| explain(&error, bytes))?;
        Ok(Delivery { future, bytes })
    }

    /// Whether the last that was heard of the brokers is that none can be
    /// reached or that one did not acknowledge. [`AsyncSink::watch_over`] hears
    /// when that has passed.
    #[must_use]
    pub fn is_away(&self) -> bool {
        *self.away.borrow()
    }

    /// Whenever Kafka is away, asks for `topics` until each has a leader for
    /// all its partitions. Never returns.
    pub async fn watch_over(&self, topics: Vec<String>) {
        let mut away = self.away.subscribe();
        let topics = Arc::new(topics);
        // The sender lives as long as this sink does.
        while away.wait_for(|away| *away).await.is_ok() {
            let (producer, asked) = (Arc::clone(&self.producer), Arc::clone(&topics));
            // The client's own calls block.
            let serves = tokio::task::spawn_blocking(move || {
                let metadata = producer.client().fetch_metadata(None, PROBE_WAIT);
                metadata.is_ok_and(|metadata| asked.iter().all(|topic| admin::partitions(&metadata, topic) > 0))
            });
            if serves.await.unwrap_or(false) {
                tell(&self.away, false, "");
            } else {
                tokio::time::sleep(PROBE_PAUSE).await;
            }
        }
    }

    /// Messages without an answer yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        u64::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Awaits the acknowledgement.
    ///
    /// # Errors
    /// There was none.
    pub async fn acknowledged(&self, delivery: Delivery) -> Result<Delivered, DeliveryError> {
        let Delivery { future, bytes } = delivery;
        let outcome = match future.await {
            Ok(Ok(delivered)) => Ok(Delivered {
                partition: delivered.partition,
                offset: (delivered.offset >= 0).then_some(delivered.offset),
            }),
            Ok(Err((error, _message))) => Err(explain(&error, bytes)),
            Err(_gone) => Err(DeliveryError::Unacknowledged("the client was closed".to_owned())),
        };
        if let Err(DeliveryError::Unacknowledged(reason)) = &outcome {
            tell(&self.away, true, reason);
        }
        outcome
    }
}

impl std::fmt::Debug for AsyncSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncSink").field("away", &self.is_away()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Notes whether Kafka is away; a change is logged, once.
fn tell(state: &watch::Sender<bool>, away: bool, reason: &str) {
    let changed = state.send_if_modified(|state| std::mem::replace(state, away) != away);
    match (changed, away) {
        (false, _) => {}
        (true, true) => tracing::error!(reason, "kafka is away; nothing is acknowledged"),
        (true, false) => tracing::info!("kafka serves again"),
    }
}

fn explain(error: &KafkaError, bytes: usize) -> DeliveryError {
    let reason = failure::describe(error);
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => DeliveryError::Full,
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
            DeliveryError::TooLarge { bytes, reason }
        }
        // The client asks for topics anew, so one that is made meanwhile is found.
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            DeliveryError::Refused(format!("{reason}; is the topic there?"))
        }
        Some(code) if failure::is_transient(code) => DeliveryError::Unacknowledged(reason),
        _ => DeliveryError::Refused(reason),
    }
}

/// Logs, and hears that no broker can be reached.
struct Watch {
    events: Events,
    away: Arc<watch::Sender<bool>>,
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        self.events.log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => tell(&self.away, true, reason),
            // Said once, and the client says it again with each of its tries.
            Some(code) if *self.away.borrow() && failure::is_transient(code) => {
                tracing::debug!(code = ?code, reason, "kafka is still away");
            }
            _ => self.events.error(error, reason),
        }
    }
}
