//! Source and sink over the embedded broker.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{config, produce_numbered, read_to_end};
use commonweal_runtime::config::KafkaConfig;
use commonweal_runtime::kafka::{
    AsyncSink, Delivered, DeliveryError, EmbeddedBroker, Sink, Source, SourceError, count, ensure_topics,
};
use commonweal_runtime::{Config, Shutdown, Sources};
use futures::executor::block_on;

const WAIT: Duration = Duration::from_millis(100);

/// Proves that what is sent is read: null and empty, key and value, headers
/// with repeated names and null values, the timestamp, and the end of the
/// partition right after the last message.
#[test]
fn messages_come_through_untouched() {
    let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
    common::messages_come_through_untouched(&config(broker.brokers()), "t");
}

/// Proves that 200,000 messages in four partitions, several times what the
/// embedded broker holds, all arrive in order when the feeder keeps its lead.
#[test]
fn a_bounded_lead_loses_nothing() {
    const MESSAGES: u64 = 200_000;
    const VALUE_BYTES: usize = 200;
    // In one partition they would take a quarter of what it holds.
    const LEAD_MESSAGES: usize = 4_000;
    let broker = EmbeddedBroker::start(&[("t", 4)]).unwrap();
    let config = config(broker.brokers());
    let mut source = Source::connect(&config, &Shutdown::new(), &["t"], |_, _| None).unwrap();
    let (ahead, caught_up) = mpsc::sync_channel(LEAD_MESSAGES);
    let feeder = std::thread::spawn({
        let config = config.clone();
        move || {
            let mut sink = Sink::new(&config).unwrap();
            for number in 0..MESSAGES {
                ahead.send(()).unwrap();
                let mut value = [b'x'; VALUE_BYTES];
                value[..8].copy_from_slice(&number.to_be_bytes());
                sink.send("t", Some(&number.to_be_bytes()), Some(&value), &[]).unwrap();
            }
            sink.flush(Duration::from_secs(30)).unwrap();
            assert_eq!((sink.delivered(), sink.failed()), (MESSAGES, 0));
        }
    });
    let mut seen = vec![false; usize::try_from(MESSAGES).unwrap()];
    let mut next = [0; 4];
    let mut left = MESSAGES;
    while left > 0 {
        let batch = source.poll(1_000, WAIT).unwrap();
        assert!(batch.len() <= 1_000);
        for message in batch.iter() {
            let number = u64::from_be_bytes(message.payload().unwrap()[..8].try_into().unwrap());
            assert!(!std::mem::replace(&mut seen[usize::try_from(number).unwrap()], true), "{number} came twice");
            let partition = usize::try_from(message.partition()).unwrap();
            assert_eq!(message.offset(), next[partition]);
            next[partition] += 1;
            left -= 1;
            caught_up.recv().unwrap();
        }
    }
    feeder.join().unwrap();
    assert!(next.iter().all(|count| *count > 40_000), "murmur2 spreads evenly, yet: {next:?}");
}

/// Proves that each message sent without blocking is acknowledged with the
/// place where it lies, also when the acknowledgements are awaited in another
/// order; that one too long is refused; and that a broker which is gone is
/// noticed and its messages given up in time.
#[test]
fn acknowledgements_name_the_place() {
    let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
    let config = KafkaConfig { produce_bytes_max: 4096, ..config(broker.brokers()) };
    let sink = AsyncSink::new(&config, Duration::from_secs(3)).unwrap();
    let mut deliveries: Vec<_> = (0..100).map(|number: i64| (number, sink.send("t", b"k", b"v").unwrap())).collect();
    deliveries.reverse();
    for (number, delivery) in deliveries {
        let delivered = block_on(sink.acknowledged(delivery)).unwrap();
        assert_eq!(delivered, Delivered { partition: 0, offset: Some(number) });
    }
    assert!(matches!(sink.send("t", b"k", &[0; 5_000]), Err(DeliveryError::TooLarge { .. })));
    assert!(!sink.is_away());
    // The client counts a message until it has handed its answer over, so the last may still count.
    let handed_over = Instant::now() + Duration::from_secs(10);
    while sink.waiting() > 0 {
        assert!(Instant::now() < handed_over, "{} messages wait for an answer they have had", sink.waiting());
        std::thread::yield_now();
    }
    drop(broker);
    let delivery = sink.send("t", b"k", b"v").unwrap();
    assert!(matches!(block_on(sink.acknowledged(delivery)), Err(DeliveryError::Unacknowledged(_))));
    assert!(sink.is_away());
}

