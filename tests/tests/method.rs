//! The method book at work: another assumption, another time, a book at fault.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::environment::repository;
use commonweal_tests::process::Ended;
use commonweal_tests::published::Published;
use commonweal_tests::system::System;
use rust_decimal::Decimal;
use serde_json::Value;
use std::fs;
use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const BASE: &str = "2026.1";
const HEADER: &str = "id,what,value_low,value_central,value_high,unit,price_year,source,source_year,confidence,\
                      licence,valid_from,valid_to";

/// Books over some generated events.
fn books(broker: &Broker, topics: &Topics) -> System {
    let system = System::new(PROGRAM).on(broker, topics);
    generate(&system, 1);
    system
}

fn generate(system: &System, seed: u32) {
    system.succeed(["generate", "--events", "4000", "--seed", &seed.to_string()]);
    system.up_to_end();
}

/// A version in which one life-satisfaction point is worth twice as much.
fn add_doubled(system: &System) -> Ended {
    let file = system.scratch().join("doubled.csv");
    let row = "wellby.value,Twice as much,20000,26000,32000,GBP,2019,A panel,2026,C,OGL-3.0,1990-01-01,";
    fs::write(&file, format!("{HEADER}\n{row}\n")).unwrap();
    system.succeed(["method", "add", &file.display().to_string(), "--as", "doubled"])
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().expect("a decimal as text").parse().unwrap()
}

/// Proves that an assumption changed shows in `diff` as that parameter and as
/// the headlines it moves, by as much as the arithmetic says; that publishing
/// by the new version gives just those figures; and that the published files
/// and the books are left as they were.
#[test]
fn an_assumption_is_changed() {
    let system = System::new(PROGRAM).set("publish.label", "synthetic");
    system.succeed(["demo", "--data", "data"]);
    let before = system.published();
    let said = add_doubled(&system);
    assert!(said.stdout.contains("0 parameter(s) added, 1 replaced"), "{}", said.stdout);
    let listed = system.succeed(["method", "list"]).stdout;
    assert!(listed.contains(BASE) && listed.contains("doubled"), "{listed}");
    assert!(system.succeed(["method", "show", "doubled"]).stdout.contains("26000"));

    let diff: Value =
        serde_json::from_str(&system.succeed(["method", "diff", BASE, "doubled", "--format", "json"]).stdout).unwrap();
    let changed: Vec<&str> =
        diff["parameters"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(changed, ["wellby.value from 1990-01-01"]);
    assert_eq!((diff["deflators"].as_array().unwrap().len(), diff["models"].as_array().unwrap().len()), (0, 0));
    let headlines = diff["headlines"].as_array().unwrap();
    assert!(!headlines.is_empty(), "people came into work");
    let penny_a_cell = Decimal::new(10, 0);
    for headline in headlines {
        assert_eq!(headline["headline"], "wellbeing-into-work");
        let (old, new) = (decimal(&headline["before"]), decimal(&headline["after"]));
        assert!(old > Decimal::ZERO && (new - old - old).abs() < penny_a_cell, "{headline}");
    }

    let revalued = system.scratch().join("revalued");
    system.succeed(["publish", "--method", "doubled", "--to", &revalued.display().to_string()]);
    let after = Published::open(&revalued);
    assert_eq!(after.manifest()["method"]["version"], "doubled");
    let same = ["funding", "jobs", "volunteering", "places", "quarters"];
    let bytes = |published: &Path, table: &str| fs::read(published.join(format!("{table}.parquet"))).unwrap();
    for table in ["headline", "social_value"] {
        assert_ne!(bytes(&revalued, table), bytes(&system.data().join("published"), table), "{table}");
    }
    for table in same {
        assert_eq!(after.batches(table), before.batches(table), "{table} does not rest on the assumption");
    }
    assert_eq!(system.published().digests(), before.digests());
    system.succeed(["verify"]);
}

/// Proves L7 over the whole program: what was published after one run is
/// published again, to the byte and with its manifest, after a later one.
#[test]
fn the_past_is_published_again() {
    let broker = Broker::embedded();
    let topics = broker.topics("past", 2);
    let system = books(&broker, &topics);
    let then = system.published();
    generate(&system, 2);
    let now = system.published();
    assert_ne!(then.digests(), now.digests());
    let folder = system.scratch().join("then");
    let time = then.manifest()["as_of"].as_str().unwrap();
    system.succeed(["publish", "--as-of", time, "--to", &folder.display().to_string()]);
    let again = Published::open(&folder);
    assert_eq!((again.digests(), again.manifest()), (then.digests(), then.manifest()));
    assert_eq!(system.published().digests(), now.digests(), "what is published now is left alone");
    let ended = system.run(["publish", "--as-of", time]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::Usage.code())), "{}", ended.stderr);
}

/// Proves that a book at fault is refused with file, row and reason before
/// anything is published, that the last good publication stays, and that
/// `check` exits 1 for it and tells of a forbidden sum.
#[test]
fn a_book_at_fault_publishes_nothing() {
    let broker = Broker::embedded();
    let topics = broker.topics("fault", 1);
    let system = books(&broker, &topics);
    let before = system.published();
    add_doubled(&system);
    assert_eq!(system.succeed(["method", "check"]).stdout.matches("sound").count(), 2);

    let book = system.data().join("method/doubled");
    let spoil = |file: &str, from: &str, to: &str| {
        let path = book.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has {from:?}");
        fs::write(&path, text.replace(from, to)).unwrap();
    };
    let refused = |command: &[&str], exit: Exit, words: &[&str]| {
        let ended = system.run(command);
        assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}\n{}", ended.stdout, ended.stderr);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    };
    spoil("models/money_by_quarter.sql", "WHERE in_totals", "");
    refused(&["method", "check", "doubled"], Exit::CheckFailed, &["which must not be added", "onward"]);
    spoil("parameters.csv", "26000", "19000");
    let order = ["parameters.csv, row 2", "not in the order low, central, high"];
    refused(&["method", "check", "doubled"], Exit::CheckFailed, &order);
    refused(&["publish", "--method", "doubled"], Exit::Config, &order);
    refused(&["publish", "--method", "1066.1"], Exit::Config, &["1066.1", BASE]);
    assert_eq!(system.published().digests(), before.digests());
}

/// Proves that the book in the repository is the one in the program.
#[test]
fn the_repositorys_book_is_the_programs() {
    let system = System::new(PROGRAM);
    let copy = system.data().join("method").join("copy");
    copy_folder(&repository().join("method").join(BASE), &copy);
    let about = fs::read_to_string(copy.join("method.toml")).unwrap();
    fs::write(copy.join("method.toml"), about.replace(BASE, "copy")).unwrap();
    let diff = system.succeed(["method", "diff", BASE, "copy", "--format", "json"]).stdout;
    let diff: Value = serde_json::from_str(&diff).unwrap();
    for part in ["about", "parameters", "deflators", "models"] {
        assert_eq!(diff[part], Value::Array(Vec::new()), "{part}");
    }
    assert_eq!(diff["headlines"], Value::Null, "there is no journal");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
