//! Kafka as bytes: messages sent and read by librdkafka alone, without the
//! client under test.

use crate::broker::Broker;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// Messages of 20 MB are sent in tests.
const MESSAGE_BYTES_MAX: &str = "67108864";
const WAIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(100);

/// A message as it lies in a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Wire {
    /// A message to send, without headers.
    pub fn new(key: &[u8], value: Option<Vec<u8>>) -> Self {
        Self { key: Some(key.to_vec()), value, ..Self::default() }
    }
}

fn producer(broker: &Broker) -> BaseProducer {
    ClientConfig::new()
        .set("bootstrap.servers", broker.address())
        .set("message.max.bytes", MESSAGE_BYTES_MAX)
        .set("partitioner", "murmur2_random")
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .create()
        .expect("a producer")
}

/// Sends messages in this order, each to the partition of its key, and waits
/// until the broker has them.
pub fn send<'a>(broker: &Broker, topic: &str, messages: impl IntoIterator<Item = &'a Wire>) {
    let producer = producer(broker);
    for message in messages {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &message.headers {
            headers = headers.insert(Header { key, value: value.as_deref() });
        }
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).headers(headers);
        if let Some(key) = &message.key {
            record = record.key(key);
        }
        if let Some(value) = &message.value {
            record = record.payload(value);
        }
        while let Err((error, refused)) = producer.send(record) {
            assert!(is_full(&error), "{topic}: {error}");
            producer.poll(POLL);
            record = refused;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(WAIT).expect("the broker acknowledges all messages");
}

fn is_full(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull))
}

/// Everything in a topic at this moment, by partition and offset.
pub fn read_all(broker: &Broker, topic: &str) -> Vec<Wire> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.address())
        .set("group.id", "commonweal-tests")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.message.max.bytes", MESSAGE_BYTES_MAX)
        .set("receive.message.max.bytes", "100000000")
        .create()
        .expect("a consumer");
    let metadata = consumer.fetch_metadata(Some(topic), WAIT).expect("the broker answers");
    let found = metadata.topics().iter().find(|found| found.name() == topic).expect("the topic is there");
    let mut assignment = TopicPartitionList::new();
    let mut expected = 0;
    for partition in found.partitions() {
        let (start, end) = consumer.fetch_watermarks(topic, partition.id(), WAIT).expect("the broker answers");
        expected += usize::try_from(end - start).expect("ends lie after starts");
        assignment.add_partition_offset(topic, partition.id(), Offset::Offset(start)).expect("an offset");
    }
    consumer.assign(&assignment).expect("an assignment");
    let mut messages = Vec::with_capacity(expected);
    let deadline = Instant::now() + WAIT;
    while messages.len() < expected {
        assert!(Instant::now() < deadline, "{topic}: {} of {expected} messages after {WAIT:?}", messages.len());
        let Some(polled) = consumer.poll(POLL) else { continue };
        let message = polled.expect("a message");
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
        });
        messages.push(Wire {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        });
    }
    messages.sort_by_key(|message| (message.partition, message.offset));
    messages
}