/// Proves that a source starts where it is told to, reports what the broker
/// has and what has been asked, and refuses a position beyond the end.
#[test]
fn positions_are_honoured() {
    let broker = EmbeddedBroker::start(&[("a", 2), ("b", 1)]).unwrap();
    let config = config(broker.brokers());
    produce_numbered(&config, "a", 0, 10);
    produce_numbered(&config, "b", 0, 5);
    let shutdown = Shutdown::new();
    let mut source = Source::connect(&config, &shutdown, &["b", "a"], |topic, _| (topic == "a").then_some(7)).err();
    // Partition 1 of `a` is empty, so 7 lies beyond its end.
    assert_eq!(
        source.take(),
        Some(SourceError::PositionAhead { topic: "a".to_owned(), partition: 1, wanted: 7, end: 0 })
    );
    let mut source = Source::connect(&config, &shutdown, &["b", "a"], |topic, partition| {
        (topic == "a" && partition == 0).then_some(7)
    })
    .unwrap();
    let starts: Vec<_> = source.partitions().iter().map(|p| (p.topic, p.partition, p.wanted, p.start, p.end)).collect();
    assert_eq!(starts, [(0, 0, None, 0, 5), (1, 0, Some(7), 7, 10), (1, 1, None, 0, 0)]);
    let mut read = read_to_end(&mut source);
    read.sort_unstable();
    let expected: Vec<_> = (0..5).map(|offset| (0, 0, offset)).chain((7..10).map(|offset| (1, 0, offset))).collect();
    assert_eq!(read, expected);
    source.commit(&[(0, 0, 5), (1, 0, 10)]);
}

/// Proves that messages which the broker dropped before they were read are not
/// passed over in silence: known at the start they show as a later start,
/// found out on the way they end the reading.
#[test]
fn dropped_messages_are_noticed() {
    let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
    // Packed, they would take no room to speak of.
    let config = config_with(broker.brokers(), &["kafka.compression=none"]);
    let value = vec![b'x'; 1 << 20];
    let mut sink = Sink::new(&config).unwrap();
    // Each flush closes a batch, and the broker drops whole batches.
    let mut send = |count: usize| {
        for _ in 0..count {
            sink.send("t", None, Some(&value), &[]).unwrap();
            sink.flush(Duration::from_secs(10)).unwrap();
        }
    };
    send(12);
    let source = Source::connect(&config, &Shutdown::new(), &["t"], |_, _| Some(2)).unwrap();
    let partition = source.partitions()[0];
    assert!(partition.log_start > 2, "{partition:?}");
    assert_eq!((partition.wanted, partition.start, partition.end), (Some(2), partition.log_start, 12));
    drop(source);

    let slow = config_with(&config.brokers, &["kafka.prefetch_bytes_max=1048576", "kafka.fetch_bytes_max=1048576"]);
    let mut source = Source::connect(&slow, &Shutdown::new(), &["t"], |_, _| None).unwrap();
    send(40);
    let error = loop {
        match source.poll(1, WAIT) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SourceError::OffsetLost { .. }), "{error}");
}

fn config_with(brokers: &str, settings: &[&str]) -> commonweal_runtime::config::KafkaConfig {
    let overrides =
        settings.iter().map(|text| (*text).to_owned()).chain([format!("kafka.brokers={brokers}")]).collect();
    Config::load(&Sources { overrides, ..Sources::default() }).unwrap().kafka
}

