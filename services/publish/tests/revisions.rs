//! What a later release changes of an earlier one is told by cause, and adds up
//! to the whole change exactly.
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::{
    Ends, Options, Protection, PublishError, Revisions, RevisionsError, Shelf, publish_state_as_of, revisions_of_state,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use support::book::{BASE, copy_folder, copy_of_the_book};
use support::events::{DISTRICTS, Event};
use support::history::history;
use support::journal::{Journal, Rejected};
use support::revised;

const OTHER_REFERENCE: &str = "ba9876543210";

/// A text in a file of the book, and what takes its place.
type Edit<'a> = (&'a str, &'a str, &'a str);

const PARAMETER: Edit<'_> = ("parameters.csv", "10000,13000,16000", "20000,26000,32000");
/// A filled job's value added in 2020, twice as much.
const JOBS: Edit<'_> = ("parameters.csv", "48170,48170,48170", "96340,96340,96340");
const MODEL: Edit<'_> = (
    "models/valuations.sql",
    "CAST(CAST(value_central AS DECIMAL(28, 8)) * CAST('0.25' AS DECIMAL(3, 2)) AS DECIMAL(18, 8)) AS value_central",
    "CAST(CAST(value_central AS DECIMAL(28, 8)) * CAST('0.20' AS DECIMAL(3, 2)) AS DECIMAL(18, 8)) AS value_central",
);

/// Releases of one journal.
struct Desk {
    journal: Journal,
}

impl Desk {
    fn new() -> Self {
        Self { journal: Journal::new() }
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(self.journal.dir.path().join("method"))
    }

    /// Puts a copy of the program's book with other texts on the shelf.
    fn add_book(&self, version: &str, edits: &[Edit<'_>]) {
        let folder = self.journal.dir.path().join("method").join(version);
        copy_of_the_book(&folder);
        let named = [("method.toml", "version = \"2026.1\"", &*format!("version = \"{version}\""))];
        for (file, from, to) in named.iter().chain(edits) {
            let path = folder.join(file);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{file} has {from}");
            fs::write(path, text.replace(from, to)).unwrap();
        }
    }

    async fn release(&self, name: &str, method: &str, protection: Protection) -> PathBuf {
        let folder = self.journal.dir.path().join(name);
        let options = Options { protection, method: self.shelf().open(method).unwrap(), ..self.journal.options() };
        publish_state_as_of(&options, &self.journal.state(), i64::MAX, &folder).await.unwrap();
        folder
    }

    async fn try_revisions(&self, old: &Path, new: &Path, earlier: &[PathBuf]) -> Result<Revisions, PublishError> {
        let (options, state, shelf) = (self.journal.options(), self.journal.state(), self.shelf());
        let found = revisions_of_state(&options, &state, &shelf, Ends { old, new, earlier }).await;
        assert!(!self.journal.dir.path().join("balances/revisions").exists(), "nothing is left behind");
        found
    }

    /// Writes the revisions into a folder of their own, and returns it.
    async fn revisions(&self, old: &Path, new: &Path) -> (Revisions, PathBuf) {
        let found = self.try_revisions(old, new, &[]).await.unwrap();
        let folder = self.journal.dir.path().join("revised");
        fs::create_dir_all(&folder).unwrap();
        found.write(&folder.join("revisions.parquet")).unwrap();
        (found, folder)
    }
}
/// Another version of the reference has what was in Manchester in Sefton.
fn move_out_of_manchester(event: &Event) -> Option<Event> {
    (event.district == DISTRICTS[2]).then(|| Event { district: DISTRICTS[1], ..event.clone() })
}

/// Posts a history in parts with an adoption in between, releases what is there
/// after the first and after the last, by another method, and holds the
/// revisions against both.
async fn check(events: &[Event], cuts: [usize; 3], protected: bool) -> [usize; 2] {
    let mut desk = Desk::new();
    desk.add_book("ours", &[PARAMETER, MODEL]);
    let [first, second, third] = cuts.map(|cut| cut * events.len() / 100);
    desk.journal.commit(&events[..first]);
    let protection = if protected { Protection::default() } else { Protection::None };
    let old = desk.release("old", BASE, protection.clone()).await;
    desk.journal.commit(&events[first..second.max(first)]);
    let refused = [Rejected { reason: "AMOUNT_MISSING", source: None, payload: vec![1] }];
    desk.journal.commit_entries(&[], &refused);
    desk.journal.adopt(OTHER_REFERENCE, move_out_of_manchester);
    for part in [second.max(first)..third.max(second).max(first), third.max(second).max(first)..events.len()] {
        desk.journal.commit(&events[part]);
    }
    let against = if protected { Protection::Full { against: vec![old.clone()] } } else { protection };
    let new = desk.release("new", "ours", against).await;
    // Whatever comes later does not matter.
    desk.journal.commit(&[Event::grant("later", "R", "2021-12-31", 77)]);
    let (_, folder) = desk.revisions(&old, &new).await;
    revised::check(&old, &new, &folder)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 30, ..ProptestConfig::default() })]

    /// Proves that over histories of late events, corrections, withdrawals and
    /// conflicts, with an adoption and another method, the differences of every
    /// figure in every table add up to the last digit; before disclosure
    /// control and under it.
    #[test]
    fn differences_add_up(
        events in history(),
        cuts in [0..100_usize, 0..100, 0..100],
        protected in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&events, cuts, protected));
    }
}

