//! Adopting a reference version: what is posted, whoever meets it, wherever it
//! is cut off; and verification of it.

use crate::planted::{altered, assert_found, sound, with, without};
use crate::support::drive::{REFERENCE, examine, topic};
use crate::support::history::Statement;
use crate::support::{batch, block_on, folder, net};
use arrow::array::{ArrayRef, AsArray as _, Int32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use commonweal_journal::{Book, Journal};
use commonweal_ledger::verify::{Invariant, Report};
use commonweal_ledger::{Adopter, AdoptionLimits, AdoptionStep, Ledger, LedgerError};
use commonweal_schemas::{Dataset, arrow_schema};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const NEXT: &str = "test-2";
/// One entry a commit.
const LIMITS: AdoptionLimits = AdoptionLimits { batch_rows: 2, flush_rows: 1, flush_bytes: usize::MAX };
const TITLE: &str = "title 9";

/// Joins a version that says something else of every event.
fn enrich(validated: &RecordBatch) -> Result<RecordBatch, LedgerError> {
    let schema = arrow_schema::enriched();
    let rows = validated.num_rows();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let name = field.name().as_str();
        match (validated.column_by_name(name), field.data_type()) {
            (Some(column), _) => Arc::clone(column),
            (None, DataType::Int32) => Arc::new(Int32Array::from(vec![10; rows])),
            (None, data_type) => {
                let value = if name == "reference_version" { NEXT.to_owned() } else { format!("{name} by {NEXT}") };
                cast(&StringArray::from(vec![value.as_str(); rows]), data_type).unwrap()
            }
        }
    });
    Ok(RecordBatch::try_new(Arc::clone(&schema), columns.collect())?)
}

async fn begin(dir: &Path, to: &str) -> Result<Option<Adopter>, LedgerError> {
    Adopter::begin(dir, to, LIMITS, 7).await
}

/// Steps to the end; how many of them posted something.
async fn run(adopter: &mut Adopter) -> usize {
    let mut posted = 0;
    loop {
        match adopter.step(enrich, |_| {}, 7).await.unwrap() {
            AdoptionStep::Posted(committed) => {
                assert_eq!((committed.entries, committed.reversals, committed.rejections), (1, 1, 0));
                posted += 1;
            }
            AdoptionStep::Ended { .. } => return posted,
        }
    }
}

/// A sound journal that was brought to the next version: three of its events
/// stand.
async fn adopted(dir: &Path) -> Journal {
    sound(dir).await;
    let mut adopter = begin(dir, NEXT).await.unwrap().unwrap();
    assert_eq!(run(&mut adopter).await, 3);
    let progress = adopter.progress();
    assert_eq!((progress.in_force, progress.changed, progress.rows_read), (3, 3, progress.rows));
    Journal::open(dir).await.unwrap()
}

async fn open_under(dir: &Path, version: &str) -> Result<Ledger, LedgerError> {
    let mut ledger = Ledger::open(dir, version, &Dataset::ALL).await?;
    ledger.start_partition(&topic(Dataset::Funding), 0).await?;
    Ok(ledger)
}

/// Posts statements from an offset on.
async fn post(ledger: &mut Ledger, first: i64, statements: &[Statement]) -> Result<(), LedgerError> {
    let topic = topic(Dataset::Funding);
    let rows: Vec<batch::Placed<'_>> = (first..).zip(statements).map(|(at, statement)| (0, at, statement)).collect();
    ledger.post(Dataset::Funding, &topic, &batch::enriched(&topic, &rows))?;
    let next = first + i64::try_from(statements.len()).unwrap();
    ledger.advance(&topic, 0, first..next, next);
    ledger.flush(8).await.map(|_| ())
}

fn stated(identity: u32, revision: i32, content: u8, cancel: bool) -> Statement {
    Statement { dataset: Dataset::Funding, identity, revision, recorded_at: 9, content, cancel }
}

