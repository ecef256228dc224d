//! What is published about work tells no count that must be protected (L10).
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::{CONFIDENTIAL, Options, Protection, PublishError, publish_state_as_of};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::attack::{ONE, Release, attack, decimal, rows};
use support::events::{DISTRICTS, Event};
use support::journal::Journal;
use support::read;

const REGIONS: u64 = 100;
const ENDS: [&str; 6] = ["2019-03-31", "2019-06-30", "2019-09-30", "2019-12-31", "2020-03-31", "2020-06-30"];

/// A made-up region: employers of very different size, mostly in the area,
/// who return work of several sorts each quarter. The last quarter and a few
/// late returns come after the first release.
fn region(seed: u64) -> [Vec<Event>; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for employer in 0..random.random_range(4..16) {
        let size = [3, 8, 20, 60][random.random_range(0..4)];
        let district = DISTRICTS[[0, 0, 0, 1, 1, 2, 3][random.random_range(0..7)]];
        let programme = ["unknown", "KINDRED"][random.random_range(0..2)];
        let late = random.random_range(0..8) == 0;
        for (quarter, end) in ENDS.iter().enumerate() {
            let mut returned = |measure: &'static str, unit: &'static str, basis, prior, least: i128| {
                let quantity = random.random_range(least..=size);
                if quantity == 0 {
                    return;
                }
                let event = Event {
                    event_id: format!("{employer}-{quarter}-{measure}-{basis:?}-{prior:?}"),
                    measure,
                    unit,
                    job_basis: basis,
                    prior_status: prior,
                    programme,
                    district,
                    ..Event::headcount("", &format!("ORG-{employer}"), end, quantity)
                };
                let is_late = quarter + 1 == ENDS.len() || (late && quarter == 3);
                if is_late { second.push(event) } else { first.push(event) }
            };
            returned("HEADCOUNT", "PERSONS", None, None, 1);
            returned("HEADCOUNT", "PERSONS", Some("CREATED"), None, 0);
            returned("HIRES", "PERSONS", None, Some("UNEMPLOYED"), 0);
            returned("HIRES", "PERSONS", None, None, 0);
            returned("VOLUNTEERS", "PERSONS", None, None, 0);
            returned("VOLUNTEER_HOURS", "HOURS", None, None, 0);
        }
    }
    [first, second]
}

/// A folder of what is published of a journal as it is.
async fn publish(journal: &Journal, name: &str, protection: Protection) -> PathBuf {
    let folder = journal.dir.path().join(name);
    let options = Options { protection, ..journal.options() };
    publish_state_as_of(&options, &journal.state(), i64::MAX, &folder).await.unwrap();
    folder
}

/// Fails where two releases differ by a small count in a figure both tell of
/// the same quarters.
fn check_differences(first: &Release, second: &Release, seed: u64) {
    let before = first.figures();
    let end = before.values().map(|(_, last)| last).max().unwrap();
    for (name, (told, last)) in second.figures() {
        let both = before.get(&name).and_then(|(before, _)| before.count).zip(told.count);
        if let Some((before, after)) = both.filter(|_| last <= *end) {
            let change = (after - before).abs();
            assert!(change == 0 || change >= 10 * ONE, "region {seed}: {name:?} goes from {before} to {after}");
        }
    }
}

/// Proves L10 on a hundred made-up regions with two releases each: neither
/// release, nor the two together, let the attacker find a count below ten to
/// within the rounding base; and that the attacker can win, for it does so
/// where only the primary rules are kept.
#[test]
fn a_hundred_regions_keep_their_small_counts() {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(8)) as u64;
    let outcome = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let mut sum = Outcome::default();
                    for seed in (first..REGIONS).step_by(threads as usize) {
                        sum.add(&runtime.block_on(attacked(seed)));
                    }
                    sum
                })
            })
            .collect();
        let mut sum = Outcome::default();
        running.into_iter().for_each(|thread| sum.add(&thread.join().unwrap()));
        sum
    });
    let Outcome { protected, kept_back, told, recovered_if_naive } = outcome;
    println!("{protected} small counts, {kept_back} cells kept back, {told} told");
    println!("by primary rules alone: {recovered_if_naive} of {REGIONS} regions give one away");
    assert!(recovered_if_naive > 0 && told > 0, "{recovered_if_naive} {told}");
}