/// Differences of a figure by cause, where the table's name, part of the row's
/// key and the column are these; there must be one such figure at most.
fn differences(found: &Revisions, table: &str, part: &str, figure: &str) -> BTreeMap<String, i128> {
    let is_meant =
        |row: &&commonweal_publish::Revision| row.table == table && row.figure == figure && row.row_key.contains(part);
    let rows: Vec<_> = found.rows.iter().filter(is_meant).collect();
    assert!(rows.iter().all(|row| row.row_key == rows[0].row_key), "{rows:#?}");
    rows.iter().map(|row| (row.cause.clone(), row.difference.unwrap())).collect()
}

fn of(pairs: &[(&str, i128)]) -> BTreeMap<String, i128> {
    pairs.iter().map(|(cause, pounds)| ((*cause).to_owned(), pounds * 10_000)).collect()
}

/// Proves by hand: of 150 pounds committed in a quarter, 30 come late, one grant
/// is corrected from 100 to 80, one of 50 withdrawn, and 1,000 are of a new
/// quarter. The row of the old quarter has the late 30 and the corrected -70;
/// the year and the total have the new 1,000 too; the new quarter has no row.
#[tokio::test]
async fn causes_are_told_by_hand() {
    let mut desk = Desk::new();
    let (one, two) = (Event::grant("1", "R", "2020-01-15", 100), Event::grant("2", "R", "2020-01-15", 50));
    desk.journal.commit(&[one.clone(), two.clone()]);
    let old = desk.release("old", BASE, Protection::None).await;
    let corrected = Event { quantity: 80 * 10_000, ..one.revised(1) };
    desk.journal.commit(&[corrected, Event::grant("3", "R", "2020-03-31", 30), two.cancelled(1)]);
    desk.journal.commit(&[Event::grant("4", "R", "2020-04-01", 1_000)]);
    let new = desk.release("new", BASE, Protection::None).await;
    let (found, folder) = desk.revisions(&old, &new).await;

    let quarter = of(&[("late-data", 30), ("correction", -70)]);
    assert_eq!(differences(&found, "funding", "2020-Q1|", "amount"), quarter);
    assert_eq!(differences(&found, "funding", "2020-Q1|", "events"), of(&[("late-data", 1), ("correction", -1)]));
    assert_eq!(differences(&found, "funding", "2020-Q2|", "amount"), BTreeMap::new());
    let whole = of(&[("late-data", 30), ("correction", -70), ("new-quarter", 1_000)]);
    for period in ["2020", "total"] {
        let key = format!("all|all|committed-grant|GBP|{period}");
        assert_eq!(differences(&found, "headline", &key, "value_central"), whole, "{period}");
    }
    let headlines = found.headlines();
    let total = headlines.iter().find(|one| one.row.row_key == "all|all|committed-grant|GBP|total").unwrap();
    assert_eq!((total.row.old, total.row.new), (Some(1_500_000), Some(11_100_000)));
    assert!(total.is_large() && total.difference() == Some(9_600_000));
    assert_eq!(found.revised()["funding"], [3, 0], "events, amount, real amount");
    revised::check(&old, &new, &folder);
    let text = String::from_utf8_lossy(&fs::read(folder.join("revisions.parquet")).unwrap()).into_owned();
    assert!(text.contains("commonweal.disclosure") && text.contains("not for publication"), "the file says what it is");
}

