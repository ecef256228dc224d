//! Kafka behind TLS and logins: the program let in by each of them, told clearly
//! where it is not, and never showing a secret. On the real Kafka's encrypted
//! listeners (`tests/kafka/run --secure`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod logins;
mod outages;
mod refusals;
mod tokens;

use commonweal_tests::broker::Topics;
use commonweal_tests::process::Ended;
use commonweal_tests::secure::SecureKafka;
use commonweal_tests::system::System;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const EVENTS: u64 = 300;

/// Tests share the real Kafka; one that stops it has it alone.
static KAFKA: RwLock<()> = RwLock::new(());

/// The secure Kafka, not to be stopped for as long as the guard lives.
fn kafka() -> Option<(SecureKafka, RwLockReadGuard<'static, ()>)> {
    let turn = KAFKA.read().unwrap_or_else(PoisonError::into_inner);
    Some((SecureKafka::find(PROGRAM)?, turn))
}

/// An installation that reaches Kafka over its plain listener, and everything
/// that is logged of it: what it does with secrets must show.
fn plain(kafka: &SecureKafka, topics: &Topics) -> System {
    System::new(PROGRAM)
        .on(&kafka.broker, topics)
        .set("telemetry.log", "trace")
        .set("kafka.properties.debug", "security,broker,protocol,conf")
}

fn generate(events: u64) -> [String; 5] {
    ["generate", "--events", &events.to_string(), "--seed", "3"].map(str::to_owned)
}

/// Fails where an output shows one of the secrets.
fn check_hidden(ended: &Ended, secrets: &[&str]) {
    for (name, output) in [("standard output", &ended.stdout), ("standard error", &ended.stderr)] {
        for secret in secrets {
            assert!(!output.contains(secret), "{name} shows a secret");
        }
    }
}

/// Produces, posts and publishes over `system`, and holds the figures against
/// those of the plain listener; no output shows a secret.
fn spine(kafka: &SecureKafka, topics: &Topics, system: &System, secrets: &[&str]) {
    let generated = system.succeed(generate(EVENTS));
    assert!(generated.stderr.contains("librdkafka"), "the client logs what it does");
    let read = system.succeed(["up", "--until-end"]);
    let lag = system.succeed(["lag", "--max", "0"]);
    let dump = system.succeed(["config", "dump"]);
    assert!(dump.stdout.contains("[kafka.security]"));
    for ended in [&generated, &read, &lag, &dump] {
        check_hidden(ended, secrets);
    }
    let open = System::new(PROGRAM).on(&kafka.broker, topics);
    open.up_to_end();
    assert_eq!(system.published().digests(), open.published().digests());
    assert_eq!(system.journal().receipts().messages(), EVENTS);
}
