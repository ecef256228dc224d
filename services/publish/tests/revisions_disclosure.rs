//! Revisions tell no count that must be protected (L10).
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::{Ends, Options, Protection, Shelf, publish_state_as_of, revisions_of_state};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::attack::{ONE, Release, Told, attack};
use support::events::{DISTRICTS, Event};
use support::journal::Journal;
use support::revised::{self, Differences};

const REGIONS: u64 = 8;
const ENDS: [&str; 4] = ["2019-06-30", "2019-09-30", "2019-12-31", "2020-03-31"];
/// Causes of what is posted, in their order.
const CAUSES: [&str; 3] = ["new-quarter", "late-data", "correction"];

/// A made-up region: what is first returned, and what comes after the first
/// release: a new quarter, returns for old ones, and corrections.
struct Region {
    first: Vec<Event>,
    after: Vec<Event>,
}

fn region(seed: u64) -> Region {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut region = Region { first: Vec::new(), after: Vec::new() };
    for employer in 0..random.random_range(8..40) {
        let size = [4, 12, 40][random.random_range(0..3)];
        let district = DISTRICTS[[0, 0, 0, 1, 1, 2][random.random_range(0..6)]];
        let programme = ["unknown", "KINDRED"][random.random_range(0..2)];
        for (quarter, end) in ENDS.iter().enumerate() {
            for (measure, unit, basis, prior) in [
                ("HEADCOUNT", "PERSONS", None, None),
                ("HEADCOUNT", "PERSONS", Some("CREATED"), None),
                ("HIRES", "PERSONS", None, Some("UNEMPLOYED")),
                ("LEAVERS", "PERSONS", None, None),
                ("VOLUNTEER_HOURS", "HOURS", None, None),
            ] {
                let event = Event {
                    event_id: format!("{employer}-{quarter}-{measure}-{basis:?}"),
                    measure,
                    unit,
                    job_basis: basis,
                    prior_status: prior,
                    programme,
                    district,
                    ..Event::headcount("", &format!("ORG-{employer}"), end, random.random_range(1..=size))
                };
                let is_late = quarter + 1 == ENDS.len() || random.random_range(0..6) == 0;
                if random.random_range(0..6) == 0 {
                    let quantity = random.random_range(1..=size) * ONE;
                    region.after.push(Event { quantity, ..event.revised(1) });
                }
                if is_late { region.after.insert(0, event) } else { region.first.push(event) }
            }
        }
    }
    region
}

/// Two releases and what lies between, before disclosure control or under it.
struct Pair {
    old: PathBuf,
    new: PathBuf,
    revised: PathBuf,
}

async fn publish(journal: &Journal, name: &str, protection: Protection) -> PathBuf {
    let folder = journal.dir.path().join(name);
    let options = Options { protection, ..journal.options() };
    publish_state_as_of(&options, &journal.state(), i64::MAX, &folder).await.unwrap();
    folder
}

async fn pairs(journal: &mut Journal, region: &Region) -> [Pair; 2] {
    journal.commit(&region.first);
    let [exact, old] = [Protection::None, Protection::default()];
    let exact_old = publish(journal, "exact-old", exact.clone()).await;
    let old = publish(journal, "old", old).await;
    journal.commit(&region.after);
    let exact_new = publish(journal, "exact-new", exact).await;
    let new = publish(journal, "new", Protection::Full { against: vec![old.clone()] }).await;
    let exact = compare(journal, exact_old, exact_new, "exact-revised").await;
    [exact, compare(journal, old, new, "revised").await]
}

async fn compare(journal: &Journal, old: PathBuf, new: PathBuf, name: &str) -> Pair {
    let shelf = Shelf::new(journal.dir.path().join("method"));
    let ends = Ends { old: &old, new: &new, earlier: &[] };
    let found = revisions_of_state(&journal.options(), &journal.state(), &shelf, ends).await.unwrap();
    let revised = journal.dir.path().join(name);
    std::fs::create_dir_all(&revised).unwrap();
    found.write(&revised.join("revisions.parquet")).unwrap();
    Pair { old, new, revised }
}

