//! What the tests over both brokers share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part; a test fails by panicking")]

use std::time::Duration;

use commonweal_runtime::config::KafkaConfig;
use commonweal_runtime::kafka::{Message, PartitionEnd, Record, Sink, Source};
use commonweal_runtime::{Config, Shutdown, Sources};
use commonweal_schemas::records::Header;

/// The defaults, for other brokers.
pub(crate) fn config(brokers: &str) -> KafkaConfig {
    let overrides = vec![format!("kafka.brokers={brokers}")];
    Config::load(&Sources { overrides, ..Sources::default() }).unwrap().kafka
}

/// Sends 0, 1, 2 ... as eight bytes each to one partition.
pub(crate) fn produce_numbered(config: &KafkaConfig, topic: &str, partition: i32, count: u64) {
    let mut sink = Sink::new(config).unwrap();
    for number in 0..count {
        let value = number.to_be_bytes();
        sink.send_record(&Record { topic, partition: Some(partition), value: Some(&value), ..Record::default() })
            .unwrap();
    }
    sink.flush(Duration::from_secs(30)).unwrap();
    assert_eq!(sink.delivered(), count);
}

/// Topic, partition and offset of each message up to the ends at the start.
pub(crate) fn read_to_end(source: &mut Source) -> Vec<(usize, i32, i64)> {
    let mut open = source.partitions().to_vec();
    let mut read = Vec::new();
    while !open.is_empty() {
        let batch = source.poll(1_000, Duration::from_millis(100)).unwrap();
        read.extend(batch.iter().map(|message| (message.topic(), message.partition(), message.offset())));
        open.retain(|partition| {
            !batch.ends().iter().any(|end| {
                (end.topic, end.partition, end.offset) == (partition.topic, partition.partition, partition.end)
            })
        });
    }
    read
}

fn header(key: &str, value: Option<&[u8]>) -> Header {
    Header { key: key.to_owned(), value: value.map(<[u8]>::to_vec) }
}

/// Sends messages of every shape to the empty partition 0 of `topic` and
/// compares what is read.
pub(crate) fn messages_come_through_untouched(config: &KafkaConfig, topic: &str) {
    let headers = [header("a", Some(b"1")), header("a", None), header("b", Some(b"")), header("", Some(&[0xFF, 0]))];
    let plain = Record { topic, partition: Some(0), ..Record::default() };
    let dated = Some(1_577_836_800_123);
    let sent = [
        Record { key: Some(b"k"), value: Some(b"v"), timestamp_millis: dated, ..plain },
        Record { headers: &headers, ..plain },
        Record { key: Some(b""), value: Some(b""), ..plain },
        Record { key: Some(&[0xFF]), value: Some(&[0, 0xFF, 0]), headers: &headers[..1], ..plain },
    ];
    let mut sink = Sink::new(config).unwrap();
    for record in &sent {
        sink.send_record(record).unwrap();
    }
    sink.flush(Duration::from_secs(30)).unwrap();

    let mut source = Source::connect(config, &Shutdown::new(), &[topic], |_, _| None).unwrap();
    let (mut read, mut ends) = (0, Vec::new());
    while ends.is_empty() {
        let batch = source.poll(100, Duration::from_millis(100)).unwrap();
        for message in batch.iter() {
            assert_eq!(message.offset(), i64::try_from(read).unwrap());
            assert_same(&message, &sent[read]);
            read += 1;
        }
        assert!(batch.get(batch.len()).is_none());
        ends.extend_from_slice(batch.ends());
    }
    assert_eq!(read, sent.len());
    let offset = i64::try_from(sent.len()).unwrap();
    assert_eq!(ends, [PartitionEnd { topic: 0, partition: 0, offset }]);
}

fn assert_same(message: &Message<'_>, record: &Record<'_>) {
    assert_eq!((message.topic(), message.partition()), (0, 0));
    assert_eq!((message.key(), message.payload()), (record.key, record.value));
    // Twice, for the second answer comes from a cache.
    assert_eq!(message.headers(), record.headers);
    assert_eq!(message.headers(), record.headers);
    assert!(message.timestamp_millis().is_some());
    if record.timestamp_millis.is_some() {
        assert_eq!(message.timestamp_millis(), record.timestamp_millis);
    }
}
