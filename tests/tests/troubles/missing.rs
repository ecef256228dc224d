//! Topics that are not there.

use crate::{PROGRAM, end, is_reading, refused};
use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, fresh};
use commonweal_tests::process::Signal;
use commonweal_tests::system::{PATIENCE, System, field};
use std::time::{Duration, Instant};

/// Each service with the settings that name topics it does not make itself:
/// those between services are made by whoever comes first.
const NEEDS: [(&str, &str); 7] = [
    ("up", "topics.funding"),
    ("up", "topics.employment"),
    ("up", "topics.dead_letters"),
    ("ingest", "topics.employment"),
    ("ingest", "topics.dead_letters"),
    ("enrich", "topics.dead_letters"),
    ("ledger", "topics.dead_letters"),
];

fn is_waiting(line: &str) -> bool {
    field(line, "message").is_some_and(|message| message.starts_with("topic does not exist; waiting"))
}

/// Proves that every service waits for a topic that is not there as long as
/// `kafka.topic_wait_seconds` says, and then ends with a code of its own, the
/// topic's name and the way out.
#[test]
fn a_missing_topic_is_waited_for_and_named() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("missing", 1);
    let wait = Duration::from_secs(1);
    for (service, setting) in NEEDS {
        let missing = fresh("missing.absent");
        let system = System::new(PROGRAM)
            .on(&broker, &topics)
            .apart("missing")
            .set("kafka.topic_wait_seconds", wait.as_secs())
            .set(setting, &missing);
        let begun = Instant::now();
        let told = [missing.as_str(), "waited 1 s", "commonweal topics apply", "settings under topics"];
        refused(&system, &[service], Exit::KafkaUnavailable, &told);
        assert!(begun.elapsed() >= wait, "{service} waits");
    }
}

/// Proves that every service comes up by itself once the topic is made.
#[test]
fn a_topic_that_is_made_meanwhile_is_taken() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("late", 1);
    for (service, setting) in NEEDS {
        let late = fresh("late.absent");
        let system = System::new(PROGRAM)
            .on(&broker, &topics)
            .apart("late")
            .set("kafka.topic_wait_seconds", PATIENCE.as_secs())
            .set(setting, &late);
        let mut running = system.start([service]);
        running.wait_for_line(PATIENCE, is_waiting);
        broker.create(&late, 1);
        running.wait_for_line(PATIENCE, is_reading);
        end(running);
    }
}

/// Proves that a service that waits for a topic can be told to go.
#[test]
fn a_service_that_waits_can_be_stopped() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("unwilling", 1);
    let system = System::new(PROGRAM)
        .on(&broker, &topics)
        .set("kafka.topic_wait_seconds", PATIENCE.as_secs())
        .set("topics.funding", fresh("unwilling.absent"));
    let mut running = system.start(["up"]);
    running.wait_for_line(PATIENCE, is_waiting);
    running.signal(Signal::Terminate);
    assert_eq!(running.finish(Duration::from_secs(10)).exit.code, Some(0));
}
