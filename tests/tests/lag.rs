//! The lag that the program tells, against what lies in the brokers and in
//! the books.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_producers::{Codecs, key_of};
use commonweal_runtime::Exit;
use commonweal_tests::broker::Broker;
use commonweal_tests::events::sound;
use commonweal_tests::process::Signal;
use commonweal_tests::system::{PATIENCE, System, is_commit};
use commonweal_tests::wire::{self, Wire};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value;
use std::ops::Range;
use std::time::Instant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

fn events(numbers: Range<usize>) -> Vec<Wire> {
    let codec = Codecs::embedded().unwrap().funding;
    let message = |number| {
        let event = sound(number);
        Wire::new(&key_of(&event.source, &event.event_id), Some(codec.encode(&event).unwrap()))
    };
    numbers.map(message).collect()
}

/// What the program answers in JSON, with its exit code.
fn asked(system: &System, options: &[&str]) -> (Value, Option<i32>) {
    let ended = system.run([&["lag", "--format", "json"], options].concat());
    let answer = serde_json::from_str(&ended.stdout).expect(&ended.stderr);
    (answer, ended.exit.code)
}

/// State, offsets, messages, held back and deleted of each partition of a topic.
fn states(answer: &Value, topic: &str) -> Vec<(String, i64, Option<i64>, i64, i64)> {
    let partitions = answer["partitions"].as_array().unwrap().iter();
    let number = |partition: &Value, name: &str| partition[name].as_i64().unwrap();
    partitions
        .filter(|partition| partition["topic"] == topic)
        .map(|partition| {
            let state = partition["state"].as_str().unwrap().to_owned();
            let (offsets, messages) = (number(partition, "offsets"), partition["messages"].as_i64());
            (state, offsets, messages, number(partition, "held_back"), number(partition, "deleted"))
        })
        .collect()
}

/// Proves on Apache Kafka that the lag is that of the books, before there are
/// any, while the service stands still and while it is at work.
#[test]
fn stopped_and_at_work_over_real_kafka() {
    if let Some(broker) = Broker::real() {
        stopped_and_at_work(&broker);
    }
}

/// Proves the same over the embedded broker.
#[test]
fn stopped_and_at_work_over_the_embedded_broker() {
    stopped_and_at_work(&Broker::embedded());
}

fn stopped_and_at_work(broker: &Broker) {
    let topics = broker.topics("lag", 2);
    let system = System::new(PROGRAM).on(broker, &topics).set("ledger.flush_interval_seconds", 1);
    let totals = |options: &[&str]| {
        let (answer, code) = asked(&system, options);
        (answer["offsets"].as_i64().unwrap(), answer["messages"].as_i64(), code)
    };
    let failed = Some(i32::from(Exit::CheckFailed.code()));
    wire::send(broker, &topics.funding, &events(0..100));
    assert_eq!(totals(&[]), (100, Some(100), Some(0)), "before there is a journal");
    assert!(states(&asked(&system, &[]).0, &topics.funding).iter().all(|partition| partition.0 == "unread"));
    assert_eq!(totals(&["--max", "100"]).2, Some(0));
    assert_eq!(totals(&["--max", "99"]).2, failed);
    assert_eq!(totals(&["--count-max", "99"]), (100, None, Some(0)), "too many to count");
    system.up_to_end();
    assert_eq!(totals(&["--max", "0"]), (0, Some(0), Some(0)));
    wire::send(broker, &topics.funding, &events(100..130));
    assert_eq!(totals(&[]), (30, Some(30), Some(0)), "the service is stopped");

    let mut running = system.start(["up"]);
    running.wait_for_line(PATIENCE, is_commit);
    assert_eq!(totals(&["--max", "0"]), (0, Some(0), Some(0)), "the service is idle");
    wire::send(broker, &topics.funding, &events(130..135));
    running.wait_for_line(PATIENCE, is_commit);
    assert_eq!(totals(&["--max", "0"]), (0, Some(0), Some(0)), "the service was at work");
    running.signal(Signal::Terminate);
    running.finish(PATIENCE);
    let shown = system.succeed(["lag"]).stdout;
    assert!(shown.contains("0 messages at 0 offsets wait to be read, as of commit"), "{shown}");
}

/// Proves on Apache Kafka that the lag of services that run apart is that of
/// the books too: what lies between them waits, and what is booked does not,
/// though it came in another order.
#[test]
fn services_apart_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("lag-apart", 2);
    let system = System::new(PROGRAM).on(&broker, &topics).apart("lag-apart");
    let lag = || {
        let answer = asked(&system, &["--max", "0"]);
        (answer.0["offsets"].as_i64().unwrap(), answer.0["messages"].as_i64(), answer.1)
    };
    let (level, failed) = ((0, Some(0), Some(0)), Some(i32::from(Exit::CheckFailed.code())));
    let work = |services: &[&str]| {
        for service in services {
            system.succeed([service, "--until-end"]);
        }
    };
    wire::send(&broker, &topics.funding, &events(0..100));
    work(&["ingest", "enrich"]);
    assert_eq!(lag(), (100, Some(100), failed), "passed on is not booked");
    work(&["ledger"]);
    assert_eq!(lag(), level);
    assert!(states(&asked(&system, &[]).0, &topics.funding).iter().all(|partition| partition.0 == "level"));
    wire::send(&broker, &topics.funding, &events(100..130));
    assert_eq!(lag(), (30, Some(30), failed), "the services are stopped");
    work(&["ingest", "enrich", "ledger"]);
    assert_eq!(lag(), level);
}

