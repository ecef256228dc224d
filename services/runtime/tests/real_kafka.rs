//! Source, sink and topics over Apache Kafka: `tests/kafka/run -- cargo test
//! --release -p commonweal-runtime`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; the broker's address comes from the environment, topic names must be fresh"
)]

mod common;

use std::time::{Duration, Instant, SystemTime};

use common::{config, produce_numbered, read_to_end};
use commonweal_runtime::config::KafkaConfig;
use commonweal_runtime::kafka::{AdminError, Record, Sink, Source, SourceError, count, ensure_topics};
use commonweal_runtime::{Config, Shutdown, Sources};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

/// The broker to test on, with a topic of its own; `None` where there is none.
fn kafka(test: &str, partitions: i32) -> Option<(KafkaConfig, String)> {
    let Ok(brokers) = std::env::var("COMMONWEAL_TEST_KAFKA") else {
        println!("skipped: needs COMMONWEAL_TEST_KAFKA (tests/kafka/run)");
        assert!(std::env::var("CI").is_err(), "CI must not skip the tests over real Kafka");
        return None;
    };
    let config = config(&brokers);
    let fresh = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let topic = format!("runtime.{test}.{}.{fresh}", std::process::id());
    ensure_topics(&config, &[(&topic, partitions)]).unwrap();
    Some((config, topic))
}

/// Proves on a real broker what the embedded one shows: nothing is changed on
/// the way.
#[test]
fn messages_come_through_untouched() {
    let Some((config, topic)) = kafka("untouched", 1) else {
        return;
    };
    common::messages_come_through_untouched(&config, &topic);
}

/// Proves that aborted transactions are not read, and that the end of a
/// partition lies beyond the last message where markers and aborted messages
/// follow it, so that every offset is accounted for.
#[test]
fn transactions_leave_gaps_that_the_end_explains() {
    let Some((config, topic)) = kafka("transactions", 1) else {
        return;
    };
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &config.brokers).set("transactional.id", &topic).create().unwrap();
    let wait = Duration::from_secs(30);
    producer.init_transactions(wait).unwrap();
    for (round, commit) in [(0_u8, true), (1, false), (2, true), (3, false)] {
        producer.begin_transaction().unwrap();
        for _ in 0..3 {
            producer
                .send(BaseRecord::<[u8], [u8]>::to(&topic).partition(0).payload(&[round]))
                .map_err(|(error, _)| error)
                .unwrap();
        }
        producer.flush(wait).unwrap();
        if commit {
            producer.commit_transaction(wait).unwrap();
        } else {
            producer.abort_transaction(wait).unwrap();
        }
    }
    // Four rounds of three messages and a marker.
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    let partition = source.partitions()[0];
    assert_eq!((partition.start, partition.end), (0, 16));
    let (mut read, mut end) = (Vec::new(), None);
    while end.is_none() {
        let batch = source.poll(100, Duration::from_millis(100)).unwrap();
        read.extend(batch.iter().map(|message| (message.offset(), message.payload().unwrap()[0])));
        end = batch.ends().last().map(|end| end.offset);
    }
    assert_eq!(read, [(0, 0), (1, 0), (2, 0), (8, 2), (9, 2), (10, 2)]);
    assert_eq!(end, Some(16));
    // From the end on there is nothing, and the position is not ahead.
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| Some(16)).unwrap();
    assert_eq!(read_to_end(&mut source), []);
}

/// Proves that an open transaction holds the end back: what is not decided is
/// neither read nor promised.
#[test]
fn an_open_transaction_is_not_read() {
    let Some((config, topic)) = kafka("open", 1) else {
        return;
    };
    produce_numbered(&config, &topic, 0, 2);
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &config.brokers).set("transactional.id", &topic).create().unwrap();
    let wait = Duration::from_secs(30);
    producer.init_transactions(wait).unwrap();
    producer.begin_transaction().unwrap();
    producer
        .send(BaseRecord::<[u8], [u8]>::to(&topic).partition(0).payload(b"open"))
        .map_err(|(error, _)| error)
        .unwrap();
    producer.flush(wait).unwrap();
    produce_numbered(&config, &topic, 0, 1);
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    assert_eq!(source.partitions()[0].end, 2);
    assert_eq!(read_to_end(&mut source), [(0, 0, 0), (0, 0, 1)]);
    producer.commit_transaction(wait).unwrap();
    // Three more: the decided message, the plain one behind it, a marker. The
    // coordinator answers before the marker is in the partition.
    let deadline = Instant::now() + wait;
    let connect = || Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| Some(2)).unwrap();
    let mut source = connect();
    while source.partitions()[0].end == 2 && Instant::now() < deadline {
        source = connect();
    }
    assert_eq!(source.partitions()[0].end, 5);
    assert_eq!(read_to_end(&mut source), [(0, 0, 2), (0, 0, 3)]);
}