/// Counts over regions.
#[derive(Default)]
struct Outcome {
    /// Small counts that are to be kept back.
    protected: usize,
    kept_back: usize,
    told: usize,
    /// Regions whose primary rules alone give a count away.
    recovered_if_naive: usize,
}

impl Outcome {
    fn add(&mut self, other: &Self) {
        self.protected += other.protected;
        self.kept_back += other.kept_back;
        self.told += other.told;
        self.recovered_if_naive += other.recovered_if_naive;
    }
}

/// Publishes a region's two releases and attacks them.
async fn attacked(seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let [first, second] = region(seed);
    let mut journal = Journal::new();
    journal.commit(&first);
    let raw_one = Release::read(&publish(&journal, "raw-1", Protection::None).await);
    let one_folder = publish(&journal, "release-1", Protection::default()).await;
    let one = Release::read(&one_folder);
    journal.commit(&second);
    let raw_two = Release::read(&publish(&journal, "raw-2", Protection::None).await);
    let against = Protection::Full { against: vec![one_folder] };
    let two = Release::read(&publish(&journal, "release-2", against).await);

    for (releases, truth) in [(vec![&one], &raw_one), (vec![&two], &raw_two)] {
        let recovered = attack(&releases, truth);
        assert!(recovered.is_empty(), "region {seed}: {recovered:#?}");
    }
    // Taken together they are taken for releases of the same cells: so they
    // are where nothing came late for a level that had been carried on.
    let changed = |measure: &str| {
        let cells = raw_one.cells.iter().filter(|(key, _)| key[0] == measure);
        cells.into_iter().any(|(key, told)| raw_two.cells.get(key).is_none_or(|later| later.count != told.count))
    };
    for truth in [&raw_one, &raw_two] {
        let mut recovered = attack(&[&one, &two], truth);
        recovered.retain(|found| !changed(&found.measure));
        assert!(recovered.is_empty(), "region {seed}, both: {recovered:#?}");
    }
    check_differences(&one, &two, seed);
    let naive = raw_two.naively_protected();
    outcome.recovered_if_naive = usize::from(!attack(&[&naive], &raw_two).is_empty());
    for (key, cell) in &raw_two.cells {
        outcome.protected += usize::from(cell.count.is_some_and(|count| count != 0 && count < 10 * ONE));
        outcome.kept_back += usize::from(two.cells[key].mark == CONFIDENTIAL);
        outcome.told += usize::from(two.cells[key].count.is_some());
    }
    outcome
}

/// Proves that published values tell no more than the published counts: one
/// unit value for all rows of a quarter and outcome, and totals that are sums.
#[tokio::test]
async fn values_tell_no_more_than_counts() {
    let (mut checked, mut totals_checked) = (0, 0);
    for seed in 0..12 {
        let [first, second] = region(seed);
        let mut journal = Journal::new();
        journal.commit(&first);
        journal.commit(&second);
        let folder = publish(&journal, "release", Protection::default()).await;
        checked += check_factors(&folder);
        totals_checked += check_totals(&folder);
    }
    println!("{checked} values and {totals_checked} totals are told");
    assert!(checked > 20, "{checked}");
}

/// One unit value for all rows of a quarter and outcome.
fn check_factors(folder: &Path) -> usize {
    let mut factors: BTreeMap<[String; 3], f64> = BTreeMap::new();
    let mut checked = 0;
    for row in rows(folder, "social_value") {
        let Some(gross) = row.get("gross").map(|gross| decimal(gross)).filter(|gross| *gross > 0) else { continue };
        for column in ["net_low", "net_central", "net_high", "value_low", "value_central", "value_high"] {
            let value = row.get(column).map_or(0, |value| decimal(value));
            let factor = value as f64 / gross as f64;
            let key = [row["quarter"].clone(), row["outcome"].clone(), column.to_owned()];
            let known = *factors.entry(key).or_insert(factor);
            assert!((factor - known).abs() * gross as f64 <= 1000.0, "{row:?} {column}: {factor} and {known}");
            checked += 1;
        }
    }
    checked
}

