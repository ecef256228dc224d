//! Raw topics that get more partitions while they are read.

use crate::{PROGRAM, await_accounted, end_all, run_to_end, start};
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::events::messages;
use commonweal_tests::process::Signal;
use commonweal_tests::system::{PATIENCE, System};
use commonweal_tests::wire;
use std::time::{Duration, Instant};

/// What `kafka.metadata_refresh_seconds` is set to.
const REFRESH: Duration = Duration::from_secs(1);
const EVENTS: u64 = 3_000;

fn system(broker: &Broker, topics: &Topics) -> System {
    System::new(PROGRAM)
        .on(broker, topics)
        .apart("growth")
        .set("kafka.metadata_refresh_seconds", REFRESH.as_secs())
        .set("ledger.flush_interval_seconds", 1)
        .set("split.commit_interval_seconds", 1)
}

/// Proves that `up` finds added partitions within the time that its setting
/// says, and reads them from the beginning.
#[test]
fn added_partitions_are_read_fused() {
    if let Some(broker) = Broker::real() {
        grown(&broker, true, "classic");
    }
}

/// Proves the same of services that run apart.
#[test]
fn added_partitions_are_read_split() {
    if let Some(broker) = Broker::real() {
        grown(&broker, false, "classic");
    }
}

/// Proves the same where the broker shares out the partitions (KIP-848).
#[test]
fn added_partitions_are_read_by_the_new_protocol() {
    if let Some(broker) = Broker::real() {
        grown(&broker, false, "consumer");
    }
}

fn grown(broker: &Broker, fused: bool, protocol: &str) {
    let topics = broker.topics("growth", 1);
    let system = system(broker, &topics).set("kafka.group_protocol", protocol);
    let generate = |seed: &str| {
        system.succeed(["generate", "--events", &EVENTS.to_string(), "--seed", seed]);
    };
    generate("43");
    let mut running = start(&system, fused);
    await_accounted(&system, EVENTS, &mut running);

    broker.add_partitions(&topics.funding, 4);
    broker.add_partitions(&topics.employment, 3);
    let added = Instant::now();
    // A producer of its own, which knows of them at once.
    generate("47");
    await_accounted(&system, 2 * EVENTS, &mut running);
    let took = added.elapsed();
    println!("fused {fused}, {protocol}: all of the added partitions was in the books {took:?} after they were made");
    // Sending, a flush and a slow machine are in it; unnoticed they would not be read at all.
    assert!(took < REFRESH + Duration::from_mins(1), "{took:?}");
    end_all(running);

    system.succeed(["publish"]);
    system.succeed(["verify"]);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.messages(), 2 * EVENTS);
    for (topic, partitions) in [(&topics.funding, 4), (&topics.employment, 3)] {
        let filled = (0..partitions).filter(|partition| !receipts.offsets(topic, *partition, "posted").is_empty());
        assert!(filled.count() > 1, "the added partitions of {topic} had something in them");
    }
    let quiet = System::new(PROGRAM).on(broker, &topics);
    quiet.up_to_end();
    assert_eq!(system.published().digests(), quiet.published().digests(), "growth does not show (L6)");
}

/// Proves that `up --until-end` keeps to the partitions that were there when
/// it started, and that the next run reads the others.
#[test]
fn until_end_keeps_to_what_was_there() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("growth-end", 1);
    let system = system(&broker, &topics);
    wire::send(&broker, &topics.funding, &messages(0..50));
    let mut running = system.start(["up", "--until-end"]);
    running.wait_for_line(PATIENCE, |line| line.contains("reading from kafka"));
    running.signal(Signal::Freeze);
    broker.add_partitions(&topics.funding, 3);
    wire::send(&broker, &topics.funding, &messages(50..150));
    running.signal(Signal::GoOn);
    let ended = running.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    let receipts = system.journal().receipts();
    let elsewhere = (1..3).map(|partition| receipts.offsets(&topics.funding, partition, "posted").len());
    assert_eq!(elsewhere.sum::<usize>(), 0);
    run_to_end(&system, true);
    system.succeed(["verify"]);
    assert_eq!(system.journal().receipts().count("posted"), 150);
}