/// Asks until the one partition of a topic is as expected.
fn await_state(system: &System, topic: &str, expected: (&str, i64, Option<i64>, i64, i64)) -> Option<i32> {
    let (state, offsets, messages, held_back, deleted) = expected;
    let expected = [(state.to_owned(), offsets, messages, held_back, deleted)];
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (answer, code) = asked(system, &[]);
        let found = states(&answer, topic);
        if found == expected {
            return code;
        }
        assert!(Instant::now() < deadline, "{found:?} is not {expected:?}");
    }
}

/// Proves on Apache Kafka that markers and aborted messages at the end of a
/// partition are no messages that wait, that what an open transaction holds
/// back is told apart, and that after reading the books are level with the end,
/// markers included.
#[test]
fn transactions_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("lag-transactions", 1);
    let system = System::new(PROGRAM).on(&broker, &topics);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker.address())
        .set("transactional.id", &topics.funding)
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    let begin = |numbers: Range<usize>| {
        producer.begin_transaction().unwrap();
        for message in events(numbers) {
            let (key, value) = (message.key.unwrap(), message.value.unwrap());
            producer
                .send(BaseRecord::to(&topics.funding).key(&key).payload(&value))
                .map_err(|(error, _)| error)
                .unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    };
    begin(0..3);
    // Kafka counts no offset of an open transaction as readable.
    await_state(&system, &topics.funding, ("level", 0, Some(0), 3, 0));
    producer.commit_transaction(PATIENCE).unwrap();
    await_state(&system, &topics.funding, ("unread", 4, Some(3), 0, 0));
    system.up_to_end();
    assert_eq!(await_state(&system, &topics.funding, ("level", 0, Some(0), 0, 0)), Some(0));
    // Aborted after the service has stopped: five offsets without a message.
    begin(3..7);
    producer.abort_transaction(PATIENCE).unwrap();
    await_state(&system, &topics.funding, ("behind", 5, Some(0), 0, 0));
    assert_eq!(asked(&system, &["--max", "0"]).1, Some(0), "no message waits");
    begin(7..9);
    wire::send(&broker, &topics.funding, &events(9..10));
    await_state(&system, &topics.funding, ("behind", 5, Some(0), 3, 0));
    system.up_to_end();
    await_state(&system, &topics.funding, ("level", 0, Some(0), 3, 0));
    producer.commit_transaction(PATIENCE).unwrap();
    await_state(&system, &topics.funding, ("behind", 4, Some(3), 0, 0));
    system.up_to_end();
    await_state(&system, &topics.funding, ("level", 0, Some(0), 0, 0));
}

/// Proves on Apache Kafka that offsets deleted before they were read are a
/// fault that is counted until they are booked as lost, and that a partition
/// that was added is unread until it is read.
#[test]
fn deleted_and_added_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("lag-deleted", 1);
    let system = System::new(PROGRAM).on(&broker, &topics).set("kafka.on_lost_offsets", "skip");
    wire::send(&broker, &topics.funding, &events(0..10));
    broker.delete_records(&topics.funding, 0, 4);
    let told = await_state(&system, &topics.funding, ("unread", 6, Some(6), 0, 4));
    assert_eq!(told, Some(0), "deleted before anybody was to read them");
    system.up_to_end();
    wire::send(&broker, &topics.funding, &events(10..30));
    broker.delete_records(&topics.funding, 0, 25);
    let told = await_state(&system, &topics.funding, ("lost", 5, Some(5), 0, 15));
    assert_eq!(told, Some(i32::from(Exit::CheckFailed.code())));
    system.up_to_end();
    assert_eq!(await_state(&system, &topics.funding, ("level", 0, Some(0), 0, 0)), Some(0));

    broker.add_partitions(&topics.funding, 2);
    wire::send(&broker, &topics.funding, &events(30..60));
    let (answer, code) = asked(&system, &[]);
    let found = states(&answer, &topics.funding);
    let states: Vec<&str> = found.iter().map(|partition| partition.0.as_str()).collect();
    assert_eq!((states, found.iter().map(|partition| partition.1).sum::<i64>()), (vec!["behind", "unread"], 30));
    assert_eq!(code, Some(0));
}

/// Proves that a topic which is not the one that was read before is a fault:
/// its partitions end before the books do, or are not there.
#[test]
fn another_topic_of_the_same_name() {
    let before = Broker::embedded();
    let topics = before.topics("lag-other", 2);
    wire::send(&before, &topics.funding, &events(0..40));
    let system = System::new(PROGRAM).on(&before, &topics);
    system.up_to_end();
    let after = Broker::embedded();
    for topic in [&topics.funding, &topics.employment, &topics.dead_letters] {
        after.create(topic, 1);
    }
    let system = system.on(&after, &topics);
    let (answer, code) = asked(&system, &[]);
    let found = states(&answer, &topics.funding);
    assert_eq!(found.iter().map(|partition| partition.0.as_str()).collect::<Vec<_>>(), ["ahead", "gone"]);
    assert_eq!(code, Some(i32::from(Exit::CheckFailed.code())));
}

/// Proves that brokers that are away are said, not guessed at.
#[test]
fn no_broker_is_said() {
    let system = System::new(PROGRAM).set("kafka.brokers", "127.0.0.1:9").set("kafka.connect_timeout_seconds", 1);
    let ended = system.run(["lag"]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::KafkaUnavailable.code())), "{}", ended.stderr);
    assert!(ended.stderr.contains("127.0.0.1:9"), "{}", ended.stderr);
}
