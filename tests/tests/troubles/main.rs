//! What a user's Kafka may do to the pipeline without a node going down:
//! topics that are not there, that grow, that lose what was not read yet, and
//! clocks that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod growth;
mod lost;
mod missing;
mod skew;

use commonweal_tests::process::{Ended, Running, Signal};
use commonweal_tests::system::{PATIENCE, System, is_commit};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
/// Offsets with an outcome of a system that is at work are looked at so often.
const MOMENT: Duration = Duration::from_millis(50);

/// Offsets that have an outcome.
fn accounted(system: &System) -> u64 {
    if !system.has_journal() {
        return 0;
    }
    let receipts = system.journal().receipts();
    receipts.messages() + receipts.count("lost") + receipts.count("absent")
}

/// Waits until so many offsets have an outcome, while all of `running` stay.
fn await_accounted(system: &System, offsets: u64, running: &mut Vec<Running>) {
    let deadline = Instant::now() + PATIENCE;
    while accounted(system) < offsets {
        assert!(Instant::now() < deadline, "{} of {offsets} offsets have an outcome", accounted(system));
        if let Some(at) = running.iter_mut().position(|process| process.ended_within(MOMENT).is_some()) {
            let Ended { exit, stderr, .. } = running.swap_remove(at).finish(PATIENCE);
            panic!("one has ended by itself with {exit:?}:\n{stderr}");
        }
    }
}

/// Asks a process to go, and sees it go well.
fn end(process: Running) -> Ended {
    process.signal(Signal::Terminate);
    let ended = process.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    ended
}

/// The same of several.
fn end_all(running: Vec<Running>) {
    for process in running {
        end(process);
    }
}

/// Runs a command that must end with `exit`, and say each of `told`.
fn refused(system: &System, arguments: &[&str], exit: commonweal_runtime::Exit, told: &[&str]) -> Ended {
    let ended = system.run(arguments);
    assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{arguments:?}\n{}", ended.stderr);
    for text in told {
        assert!(ended.stderr.contains(text), "{arguments:?}: {text:?} is not told:\n{}", ended.stderr);
    }
    ended
}

/// Starts the services that run apart, or `up`.
fn start(system: &System, fused: bool) -> Vec<Running> {
    let services: &[&str] = if fused { &["up"] } else { &["ingest", "enrich", "ledger"] };
    let mut running: Vec<Running> = services.iter().map(|service| system.start([service])).collect();
    for process in &mut running {
        process.wait_for_line(PATIENCE, is_reading);
    }
    running
}

/// Whether a log line tells that partitions are being read.
fn is_reading(line: &str) -> bool {
    line.contains("reading from kafka") || line.contains("partitions taken over")
}

/// Reads everything there is, in one process or in three, and publishes.
fn run_to_end(system: &System, fused: bool) {
    if fused {
        system.succeed(["up", "--until-end"]);
        return;
    }
    for service in ["ingest", "enrich", "ledger"] {
        system.succeed([service, "--until-end"]);
    }
    system.succeed(["publish"]);
}

/// Waits for a commit.
fn await_commit(process: &mut Running) {
    process.wait_for_line(PATIENCE, is_commit);
}
