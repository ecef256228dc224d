//! Published bytes depend on the set of events alone (L2, L4, L5, L6), and
//! balances kept from new entries alone are the balances made from scratch.
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use arrow::array::{Array as _, AsArray as _, Int32Array, RecordBatch};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::events::Event;
use support::history::history;
use support::journal::{Journal, Rejected};
use support::read;

/// Quantity per dataset, measure, unit, district and quarter: what an event
/// adds, by a naive reader of the events in force.
type Sums = BTreeMap<(String, String, String, String, String), i128>;

fn key(event: &Event) -> (String, String, String, String, String) {
    let dataset = if event.is_money() { "funding" } else { "employment" };
    (dataset.into(), event.measure.into(), event.unit.into(), event.district.into(), event.quarter())
}

fn naive(journal: &Journal) -> Sums {
    let mut sums = Sums::new();
    for event in journal.ledger.live() {
        *sums.entry(key(event)).or_default() += event.quantity;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The same sums by plain addition over the segments of the balances.
fn balances(dir: &Path) -> Sums {
    let index = std::fs::read(dir.join("balances/balances.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let files = |kind: &str| -> Vec<PathBuf> {
        let of_kind = index["segments"].as_array().unwrap().iter().filter(|segment| segment["kind"] == kind);
        of_kind.map(|segment| dir.join("balances").join(segment["file"].as_str().unwrap())).collect()
    };
    let mut sums = Sums::new();
    for dataset in ["funding", "employment"] {
        let (keys, cells) = (files(&format!("keys-{dataset}")), files(&format!("balances-{dataset}")));
        assert_eq!(keys.len(), cells.len());
        for (keys, cells) in keys.iter().zip(&cells) {
            let halves = halves(keys);
            for batch in read::batches(cells) {
                let [party, deed] = ["party", "deed"].map(|half| numbers(&batch, half));
                let quantity = read::decimal(&batch, "quantity");
                for row in 0..batch.num_rows() {
                    let of = |half: usize, number: i32| &halves[half][usize::try_from(number).unwrap()];
                    let (party, deed) = (of(0, party.value(row)), of(1, deed.value(row)));
                    // A withdrawal states nothing and adds nothing.
                    let [measure, unit, district, quarter] =
                        [0, 1, 2, 3].map(|at| party[at].clone().or_else(|| deed[at].clone()).unwrap_or_default());
                    let cell = (dataset.to_owned(), measure, unit, district, quarter);
                    *sums.entry(cell).or_default() += quantity.value(row);
                }
            }
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// Measure, unit, district and quarter of each half of a key.
fn halves(path: &Path) -> [Vec<[Option<String>; 4]>; 2] {
    let mut halves = [Vec::new(), Vec::new()];
    for batch in read::batches(path) {
        let half = numbers(&batch, "party");
        let columns = ["measure", "unit", "district", "quarter"].map(|name| read::text(&batch, name).clone());
        for row in 0..batch.num_rows() {
            let texts = columns.each_ref().map(|column| column.is_valid(row).then(|| column.value(row).to_owned()));
            halves[usize::try_from(half.value(row)).unwrap()].push(texts);
        }
    }
    halves
}

fn numbers(batch: &RecordBatch, name: &str) -> Int32Array {
    batch.column_by_name(name).unwrap().as_primitive().clone()
}

/// Cuts a history into commits of `size` events.
fn commit_all(journal: &mut Journal, events: &[Event], size: usize) {
    for part in events.chunks(size) {
        journal.commit(part);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// One history in two orders, cut and published differently.
fn check(events: &[Event], shuffled: &[Event], size: usize) -> Result<(), TestCaseError> {
    let runtime = runtime();
    let mut whole = Journal::new();
    commit_all(&mut whole, events, events.len());
    runtime.block_on(whole.publish());
    prop_assert_eq!(balances(whole.dir.path()), naive(&whole));

    let mut parts = Journal::new();
    for part in shuffled.chunks(size) {
        parts.commit(part);
        runtime.block_on(parts.publish());
    }
    // Everything once more: duplicates only.
    commit_all(&mut parts, events, 7);
    parts.files.reverse();
    runtime.block_on(parts.publish());
    prop_assert_eq!(balances(parts.dir.path()), naive(&parts));
    prop_assert_eq!(naive(&parts), naive(&whole));

    let (one, other) = (read::published(whole.dir.path()), read::published(parts.dir.path()));
    prop_assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        if bytes != &other[name] {
            let table = name.trim_end_matches(".parquet");
            let columns: Vec<&str> = commonweal_publish::tables::Table::named(table)
                .unwrap()
                .columns
                .iter()
                .map(|column| column.name)
                .collect();
            prop_assert_eq!(read::csv(whole.dir.path(), table, &columns), read::csv(parts.dir.path(), table, &columns));
            prop_assert!(false, "rows of {} are equal and bytes are not", name);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 60, ..ProptestConfig::default() })]

    /// Proves L2, L4, L5 and L6 for what is published: a history in one commit
    /// gives the same bytes as the history shuffled, in small commits with a
    /// refresh after each, and sent again; and balances equal naive sums.
    #[test]
    fn published_bytes_depend_on_the_set_of_events(
        (events, shuffled) in history().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        size in 1..30_usize,
    ) {
        check(&events, &shuffled, size.max(events.len() / 8))?;
    }
}

fn rejected(reason: &'static str, payload: &str) -> Rejected {
    Rejected { reason, source: Some("urn:test:a".to_owned()), payload: payload.as_bytes().to_vec() }
}

/// Proves: a refused message sent again, in whatever commit, counts once per
/// reason; and data quality lists both contents of a conflict whichever came
/// first, and neither once a later revision settled it.
#[tokio::test]
async fn rejections_and_conflicts_do_not_depend_on_arrival() {
    let columns = ["dataset", "source", "check_name", "subject", "detail", "events"];
    let first = Event::grant("a", "R", "2020-01-01", 100);
    let second = Event { quantity: 2_000_000, ..first.clone() };
    let refused = [rejected("AMOUNT_MISSING", "one"), rejected("AMOUNT_MISSING", "two")];
    let mut outcomes = Vec::new();
    for events in [[first.clone(), second.clone()], [second.clone(), first.clone()]] {
        let mut journal = Journal::new();
        journal.commit_entries(&[], &refused);
        journal.commit(&events[..1]);
        journal.publish().await;
        journal.commit(&events[1..]);
        journal.commit_entries(&[], &refused[..1]);
        journal.publish().await;
        outcomes.push(read::csv(journal.dir.path(), "data_quality", &columns));

        journal.commit(&[first.revised(1)]);
        journal.publish().await;
        let settled = read::csv(journal.dir.path(), "data_quality", &columns);
        assert!(!settled.contains("conflicting"), "{settled}");
    }
    assert_eq!(outcomes[0], outcomes[1]);
    let [low, high] = {
        let mut digests =
            [&first, &second].map(|event| event.content_digest().map(|byte| format!("{byte:02x}")).concat());
        digests.sort();
        digests
    };
    let mut expected = String::from("dataset,source,check_name,subject,detail,events\n");
    for (digest, standing) in [(&low, "outweighed"), (&high, "in force")] {
        expected += &format!("funding,urn:test:a,conflicting-content,a,revision 0, content {digest}, {standing},1\n");
    }
    expected += "funding,urn:test:a,conflicting-identities,,,1\n";
    expected += "funding,urn:test:a,live-events,,,1\n";
    expected += "funding,urn:test:a,rejected-messages,AMOUNT_MISSING,ingest,2\n";
    assert_eq!(outcomes[0], expected);
}