/// Names of the files of a book: their digests are in them.
fn names(journal: &Journal, book: Book) -> Vec<String> {
    let files = journal.book(book).unwrap();
    files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Rows that stand, by all carried columns, in books without order.
fn standing(journal: &Journal) -> BTreeMap<String, u32> {
    let rows = net::standing_and_reversed(journal).into_iter();
    rows.filter(|(_, (posted, reversed))| posted > reversed)
        .map(|(row, (posted, reversed))| (row, posted - reversed))
        .collect()
}

/// L1, L2, L3: proves that an adoption takes back each entry in force, once and
/// with all its columns, and posts it anew under the new version; that no
/// receipt, rejection or position changes; that events stand for what they
/// stood for; and that a revision, a withdrawal and a conflict that come later
/// meet the entry posted anew.
#[test]
fn entries_are_reversed_and_posted_anew() {
    block_on(async {
        let dir = folder();
        let before = sound(dir.path()).await;
        let (sums, others) =
            (net::net(&before).datasets, [Book::Receipts, Book::Rejections].map(|book| names(&before, book)));
        let mut adopter = begin(dir.path(), NEXT).await.unwrap().unwrap();
        run(&mut adopter).await;
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!((report.datasets[0].live, report.datasets[0].reclassified, report.adopting), (3, 3, None));
        assert_eq!(journal.reference_version(), NEXT);
        assert_eq!(net::net(&journal).datasets, sums);
        assert_eq!([Book::Receipts, Book::Rejections].map(|book| names(&journal, book)), others);
        for row in standing(&journal).keys().filter(|row| row.contains("(1, 0")) {
            assert!(row.contains("district by test-2") && row.contains("reference_version=test-2"), "{row}");
        }
        assert!(begin(dir.path(), NEXT).await.unwrap().is_none(), "it is under that version already");

        let mut ledger = open_under(dir.path(), NEXT).await.unwrap();
        let later = [stated(0, 2, 4, false), stated(2, 0, 5, false), stated(2, 0, 0, false), stated(3, 1, 0, true)];
        post(&mut ledger, 11, &later).await.unwrap();
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        let funding = &report.datasets[0];
        assert_eq!((funding.live, funding.cancelled, funding.conflicting), (2, 2, 1));
        assert!(standing(&journal).values().all(|count| *count == 1));
        let left = standing(&journal).into_keys().filter(|row| row.contains("by test-2")).count();
        assert!(left <= 1, "what was superseded is taken back as it was posted anew");
    });
}

/// Proves that an adoption that is cut off after any of its commits leaves
/// sound books that nobody can post to under any version, says what is under
/// way, and comes to the same rows when it is begun again.
#[test]
fn cut_off_it_goes_on() {
    block_on(async {
        let whole = folder();
        let expected = standing(&adopted(whole.path()).await);
        for steps in 0..=3 {
            let dir = folder();
            sound(dir.path()).await;
            let mut adopter = begin(dir.path(), NEXT).await.unwrap().unwrap();
            for _ in 0..steps {
                adopter.step(enrich, |_| {}, 7).await.unwrap();
            }
            drop(adopter);
            let (journal, report) = examine(dir.path()).await;
            assert_eq!(report.faults, []);
            assert_eq!((report.adopting.as_deref(), report.datasets[0].live), (Some(NEXT), 3));
            assert_eq!((journal.reference_version(), journal.settled_version()), (REFERENCE, 3));
            for version in [REFERENCE, NEXT] {
                let refused = open_under(dir.path(), version).await.err().unwrap();
                assert!(matches!(&refused, LedgerError::Adopting { to, .. } if to == NEXT), "{refused}");
            }
            let other = begin(dir.path(), "test-3").await.err().unwrap();
            assert!(matches!(&other, LedgerError::Adopting { to, .. } if to == NEXT), "{other}");

            let mut again = begin(dir.path(), NEXT).await.unwrap().unwrap();
            assert_eq!(run(&mut again).await, 3 - steps, "what is done is not done again");
            let (journal, report) = examine(dir.path()).await;
            assert_eq!(report.faults, []);
            assert_eq!(standing(&journal), expected);
        }
    });
}

/// Proves that an adoption fences whoever posts and an adopter before it, at
/// any of their commits, and that afterwards a journal is opened under the new
/// version alone.
#[test]
fn whoever_posts_is_fenced() {
    block_on(async {
        let dir = folder();
        sound(dir.path()).await;
        let mut writer = open_under(dir.path(), REFERENCE).await.unwrap();
        let mut first = begin(dir.path(), NEXT).await.unwrap().unwrap();
        let refused = post(&mut writer, 11, &[stated(7, 0, 1, false)]).await;
        assert!(matches!(refused, Err(LedgerError::Fenced { commit: 4, .. })), "{refused:?}");

        let mut second = begin(dir.path(), NEXT).await.unwrap().unwrap();
        let refused = first.step(enrich, |_| {}, 7).await;
        assert!(matches!(refused, Err(LedgerError::Fenced { commit: 5, .. })), "{refused:?}");
        assert_eq!(run(&mut second).await, 3);
        let refused = post(&mut writer, 11, &[stated(7, 0, 1, false)]).await;
        assert!(matches!(refused, Err(LedgerError::Fenced { .. })), "{refused:?}");
        let refused = open_under(dir.path(), REFERENCE).await.err().unwrap();
        assert!(matches!(refused, LedgerError::Reference { .. }), "{refused}");
        let mut writer = open_under(dir.path(), NEXT).await.unwrap();
        post(&mut writer, 11, &[stated(7, 0, 1, false)]).await.unwrap();
        assert_eq!(examine(dir.path()).await.1.faults, []);
    });
}

fn report_of(alter: impl Fn(&commonweal_journal::JournalFile, RecordBatch) -> RecordBatch) -> Report {
    block_on(async {
        let (from, to) = (folder(), folder());
        let journal = adopted(from.path()).await;
        altered(&journal, to.path(), alter).await
    })
}

fn all(value: &str, batch: &RecordBatch) -> ArrayRef {
    Arc::new(StringArray::from(vec![value; batch.num_rows()]))
}

/// L3: proves that verification finds a reclassification that changes what the
/// event states, one that posts nothing anew or takes nothing back, one beside
/// every adoption, and an adoption's commit that posts something else; and
/// that a copy has none of these faults.
#[test]
fn false_reclassifications_are_found() {
    assert_eq!(report_of(|_, batch| batch).faults, []);
    // The adoption's commits are 4 to 8.
    let report = report_of(|file, batch| match (file.commit, file.reversals) {
        (5, false) => with(&batch, "title", all(TITLE, &batch)),
        _ => batch,
    });
    assert_found(&report, Invariant::Immutability, "000000000005-entries", "more than the reference decides");
    assert_eq!(report.faults.len(), 1);
    let report = report_of(|file, batch| match (file.commit, file.reversals) {
        (5, false) => without(&batch, |_| true),
        _ => batch,
    });
    assert_found(&report, Invariant::Immutability, "000000000005-reversals", "does not post anew");
    assert_found(&report, Invariant::Additivity, "event_id \"event ", "net entry of the event is 0");
    let report = report_of(|file, batch| match (file.commit, file.reversals) {
        (5, true) => without(&batch, |_| true),
        _ => batch,
    });
    assert_found(&report, Invariant::Immutability, "000000000005-entries", "does not take back");
    let report = report_of(|file, batch| match (file.book, file.commit, file.reversals) {
        (Book::Funding, 1, false) => with(&batch, "cause", all("reclassification", &batch)),
        _ => batch,
    });
    assert_found(&report, Invariant::Immutability, "000000000001-entries", "no part of any adoption");
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "the books hold no entry");
    let report = report_of(|file, batch| match file.commit {
        5 => with(&batch, "cause", all("correction", &batch)),
        _ => batch,
    });
    assert_found(&report, Invariant::Immutability, "000000000005-entries", "posts something else");
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "more than one row");
    let report = report_of(|file, batch| {
        let quantity = batch.column_by_name("quantity").map(|column| column.slice(0, batch.num_rows()));
        match (file.commit, file.reversals, quantity) {
            (6, false, Some(quantity)) => {
                let more: arrow::array::Decimal128Array =
                    quantity.as_primitive::<arrow::datatypes::Decimal128Type>().unary(|quantity| quantity + 1);
                with(&batch, "quantity", Arc::new(more.with_precision_and_scale(18, 4).unwrap()))
            }
            _ => batch,
        }
    });
    assert_found(&report, Invariant::Immutability, "000000000006-entries", "changes a measure, unit, quantity");
}
