//! Verification finds what was planted, and names it.

use crate::support::drive::{examine, feed};
use crate::support::history::{Message, Record, Statement, Step};
use crate::support::net::{cell, read};
use crate::support::{block_on, folder};
use arrow::array::{ArrayRef, AsArray, Date32Array, Decimal128Array, Int32Array, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};
use commonweal_journal::{Book, Commit, Journal, JournalFile, Position, Writer};
use commonweal_ledger::verify::{Invariant, Report, verify};
use commonweal_schemas::Dataset;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use std::path::Path;
use std::sync::Arc;

/// Three commits: records, a correction, a withdrawal, a conflict, a refusal
/// and a hole.
pub(crate) async fn sound(dir: &Path) -> Journal {
    let stated = |identity, revision, content, cancel| {
        Message::Event(Statement { dataset: Dataset::Funding, identity, revision, recorded_at: 9, content, cancel })
    };
    let messages = [
        stated(0, 0, 0, false),
        stated(1, 0, 1, false),
        stated(2, 0, 3, false),
        Message::Bad(Dataset::Funding),
        stated(0, 1, 5, false),
        stated(1, 1, 0, true),
        stated(2, 0, 2, false),
        stated(3, 0, 4, false),
        stated(3, 0, 4, false),
    ];
    let offsets = [0, 1, 2, 3, 4, 7, 8, 9, 10];
    let log: Vec<Record> =
        offsets.into_iter().zip(messages).map(|(offset, message)| Record { partition: 0, offset, message }).collect();
    let mut steps = [Step::Read; 9];
    (steps[3], steps[5]) = (Step::Flush, Step::Flush);
    feed(dir, &log, &steps).await;
    let (journal, report) = examine(dir).await;
    assert_eq!(report.faults, []);
    assert_eq!(journal.version(), 3);
    journal
}

/// A journal with the rows of `from`, altered, in files as sound as any, so
/// that only what the rows say is wrong.
pub(crate) async fn altered(
    from: &Journal,
    dir: &Path,
    alter: impl Fn(&JournalFile, RecordBatch) -> RecordBatch,
) -> Report {
    let adoptions = from.references().adoptions();
    let first = adoptions.first().map_or(from.reference_version(), |adoption| &adoption.from);
    let mut journal = Journal::open_or_create(dir, first).await.unwrap();
    let topic = "commonweal.funding.v1".to_owned();
    let next_offset = from.next_offset(&topic, 0).await.unwrap().unwrap();
    let position = Position { topic, partition: 0, next_offset };
    for commit in 1..=from.version() {
        let (mut additions, mut posted_at) = (Vec::new(), journal.posted_at_micros());
        for file in from.book_files_of(commit).unwrap() {
            let batch = read(&file);
            posted_at = batch["posted_at"].as_primitive::<TimestampMicrosecondType>().value(0);
            let batch = alter(&file, batch);
            let rows = batch.num_rows() as u64;
            additions.push(journal.write_file(file.book, file.reversals, rows, &encoded(&batch)).unwrap());
        }
        let (positions, writers) = (vec![position.clone()], vec![Writer::Dataset(Dataset::Funding)]);
        let references = adoptions.iter().find_map(|adoption| {
            let ended = adoption.ended.filter(|end| end.commit == commit);
            let begun = || journal.references().begun(&adoption.to, commit, posted_at);
            ended.map(|end| journal.references().ended(end)).or_else(|| (adoption.began == commit).then(begun))
        });
        let commit = Commit { additions, positions, writers, references, posted_at, ..Commit::default() };
        journal.commit(&commit).await.unwrap();
    }
    verify(&journal).await.unwrap()
}

