//! Reference versions at work: compared, adopted, cut off and gone on with.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::journal::{decimal, int, text};
use commonweal_tests::process::{Ended, Signal};
use commonweal_tests::published::Published;
use commonweal_tests::system::{PATIENCE, System, is_commit};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// A version in which two districts of the city region lie in no combined
/// authority that is known, and its name.
fn load_next(system: &System) -> String {
    const ROWS: [&str; 4] = [
        "E06000006,Halton,E47000004,Liverpool City Region",
        "E08000011,Knowsley,E47000004,Liverpool City Region",
        "E08000012,Liverpool,E47000004,Liverpool City Region",
        "E08000013,St. Helens,E47000004,Liverpool City Region",
    ];
    let header = "district,district_name,combined_authority,combined_authority_name";
    fs::write(system.scratch().join("authorities.csv"), format!("{header}\n{}\n", ROWS.join("\n"))).unwrap();
    let loaded = system.succeed(["reference", "load", "--kind", "authorities", "authorities.csv"]).stdout;
    loaded.split('"').nth(1).unwrap().to_owned()
}

fn check(ended: &Ended, exit: Exit, words: &[&str]) {
    assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}\n{}", ended.stdout, ended.stderr);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
}

fn generate(system: &System, events: u32, seed: u32) {
    system.succeed(["generate", "--events", &events.to_string(), "--seed", &seed.to_string()]);
}

fn diff(system: &System, version: &str) -> Value {
    serde_json::from_str(&system.succeed(["reference", "diff", "builtin", version, "--format", "json"]).stdout).unwrap()
}

fn adopt(system: &System, version: &str) -> Ended {
    system.succeed(["reference", "adopt", version])
}

/// Number and quantity of entries, by measure and unit.
type Sums = BTreeMap<(String, String), (u64, Decimal)>;

/// Entries of a book that were posted anew.
fn reclassified(system: &System, book: &str) -> Sums {
    let mut sums = Sums::new();
    for batch in system.journal().batches(book) {
        let (cause, entry, quantity) = (text(&batch, "cause"), int(&batch, "entry"), decimal(&batch, "quantity"));
        let (measure, unit) = (text(&batch, "measure"), text(&batch, "unit"));
        for row in (0..batch.num_rows()).filter(|&row| cause(row) == Some("reclassification") && entry(row) == 1) {
            let key = (measure(row).unwrap().to_owned(), unit(row).unwrap().to_owned());
            let sum = sums.entry(key).or_default();
            sum.0 += 1;
            sum.1 += Decimal::from_i128_with_scale(quantity(row).unwrap(), 4);
        }
    }
    sums
}

fn count(sums: &Sums) -> u64 {
    sums.values().map(|(entries, _)| entries).sum()
}

/// What `diff` says of combined authorities, where all entries move.
fn told_sums(told: &Value) -> Sums {
    let mut sums = Sums::new();
    for row in told["journal"]["moves"].as_array().unwrap().iter().filter(|row| row["by"] == "combined_authority") {
        let key = ["measure", "unit"].map(|name| row[name].as_str().unwrap().to_owned());
        let sum = sums.entry(key.into()).or_default();
        sum.0 += row["entries"].as_u64().unwrap();
        sum.1 += row["quantity"].as_str().unwrap().parse::<Decimal>().unwrap();
    }
    sums
}

/// What a system over the same topics publishes that was under a version from
/// the start.
fn from_the_start(broker: &Broker, topics: &Topics, load: impl Fn(&System) -> String) -> Published {
    let system = System::new(PROGRAM).on(broker, topics);
    let version = load(&system);
    let system = system.set("reference.version", &version);
    system.up_to_end();
    system.published()
}

