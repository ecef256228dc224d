//! Workers that come and go while events come in steadily: how long nobody
//! works, and what becomes of one that was away.

use crate::PROGRAM;
use crate::crew::{booked, has_share, succeeded, wait_until_booked};
use chrono::{DateTime, Utc};
use commonweal_runtime::Exit;
use commonweal_tests::broker::Broker;
use commonweal_tests::environment::rebalance_pause_max;
use commonweal_tests::load::Load;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::steady::{Stop, send_steadily};
use commonweal_tests::system::{PATIENCE, System, field, is_commit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Events a second.
const RATE: usize = 3_000;

/// Proves that a third ledger worker that joins two and leaves again stops the
/// ledger as a whole for less than two seconds, and that nothing is lost or
/// booked twice by it.
#[test]
fn a_rebalance_stops_nobody() {
    if let Some(broker) = Broker::real() {
        rebalance(&broker, "classic");
    }
}

/// Proves the same where the broker shares out the partitions (KIP-848).
#[test]
fn a_rebalance_by_the_new_protocol_stops_nobody() {
    if let Some(broker) = Broker::real() {
        rebalance(&broker, "consumer");
    }
}

fn rebalance(broker: &Broker, protocol: &str) {
    let topics = broker.topics(&format!("rebalance-{protocol}"), 4);
    let system = System::new(PROGRAM)
        .on(broker, &topics)
        .apart(protocol)
        .set("kafka.group_protocol", protocol)
        .set("split.commit_interval_seconds", 1)
        .set("ledger.flush_rows", 256)
        .set("ledger.flush_interval_seconds", 1);
    let mut upstream = ["ingest", "enrich"].map(|service| system.start([service]));
    let mut workers = [system.start(["ledger"]), system.start(["ledger"])];
    for running in upstream.iter_mut().chain(&mut workers) {
        running.wait_for_line(PATIENCE, has_share);
    }
    let enough = AtomicBool::new(false);
    let (sent, logs) = thread::scope(|scope| {
        let sending = scope.spawn(|| send_steadily(broker, &topics, RATE, &enough));
        let _stop = Stop(&enough);
        for worker in &mut workers {
            worker.wait_for_line(PATIENCE, is_commit);
        }
        let mut third = system.start(["ledger"]);
        third.wait_for_line(PATIENCE, has_share);
        for _ in 0..20 {
            third.wait_for_line(PATIENCE, is_commit);
        }
        third.signal(Signal::Terminate);
        let third = third.finish(PATIENCE);
        succeeded(&third);
        let [first, second] = &mut workers;
        for worker in [first, second] {
            worker.wait_for_line(PATIENCE, has_share);
            worker.wait_for_line(PATIENCE, is_commit);
        }
        enough.store(true, Ordering::SeqCst);
        (sending.join().unwrap(), vec![third.stderr])
    });
    let deadline = Instant::now() + PATIENCE;
    while booked(&system) < sent {
        assert!(Instant::now() < deadline, "{} of {sent} messages are in the books", booked(&system));
        assert!(workers[0].ended_within(Duration::from_millis(50)).is_none(), "a worker has ended");
    }
    let logs: Vec<String> = logs.into_iter().chain(workers.into_iter().chain(upstream).map(end)).collect();
    let pause = longest_pause(&logs);
    println!("{protocol}: {sent} events, the longest pause of the whole ledger was {pause:?}");
    system.succeed(["verify"]);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!((receipts.messages(), receipts.count("posted")), (sent, sent), "each event is booked once");
    assert!(pause < rebalance_pause_max(), "nobody posted for {pause:?}");
}

fn end(worker: Running) -> String {
    worker.signal(Signal::Terminate);
    let ended = worker.finish(PATIENCE);
    succeeded(&ended);
    ended.stderr
}

/// The longest time between two commits, whoever made them, while events came
/// in: from the second to the last but one moment that all are at work.
fn longest_pause(logs: &[String]) -> Duration {
    let lines = logs.iter().flat_map(|log| log.lines()).filter(|line| is_commit(line));
    let time = |line: &str| field(line, "timestamp").unwrap().parse::<DateTime<Utc>>().unwrap();
    let mut commits: Vec<DateTime<Utc>> = lines.map(time).collect();
    commits.sort_unstable();
    assert!(commits.len() > 50, "{} commits are too few to tell a pause by", commits.len());
    let gaps = commits.windows(2).map(|pair| (pair[1] - pair[0]).to_std().unwrap());
    gaps.max().unwrap()
}

/// Proves that a worker that stood still until its partitions were given to
/// another can post nothing when it goes on: what it held is refused or let
/// go, and the published bytes do not tell.
#[test]
fn a_zombie_posts_nothing() {
    let Some(broker) = Broker::real() else { return };
    let load = Load::prepare(PROGRAM, broker, "zombie", 60_000, 41);
    let system = load
        .system()
        .apart("zombie")
        .set("kafka.properties.session.timeout.ms", 2_000)
        .set("kafka.properties.heartbeat.interval.ms", 300)
        .set("ledger.flush_rows", 4_096)
        .set("ledger.flush_interval_seconds", 1);
    system.succeed(["ingest", "--until-end"]);
    // It gathers and never flushes, so it has something to lose.
    let patient = [("ledger.flush_rows", "16777216"), ("ledger.flush_interval_seconds", "3600")];
    let mut zombie = system.start_with(&patient, "ledger");
    zombie.wait_for_line(PATIENCE, has_share);
    system.succeed(["enrich", "--until-end"]);
    let other = system.start(["ledger"]);
    let mut crew = crate::crew::Crew::new(&system);
    crew.adopt("ledger", 'o', other);
    crew.wait_for_share("ledger", 'o');
    zombie.signal(Signal::Freeze);
    wait_until_booked(&mut crew, load.events);
    zombie.signal(Signal::GoOn);
    zombie.signal(Signal::Terminate);
    let ended = zombie.finish(PATIENCE);
    let fenced = ended.exit.code == Some(i32::from(Exit::Fenced.code()))
        && ended.stderr.contains("another writer has posted to partition");
    let gave_up = ended.exit.code == Some(0) && ended.stderr.contains("partitions lost to the group");
    println!("the zombie was {}", if fenced { "fenced" } else { "told that its partitions are lost" });
    assert!(fenced || gave_up, "{}", ended.stderr);
    crew.finish();
    system.succeed(["publish"]);
    load.check(&system);
}
