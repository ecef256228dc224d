//! Messages that Kafka deleted before they were read, as its retention does.

use crate::{PROGRAM, await_accounted, await_commit, end_all, refused, run_to_end, start};
use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::dead_letters;
use commonweal_tests::events::messages;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::system::{PATIENCE, System};
use commonweal_tests::wire::{self, Wire};
use std::ops::Range;
use std::time::{Duration, Instant};

/// The service that reads the raw topics.
const fn reader(fused: bool) -> &'static str {
    if fused { "up" } else { "ingest" }
}

fn system(broker: &Broker, topics: &Topics, policy: &str) -> System {
    System::new(PROGRAM)
        .on(broker, topics)
        .apart("lost")
        .set("kafka.on_lost_offsets", policy)
        .set("ledger.flush_interval_seconds", 1)
        .set("split.commit_interval_seconds", 1)
}

/// Sends events of these numbers; they lie at the offsets of the same.
fn send(broker: &Broker, topics: &Topics, numbers: Range<usize>) {
    wire::send(broker, &topics.funding, &messages(numbers));
}

/// Fails unless the books tell that exactly `lost` was lost of `end` offsets,
/// and are sound.
fn check(system: &System, topics: &Topics, lost: Range<i64>, end: u64) {
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.offsets(&topics.funding, 0, "lost"), lost.clone().collect::<Vec<_>>());
    let count = u64::try_from(lost.end - lost.start).unwrap();
    assert_eq!((receipts.messages(), receipts.count("absent")), (end - count, 0));
    let told = system.succeed(["verify"]).stdout;
    assert!(told.contains(&format!("{count} offsets were deleted before they were read")), "{told}");
    assert!(told.contains("sound: L1 conservation"), "{told}");
}

/// Proves that `up` stops at offsets that were deleted while it was away, with
/// a code of its own and the books untouched, and where it is told to skip
/// them goes on and books exactly these as lost.
#[test]
fn deleted_while_away_fused() {
    if let Some(broker) = Broker::real() {
        while_away(&broker, true);
    }
}

/// Proves the same of services that run apart.
#[test]
fn deleted_while_away_split() {
    if let Some(broker) = Broker::real() {
        while_away(&broker, false);
    }
}

fn while_away(broker: &Broker, fused: bool) {
    let topics = broker.topics("lost-away", 1);
    let system = system(broker, &topics, "stop");
    send(broker, &topics, 0..10);
    // Deleted before anybody was to read them: no loss, but no record either.
    broker.delete_records(&topics.funding, 0, 4);
    run_to_end(&system, fused);
    let before = system.journal().receipts();
    assert_eq!((before.count("posted"), before.count("absent"), before.count("lost")), (6, 4, 0));

    send(broker, &topics, 10..30);
    broker.delete_records(&topics.funding, 0, 25);
    let told = ["offsets 10 to 24", &topics.funding, "15 of them", "kafka.on_lost_offsets=skip"];
    refused(&system, &[reader(fused), "--until-end"], Exit::OffsetsLost, &told);
    assert_eq!(system.journal().receipts(), before, "nothing was read, and nothing passed over");
    if fused {
        refused(&system, &["lag"], Exit::CheckFailed, &[]);
    }

    let system = system.set("kafka.on_lost_offsets", "skip");
    run_to_end(&system, fused);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.offsets(&topics.funding, 0, "lost"), (10..25).collect::<Vec<_>>());
    assert_eq!((receipts.count("posted"), receipts.count("absent")), (11, 4));
    let told = system.succeed(["verify"]).stdout;
    assert!(told.contains("15 offsets were deleted before they were read"), "{told}");
    // Everything that is left is deleted too: there is nothing to read, and yet something to book.
    send(broker, &topics, 30..33);
    broker.delete_records(&topics.funding, 0, 33);
    run_to_end(&system, fused);
    assert_eq!(system.journal().receipts().count("lost"), 18);
    system.succeed(["verify"]);
}

/// Proves that `up` which skips lost offsets goes on when messages are deleted
/// under it, and books exactly these as lost.
#[test]
fn deleted_while_running_fused() {
    if let Some(broker) = Broker::real() {
        while_running(&broker, true, "classic");
    }
}

/// Proves the same of services that run apart.
#[test]
fn deleted_while_running_split() {
    if let Some(broker) = Broker::real() {
        while_running(&broker, false, "classic");
    }
}

/// Proves the same where the broker shares out the partitions (KIP-848).
#[test]
fn deleted_while_running_by_the_new_protocol() {
    if let Some(broker) = Broker::real() {
        while_running(&broker, false, "consumer");
    }
}

/// Stops a reader for as long as messages come and are deleted, so that it
/// finds them gone. One fetch may be on its way: it brings the first portion
/// at most.
fn delete_under(broker: &Broker, topics: &Topics, reader: &Running, portions: [Range<usize>; 2], before: i64) {
    reader.signal(Signal::Freeze);
    for portion in portions {
        send(broker, topics, portion);
    }
    broker.delete_records(&topics.funding, 0, before);
    reader.signal(Signal::GoOn);
}

