//! Fused or split, with one worker or several that come and go: the same
//! published bytes (L6). `COMMONWEAL_TEST_EVENTS` events, 200,000 by default.

use crate::PROGRAM;
use crate::crew::{Crew, SERVICES, booked, wait_until_booked};
use commonweal_tests::broker::Broker;
use commonweal_tests::environment;
use commonweal_tests::load::Load;
use commonweal_tests::system::System;
use std::sync::OnceLock;
use std::time::Instant;

/// The events in Apache Kafka, and what the fused topology makes of them.
fn load() -> Option<&'static Load> {
    static LOAD: OnceLock<Option<Load>> = OnceLock::new();
    let prepare = |broker| Load::prepare(PROGRAM, broker, "split", environment::events(), 31);
    LOAD.get_or_init(|| Broker::real().map(prepare)).as_ref()
}

/// Proves that one worker of each service, one after the other, publishes the
/// very bytes of the fused topology, with every origin offset in its books;
/// and that the fused topology goes on from there without reading anything
/// into them a second time.
#[test]
fn one_worker_of_each_service() {
    let Some(load) = load() else { return };
    let system = load.system().apart("one-worker");
    for service in ["ingest", "enrich", "ledger"] {
        let begun = Instant::now();
        system.succeed([service, "--until-end"]);
        println!("{service}: {} events in {:?}", load.events, begun.elapsed());
    }
    system.succeed(["publish"]);
    load.check(&system);

    let before = system.journal().receipts();
    system.up_to_end();
    load.check(&system);
    assert_eq!(system.journal().receipts(), before, "what is booked is not booked again");
}

/// Proves that three workers of each service that join while others are at
/// work, leave and are killed publish the very bytes of the fused topology,
/// and that no origin offset is lost or booked twice.
#[test]
fn three_workers_that_come_and_go() {
    let Some(load) = load() else { return };
    // A worker that is killed is missed in seconds.
    come_and_go(
        load,
        load.system()
            .apart("three-workers")
            .set("kafka.properties.session.timeout.ms", 3_000)
            .set("kafka.properties.heartbeat.interval.ms", 300),
    );
}

/// Proves the same where the broker shares out the partitions (KIP-848).
#[test]
fn three_workers_by_the_new_protocol() {
    let Some(load) = load() else { return };
    come_and_go(load, load.system().apart("new-protocol").set("kafka.group_protocol", "consumer"));
}

fn come_and_go(load: &Load, system: System) {
    let system = system
        .set("ledger.flush_rows", load.events / 200)
        .set("ledger.flush_interval_seconds", 1)
        .set("ledger.batch_rows", 512)
        .set("split.commit_rows", 8_192);
    let begun = Instant::now();
    let mut crew = Crew::new(&system);
    crew.join(&['a']);
    wait_until_booked(&mut crew, load.events / 50);
    crew.join(&['b', 'c']);
    for service in SERVICES {
        crew.wait_for_share(service, 'b');
        crew.wait_for_share(service, 'c');
    }
    let joined = booked(&system);
    crew.leave('a');
    let left = booked(&system);
    crew.kill('b');
    crew.join(&['d']);
    crew.wait_for_share("ledger", 'd');
    let taken_over = booked(&system);
    wait_until_booked(&mut crew, load.events);
    println!(
        "{} events in {:?}; in the books when the second and third had joined: {joined}, when the first had left: \
         {left}, when what the second had was taken over after its death: {taken_over}",
        load.events,
        begun.elapsed()
    );
    assert!(joined < load.events && left < load.events, "the workers came and went under load");
    crew.finish();
    system.succeed(["publish"]);
    load.check(&system);
}
