//! 8,358 real grants, and 258 of them once more, through Kafka into the
//! journal, held against a naive reading of the same files.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::environment::grant_files;
use commonweal_tests::journal::{Journal, text};
use commonweal_tests::naive_grants::{self, Expected, MoneyKey};
use commonweal_tests::rejections::{by_reason, check_original_bytes, rejected};
use commonweal_tests::system::System;
use std::collections::BTreeMap;
use std::path::PathBuf;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const GRANTS: u64 = 8_358;
const REPEATED: u64 = 258;

/// Proves on Apache Kafka that every pound of the real grants is accounted
/// for, and that importing them again changes no published byte (L4).
#[test]
fn real_grants_over_real_kafka() {
    let (Some(broker), Some(files)) = (Broker::real(), grant_files()) else { return };
    every_pound(&broker, &files);
}

/// Proves the same over the embedded broker, whose partitions hold it all.
#[test]
fn real_grants_over_the_embedded_broker() {
    let Some(files) = grant_files() else { return };
    every_pound(&Broker::embedded(), &files);
}

fn every_pound(broker: &Broker, files: &[PathBuf]) {
    let expected = naive_grants::read(files);
    assert_eq!(expected.grants, GRANTS + REPEATED);
    let topics = broker.topics("grants", 4);
    let system = System::new(PROGRAM).on(broker, &topics);
    import(&system, files);
    system.up_to_end();
    print(&expected, broker);
    check(broker, &topics, &system.journal(), &expected, 1);
    let published = system.published();

    import(&system, files);
    system.up_to_end();
    check(broker, &topics, &system.journal(), &expected, 2);
    assert_eq!(system.published().digests(), published.digests(), "importing again changes no published byte");
}

fn import(system: &System, files: &[PathBuf]) {
    let arguments = ["import", "360giving"].map(PathBuf::from);
    system.succeed(arguments.iter().chain(files));
}

/// Holds the books against the naive reading after `times` imports.
fn check(broker: &Broker, topics: &Topics, journal: &Journal, expected: &Expected, times: u64) {
    assert_eq!(money(journal), expected.money, "money per measure, year, funder and currency, to the penny");

    let receipts = journal.receipts();
    receipts.check_conservation();
    assert_eq!(receipts.messages(), expected.messages * times);
    assert_eq!(receipts.count("posted"), expected.posted);
    let kept = expected.posted + expected.duplicate + expected.superseded;
    let repeated = expected.duplicate + (times - 1) * kept;
    assert_eq!(receipts.count("duplicate") + receipts.count("superseded"), repeated + expected.superseded);
    assert_eq!(receipts.count("absent"), 0);

    let rejected = rejected(journal);
    let reasons: BTreeMap<String, u64> =
        expected.rejected.iter().map(|(reason, count)| ((*reason).to_owned(), count * times)).collect();
    assert_eq!(by_reason(&rejected), reasons);
    assert_eq!(receipts.count("rejected"), reasons.values().sum::<u64>());
    check_original_bytes(broker, &topics.funding, &rejected);
}

/// Live money in the journal, by plain addition. A withdrawal has neither
/// quarter nor currency, and adds nothing.
fn money(journal: &Journal) -> BTreeMap<MoneyKey, (i128, i64)> {
    journal.sums("funding", |batch| {
        let (measure, quarter, unit) = (text(batch, "measure"), text(batch, "quarter"), text(batch, "unit"));
        let funder = text(batch, "counterparty_key");
        let key = |row| MoneyKey {
            measure: if measure(row) == Some("COMMITTED") { "COMMITTED" } else { "DISBURSED" },
            year: quarter(row).unwrap()[..4].parse().unwrap_or_default(),
            funder: funder(row).unwrap_or("unknown").to_owned(),
            currency: unit(row).unwrap_or_default().to_owned(),
        };
        (0..batch.num_rows()).map(key).collect()
    })
}

fn print(expected: &Expected, broker: &Broker) {
    println!("{broker:?}: {} grants, {} messages", expected.grants, expected.messages);
    println!("posted {}, duplicate {}, superseded {}", expected.posted, expected.duplicate, expected.superseded);
    for (reason, count) in &expected.rejected {
        println!("rejected {count:>5} {reason}");
    }
    let mut totals: BTreeMap<(&str, &str), (i128, i64)> = BTreeMap::new();
    for (key, (amount, events)) in &expected.money {
        let total = totals.entry((key.measure, &key.currency)).or_default();
        total.0 += amount;
        total.1 += events;
    }
    for ((measure, currency), (amount, events)) in totals {
        println!("{measure} {currency} {}.{:02} in {events} events", amount / 10_000, amount % 10_000 / 100);
    }
}
