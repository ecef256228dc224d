//! Sending: idempotent, bounded in memory, and loud about what is lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use commonweal_schemas::records::Header;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{self, ClientError, Events, Kept};
use super::failure;
use super::login::LoginError;
use crate::config::KafkaConfig;
use crate::exit::Exit;

/// Sends between two looks at what was acknowledged.
const SENDS_PER_SERVE: u32 = 64;
/// How long to wait for acknowledgements at a time. Polling takes the whole of
/// it, whatever comes in, so it is short.
const STEP: Duration = Duration::from_millis(1);

/// Why something was not sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// A property that librdkafka does not take.
    #[error("the kafka client cannot be made: {reason}; check kafka.security and kafka.properties")]
    Settings { reason: String },
    /// One message beyond the limit.
    #[error("a message of {bytes} bytes for {topic} is longer than kafka.produce_bytes_max = {bytes_max}")]
    TooLarge { topic: String, bytes: usize, bytes_max: usize },
    /// The client does not take the message.
    #[error("failed to send to {topic}: {code}")]
    Rejected { topic: String, code: String },
    /// Sent, and not acknowledged.
    #[error("{count} messages were not delivered: {reason}")]
    Undelivered { count: u64, reason: String },
    /// The login or a right is refused.
    #[error("kafka refuses: {reason}; check kafka.security and the rights of this user")]
    Refused { reason: String },
    /// There is nothing to be let in with.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl From<ClientError> for SinkError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Settings { reason } => Self::Settings { reason },
            ClientError::Login(error) => Self::Login(error),
        }
    }
}

impl SinkError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } => Exit::Config,
            Self::TooLarge { .. } => Exit::Data,
            Self::Login(error) => error.exit(),
            Self::Rejected { .. } | Self::Undelivered { .. } | Self::Refused { .. } => Exit::KafkaUnavailable,
        }
    }
}

/// One message to send.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    pub topic: &'a str,
    /// `None`: by the key's murmur2 hash, as Java does; without a key at random.
    pub partition: Option<i32>,
    /// `None` is a null, which is not the same as empty.
    pub key: Option<&'a [u8]>,
    /// `None` is a null, which is not the same as empty.
    pub value: Option<&'a [u8]>,
    pub headers: &'a [Header],
    /// Milliseconds since 1970; `None`: the time of sending.
    pub timestamp_millis: Option<i64>,
}

/// A producer. Messages to one partition keep their order and arrive once,
/// retries or not. Its calls may block, so it belongs on a thread of its own;
/// what is not flushed before it is dropped is lost.
pub struct Sink {
    producer: Kept<BaseProducer<Deliveries>>,
    bytes_max: usize,
    sends: u32,
}

impl Sink {
    /// A producer for the configured brokers; it connects when first used.
    ///
    /// # Errors
    /// A property that librdkafka does not take, or no login.
    pub fn new(config: &KafkaConfig) -> Result<Self, SinkError> {
        let deliveries = |events| Deliveries { events, ..Deliveries::default() };
        let producer = client::make(config, client::producer(config), None, deliveries)?;
        Ok(Self { producer, bytes_max: config.produce_bytes_max, sends: 0 })
    }

    /// Sends a message in the background; see [`Sink::send_record`].
    ///
    /// # Errors
    /// As [`Sink::send_record`].
    pub fn send(
        &mut self,
        topic: &str,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) -> Result<(), SinkError> {
        self.send_record(&Record { topic, key, value, headers, ..Record::default() })
    }

    /// Sends a message in the background. Blocks while
    /// `kafka.produce_buffer_bytes_max` wait already; they leave the queue
    /// delivered or, after `kafka.delivery_timeout_seconds`, failed.
    ///
    /// # Errors
    /// A message that cannot be sent, or the news that earlier ones were not
    /// delivered.
    pub fn send_record(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        self.sends = self.sends.wrapping_add(1);
        if self.sends.is_multiple_of(SENDS_PER_SERVE) {
            self.serve(Duration::ZERO)?;
        }
        let mut message = BaseRecord::to(record.topic);
        message.partition = record.partition;
        message.key = record.key;
        message.payload = record.value;
        message.timestamp = record.timestamp_millis;
        message.headers = native_headers(record.headers);
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    message = back;
                }
                Err((error, _)) => return Err(self.explain(record, &error)),
            }
            self.serve(STEP)?;
        }
    }

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    /// How many messages were not delivered since the sink was made, and why:
    /// failed, or still without an answer after `timeout`. Or a refused login.
    pub fn flush(&mut self, timeout: Duration) -> Result<(), SinkError> {
        let deadline = Instant::now() + timeout;
        while self.waiting() > 0 {
            self.producer.poll(STEP);
            self.check_let_in()?;
            if Instant::now() >= deadline {
                break;
            }
        }
        let deliveries = self.producer.context();
        let (failed, waiting) = (deliveries.failed(), self.waiting());
        if failed + waiting == 0 {
            return Ok(());
        }
        let reason =
            deliveries.reason().unwrap_or_else(|| format!("no acknowledgement after {} s", timeout.as_secs_f32()));
        Err(SinkError::Undelivered { count: failed + waiting, reason })
    }

    /// Messages acknowledged so far.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.producer.context().delivered.load(Ordering::Relaxed)
    }

    /// Messages given up so far.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.producer.context().failed()
    }

    /// Messages without an answer yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        u64::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Takes in what was acknowledged.
    fn serve(&self, wait: Duration) -> Result<(), SinkError> {
        self.producer.poll(wait);
        let deliveries = self.producer.context();
        if deliveries.failed() > 0 {
            let reason = deliveries.reason().unwrap_or_default();
            return Err(SinkError::Undelivered { count: deliveries.failed(), reason });
        }
        self.check_let_in()
    }

    /// A refused login does not pass: nothing would be delivered.
    fn check_let_in(&self) -> Result<(), SinkError> {
        match self.producer.context().events.take() {
            Some(lasting) if failure::is_refusal(lasting.code) => Err(SinkError::Refused { reason: lasting.reason }),
            _ => Ok(()),
        }
    }

    fn explain(&self, record: &Record<'_>, error: &KafkaError) -> SinkError {
        let topic = record.topic.to_owned();
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                let bytes = record.value.map_or(0, <[u8]>::len) + record.key.map_or(0, <[u8]>::len);
                SinkError::TooLarge { topic, bytes, bytes_max: self.bytes_max }
            }
            _ => SinkError::Rejected { topic, code: failure::describe(error) },
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("delivered", &self.delivered())
            .field("failed", &self.failed())
            .finish_non_exhaustive()
    }
}

fn native_headers(headers: &[Header]) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    Some(headers.iter().fold(empty, |all, header| {
        all.insert(rdkafka::message::Header { key: &header.key, value: header.value.as_ref() })
    }))
}

/// What became of the messages sent.
#[derive(Debug, Default)]
struct Deliveries {
    events: Events,
    delivered: AtomicU64,
    failed: AtomicU64,
    first_failure: std::sync::OnceLock<String>,
}

impl Deliveries {
    fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    fn reason(&self) -> Option<String> {
        self.first_failure.get().cloned()
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        self.events.log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.events.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _opaque: ()) {
        let Err((error, message)) = result else {
            self.delivered.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.first_failure.get_or_init(|| {
            use rdkafka::message::Message as _;
            format!("{} for {}", failure::describe(error), message.topic())
        });
    }
}
