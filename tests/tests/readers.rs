//! Published files and journal through the tools that people use: DuckDB,
//! Polars and pyarrow.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::Broker;
use commonweal_tests::environment::{grant_files, python, repository};
use commonweal_tests::process::Running;
use commonweal_tests::system::{PATIENCE, System};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// Proves that three readers see the demonstration's tables alike in types
/// that BI tools take, that DuckDB's plain sums over the journal are the totals
/// before disclosure control, that the method's SQL gives every cell of them in
/// DuckDB too, and that what is published is that, rounded or kept back.
#[test]
fn readers_agree_on_the_demonstration() {
    let Some(python) = python() else { return };
    // As the demonstration labels what it publishes.
    let system = System::new(PROGRAM).set("publish.label", "synthetic");
    system.succeed(["demo", "--data", &system.data().display().to_string()]);
    read(&python, &system);
}

/// Proves the same of real grants in several currencies.
#[test]
fn readers_agree_on_real_grants() {
    let (Some(python), Some(files)) = (python(), grant_files()) else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("readers", 4);
    let system = System::new(PROGRAM).on(&broker, &topics);
    system.succeed(["import", "360giving"].map(PathBuf::from).iter().chain(&files));
    system.up_to_end();
    read(&python, &system);
}

/// Proves that the checks find what they are there to find.
#[test]
fn reader_checks_find_what_is_wrong() {
    let Some(python) = python() else { return };
    let mut command = Command::new(python);
    command.args(["-B", "-m", "unittest", "discover", "-s"]).arg(readers());
    succeed(command);
}

fn readers() -> PathBuf {
    repository().join("tests/readers")
}

fn read(python: &Path, system: &System) {
    let (journal, published) = (system.data().join("journal"), system.data().join("published"));
    let script = |name: &str| {
        let mut command = Command::new(python);
        command.arg("-B").arg(readers().join(name));
        command
    };
    let mut types = script("published_types.py");
    types.arg(&published);
    succeed(types);
    // What adds up to the journal is what stands before disclosure control.
    let exact = system.scratch().join("exact");
    system.succeed(["publish", "--before-disclosure", "--to", &exact.display().to_string()]);
    let mut sums = script("journal_sums.py");
    sums.arg(&journal).arg(&exact);
    succeed(sums);
    let inputs = system.scratch().join("inputs");
    system.succeed(["method", "inputs", "--to", &inputs.display().to_string()]);
    let mut engine = script("second_engine.py");
    engine.arg(repository().join("method/2026.1")).arg(&inputs).arg(&exact).arg(&published);
    succeed(engine);
}

fn succeed(command: Command) {
    let shown = format!("{command:?}");
    let ended = Running::start(command).finish(PATIENCE);
    println!("{}", ended.stdout);
    assert_eq!(ended.exit.code, Some(0), "{shown}\n{}", ended.stderr);
}