/// Proves that a missing topic and a missing broker are told apart, that both
/// are found out within their limit of time, and that a requested shutdown
/// ends the search.
#[test]
fn what_is_missing_is_named() {
    let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
    let impatient = ["kafka.topic_wait_seconds=0", "kafka.connect_timeout_seconds=1"];
    let config = config_with(broker.brokers(), &impatient);
    let error = Source::connect(&config, &Shutdown::new(), &["t", "absent"], |_, _| None).unwrap_err();
    assert_eq!(error, SourceError::TopicMissing { topic: "absent".to_owned(), seconds: 0 });
    // A port that was free a moment ago: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = config_with(&free.to_string(), &impatient);
    let error = Source::connect(&nowhere, &Shutdown::new(), &["t"], |_, _| None).unwrap_err();
    assert!(matches!(error, SourceError::Unavailable { seconds: 1, .. }), "{error}");
    let shutdown = Shutdown::new();
    shutdown.trigger();
    let error = Source::connect(&nowhere, &shutdown, &["t"], |_, _| None).unwrap_err();
    assert_eq!(error, SourceError::Interrupted);
}

/// Proves that a broker's end is trouble that passes, not an error: the source
/// goes on polling, and closing it does not hang.
#[test]
fn a_lost_broker_is_no_error() {
    let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
    let config = config(broker.brokers());
    produce_numbered(&config, "t", 0, 3);
    let mut source = Source::connect(&config, &Shutdown::new(), &["t"], |_, _| None).unwrap();
    assert_eq!(read_to_end(&mut source).len(), 3);
    drop(broker);
    for _ in 0..20 {
        assert!(source.poll(10, WAIT).unwrap().is_empty());
    }
    let begun = std::time::Instant::now();
    source.close();
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

/// Proves that a batch may outlive its source and move to another thread.
#[test]
fn a_batch_outlives_its_source() {
    let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
    let config = config(broker.brokers());
    produce_numbered(&config, "t", 0, 100);
    let mut source = Source::connect(&config, &Shutdown::new(), &["t"], |_, _| None).unwrap();
    let mut batch = source.poll(50, WAIT).unwrap();
    while batch.is_empty() {
        batch = source.poll(50, WAIT).unwrap();
    }
    source.close();
    let numbers = std::thread::spawn(move || {
        batch
            .iter()
            .map(|message| u64::from_be_bytes(message.payload().unwrap().try_into().unwrap()))
            .collect::<Vec<_>>()
    });
    let numbers = numbers.join().unwrap();
    assert!(!numbers.is_empty() && numbers.iter().copied().eq(0..numbers.len() as u64), "{numbers:?}");
}

/// Proves that counting comes to the end and counts everything once.
#[test]
fn counting_counts_all() {
    let broker = EmbeddedBroker::start(&[("a", 3), ("b", 1), ("empty", 1)]).unwrap();
    let config = config(broker.brokers());
    for partition in 0..3 {
        produce_numbered(&config, "a", partition, 1_000);
    }
    produce_numbered(&config, "b", 0, 17);
    let counted = count(&config, &Shutdown::new(), &["a", "b", "empty"]).unwrap();
    assert_eq!((counted.messages, counted.bytes), (3_017, 3_017 * 8));
}

/// Proves that topics are there after they were ensured, on a broker that
/// cannot create on request, and that existing ones are left alone.
#[test]
fn topics_are_ensured() {
    let broker = EmbeddedBroker::start(&[("present", 3)]).unwrap();
    let config = config(broker.brokers());
    ensure_topics(&config, &[("present", 1), ("fresh", 4)]).unwrap();
    let source = Source::connect(&config, &Shutdown::new(), &["present", "fresh"], |_, _| None).unwrap();
    let of = |topic| source.partitions().iter().filter(|partition| partition.topic == topic).count();
    assert_eq!(of(0), 3);
    assert!(of(1) > 0);
}

/// Proves that nothing is lost in silence when there is nobody to send to, and
/// that a message beyond the limit is refused by name.
#[test]
fn the_sink_is_loud() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = config_with(&free.to_string(), &["kafka.delivery_timeout_seconds=1", "kafka.produce_bytes_max=2048"]);
    let mut sink = Sink::new(&nowhere).unwrap();
    let text = sink.send("t", None, Some(&[0; 4_096]), &[]).unwrap_err().to_string();
    assert!(text.contains("4096") && text.contains("2048") && text.contains("produce_bytes_max"), "{text}");
    for _ in 0..3 {
        sink.send("t", None, Some(b"x"), &[]).unwrap();
    }
    let text = sink.flush(Duration::from_secs(20)).unwrap_err().to_string();
    assert!(text.contains("3 messages were not delivered"), "{text}");
    assert_eq!((sink.delivered(), sink.failed()), (0, 3));
}