fn encoded(batch: &RecordBatch) -> Vec<u8> {
    let mut content = Vec::new();
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(&mut content, batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    content
}

/// `batch` with another column `name`.
pub(crate) fn with(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of(name).unwrap()] = column;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// `batch` without the rows for which `drop` holds.
pub(crate) fn without(batch: &RecordBatch, drop: impl Fn(usize) -> bool) -> RecordBatch {
    let keep = (0..batch.num_rows()).map(|row| Some(!drop(row))).collect();
    filter_record_batch(batch, &keep).unwrap()
}

/// Asserts that a fault of `invariant` names `place` and says `finding`.
pub(crate) fn assert_found(report: &Report, invariant: Invariant, place: &str, finding: &str) {
    let found = report
        .faults
        .iter()
        .any(|fault| fault.invariant == invariant && fault.place.contains(place) && fault.finding.contains(finding));
    assert!(found && !report.is_sound(), "no {invariant} at {place:?} that says {finding:?} in {:#?}", report.faults);
}

fn report_of(alter: impl Fn(&JournalFile, RecordBatch) -> RecordBatch) -> Report {
    block_on(async {
        let (from, to) = (folder(), folder());
        let journal = sound(from.path()).await;
        altered(&journal, to.path(), alter).await
    })
}

/// Proves that copying the rows plants nothing by itself, so that each test
/// below finds its own fault and no other.
#[test]
fn a_copy_is_sound() {
    let report = report_of(|_, batch| batch);
    assert_eq!(report.faults, []);
    let [totals] = report.partitions.as_slice() else { panic!("{:?}", report.partitions) };
    assert_eq!((totals.offsets, totals.next_offset), (11, 11));
    assert_eq!((totals.posted, totals.duplicate, totals.superseded), (6, 1, 1), "or the conflict went the other way");
    assert_eq!((totals.rejected, totals.absent), (1, 2));
    let funding = &report.datasets[0];
    assert_eq!((funding.live, funding.cancelled, funding.conflicting), (3, 1, 1));
    assert_eq!(funding.quantities.iter().map(|totals| totals.events).sum::<i64>(), 3);
}

/// L3: proves that one flipped byte in any file is found, and the file named.
#[test]
fn a_flipped_byte_is_found() {
    block_on(async {
        let dir = folder();
        let journal = sound(dir.path()).await;
        for file in journal.files().unwrap() {
            let sound = std::fs::read(&file.path).unwrap();
            let mut content = sound.clone();
            let middle = content.len() / 2;
            content[middle] ^= 1;
            std::fs::write(&file.path, content).unwrap();
            let report = verify(&journal).await.unwrap();
            let name = file.path.file_name().unwrap().to_str().unwrap();
            assert_found(&report, Invariant::Immutability, name, "changed after it was committed");
            std::fs::write(&file.path, sound).unwrap();
        }
        assert!(verify(&journal).await.unwrap().is_sound());
    });
}

/// L3: proves that a file that is gone is named.
#[test]
fn a_missing_file_is_found() {
    block_on(async {
        let dir = folder();
        let journal = sound(dir.path()).await;
        let file = &journal.book(Book::Funding).unwrap()[0];
        std::fs::remove_file(&file.path).unwrap();
        let report = verify(&journal).await.unwrap();
        let name = file.path.file_name().unwrap().to_str().unwrap();
        assert_found(&report, Invariant::Immutability, name, "missing");
        assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "the books hold no entry");
    });
}

/// L1: proves that a receipt that is gone shows as a hole, with its partition
/// and first offset.
#[test]
fn a_removed_receipt_is_found() {
    let report = report_of(|file, batch| match file.book {
        Book::Receipts => without(&batch, |row| cell(&batch, "outcome", row) == "absent"),
        _ => batch,
    });
    assert_eq!(report.faults.len(), 1, "{:#?}", report.faults);
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "no receipt covers");
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "2 offsets, the first is 5");
}

/// L1: proves that an offset with two outcomes is found, and so is a receipt
/// that calls a rejected message a duplicate.
#[test]
fn a_second_outcome_is_found() {
    let report = report_of(|file, batch| {
        if file.book != Book::Receipts || file.commit != 1 {
            return batch;
        }
        let names: Vec<String> = (0..batch.num_rows()).map(|row| cell(&batch, "outcome", row)).collect();
        let twin = names.iter().map(|name| if name == "rejected" { "duplicate" } else { name.as_str() });
        let twin = StringArray::from_iter_values(twin);
        concat_batches(&batch.schema(), [&batch, &with(&batch, "outcome", Arc::new(twin))]).unwrap()
    });
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "a second outcome");
    let report = report_of(|file, batch| match file.book {
        Book::Rejections => batch.slice(0, 0),
        _ => batch,
    });
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "the rejections book holds no row");
}