fn while_running(broker: &Broker, fused: bool, protocol: &str) {
    let topics = broker.topics("lost-running", 1);
    let system = system(broker, &topics, "skip").set("kafka.group_protocol", protocol);
    send(broker, &topics, 0..10);
    let mut running = start(&system, fused);
    await_accounted(&system, 10, &mut running);
    delete_under(broker, &topics, &running[0], [10..12, 12..40], 30);
    send(broker, &topics, 40..50);
    await_accounted(&system, 50, &mut running);
    // And once more, to the very end.
    delete_under(broker, &topics, &running[0], [50..52, 52..60], 60);
    await_accounted(&system, 60, &mut running);
    send(broker, &topics, 60..65);
    await_accounted(&system, 65, &mut running);
    end_all(running);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    let lost = receipts.offsets(&topics.funding, 0, "lost");
    let first = *lost.first().unwrap();
    let second = *lost.iter().find(|offset| **offset >= 50).unwrap();
    println!("fused {fused}, {protocol}: lost from {first} to 29 and from {second} to 59");
    assert!(first <= 12 && second <= 52);
    assert_eq!(lost, (first..30).chain(second..60).collect::<Vec<_>>());
    assert_eq!((receipts.count("posted"), receipts.count("absent")), (65 - lost.len() as u64, 0));
    let told = system.succeed(["verify"]).stdout;
    assert!(told.contains(&format!("{} offsets were deleted", lost.len())), "{told}");
}

/// Proves that `up` which finds messages deleted under it commits what it has
/// read, though that is deleted as well by then, before it stops.
#[test]
fn what_was_read_is_kept_fused() {
    if let Some(broker) = Broker::real() {
        kept(&broker, true);
    }
}

/// Proves the same of `ingest`: what it has read is passed on.
#[test]
fn what_was_read_is_kept_split() {
    if let Some(broker) = Broker::real() {
        kept(&broker, false);
    }
}

fn kept(broker: &Broker, fused: bool) {
    let topics = broker.topics("lost-kept", 1);
    // Nothing is committed by itself.
    let system = system(broker, &topics, "stop")
        .set("ledger.flush_interval_seconds", 3_600)
        .set("split.commit_interval_seconds", 3_600);
    send(broker, &topics, 0..10);
    wire::send(broker, &topics.funding, [&Wire::new(b"bad", Some(b"bad".to_vec()))]);
    let mut running = system.start([reader(fused)]);
    // Its letter is sent as soon as it is read, and tells that all before it is.
    let deadline = Instant::now() + PATIENCE;
    while dead_letters::read(broker, &topics.dead_letters).is_empty() {
        assert!(Instant::now() < deadline, "nothing was read");
        assert!(running.ended_within(Duration::from_millis(50)).is_none(), "it has ended");
    }
    delete_under(broker, &topics, &running, [11..13, 13..30], 25);
    let ended = running.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::OffsetsLost.code())), "{}", ended.stderr);
    assert!(ended.stderr.contains("to 24 of"), "{}", ended.stderr);
    if !fused {
        for service in &SERVICES[1..] {
            system.succeed([service, "--until-end"]);
        }
    }
    let read = system.journal().receipts().messages();
    assert!((11..=13).contains(&read), "{read} messages are in the books");
    system.succeed(["verify"]);

    let system = system.set("kafka.on_lost_offsets", "skip");
    run_to_end(&system, fused);
    check(&system, &topics, i64::try_from(read).unwrap()..25, 30);
}

/// Proves that messages which are deleted before `enrich` has passed them on
/// stop it, with the way out, and that the way out leads to the figures of a
/// run that nothing disturbed.
#[test]
fn deleted_before_they_were_enriched() {
    if let Some(broker) = Broker::real() {
        between(&broker, "enrich", "topics.validated");
    }
}

/// Proves the same of messages that `ledger` has not posted yet.
#[test]
fn deleted_before_they_were_posted() {
    if let Some(broker) = Broker::real() {
        between(&broker, "ledger", "topics.enriched");
    }
}

const SERVICES: [&str; 3] = ["ingest", "enrich", "ledger"];

/// Deletes what `missed_by` is to read next from the topic of a setting.
fn between(broker: &Broker, missed_by: &str, topic: &str) {
    let topics = broker.topics("lost-between", 1);
    let system = system(broker, &topics, "stop").set("split.partitions", 1);
    send(broker, &topics, 0..20);
    run_to_end(&system, false);
    send(broker, &topics, 20..30);
    for service in SERVICES.iter().take_while(|service| **service != missed_by) {
        system.succeed([service, "--until-end"]);
    }
    let name = system.setting(topic).unwrap().to_owned();
    broker.delete_records(&name, 0, 25);
    let told = ["offsets 20 to 24", &name, "kafka.on_lost_offsets=skip", "anew under another kafka.group_id"];
    refused(&system, &[missed_by, "--until-end"], Exit::OffsetsLost, &told);
    assert_eq!(system.journal().receipts().messages(), 20);

    let system = system.set("kafka.on_lost_offsets", "skip");
    let group = format!("{}.anew", system.setting("kafka.group_id").unwrap());
    let system = system.set("kafka.group_id", group);
    run_to_end(&system, false);
    system.succeed(["verify"]);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!((receipts.count("posted"), receipts.messages()), (30, 30));
    let quiet = System::new(PROGRAM).on(broker, &topics);
    quiet.up_to_end();
    assert_eq!(system.published().digests(), quiet.published().digests());
}

/// Proves that a partition which was added and lost its messages before it was
/// found is a loss too, told like any other.
#[test]
fn deleted_from_an_added_partition() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("lost-added", 1);
    let system = system(&broker, &topics, "skip").set("kafka.metadata_refresh_seconds", 1);
    send(&broker, &topics, 0..10);
    let mut running = start(&system, true);
    await_commit(&mut running[0]);
    running[0].signal(Signal::Freeze);
    broker.add_partitions(&topics.funding, 2);
    send(&broker, &topics, 10..110);
    broker.delete_records(&topics.funding, 1, 7);
    running[0].signal(Signal::GoOn);
    await_accounted(&system, 110, &mut running);
    end_all(running);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.offsets(&topics.funding, 1, "lost"), (0..7).collect::<Vec<_>>());
    assert_eq!((receipts.count("posted"), receipts.count("lost")), (103, 7));
    system.succeed(["verify"]);
}