/// The name that the attacker has for a figure, as revisions name it: table,
/// row and column.
fn named(name: &[String]) -> Option<[String; 3]> {
    let row = |table: &str, parts: &[&String], column: &str| {
        let key = parts.iter().map(|part| part.as_str()).collect::<Vec<_>>().join("|");
        Some([table.to_owned(), key, column.to_owned()])
    };
    match name {
        [measure, programme, district, _, _, quarter] if measure.starts_with("VOLUNTEER") => {
            row("volunteering", &[quarter, measure, programme, district], "quantity")
        }
        [measure, programme, district, basis, prior, quarter] => {
            row("jobs", &[quarter, measure, programme, district, basis, prior], "quantity")
        }
        [table, area, headline, unit, period] if table == "headline" => {
            let is_valued =
                ["gva-", "benefits-", "wellbeing-", "volunteering-"].iter().any(|of| headline.starts_with(of));
            let column = if is_valued { "gross" } else { "value_central" };
            row("headline", &[area, &"all".to_owned(), headline, unit, period], column)
        }
        _ => None,
    }
}

/// The state before the last causes, as whoever has the newer release and the
/// revisions reckons it: less what these causes changed, and unknown where they
/// are not told apart from others.
fn reckoned(new: &Release, differences: &Differences, last: &[&str]) -> Release {
    new.changed(|name, told| {
        let unknown = Told { mark: "c".to_owned(), count: None };
        let Some(name) = named(name) else { return unknown };
        let Some(count) = told.count else { return told.clone() };
        let mut before = count;
        for (cause, difference) in differences.get(&name).into_iter().flatten() {
            let parts: Vec<&str> = cause.split('+').collect();
            let of_the_last = parts.iter().filter(|part| last.contains(part)).count();
            match difference {
                Some(difference) if of_the_last == parts.len() => before -= difference,
                Some(_) if of_the_last == 0 => {}
                _ => return unknown,
            }
        }
        Told { mark: told.mark.clone(), count: Some(before) }
    })
}

/// Employers whose returns of a flow changed by a cause, by cell.
fn behind(region: &Region, cause: &str) -> BTreeMap<[String; 3], BTreeSet<String>> {
    let mut behind: BTreeMap<[String; 3], BTreeSet<String>> = BTreeMap::new();
    for event in &region.after {
        let of = match event.revision {
            1 => "correction",
            _ if event.occurred_on.to_string() == ENDS[ENDS.len() - 1] => "new-quarter",
            _ => "late-data",
        };
        if of == cause {
            let (basis, prior) = (event.job_basis.unwrap_or("NONE"), event.prior_status.unwrap_or("NONE"));
            let (quarter, of) = (event.quarter(), format!("{}|{}|{}", event.measure, event.programme, event.district));
            let (table, key) = match event.measure {
                "VOLUNTEER_HOURS" => ("volunteering", format!("{quarter}|{of}")),
                _ => ("jobs", format!("{quarter}|{of}|{basis}|{prior}")),
            };
            let cell = [table.to_owned(), key, "quantity".to_owned()];
            behind.entry(cell).or_default().insert(event.organisation.clone());
        }
    }
    behind
}

/// Counts over regions.
#[derive(Default, Debug)]
struct Outcome {
    /// Figures that more than one cause changed, and of these told apart.
    mixed: usize,
    apart: usize,
    /// Figures that one cause alone is told to have changed.
    single: usize,
    merged: usize,
    attacked: usize,
}

