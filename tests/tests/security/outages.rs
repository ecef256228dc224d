//! Brokers that go away and come back, behind a login.

use crate::{KAFKA, PROGRAM, generate};
use commonweal_tests::kafka::StoppableKafka;
use commonweal_tests::process::Signal;
use commonweal_tests::secure::SecureKafka;
use commonweal_tests::system::{PATIENCE, System, is_commit};
use std::sync::PoisonError;

/// Proves that a broker which is stopped and one which is killed in the midst of
/// whatever handshake are troubles that pass, as they are without a login.
#[test]
fn a_broker_restarted_under_load() {
    let _turn = KAFKA.write().unwrap_or_else(PoisonError::into_inner);
    let Some(stoppable) = StoppableKafka::find() else { return };
    let Some(kafka) = SecureKafka::find(PROGRAM) else { return };
    let topics = kafka.broker.topics("secure-restart", 4);
    let system = kafka
        .by_password_file("scram_sha_512", System::new(PROGRAM).on(&kafka.broker, &topics))
        .set("ledger.flush_rows", 10_000)
        .set("ledger.flush_interval_seconds", 1);
    let mut up = system.start(["up"]);
    let events = 400_000;
    let producer = system.start(generate(events));
    for order in ["stop", "kill"] {
        up.wait_for_line(PATIENCE, is_commit);
        stoppable.order(order);
        stoppable.order("start");
    }
    let ended = producer.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    while system.journal().receipts().messages() < events {
        up.wait_for_line(PATIENCE, is_commit);
    }
    up.signal(Signal::Terminate);
    let ended = up.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    system.succeed(["verify"]);
    system.journal().receipts().check_conservation();
}
