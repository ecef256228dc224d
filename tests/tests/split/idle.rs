//! More workers than partitions.

use crate::PROGRAM;
use crate::crew::{Crew, SERVICES, has_share, wait_until_booked};
use commonweal_tests::broker::Broker;
use commonweal_tests::system::System;
use std::time::Duration;

const EVENTS: u64 = 20_000;
/// CPU time that a worker without a share may take to come up and go.
const IDLE_CPU_MAX: Duration = Duration::from_secs(1);

/// Proves that a third worker of each service stands idle where there are two
/// partitions, at next to no cost; and that it takes over when another is gone.
#[test]
fn a_third_worker_of_two_partitions_waits_for_its_turn() {
    if let Some(broker) = Broker::real() {
        idle(&broker, "classic");
    }
}

/// Proves the same where the broker shares out the partitions (KIP-848).
#[test]
fn a_third_worker_by_the_new_protocol_waits_for_its_turn() {
    if let Some(broker) = Broker::real() {
        idle(&broker, "consumer");
    }
}

fn idle(broker: &Broker, protocol: &str) {
    // Two raw topics of one partition each make two for `ingest`.
    let topics = broker.topics("idle", 1);
    let mut system = System::new(PROGRAM)
        .on(broker, &topics)
        .apart("idle")
        .set("kafka.group_protocol", protocol)
        .set("split.partitions", 2)
        .set("ledger.flush_interval_seconds", 1);
    if protocol == "classic" {
        // A worker that is killed is missed in seconds.
        system =
            system.set("kafka.properties.session.timeout.ms", 3_000).set("kafka.properties.heartbeat.interval.ms", 300);
    }
    let generate = |seed: &str| system.succeed(["generate", "--events", &EVENTS.to_string(), "--seed", seed]);
    let mut crew = Crew::new(&system);
    crew.join(&['a', 'b']);
    for service in SERVICES {
        crew.wait_for_share(service, 'a');
        crew.wait_for_share(service, 'b');
    }
    crew.join(&['c', 'd']);
    generate("53");
    wait_until_booked(&mut crew, EVENTS);
    for (service, ended) in SERVICES.into_iter().zip(crew.leave('d')) {
        assert!(!ended.stderr.lines().any(has_share), "{service} has no share:\n{}", ended.stderr);
        let (cpu, wall) = (ended.exit.cpu, ended.exit.wall);
        println!("{protocol}: an idle {service} took {cpu:?} of CPU in {wall:?}");
        assert!(cpu < IDLE_CPU_MAX + wall / 10, "{service} took {cpu:?} of CPU in {wall:?}");
    }
    crew.kill('b');
    for service in SERVICES {
        crew.wait_for_share(service, 'c');
    }
    generate("59");
    wait_until_booked(&mut crew, 2 * EVENTS);
    crew.finish();
    system.succeed(["publish"]);
    system.succeed(["verify"]);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.messages(), 2 * EVENTS, "every message is in the books, once");
    let fused = System::new(PROGRAM).on(broker, &topics);
    fused.up_to_end();
    assert_eq!(system.published().digests(), fused.published().digests());
}
