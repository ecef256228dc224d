//! Published files and journal through the tools that people use: DuckDB,
//! Polars, pandas and pyarrow; and what lies beside them through the validators
//! of its standards.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::Broker;
use commonweal_tests::environment::{grant_files, python, repository};
use commonweal_tests::process::Running;
use commonweal_tests::system::{PATIENCE, System};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// Proves that four readers see the demonstration's tables alike in types
/// that BI tools take, that DuckDB's plain sums over the journal are the totals
/// before disclosure control, that the method's SQL gives every cell of them in
/// DuckDB too, that what is published is that, rounded or kept back, and that
/// the descriptors are valid and true of the files.
#[test]
fn readers_agree_on_the_demonstration() {
    let Some(python) = python() else { return };
    // As the demonstration labels what it publishes.
    let system = System::new(PROGRAM)
        .set("publish.label", "synthetic")
        .set("catalogue.publisher_name", "A combined \"authority\"")
        .set("catalogue.publisher_id", "GB-LAE-LIV")
        .set("catalogue.publisher_url", "https://example.org/")
        .set("catalogue.contact_name", "The desk")
        .set("catalogue.contact_email", "desk@example.org")
        .set("catalogue.licence_name", "Open Government Licence v3.0")
        .set("catalogue.licence_url", "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/")
        .set("catalogue.address", "https://data.example.org/lcr");
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

/// Proves that pyarrow, Polars and DuckDB skip row groups of the journal by
/// statistics that are there and true.
#[test]
fn row_groups_of_the_journal_are_skipped() {
    let Some(python) = python() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("row-groups", 2);
    let system = System::new(PROGRAM).on(&broker, &topics).set("ledger.flush_rows", 3_000);
    system.succeed(["generate", "--events", "20000"]);
    system.up_to_end();
    let mut groups = script(&python, "row_groups.py");
    groups.arg(system.data().join("journal"));
    succeed(groups);
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

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg("-B").arg(readers().join(name));
    command
}

fn read(python: &Path, system: &System) {
    let (journal, published) = (system.data().join("journal"), system.data().join("published"));
    let script = |name: &str| script(python, name);
    let mut descriptors = script("descriptors.py");
    descriptors.arg(&published);
    succeed(descriptors);
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