/// Fails where a cause that is told beside another is told of a small change,
/// or of one that fewer than three employers stand behind.
fn check_changes(region: &Region, exact: &Differences, told: &Differences, outcome: &mut Outcome) {
    for (name, by_cause) in told {
        let is_count = match [name[0].as_str(), name[2].as_str()] {
            ["jobs" | "volunteering", _] | ["social_value" | "lifetime_value", "gross"] => true,
            ["headline", column] => column == "gross" || (column == "value_central" && !name[1].contains("|GBP|")),
            _ => false,
        };
        if !is_count {
            continue;
        }
        let real = exact.get(name).map_or(0, BTreeMap::len);
        outcome.mixed += usize::from(real > 1);
        outcome.apart += usize::from(by_cause.len() > 1);
        outcome.single += usize::from(by_cause.len() == 1 && by_cause.keys().all(|cause| !cause.contains('+')));
        outcome.merged += usize::from(by_cause.keys().any(|cause| cause.contains('+')));
        for (cause, difference) in by_cause {
            let Some(difference) = difference else { continue };
            assert!(difference.abs() >= 10 * ONE, "{name:?} {cause}: {difference}");
            let is_flow = !name[1].contains("HEADCOUNT");
            let is_cell = matches!(name[0].as_str(), "jobs" | "volunteering");
            if by_cause.len() > 1 && is_flow && is_cell && CAUSES.contains(&cause.as_str()) {
                let employers = behind(region, cause).get(name).map_or(0, BTreeSet::len);
                assert!(employers >= 3, "{name:?} {cause}: {difference} of {employers} employers");
                let change = exact[name][cause].unwrap();
                assert!(change.abs() >= 10 * ONE, "{name:?} {cause}: {change}");
            }
        }
    }
}

/// Proves L10 for revisions over made-up regions: the differences add up as
/// published; no difference by cause is below the threshold, and none that is
/// told beside others rests on fewer than three employers; and whoever reckons
/// the states between the releases from them finds no count below ten to within
/// the rounding base, in these states, nor in them and the releases together.
#[test]
fn revisions_tell_no_small_count() {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(8)) as u64;
    let outcomes = std::thread::scope(|scope| {
        let work = |first: u64| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut outcome = Outcome::default();
            for seed in (first..REGIONS).step_by(threads as usize) {
                runtime.block_on(attacked(seed, &mut outcome));
            }
            outcome
        };
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || work(first))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    println!(
        "counts changed by several causes: {}; told apart: {}, as one: {}; by one cause alone: {}; states attacked: {}",
        sum(|one| one.mixed),
        sum(|one| one.apart),
        sum(|one| one.merged),
        sum(|one| one.single),
        sum(|one| one.attacked)
    );
    assert!(sum(|one| one.apart) > 0 && sum(|one| one.merged) > 0 && sum(|one| one.single) > 0);
}

async fn attacked(seed: u64, outcome: &mut Outcome) {
    let region = region(seed);
    let mut journal = Journal::new();
    let [exact, told] = pairs(&mut journal, &region).await;
    for pair in [&exact, &told] {
        let Pair { old, new, revised } = pair;
        revised::check(old, new, revised);
    }
    let (real, differences) = (revised::read(&exact.revised).0, revised::read(&told.revised).0);
    check_changes(&region, &real, &differences, outcome);
    let read = |folder: &Path| Release::read(folder);
    let (truth, new, old) = (read(&exact.new), read(&told.new), read(&told.old));
    let changed = |one: &Release, other: &Release, measure: &str| {
        let mut cells = one.cells.iter().filter(|(key, _)| key[0] == measure);
        cells.any(|(key, told)| other.cells.get(key).is_none_or(|later| later.count != told.count))
    };
    for from in 1..CAUSES.len() {
        let last = &CAUSES[from..];
        let (then, seen) = (reckoned(&truth, &real, last), reckoned(&new, &differences, last));
        let recovered = attack(&[&seen], &then);
        assert!(recovered.is_empty(), "region {seed}, before {last:?}: {recovered:#?}");
        for (releases, other) in [(vec![&seen, &new], &truth), (vec![&old, &seen], &read(&exact.old))] {
            let mut recovered = attack(&releases, &then);
            recovered.retain(|found| !changed(other, &then, &found.measure) && !changed(&then, other, &found.measure));
            assert!(recovered.is_empty(), "region {seed}, before {last:?} and beside: {recovered:#?}");
        }
        outcome.attacked += 1;
    }
}