/// Proves that each cause appears where something of it was done, and only
/// there: a late event, a new quarter, a correction, a withdrawal, a conflict,
/// an adoption, a parameter, a model; and that a call for the change of over
/// one per cent goes by the per cent.
#[tokio::test]
async fn each_cause_appears_where_it_was_made() {
    type Deed = fn(&mut Desk) -> &'static str;
    let cases: [(&str, Deed); 8] = [
        ("late-data", |desk| {
            desk.journal.commit(&[Event::grant("late", "R", "2020-02-01", 1)]);
            BASE
        }),
        ("new-quarter", |desk| {
            desk.journal.commit(&[Event::grant("new", "R", "2020-04-01", 1)]);
            BASE
        }),
        ("correction", |desk| {
            desk.journal.commit(&[Event { quantity: 500_000, ..grant().revised(1) }]);
            BASE
        }),
        ("correction", |desk| {
            desk.journal.commit(&[grant().cancelled(1)]);
            BASE
        }),
        ("correction", |desk| {
            desk.journal.commit(&[Event { quantity: 500_000, recorded_at: 1_700_000_000_000_000, ..grant() }]);
            BASE
        }),
        ("reclassification", |desk| {
            desk.journal.adopt(OTHER_REFERENCE, move_out_of_manchester);
            BASE
        }),
        ("parameter", |desk| {
            desk.add_book("ours", &[PARAMETER]);
            "ours"
        }),
        ("method", |desk| {
            desk.add_book("ours", &[MODEL]);
            "ours"
        }),
    ];
    for (number, (cause, deed)) in cases.into_iter().enumerate() {
        let mut desk = Desk::new();
        let created = Event { job_basis: Some("CREATED"), ..Event::headcount("j", "R", "2020-01-15", 40) };
        let hired = Event { measure: "HIRES", prior_status: Some("UNEMPLOYED"), ..created.clone() };
        desk.journal.commit(&[grant(), created, Event { event_id: "h".to_owned(), job_basis: None, ..hired }]);
        let old = desk.release("old", BASE, Protection::None).await;
        let method = deed(&mut desk);
        let new = desk.release("new", method, Protection::None).await;
        let (found, folder) = desk.revisions(&old, &new).await;
        let causes: BTreeSet<&str> = found.rows.iter().map(|row| row.cause.as_str()).collect();
        assert_eq!(causes, BTreeSet::from([cause]), "case {number}");
        revised::check(&old, &new, &folder);
    }
}

fn grant() -> Event {
    Event { district: DISTRICTS[2], ..Event::grant("g", "R", "2020-01-15", 1_000) }
}

/// Proves that a change of parameters and one of models are told apart by hand:
/// WELLBYs that are worth twice as much double the wellbeing value, a model
/// that takes a fifth of a year for a quarter takes a fifth off the value of
/// jobs; of one figure that both change, each has its part.
#[tokio::test]
async fn numbers_and_models_are_told_apart() {
    let mut desk = Desk::new();
    let created = Event { job_basis: Some("CREATED"), ..Event::headcount("j", "R", "2020-01-15", 40) };
    let hired = Event { measure: "HIRES", prior_status: Some("UNEMPLOYED"), ..created.clone() };
    desk.journal.commit(&[created, Event { event_id: "h".to_owned(), job_basis: None, ..hired }]);
    let old = desk.release("old", BASE, Protection::None).await;
    desk.add_book("ours", &[PARAMETER, MODEL, JOBS]);
    let new = desk.release("new", "ours", Protection::None).await;
    let (found, folder) = desk.revisions(&old, &new).await;
    let of = |outcome: &str| {
        let meant = found.rows.iter().find(|row| row.table == "social_value" && row.row_key.contains(outcome));
        let meant = meant.unwrap();
        let old = found
            .rows
            .iter()
            .find(|row| row.row_key == meant.row_key && row.table == "social_value" && row.figure == "value_central")
            .and_then(|row| row.old)
            .unwrap();
        (old, differences(&found, "social_value", &meant.row_key, "value_central"))
    };
    let close = |one: i128, other: i128| (one - other).abs() <= 400;
    let (value, by_cause) = of("PEOPLE_INTO_WORK");
    assert!(by_cause.len() == 1 && close(by_cause["parameter"], value), "{value}: {by_cause:?}");
    let (value, by_cause) = of("JOBS_CREATED");
    // Doubled, then four fifths of that.
    assert!(close(by_cause["parameter"], value) && close(by_cause["method"], -2 * value / 5), "{value}: {by_cause:?}");
    revised::check(&old, &new, &folder);
}

/// Proves that a release compared with itself, and with one of the same state
/// and method, has no row.
#[tokio::test]
async fn what_is_the_same_has_no_row() {
    let mut desk = Desk::new();
    let empty = desk.release("empty", BASE, Protection::default()).await;
    desk.journal.commit(&[grant(), Event::headcount("j", "R", "2020-01-15", 40)]);
    let one = desk.release("one", BASE, Protection::default()).await;
    let again = desk.release("again", BASE, Protection::Full { against: vec![one.clone()] }).await;
    for (old, new) in [(&empty, &empty), (&one, &one), (&one, &again)] {
        let (found, folder) = desk.revisions(old, new).await;
        assert_eq!(found.rows, [], "{} {}", old.display(), new.display());
        assert_eq!(support::attack::rows(&folder, "revisions"), []);
    }
    let (found, _) = desk.revisions(&empty, &one).await;
    assert!(found.rows.iter().all(|row| row.cause == "new-quarter" && row.old.is_none()), "{:#?}", found.rows);
}

