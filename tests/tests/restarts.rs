//! The same events under every disturbance: killed, resumed, cut otherwise,
//! in another order. The published bytes must not tell.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::Broker;
use commonweal_tests::load::Load;
use commonweal_tests::process::Signal;
use commonweal_tests::system::{PATIENCE, field, is_commit};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::sync::OnceLock;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const SIGTERM_LIMIT: Duration = Duration::from_secs(10);

/// 200,000 events in Apache Kafka, shared by the tests of this file.
fn real() -> Option<&'static Load> {
    static LOAD: OnceLock<Option<Load>> = OnceLock::new();
    LOAD.get_or_init(|| Broker::real().map(|broker| Load::prepare(PROGRAM, broker, "restarts", 200_000, 7))).as_ref()
}

/// 24,000 events: what the embedded broker holds with room to spare.
fn embedded(label: &str) -> Load {
    Load::prepare(PROGRAM, Broker::embedded(), label, 24_000, 11)
}

/// Proves on Apache Kafka that ten kills at random moments leave no trace in
/// the published bytes and no hole in the books (L1, L6).
#[test]
fn killed_ten_times_over_real_kafka() {
    if let Some(load) = real() {
        killed(load, 10, 2_048);
    }
}

/// Proves the same over the embedded broker.
#[test]
fn killed_over_the_embedded_broker() {
    killed(&embedded("killed"), 4, 1_024);
}

/// Kills `up` at `kills` moments of a seeded choice, each in the middle of its
/// work, then lets it read to the end.
fn killed(load: &Load, kills: u64, flush_rows: usize) {
    let system = load
        .system()
        .set("ledger.flush_rows", flush_rows)
        .set("ledger.batch_rows", 512)
        .set("publish.interval_seconds", 1);
    let mut random = ChaCha8Rng::seed_from_u64(load.events);
    let mut commits_seen = Vec::new();
    for _ in 0..kills {
        let mut running = system.start(["up"]);
        // Some fall before the first commit of their run, during start or recovery.
        let commits = random.random_range(0..4);
        for _ in 0..commits {
            running.wait_for_line(PATIENCE, is_commit);
        }
        commits_seen.push(commits);
        // The moment itself is what is random: it may fall between any two steps.
        let moment = Duration::from_micros(random.random_range(0..150_000));
        assert!(running.ended_within(moment).is_none(), "the run ended before it was killed");
        running.signal(Signal::Kill);
        let ended = running.finish(PATIENCE);
        assert_eq!(ended.exit.signal, Some(9), "{}", ended.stderr);
    }
    let before = system.journal().receipts();
    before.check_conservation();
    println!(
        "killed {kills} times after {commits_seen:?} commits each: {} of {} messages were in the books",
        before.messages(),
        load.events
    );
    system.succeed(["up", "--until-end"]);
    load.check(&system);
}

/// Proves on Apache Kafka that batch size, queue length and flush points do
/// not show in the published bytes (L6).
#[test]
fn other_cuts_over_real_kafka() {
    if let Some(load) = real() {
        other_cuts(load, 20_000);
    }
}

/// Proves the same over the embedded broker.
#[test]
fn other_cuts_over_the_embedded_broker() {
    other_cuts(&embedded("cuts"), 3_000);
}

fn other_cuts(load: &Load, flush_rows: usize) {
    let system =
        load.system().set("ledger.flush_rows", flush_rows).set("ledger.batch_rows", 333).set("ledger.queue_batches", 1);
    system.succeed(["up", "--until-end"]);
    load.check(&system);
    let (cut, whole) = (system.journal().commits(), load.undisturbed().journal().commits());
    assert!(cut > whole, "{cut} commits are more than {whole}: the settings took effect");
}

/// Proves on Apache Kafka that the order in which events were sent, and the
/// number of partitions, do not show in the published bytes (L5).
#[test]
fn another_order_over_real_kafka() {
    if let Some(load) = real() {
        another_order(load);
    }
}

/// Proves the same over the embedded broker.
#[test]
fn another_order_over_the_embedded_broker() {
    another_order(&embedded("order"));
}

fn another_order(load: &Load) {
    let topics = load.permuted("permuted", 2020);
    let system = load.system().on(&load.broker, &topics);
    system.succeed(["up", "--until-end"]);
    load.check(&system);
}

/// Proves on Apache Kafka that SIGTERM under load ends the program well in
/// time, with everything it read in the books, and that the next run goes on
/// from there to the same published bytes.
#[test]
fn terminated_over_real_kafka() {
    if let Some(load) = real() {
        terminated(load, 4_096);
    }
}

/// Proves the same over the embedded broker.
#[test]
fn terminated_over_the_embedded_broker() {
    terminated(&embedded("terminated"), 1_024);
}

fn terminated(load: &Load, flush_rows: usize) {
    let system = load.system().set("ledger.flush_rows", flush_rows).set("ledger.batch_rows", 512);
    let mut running = system.start(["up"]);
    running.wait_for_line(PATIENCE, is_commit);
    running.wait_for_line(PATIENCE, is_commit);
    running.signal(Signal::Terminate);
    let asked = std::time::Instant::now();
    let ended = running.finish(SIGTERM_LIMIT);
    println!("ended {:?} after SIGTERM", asked.elapsed());
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    let told =
        ended.stderr.lines().find(|line| field(line, "message").is_some_and(|text| text.contains("in the books")));
    let read: u64 = field(told.expect("the run tells what it read"), "messages").unwrap().parse().unwrap();
    system.succeed(["verify"]);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.messages(), read, "everything that was read is flushed");
    assert!(read < load.events || !load.broker.is_real(), "the signal came under load");

    system.succeed(["up", "--until-end"]);
    load.check(&system);
}
