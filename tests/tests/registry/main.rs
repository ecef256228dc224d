//! Schema ids from a real registry: which it gives, which it does not know,
//! and what becomes of messages meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod outages;
mod producers;
mod waiting;

use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::events::{Version, incompatible};
use commonweal_tests::journal::text;
use commonweal_tests::registry::Registry;
use commonweal_tests::rejections::{check_original_bytes, rejected};
use commonweal_tests::system::{PATIENCE, System, field};
use commonweal_tests::wire::{self, Wire};
use commonweal_tests::{dead_letters, process::Running};
use std::collections::BTreeSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// A system over a broker and the registry, which registers what it writes.
fn system(broker: &Broker, topics: &Topics, registry: &Registry) -> System {
    System::new(PROGRAM)
        .on(broker, topics)
        .set("registry.url", &registry.url)
        .set("registry.register_on_start", true)
        .set("ledger.flush_interval_seconds", 1)
}

/// The id of the dead letters' schema, as the registry gives it.
fn letters_id(registry: &Registry, topics: &Topics) -> u32 {
    let contract = commonweal_schemas::avro::Contract::DeadLetter;
    registry.register(&format!("{}-value", topics.dead_letters), contract.schema_json())
}

/// Waits for a log line that holds `words`.
fn await_line(running: &mut Running, words: &str) -> String {
    running.wait_for_line(PATIENCE, |line| field(line, "message").is_some_and(|message| message.contains(words)))
}

/// Ids of the events posted to the funding book, each once.
fn posted(system: &System) -> BTreeSet<String> {
    let mut posted = BTreeSet::new();
    for batch in system.journal().batches("funding") {
        let event = text(&batch, "event_id");
        for row in 0..batch.num_rows() {
            assert!(posted.insert(event(row).unwrap().to_owned()), "{:?} is posted twice", event(row));
        }
    }
    posted
}

fn events(numbers: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    numbers.into_iter().map(|number| format!("event-{number}")).collect()
}

/// Proves that events of an older, a newer and the very contract, mixed
/// message by message in one topic, are posted all alike; that ones of an
/// incompatible schema are dead letters which name the difference; and that a
/// schema that is no Avro is told as such.
#[test]
fn versions_mixed_in_one_topic() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("mixed", 2);
    let subject = |kind: &str| format!("{}-{kind}", topics.funding);
    let versions = [Version::Older, Version::Newer, Version::Contract];
    let ids = versions.map(|version| registry.register(&subject("value"), &version.schema(&topics.funding)));
    let other_id = registry.register(&subject("other"), &incompatible(&topics.funding));
    let protobuf = "syntax = \"proto3\"; message A { int32 a = 1; }";
    let foreign_id = registry.register_protobuf(&subject("protobuf"), protobuf);
    let mut messages: Vec<Wire> =
        (0..600).map(|number| versions[number % 3].message(number, ids[number % 3])).collect();
    messages.insert(300, Version::Contract.message(9_001, other_id));
    messages.insert(200, Version::Contract.message(9_002, foreign_id));
    wire::send(&broker, &topics.funding, &messages);
    let system = system(&broker, &topics, &registry);
    system.up_to_end();

    assert_eq!(posted(&system), events(0..600));
    let refused = rejected(&system.journal());
    let told: BTreeSet<&str> = refused.iter().map(|one| one.message.as_str()).collect();
    assert!(refused.len() == 2 && refused.iter().all(|one| one.reason == "SCHEMA_INCOMPATIBLE"), "{refused:?}");
    assert!(told.iter().any(|told| told.ends_with("$.source: written as long, read as string")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("PROTOBUF")), "{told:?}");
    check_original_bytes(&broker, &topics.funding, &refused);
    let letters = dead_letters::read_under(&broker, &topics.dead_letters, letters_id(&registry, &topics));
    dead_letters::check(&letters, &refused, 1 << 19);
}
