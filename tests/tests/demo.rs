//! The demonstration as a newcomer runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_producers::generator::QuantityKey;
use commonweal_producers::{Expectations, Plan, expectations};
use commonweal_schemas::Measure;
use commonweal_tests::environment::grant_files;
use commonweal_tests::journal::{Journal, text};
use commonweal_tests::naive_grants;
use commonweal_tests::rejections::{by_reason, rejected};
use commonweal_tests::system::System;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const SEED: u64 = 2020;
const WALL_MAX: Duration = Duration::from_mins(1);
const MEMORY_BYTES_MAX: u64 = 512 * 1024 * 1024;
const TEN_THOUSANDTHS: u32 = 4;

/// Sums in ten-thousandths and live events.
type Quantities = BTreeMap<QuantityKey, (i128, i64)>;

/// Proves that the demonstration needs nothing but itself, stays within its
/// time and memory, says that it is synthetic, and that its books hold exactly
/// what the generator meant.
#[test]
fn the_demonstration_agrees_with_its_plan() {
    let system = System::new(PROGRAM);
    // A relative folder, as by default.
    let ended = system.succeed(["demo", "--data", "data", "--seed", &SEED.to_string()]);
    let memory = ended.exit.peak_rss_bytes;
    println!(
        "demo: {:.1} s, {:.1} s of CPU, {} MiB",
        ended.exit.wall.as_secs_f64(),
        ended.exit.cpu.as_secs_f64(),
        memory >> 20
    );
    println!("{}", ended.stdout);
    assert!(ended.exit.wall < WALL_MAX, "{:?}", ended.exit.wall);
    assert!(memory < MEMORY_BYTES_MAX, "{memory} bytes");
    for said in ["synthetic", "headline", "duckdb", "every message accounted for"] {
        assert!(ended.stdout.contains(said), "the demonstration says {said}\n{}", ended.stdout);
    }

    let journal = system.journal();
    let expected = expectations(SEED, &Plan::region());
    let receipts = journal.receipts();
    receipts.check_conservation();
    assert_eq!(receipts.messages(), expected.messages);
    assert_eq!(quantities(&journal), meant(&expected), "sums per measure, unit, quarter and programme");
    let refused: BTreeMap<String, u64> =
        expected.refused.iter().map(|(reason, count)| (reason.code().to_owned(), *count)).collect();
    assert_eq!(by_reason(&rejected(&journal)), refused);
    assert_eq!(refused.len(), commonweal_schemas::Reason::ALL.len(), "each reason code is met");
    check_label(&system, "synthetic");
    system.succeed(["verify"]);
}

/// Proves that two demonstrations of one seed publish the same bytes, though
/// their threads run in another rhythm, and that a folder in use is refused.
#[test]
fn the_demonstration_repeats_itself() {
    let system = System::new(PROGRAM);
    let folder = system.data().display().to_string();
    system.succeed(["demo", "--data", &folder]);
    let first = system.published();
    let refused = system.run(["demo", "--data", &folder]);
    assert_eq!(refused.exit.code, Some(i32::from(commonweal_runtime::Exit::Usage.code())), "{}", refused.stderr);
    assert!(refused.stderr.contains("--fresh"), "{}", refused.stderr);
    system.succeed(["demo", "--data", &folder, "--fresh"]);
    assert_eq!(system.published().digests(), first.digests());
}

/// Proves that real grants take the place of generated ones, to the penny.
#[test]
fn the_demonstration_takes_real_grants() {
    let Some(files) = grant_files() else { return };
    let system = System::new(PROGRAM);
    let mut arguments: Vec<OsString> = ["demo", "--data"].map(OsString::from).to_vec();
    arguments.push(system.data().into_os_string());
    arguments.push("--grants".into());
    arguments.extend(files.iter().map(|file| file.clone().into_os_string()));
    let ended = system.succeed(&arguments);
    assert!(ended.stdout.contains("recorded grants, synthetic employment"), "{}", ended.stdout);

    let mut expected: BTreeMap<(String, String), (i128, i64)> = BTreeMap::new();
    for (key, (amount, events)) in naive_grants::read(&files).money {
        let sum = expected.entry((key.measure.to_owned(), key.currency)).or_default();
        *sum = (sum.0 + amount, sum.1 + events);
    }
    let money = system.journal().sums("funding", |batch| {
        let (measure, unit) = (text(batch, "measure"), text(batch, "unit"));
        // A withdrawal has neither, and adds nothing.
        let key = |row| (measure(row).unwrap_or_default().to_owned(), unit(row).unwrap_or_default().to_owned());
        (0..batch.num_rows()).map(key).collect()
    });
    assert_eq!(money, expected);
    check_label(&system, "recorded grants, synthetic employment");
}

/// Fails unless each row of each table of figures, and the manifest, say what
/// kind of data they rest on.
fn check_label(system: &System, label: &str) {
    let published = system.published();
    assert_eq!(published.manifest()["data_label"], label);
    for table in ["headline", "social_value", "funding", "jobs", "volunteering", "data_quality"] {
        let batches = published.batches(table);
        assert!(batches.iter().any(|batch| batch.num_rows() > 0), "{table} has rows");
        for batch in &batches {
            let column = text(batch, "data_label");
            assert!((0..batch.num_rows()).all(|row| column(row) == Some(label)), "{table} says {label}");
        }
    }
}

fn quantities(journal: &Journal) -> Quantities {
    let mut sums = Quantities::new();
    for book in ["funding", "employment"] {
        sums.extend(journal.sums(book, |batch| {
            let (measure, unit) = (text(batch, "measure"), text(batch, "unit"));
            let (quarter, programme) = (text(batch, "quarter"), text(batch, "programme"));
            // A cancellation states nothing; it adds nothing to any group.
            let key = |row| QuantityKey {
                measure: measure(row).map_or(Measure::Committed, |code| Measure::from_code(code).unwrap()),
                unit: unit(row).unwrap_or_default().to_owned(),
                quarter: quarter(row).unwrap_or_default().to_owned(),
                programme: programme(row).unwrap_or("unknown").to_owned(),
            };
            (0..batch.num_rows()).map(key).collect()
        }));
    }
    sums
}

fn meant(expected: &Expectations) -> Quantities {
    expected
        .quantities
        .iter()
        .map(|(key, (quantity, events))| {
            let mut quantity = *quantity;
            quantity.rescale(TEN_THOUSANDTHS);
            (key.clone(), (quantity.mantissa(), i64::try_from(*events).unwrap()))
        })
        .filter(|(_, sum)| *sum != (0, 0))
        .collect()
}