/// Proves that a message of 20 MB passes, in both directions, beside small
/// ones, though fetches are limited to less.
#[test]
fn a_long_message_passes() {
    let Some((config, topic)) = kafka("long", 1) else {
        return;
    };
    let overrides = vec![
        format!("kafka.brokers={}", config.brokers),
        "kafka.fetch_bytes_max=1048576".to_owned(),
        "kafka.prefetch_bytes_max=1048576".to_owned(),
    ];
    let config = Config::load(&Sources { overrides, ..Sources::default() }).unwrap().kafka;
    let long = vec![7; 20_000_000];
    let mut sink = Sink::new(&config).unwrap();
    for value in [b"a".as_slice(), &long, b"b"] {
        sink.send_record(&Record { topic: &topic, partition: Some(0), value: Some(value), ..Record::default() })
            .unwrap();
    }
    sink.flush(Duration::from_mins(1)).unwrap();
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    let mut lengths = Vec::new();
    while lengths.len() < 3 {
        let batch = source.poll(10, Duration::from_millis(100)).unwrap();
        lengths.extend(batch.iter().map(|message| message.payload().unwrap().len()));
    }
    assert_eq!(lengths, [1, 20_000_000, 1]);
}

/// Proves that 200,000 messages in four partitions are all read once, and that
/// counting them agrees.
#[test]
fn many_messages_are_read_once() {
    let Some((config, topic)) = kafka("many", 4) else {
        return;
    };
    for partition in 0..4 {
        produce_numbered(&config, &topic, partition, 50_000);
    }
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    let mut read = read_to_end(&mut source);
    read.sort_unstable();
    let expected: Vec<_> = (0..4).flat_map(|partition| (0..50_000).map(move |offset| (0, partition, offset))).collect();
    assert!(read == expected, "{} messages read", read.len());
    assert_eq!(count(&config, &Shutdown::new(), &[&topic]).unwrap().messages, 200_000);
}

/// Proves that a key lands in the partition that Java's default partitioner
/// would choose: the values were computed with Kafka's own `Utils.murmur2`.
#[test]
fn keys_are_partitioned_as_java_does() {
    // toPositive(murmur2(key)) % 8
    const CHOSEN: [(&str, i32); 5] =
        [("GB-CHC-1164883", 5), ("360G-a", 7), ("https://source.example/é", 7), ("x", 6), ("", 1)];
    let Some((config, topic)) = kafka("partitioner", 8) else {
        return;
    };
    let mut sink = Sink::new(&config).unwrap();
    for (key, _) in CHOSEN {
        sink.send(&topic, Some(key.as_bytes()), Some(key.as_bytes()), &[]).unwrap();
    }
    sink.flush(Duration::from_secs(30)).unwrap();
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    let mut found = Vec::new();
    while found.len() < CHOSEN.len() {
        let batch = source.poll(10, Duration::from_millis(100)).unwrap();
        found.extend(
            batch
                .iter()
                .map(|message| (String::from_utf8(message.key().unwrap().to_vec()).unwrap(), message.partition())),
        );
    }
    for (key, partition) in CHOSEN {
        assert!(found.contains(&(key.to_owned(), partition)), "{key} should be in {partition}: {found:?}");
    }
}

/// Proves that a topic is missing where nobody made it, that making it twice
/// is fine, and that a broker's refusal to make one is told.
#[test]
fn topics_are_made_once() {
    let Some((config, topic)) = kafka("ensure", 3) else {
        return;
    };
    ensure_topics(&config, &[(&topic, 5)]).unwrap();
    let source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    assert_eq!(source.partitions().len(), 3);
    let absent = format!("{topic}.absent");
    let impatient = KafkaConfig { topic_wait_seconds: 0, ..config.clone() };
    let error = Source::connect(&impatient, &Shutdown::new(), &[&absent], |_, _| None).unwrap_err();
    assert_eq!(error, SourceError::TopicMissing { topic: absent, seconds: 0 });
    let error = ensure_topics(&config, &[("not a name", 1)]).unwrap_err();
    assert!(matches!(&error, AdminError::Create { topic, .. } if topic == "not a name"), "{error}");
}

/// Proves that a partition that was paused at its end goes on with the very
/// next message, and leaves none out.
#[test]
fn a_partition_paused_at_its_end_goes_on_where_it_was() {
    let Some((config, topic)) = kafka("paused", 1) else {
        return;
    };
    produce_numbered(&config, &topic, 0, 5);
    let mut source = Source::connect(&config, &Shutdown::new(), &[&topic], |_, _| None).unwrap();
    assert_eq!(read_to_end(&mut source).len(), 5);
    source.pause(0, 0).unwrap();
    produce_numbered(&config, &topic, 0, 5);
    source.resume(0, 0, 5).unwrap();
    let (mut read, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(30));
    while read.last() != Some(&9) {
        assert!(Instant::now() < deadline, "only {read:?} were read");
        let batch = source.poll(100, Duration::from_millis(100)).unwrap();
        read.extend(batch.iter().map(|message| message.offset()));
    }
    assert_eq!(read, [5, 6, 7, 8, 9]);
}