/// Proves that `diff` tells beforehand how many entries and how much money an
/// adoption posts anew and leaves everything as it is; that an adoption killed between two commits
/// publishes what was published before, keeps both versions out with a message
/// that says what to do, and ends when run again; that events sent later are
/// posted under the new version to the very bytes of a journal that was under
/// it from the start, while the past is published as it was.
#[test]
fn killed_and_run_again_it_comes_to_the_same() {
    let broker = Broker::embedded();
    let topics = broker.topics("adopt", 3);
    let system = System::new(PROGRAM).on(&broker, &topics).set("ledger.batch_rows", 256);
    generate(&system, 6_000, 11);
    system.up_to_end();
    let version = load_next(&system);
    let (before, receipts, commits) = (system.published(), system.journal().receipts(), system.journal().commits());

    let told = diff(&system, &version);
    let moving = |dataset: &str| told["journal"]["datasets"][dataset]["moving"].as_u64().unwrap();
    let moving = moving("funding") + moving("employment");
    assert!(moving > 500, "{told}");
    let authorities = told["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "authorities").unwrap();
    assert!(authorities["removed"].as_u64().unwrap() > 1, "{authorities}");
    assert!(system.succeed(["reference", "diff", "builtin", &version]).stdout.contains("combined_authority"));
    assert_eq!((system.journal().commits(), system.published().digests()), (commits, before.digests()));

    // A commit takes a few milliseconds: there are to be many after the second.
    let small = system.set("ledger.flush_rows", 40).set("ledger.batch_rows", 64);
    let mut first = small.start(["reference", "adopt", &version]);
    for _ in 0..2 {
        first.wait_for_line(PATIENCE, is_commit);
    }
    first.signal(Signal::Kill);
    assert_eq!(first.finish(PATIENCE).exit.signal, Some(9));
    let done = count(&reclassified(&small, "funding")) + count(&reclassified(&small, "employment"));
    assert!((40..moving).contains(&done), "{done} of {moving} are done");
    check(&small.run(["verify"]), Exit::Ok, &["sound", "is being adopted", &version]);
    small.succeed(["publish"]);
    assert_eq!(small.published().digests(), before.digests(), "half an adoption is not published");
    check(&small.run(["up", "--until-end"]), Exit::ReferenceMismatch, &["reference adopt", &version]);
    let next = small.set("reference.version", &version);
    check(&next.run(["up", "--until-end"]), Exit::ReferenceMismatch, &["reference adopt", &version]);
    check(&next.run(["reference", "adopt", "builtin"]), Exit::ReferenceMismatch, &["reference adopt", &version]);

    let ended = adopt(&next, &version);
    assert!(ended.stdout.contains("is adopted"), "{}", ended.stdout);
    let (funding, employment) = (reclassified(&next, "funding"), reclassified(&next, "employment"));
    assert_eq!(count(&funding) + count(&employment), moving, "as many as were told");
    for (key, told) in told_sums(&told) {
        match (funding.get(&key), employment.get(&key)) {
            (Some(money), None) => assert_eq!(&told, money, "{key:?}"),
            (None, Some(work)) => assert!(told.0 == work.0 && told.1 <= work.1, "levels are not added: {key:?}"),
            neither => panic!("{key:?}: {neither:?}"),
        }
    }
    assert_eq!(next.journal().receipts(), receipts);
    check(&next.run(["reference", "adopt", &version]), Exit::Ok, &["already"]);
    let old = next.set("reference.version", "builtin");
    check(&old.run(["up", "--until-end"]), Exit::ReferenceMismatch, &[&version, "reference.version", "diff"]);

    let next = old.set("reference.version", &version);
    generate(&next, 2_000, 12);
    next.up_to_end();
    let expected = from_the_start(&broker, &topics, load_next);
    assert_eq!(next.published().digests(), expected.digests());
    let folder = next.scratch().join("then");
    let time = before.manifest()["as_of"].as_str().unwrap();
    next.succeed(["publish", "--as-of", time, "--to", &folder.display().to_string()]);
    let again = Published::open(&folder);
    assert_eq!((again.digests(), again.manifest()), (before.digests(), before.manifest()));
}

/// Proves that a program that posts is stopped by an adoption, with its code
/// and nothing half written, and goes on under the new version.
#[test]
fn a_running_program_is_fenced() {
    let broker = Broker::embedded();
    let topics = broker.topics("adopt-running", 2);
    let system = System::new(PROGRAM).on(&broker, &topics).set("ledger.flush_interval_seconds", 1);
    generate(&system, 2_000, 21);
    let mut up = system.start(["up"]);
    up.wait_for_line(PATIENCE, is_commit);
    let version = load_next(&system);
    adopt(&system, &version);
    generate(&system, 1_000, 22);
    let ended = up.finish(PATIENCE);
    check(&ended, Exit::Fenced, &["another writer has posted"]);
    let system = system.set("reference.version", &version);
    system.up_to_end();
    assert_eq!(system.published().digests(), from_the_start(&broker, &topics, load_next).digests());
}

/// Proves on Apache Kafka that services that run apart go on under an adopted
/// version, and that what lies between them, enriched under the version
/// before, is posted under the new one.
#[test]
fn what_lies_between_services_is_enriched_anew() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("adopt-apart", 2);
    let system = System::new(PROGRAM).on(&broker, &topics).apart("adopt-apart");
    generate(&system, 3_000, 31);
    for service in ["ingest", "enrich", "ledger"] {
        system.succeed([service, "--until-end"]);
    }
    generate(&system, 3_000, 32);
    for service in ["ingest", "enrich"] {
        system.succeed([service, "--until-end"]);
    }
    let version = load_next(&system);
    adopt(&system, &version);
    check(&system.run(["ledger", "--until-end"]), Exit::ReferenceMismatch, &[&version]);
    let system = system.set("reference.version", &version);
    let ended = system.succeed(["ledger", "--until-end"]);
    assert!(ended.stderr.contains("enriched anew"), "{}", ended.stderr);
    system.succeed(["publish"]);
    system.succeed(["verify"]);
    assert_eq!(system.published().digests(), from_the_start(&broker, &topics, load_next).digests());
}

/// Proves that versions are compared where there is no journal, that one that
/// does not exist is named, and that nothing is adopted into nothing.
#[test]
fn versions_are_compared_without_a_journal() {
    let system = System::new(PROGRAM);
    let version = load_next(&system);
    let told = diff(&system, &version);
    assert_eq!(told["journal"], Value::Null);
    check(&system.run(["reference", "diff", "builtin", "0123456789ab"]), Exit::Data, &["0123456789ab", &version]);
    check(&system.run(["reference", "adopt", "0123456789ab"]), Exit::Data, &["0123456789ab"]);
    check(&system.run(["reference", "adopt", &version]), Exit::Io, &["no journal"]);
}
