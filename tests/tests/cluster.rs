//! What only a Kafka of several nodes can do: have its partitions led by one
//! node and then by another, while the pipeline runs. `tests/run --nodes 3`
//! runs these, and the other tests over Kafka once more.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::kafka::StoppableKafka;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::steady::{Stop, send_steadily};
use commonweal_tests::system::{PATIENCE, System, is_commit};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const NODES: usize = 3;
/// Events a second.
const RATE: usize = 2_000;
/// Pause between two looks at who leads.
const MOMENT: Duration = Duration::from_millis(100);
/// Who stops nodes has them alone.
static TURN: Mutex<()> = Mutex::new(());

/// Proves that `up` reads on while each node in turn is stopped and started
/// again, so that every partition is led by another node at least once: nothing
/// is lost or doubled, and the figures are those of a quiet run.
#[test]
#[ignore = "needs a Kafka of three nodes: tests/run --nodes 3"]
fn leaders_move_under_up() {
    leaders_move("leaders-fused", &["up"]);
}

/// Proves the same of services that run apart, whose topics between them and
/// whose groups' coordinator move too.
#[test]
#[ignore = "needs a Kafka of three nodes: tests/run --nodes 3"]
fn leaders_move_under_services_apart() {
    leaders_move("leaders-split", &["ingest", "enrich", "ledger"]);
}

fn leaders_move(label: &str, services: &[&str]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(kafka) = StoppableKafka::find() else { return };
    assert_eq!(kafka.nodes(), NODES, "this is for a Kafka of {NODES} nodes");
    let topics = kafka.broker.topics(label, 4);
    let system = System::new(PROGRAM)
        .on(&kafka.broker, &topics)
        .apart(label)
        .set("split.commit_interval_seconds", 1)
        .set("ledger.flush_interval_seconds", 1);
    let mut running: Vec<Running> = services.iter().map(|service| system.start([service])).collect();
    let enough = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let sending = scope.spawn(|| send_steadily(&kafka.broker, &topics, RATE, &enough));
        let _stop = Stop(&enough);
        let writer = running.last_mut().unwrap();
        writer.wait_for_line(PATIENCE, is_commit);
        let read = read_topics(&system, &topics, services.len() > 1);
        let first = leaders(&kafka.broker, &read);
        let mut moved = first.clone();
        for node in 1..=NODES {
            kafka.order_node("stop", node);
            let found = await_leaders_but(&kafka.broker, &read, node);
            moved.retain(|partition, leader| found[partition] == *leader);
            for _ in 0..2 {
                writer.wait_for_line(PATIENCE, is_commit);
            }
            kafka.order_node("start", node);
        }
        assert!(moved.is_empty(), "never led by another node: {moved:?}");
        println!("{} partitions were led by another node at least once", first.len());
        enough.store(true, Ordering::SeqCst);
        sending.join().unwrap()
    });
    let deadline = Instant::now() + PATIENCE;
    while system.journal().receipts().messages() < sent {
        assert!(Instant::now() < deadline, "{} of {sent} are in the books", system.journal().receipts().messages());
        assert!(running.iter_mut().all(|process| process.ended_within(MOMENT).is_none()), "one has ended");
    }
    for process in running {
        process.signal(Signal::Terminate);
        let ended = process.finish(PATIENCE);
        assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    }
    system.succeed(["publish"]);
    system.succeed(["verify"]);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!((receipts.messages(), receipts.count("posted")), (sent, sent), "each event is booked once");
    let quiet = System::new(PROGRAM).on(&kafka.broker, &topics);
    quiet.up_to_end();
    assert_eq!(system.published().digests(), quiet.published().digests());
}

/// Topics that are read.
fn read_topics(system: &System, topics: &Topics, apart: bool) -> Vec<String> {
    let mut read = vec![topics.funding.clone(), topics.employment.clone()];
    if apart {
        read.extend(["topics.validated", "topics.enriched"].map(|name| system.setting(name).unwrap().to_owned()));
    }
    read
}

/// Who leads each partition.
fn leaders(broker: &Broker, topics: &[String]) -> BTreeMap<(String, i32), i32> {
    let of_topic = |topic: &String| {
        let leaders = broker.leaders(topic).into_iter();
        leaders.map(|(partition, leader)| ((topic.clone(), partition), leader)).collect::<Vec<_>>()
    };
    topics.iter().flat_map(of_topic).collect()
}

/// Waits until every partition is led, and none by this node.
fn await_leaders_but(broker: &Broker, topics: &[String], node: usize) -> BTreeMap<(String, i32), i32> {
    let node = i32::try_from(node).unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = leaders(broker, topics);
        if found.values().all(|leader| *leader >= 0 && *leader != node) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        thread::sleep(MOMENT);
    }
}
