//! SIGTERM and SIGINT, sent to a process of this test's own.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; the child is told its part through the environment"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use commonweal_runtime::{Exit, Shutdown};

const PART: &str = "COMMONWEAL_SIGNALS_CHILD";

/// The child's part: waits for the request, then finishes or lingers.
#[test]
fn child() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let grace = Duration::from_millis(if part == "overrun" { 50 } else { 60_000 });
    let shutdown = Shutdown::on_signals(grace).unwrap();
    println!("\nready");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(shutdown.requested());
    println!("\nrequested");
    if part != "finish" {
        // Never finishes by itself: only the second signal or the grace ends it.
        runtime.block_on(std::future::pending::<()>());
    }
    std::process::exit(i32::from(Exit::Ok.code()));
}

struct Patient {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Patient {
    fn start(part: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(PART, part)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut patient = Self { child, lines };
        patient.await_line("ready");
        patient
    }

    fn await_line(&mut self, wanted: &str) {
        assert!(self.lines.any(|line| line.unwrap() == wanted), "the child ended before it said {wanted:?}");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

/// Proves that SIGTERM is a request: the process finishes by itself with 0.
#[test]
fn the_first_signal_asks() {
    let mut patient = Patient::start("finish");
    patient.signal("-TERM");
    patient.await_line("requested");
    assert_eq!(patient.end().code(), Some(i32::from(Exit::Ok.code())));
}

/// Proves that a second signal, of either kind, ends a process that does not
/// finish, with a code of its own.
#[test]
fn the_second_signal_insists() {
    let mut patient = Patient::start("linger");
    patient.signal("-INT");
    patient.await_line("requested");
    patient.signal("-TERM");
    assert_eq!(patient.end().code(), Some(i32::from(Exit::Interrupted.code())));
}

/// Proves that the grace time ends a process that does not finish.
#[test]
fn the_grace_time_is_kept() {
    let patient = Patient::start("overrun");
    patient.signal("-TERM");
    assert_eq!(patient.end().code(), Some(i32::from(Exit::ShutdownOverran.code())));
}
