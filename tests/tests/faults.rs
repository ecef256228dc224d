//! Brokers that go away and come back while the pipeline runs: it stays, goes
//! on by itself, and what it publishes does not tell.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::Topics;
use commonweal_tests::kafka::StoppableKafka;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::system::{PATIENCE, System, is_commit};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
/// How long all brokers are away.
const AWAY: Duration = Duration::from_mins(1);
/// Who stops Kafka has it alone.
static TURN: Mutex<()> = Mutex::new(());

/// `up` at work, and what it reads.
struct Scene {
    topics: Topics,
    system: System,
    up: Running,
}

impl Scene {
    fn begin(kafka: &StoppableKafka, label: &str) -> Self {
        let topics = kafka.broker.topics(label, 4);
        let system = System::new(PROGRAM)
            .on(&kafka.broker, &topics)
            .set("ledger.flush_rows", 20_000)
            .set("ledger.flush_interval_seconds", 1);
        let up = system.start(["up"]);
        Self { topics, system, up }
    }

    /// A producer of so many events, at work.
    fn producer(&self, events: u64, seed: u64) -> Running {
        self.system.start(["generate", "--events", &events.to_string(), "--seed", &seed.to_string()])
    }

    /// Waits until the books hold so many messages.
    fn await_messages(&mut self, messages: u64) {
        while self.system.journal().receipts().messages() < messages {
            self.up.wait_for_line(PATIENCE, is_commit);
        }
    }

    /// Stops `up` and holds its books and figures against those of a run that
    /// nothing disturbed.
    fn end(self, kafka: &StoppableKafka, messages: u64) {
        self.up.signal(Signal::Terminate);
        let ended = self.up.finish(PATIENCE);
        assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
        self.system.succeed(["verify"]);
        let receipts = self.system.journal().receipts();
        receipts.check_conservation();
        assert_eq!(receipts.messages(), messages, "every message is in the books, once");
        let undisturbed = System::new(PROGRAM).on(&kafka.broker, &self.topics);
        undisturbed.up_to_end();
        assert_eq!(self.system.published().digests(), undisturbed.published().digests());
    }
}

/// Proves that a broker restarted three times, once of them killed, under a
/// producer and `up` both at work costs neither of them their run, loses no
/// message and books none twice.
#[test]
fn a_broker_restarted_under_load() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(kafka) = StoppableKafka::find() else { return };
    let mut scene = Scene::begin(&kafka, "faults-restarts");
    // Some seconds of work: each restart falls into it.
    let events = 1_000_000;
    let mut producer = scene.producer(events, 23);
    for order in ["stop", "kill", "stop"] {
        scene.up.wait_for_line(PATIENCE, is_commit);
        assert!(producer.ended_within(Duration::ZERO).is_none(), "the producer is at work");
        kafka.order(order);
        kafka.order("start");
    }
    let ended = producer.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    scene.await_messages(events);
    scene.end(&kafka, events);
}

/// Proves that `up` stays while all brokers are away for a minute, and takes
/// what is sent once they are back without being started again.
#[test]
fn all_brokers_away_for_a_minute() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(kafka) = StoppableKafka::find() else { return };
    let mut scene = Scene::begin(&kafka, "faults-away");
    let (before, after) = (20_000, 10_000);
    let ended = scene.producer(before, 29).finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    scene.up.wait_for_line(PATIENCE, is_commit);
    kafka.order("kill");
    assert!(scene.up.ended_within(AWAY).is_none(), "it stays");
    kafka.order("start");
    let ended = scene.producer(after, 31).finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    scene.await_messages(before + after);
    scene.end(&kafka, before + after);
}