/// Totals of values that are told are sums of the years'.
fn check_totals(folder: &Path) -> usize {
    let headline = rows(folder, "headline");
    let valued = headline.iter().filter(|row| row.contains_key("gross"));
    let mut checked = 0;
    for total in valued.clone().filter(|row| row["period"] == "total") {
        let of_same = |row: &&&BTreeMap<String, String>| {
            row["period"] != "total" && ["area", "headline"].iter().all(|name| row[*name] == total[*name])
        };
        let years: i128 = valued.clone().filter(|row| of_same(&row)).map(|row| decimal(&row["value_central"])).sum();
        assert_eq!(decimal(&total["value_central"]), years, "{total:?}");
        checked += 1;
    }
    checked
}

/// Proves the marks by hand. 4 + 3 + 4 = 11 people of three employers are told
/// as 10; 9 people, 30 of two employers, and 100 + 50 + 9, where the second
/// knows the first to within 9 %, are kept back; a level that is only stale
/// stays missing, and money stays as it is.
#[tokio::test]
async fn marks_tell_confidential_from_missing_and_zero() {
    let mut journal = Journal::new();
    let mut events = vec![Event::grant("g", "R", "2020-01-01", 7)];
    let cases: [(&'static str, &[i128]); 5] =
        [("A", &[4, 3, 4]), ("B", &[3, 3, 3]), ("C", &[20, 10]), ("D", &[100, 50, 9]), ("E", &[0, 0, 0])];
    for (programme, counts) in cases {
        for (employer, count) in counts.iter().enumerate() {
            events.push(Event {
                measure: "LEAVERS",
                programme,
                ..Event::headcount(
                    &format!("{programme}{employer}"),
                    &format!("ORG-{programme}{employer}"),
                    "2020-01-15",
                    *count,
                )
            });
        }
    }
    events.push(Event { programme: "F", ..Event::headcount("f", "ORG-1", "2019-01-15", 50) });
    events.push(Event { programme: "F", ..Event::headcount("f2", "ORG-1", "2018-11-15", 50) });
    journal.commit(&events);
    journal.publish().await;
    let got = read::csv(
        journal.dir.path(),
        "jobs",
        &["quarter", "measure", "programme", "quantity", "statements", "disclosure"],
    );
    let leavers: Vec<&str> = got.lines().filter(|line| line.starts_with("2020-Q1,LEAVERS")).collect();
    assert_eq!(
        leavers,
        [
            "2020-Q1,LEAVERS,A,10.0000,3,r",
            "2020-Q1,LEAVERS,B,,,c",
            "2020-Q1,LEAVERS,C,,,c",
            "2020-Q1,LEAVERS,D,,,c",
            "2020-Q1,LEAVERS,E,0.0000,3,r",
        ],
        "{got}"
    );
    assert!(got.contains("2020-Q1,HEADCOUNT,F,,,c"), "{got}");
    let money = read::csv(journal.dir.path(), "headline", &["headline", "value_central", "disclosure"]);
    assert!(money.contains("committed-grant,7.0000,\n"), "{money}");
}

/// Proves that tables before disclosure control never come into the folder of
/// what is published and say what they are, and that they are no release.
#[tokio::test]
async fn unprotected_tables_stay_apart() {
    let mut journal = Journal::new();
    journal.commit(&[Event::headcount("a", "ORG", "2020-01-15", 3)]);
    let options = Options { protection: Protection::None, ..journal.options() };
    let refused = commonweal_publish::publish_state(&options, &journal.state()).await.unwrap_err();
    assert!(matches!(refused, PublishError::Unprotected(_)), "{refused}");
    let raw = publish(&journal, "raw", Protection::None).await;
    let manifest = std::fs::read_to_string(raw.join("manifest.json")).unwrap();
    assert!(manifest.contains("not for publication"), "{manifest}");
    let options = Options { protection: Protection::Full { against: vec![raw] }, ..journal.options() };
    let refused = commonweal_publish::publish_state(&options, &journal.state()).await.unwrap_err();
    assert!(refused.to_string().contains("before disclosure control"), "{refused}");
}

/// Proves that a figure which changed by less than the threshold since an
/// earlier release stays as it was and says so, that one which changed by more
/// is told, and that what was kept back then stays kept back.
#[tokio::test]
async fn small_changes_are_held() {
    let mut journal = Journal::new();
    let of = |programme: &'static str, employer: usize, count: i128, revision: i32| Event {
        measure: "LEAVERS",
        programme,
        revision,
        ..Event::headcount(&format!("{programme}{employer}"), &format!("ORG-{employer}"), "2020-01-15", count)
    };
    let counts = [("A", [30, 30, 30, 30]), ("B", [30, 30, 30, 30]), ("C", [30, 30, 30, 30]), ("D", [2, 2, 2, 2])];
    for (programme, counts) in counts {
        let events: Vec<Event> = (0..).zip(counts).map(|(employer, count)| of(programme, employer, count, 0)).collect();
        journal.commit(&events);
    }
    let release = publish(&journal, "release", Protection::default()).await;
    journal.commit(&[of("C", 0, 33, 1), of("B", 0, 45, 1), of("D", 0, 30, 1), of("D", 1, 30, 1), of("D", 2, 30, 1)]);
    let next = publish(&journal, "next", Protection::Full { against: vec![release.clone()] }).await;
    let marks = |folder: &Path| -> BTreeMap<String, (Option<i128>, String)> {
        let leavers = rows(folder, "jobs").into_iter().filter(|row| row["measure"] == "LEAVERS");
        let of = |row: BTreeMap<String, String>| {
            let count = row.get("quantity").map(|count| decimal(count) / ONE);
            (row["programme"].clone(), (count, row["disclosure"].clone()))
        };
        leavers.map(of).collect()
    };
    let (before, after) = (marks(&release), marks(&next));
    assert_eq!(before["D"], (None, "c".to_owned()));
    assert_eq!(after["D"], (None, "c".to_owned()), "kept back then, kept back now");
    // Beside D, and of the smallest sum, if only by its name.
    assert_eq!(before["A"], (None, "c".to_owned()));
    assert_eq!(after["A"], (None, "c".to_owned()));
    assert_eq!(before["C"], (Some(120), "r".to_owned()));
    assert_eq!(after["C"], (Some(120), "h".to_owned()), "123 would be told as 125");
    assert_eq!(after["B"], (Some(135), "r".to_owned()));
    let manifest = std::fs::read_to_string(next.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"against\": [\n"), "{manifest}");
}