/// L2 and L1: proves that an entry posted twice is named by its event and by
/// its origin offset.
#[test]
fn a_doubled_entry_is_found() {
    let report = report_of(|file, batch| match (file.book, file.commit, file.reversals) {
        (Book::Funding, 3, false) => {
            let record = batch["event_id"].as_string::<i32>().iter().position(|event| event == Some("event 3"));
            concat_batches(&batch.schema(), [&batch, &batch.slice(record.unwrap(), 1)]).unwrap()
        }
        _ => batch,
    });
    assert_found(&report, Invariant::Additivity, "event_id \"event 3\"", "net entry of the event is 2");
    assert_found(&report, Invariant::Additivity, "", "over all entries");
    assert_found(&report, Invariant::Conservation, "commonweal.funding.v1/0", "more than one row");
}

/// L3: proves that a reversal that lost a grouping column is found, although
/// every sum over the dataset is right.
#[test]
fn a_reversal_of_another_district_is_found() {
    let report = report_of(|file, batch| {
        if !file.reversals || file.commit != 2 {
            return batch;
        }
        let elsewhere = StringArray::from(vec!["E06000006"; batch.num_rows()]);
        with(&batch, "district", Arc::new(elsewhere))
    });
    assert!(report.faults.iter().all(|fault| fault.invariant == Invariant::Immutability));
    assert_found(&report, Invariant::Immutability, "event_id \"event 0\"", "does not carry every column");
    assert_found(&report, Invariant::Immutability, "event_id \"event 1\"", "does not carry every column");
}

/// L2 and L3: proves that a reversal of a ten-thousandth too much is found.
#[test]
fn a_reversal_of_another_quantity_is_found() {
    let report = report_of(|file, batch| {
        if !file.reversals || file.commit != 2 {
            return batch;
        }
        let quantity = batch["quantity"].as_primitive::<Decimal128Type>();
        let more: Decimal128Array = quantity.unary(|quantity| quantity - 1);
        with(&batch, "quantity", Arc::new(more.with_precision_and_scale(18, 4).unwrap()))
    });
    assert_found(&report, Invariant::Immutability, "event_id \"event 0\"", "negated");
    assert_found(&report, Invariant::Additivity, "event_id \"event 0\"", "net quantity");
}

/// L2: proves that a lost reversal and a lost conflict mark are found.
#[test]
fn a_lost_reversal_and_a_lost_conflict_are_found() {
    let report = report_of(|file, batch| if file.reversals { batch.slice(1, batch.num_rows() - 1) } else { batch });
    assert_found(&report, Invariant::Additivity, "event_id \"event ", "net entry of the event is 2");
    let report = report_of(|file, batch| match file.book.dataset() {
        Some(_) => {
            let none = Int32Array::from(vec![0; batch.num_rows()]);
            with(&batch, "conflict", Arc::new(none))
        }
        None => batch,
    });
    assert_found(&report, Invariant::Additivity, "event_id \"event 2\"", "net conflict of the event is 0");
}

/// L3: proves that rows that claim another commit, another day, or a time
/// before that of an earlier commit are found.
#[test]
fn a_wrong_stamp_is_found() {
    let report = report_of(|file, batch| match (file.book, file.commit) {
        (Book::Receipts, 2) => {
            with(&batch, "ledger_commit", Arc::new(arrow::array::Int64Array::from(vec![1; batch.num_rows()])))
        }
        (Book::Rejections, _) => with(&batch, "booked_on", Arc::new(Date32Array::from(vec![7; batch.num_rows()]))),
        (Book::Funding, 3) => {
            let earlier = batch["posted_at"].as_primitive::<TimestampMicrosecondType>();
            let earlier =
                earlier.unary::<_, TimestampMicrosecondType>(|at| at - 86_400_000_000 * 30).with_timezone("UTC");
            with(&batch, "posted_at", Arc::new(earlier))
        }
        _ => batch,
    });
    assert_found(&report, Invariant::Immutability, "book=receipts/000000000002", "another ledger_commit");
    assert_found(&report, Invariant::Immutability, "book=rejections/000000000001", "booked_on");
    assert_found(&report, Invariant::Immutability, "commit 3", "before that of an earlier commit");
}
