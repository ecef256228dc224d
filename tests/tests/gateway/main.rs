//! The gateway as its clients meet it: the real process over HTTP, on a real
//! and an embedded broker, with the journal as the witness.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod conformance;
mod forms;
mod limits;
mod outages;
mod refusals;

use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::http::Http;
use commonweal_tests::journal::text;
use commonweal_tests::process::{Ended, Running, Signal};
use commonweal_tests::system::{PATIENCE, System, field};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const JSON: (&str, &str) = ("content-type", "application/json");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");
const CLOUD_EVENT: (&str, &str) = ("content-type", "application/cloudevents+json");

/// Tests share the real Kafka; one that stops it has it alone.
static KAFKA: RwLock<()> = RwLock::new(());

/// Both brokers, the real one where it is there and not to be stopped.
fn brokers() -> (Vec<Broker>, RwLockReadGuard<'static, ()>) {
    let turn = KAFKA.read().unwrap_or_else(PoisonError::into_inner);
    (Broker::real().into_iter().chain([Broker::embedded()]).collect(), turn)
}

fn system(broker: &Broker, topics: &Topics) -> System {
    System::new(PROGRAM).on(broker, topics).set("gateway.listen", "127.0.0.1:0")
}

/// A running gateway.
struct Gateway {
    running: Running,
    address: String,
}

impl Gateway {
    fn start(system: &System) -> Self {
        let mut running = system.start(["gateway"]);
        let line = running.wait_for_line(PATIENCE, |line| message(line) == "the gateway listens");
        Self { running, address: field(&line, "address").unwrap() }
    }

    fn connect(&self) -> Http {
        Http::connect(&self.address)
    }

    /// Waits for a line of the log.
    fn await_line(&mut self, words: &str) -> String {
        self.running.wait_for_line(PATIENCE, |line| message(line).contains(words))
    }

    /// Asks it to end, which it must do well.
    fn end(self) -> Ended {
        self.running.signal(Signal::Terminate);
        let ended = self.running.finish(PATIENCE);
        assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
        ended
    }
}

fn message(line: &str) -> String {
    field(line, "message").unwrap_or_default()
}

/// A sound funding event.
fn funding(number: usize) -> Value {
    json!({
        "source": "urn:test:gateway", "event_id": format!("event-{number}"), "recorded_at": "2021-01-04T00:00:00Z",
        "stage": "COMMITTED", "instrument": "GRANT", "funder_name": "A funder", "recipient_name": "A charity",
        "amount": format!("{number}.25"), "currency": "GBP", "occurred_on": "2021-01-01",
    })
}

/// A sound employment event.
fn employment(number: usize) -> Value {
    json!({
        "source": "urn:test:gateway", "event_id": format!("work-{number}"), "recorded_at": "2021-01-04T00:00:00Z",
        "measure": "FTE", "quantity": 12.5, "unit": "FTE", "as_of": "2021-01-01", "employer_name": "A charity",
        "job_basis": ["CREATED"],
    })
}

fn bytes(event: &Value) -> Vec<u8> {
    event.to_string().into_bytes()
}

/// One event a line.
fn lines(events: impl IntoIterator<Item = Value>) -> Vec<u8> {
    events.into_iter().flat_map(|event| format!("{event}\n").into_bytes()).collect()
}

/// Ids in a book, each of which must stand there once.
fn posted(system: &System, book: &str) -> BTreeSet<String> {
    let mut posted = BTreeSet::new();
    for batch in system.journal().batches(book) {
        let event = text(&batch, "event_id");
        for row in 0..batch.num_rows() {
            assert!(posted.insert(event(row).unwrap().to_owned()), "{:?} is posted twice", event(row));
        }
    }
    posted
}

fn ids(prefix: &str, numbers: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    numbers.into_iter().map(|number| format!("{prefix}-{number}")).collect()
}

/// A key of `datasets` with its rate, and its entry.
fn make_key(system: &System, name: &str, datasets: &str, events_per_second: u32) -> (String, String) {
    let rate = events_per_second.to_string();
    let made = system.succeed(["gateway", "new-key", name, "--datasets", datasets, "--events-per-second", &rate]);
    let key = made.stdout.lines().find_map(|line| line.strip_prefix("# cw_")).unwrap();
    (format!("cw_{key}"), made.stdout.replace(key, ""))
}

/// The same, with the entry put into the system's file of keys.
fn new_key(system: &System, name: &str, datasets: &str, events_per_second: u32) -> String {
    let (key, entry) = make_key(system, name, datasets, events_per_second);
    let others = fs::read_to_string(system.scratch().join(KEYS_FILE)).unwrap_or_default();
    replace_keys(system, &(others + &entry));
    key
}

/// Puts another file of keys in the place of the one that is there, at once.
fn replace_keys(system: &System, text: &str) {
    let (new, file) = (system.scratch().join("new-keys.toml"), system.scratch().join(KEYS_FILE));
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

const KEYS_FILE: &str = "keys.toml";

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}