/// Proves that a method which does not say of what a figure is the sum, or
/// says wrongly, publishes nothing.
#[tokio::test]
async fn a_figure_of_unknown_parts_is_not_published() {
    let mut journal = Journal::new();
    journal.commit(&[Event::headcount("a", "ORG", "2020-01-15", 3)]);
    for (file, from, to, words) in [
        ("work_parts", "kind IN ('stock', 'flow')", "kind IN ('flow')", "has no part of it"),
        ("work_parts", "|| '|' || quarter, cell, CAST('1.00'", "|| '|' || quarter, cell, CAST('0.25'", "do not add up"),
        (
            "work_contributions",
            "THEN q.quarters_to_next ELSE 5 END",
            "THEN q.quarters_to_next ELSE 0 END",
            "do not add up",
        ),
    ] {
        let book = journal.dir.path().join("book");
        let _removed = std::fs::remove_dir_all(&book);
        support::book::copy_of_the_book(&book);
        let path = book.join(format!("models/{file}.sql"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has {from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        let options = Options { method: commonweal_publish::MethodBook::open(&book).unwrap(), ..journal.options() };
        let refused = commonweal_publish::publish_state(&options, &journal.state()).await.unwrap_err().to_string();
        assert!(refused.contains("cannot be protected") && refused.contains(words), "{words}: {refused}");
    }
}