fn refused(found: Result<Revisions, PublishError>) -> RevisionsError {
    match found {
        Err(PublishError::Revisions(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(found) => panic!("{:#?}", found.rows),
    }
}

/// Proves that releases which cannot be compared are refused by name: altered,
/// of another journal, by a method that reads otherwise now or is gone, of a
/// later state, the newer one first, protected and not, and one protected
/// against a release that nobody names.
#[tokio::test]
async fn what_cannot_be_compared_is_refused() {
    let mut desk = Desk::new();
    desk.add_book("ours", &[PARAMETER]);
    desk.journal.commit(&[grant()]);
    let old = desk.release("old", BASE, Protection::default()).await;
    let raw = desk.release("raw", BASE, Protection::None).await;
    desk.journal.commit(&[Event::grant("late", "R", "2020-02-01", 1)]);
    let middle = desk.release("middle", "ours", Protection::Full { against: vec![old.clone()] }).await;
    let new = desk.release("new", BASE, Protection::Full { against: vec![old.clone(), middle.clone()] }).await;
    desk.revisions(&old, &middle).await;

    let error = refused(desk.try_revisions(&old, &new, &[]).await);
    assert!(
        matches!(error, RevisionsError::EarlierUnknown { .. }) && error.to_string().contains("--against"),
        "{error}"
    );
    desk.try_revisions(&old, &new, std::slice::from_ref(&middle)).await.unwrap();
    assert!(matches!(
        refused(desk.try_revisions(&middle, &old, &[]).await),
        RevisionsError::Backwards { old: 2, new: 1 }
    ));
    assert!(matches!(refused(desk.try_revisions(&raw, &middle, &[]).await), RevisionsError::Mixed));

    let copy = desk.journal.dir.path().join("copy");
    copy_folder(&old, &copy);
    fs::write(copy.join("funding.parquet"), "other bytes").unwrap();
    assert!(matches!(refused(desk.try_revisions(&copy, &middle, &[]).await), RevisionsError::Altered(_)));
    // With a manifest that was altered to match.
    copy_folder(&middle, &copy);
    let manifest = fs::read_to_string(middle.join("manifest.json")).unwrap();
    fs::write(copy.join("manifest.json"), manifest.replace("\"ledger_version\": 2", "\"ledger_version\": 1")).unwrap();
    let error = refused(desk.try_revisions(&old, &copy, &[]).await);
    assert!(matches!(&error, RevisionsError::NotReproduced { table, .. } if table == "headline"), "{error}");
    fs::write(copy.join("manifest.json"), manifest.replace("\"ledger_version\": 2", "\"ledger_version\": 9")).unwrap();
    let error = refused(desk.try_revisions(&old, &copy, &[]).await);
    assert!(matches!(error, RevisionsError::NotOfThisJournal { version: 9, last: 2, .. }), "{error}");
    fs::write(copy.join("manifest.json"), manifest.replace("\"controlled\"", "\"\"")).unwrap();
    assert!(matches!(refused(desk.try_revisions(&old, &copy, &[]).await), RevisionsError::Unlabelled(_)));

    let mut other = Desk::new();
    other.journal.commit(&[Event::grant("other", "R", "2020-01-15", 7)]);
    let foreign = other.release("old", BASE, Protection::default()).await;
    let error = refused(desk.try_revisions(&foreign, &middle, std::slice::from_ref(&old)).await);
    assert!(error.to_string().contains("another journal"), "{error}");

    let book = desk.journal.dir.path().join("method/ours");
    let about = fs::read_to_string(book.join("method.toml")).unwrap();
    fs::write(book.join("method.toml"), about.replace("price_base_year = 2020", "price_base_year = 2019")).unwrap();
    let error = refused(desk.try_revisions(&old, &middle, &[]).await);
    assert!(matches!(&error, RevisionsError::NotReproduced { method, .. } if method == "ours"), "{error}");
    fs::remove_dir_all(&book).unwrap();
    let error = refused(desk.try_revisions(&old, &middle, &[]).await);
    assert!(matches!(&error, RevisionsError::Method { version, .. } if version == "ours"), "{error}");
}

/// Proves that unprotected revisions never come where published files lie.
#[tokio::test]
async fn exact_revisions_stay_apart() {
    let mut desk = Desk::new();
    desk.journal.commit(&[grant()]);
    desk.journal.publish().await;
    let old = desk.release("old", BASE, Protection::None).await;
    let found = desk.try_revisions(&old, &old, &[]).await.unwrap();
    let published = desk.journal.dir.path().join("published");
    let refused = found.write(&published.join("revisions.parquet")).unwrap_err();
    assert!(matches!(refused, PublishError::Unprotected(_)), "{refused}");
    assert!(!published.join("revisions.parquet").exists());
}
