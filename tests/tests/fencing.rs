//! Two writers of one journal: one goes on, the other stops and says why.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_runtime::Exit;
use commonweal_tests::broker::Broker;
use commonweal_tests::load::Load;
use commonweal_tests::process::{Signal, first_to_end};
use commonweal_tests::system::{PATIENCE, is_commit};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// Proves on Apache Kafka that of two programs on one journal exactly one
/// survives, and that nothing is lost or posted twice by the encounter.
#[test]
fn a_second_writer_is_fenced_over_real_kafka() {
    if let Some(broker) = Broker::real() {
        fenced(&Load::prepare(PROGRAM, broker, "fencing", 120_000, 13));
    }
}

/// Proves the same over the embedded broker.
#[test]
fn a_second_writer_is_fenced_over_the_embedded_broker() {
    fenced(&Load::prepare(PROGRAM, Broker::embedded(), "fencing", 24_000, 17));
}

fn fenced(load: &Load) {
    let system = load.system().set("ledger.flush_rows", 512).set("ledger.batch_rows", 256);
    // The second starts while the first is at work.
    let mut first = system.start(["up"]);
    first.wait_for_line(PATIENCE, is_commit);
    let mut both = [first, system.start(["up"])];
    let loser = first_to_end(&mut both, PATIENCE);
    let [first, second] = both;
    let (loser, mut winner) = if loser == 0 { (first, second) } else { (second, first) };
    let ended = loser.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::Fenced.code())), "{}", ended.stderr);
    assert!(ended.stderr.contains("another writer has posted"), "{}", ended.stderr);

    assert!(winner.ended_within(std::time::Duration::ZERO).is_none(), "the other one goes on");
    winner.signal(Signal::Terminate);
    let ended = winner.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);

    system.succeed(["up", "--until-end"]);
    load.check(&system);
}
