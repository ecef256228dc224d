//! Writers against each other and against time: fencing, retries, reading
//! back, what `open` refuses.

use crate::support::drive::{REFERENCE, clock, examine, open, open_of, post, topic};
use crate::support::history::{Message, Record, Statement};
use crate::support::{block_on, folder, model, net};
use commonweal_journal::Journal;
use commonweal_ledger::{Ledger, LedgerError};
use commonweal_schemas::Dataset::{self, Employment, Funding};

fn statement(dataset: Dataset, identity: u32, revision: i32) -> Message {
    let content = u8::try_from((identity + revision.unsigned_abs()) % 6).unwrap();
    Message::Event(Statement { dataset, identity, revision, recorded_at: 0, content, cancel: false })
}

/// Messages of one partition, from `first` on.
fn records(first: i64, messages: impl IntoIterator<Item = Message>) -> Vec<Record> {
    (first..).zip(messages).map(|(offset, message)| Record { partition: 0, offset, message }).collect()
}

fn post_all(ledger: &mut Ledger, records: &[Record]) {
    post(ledger, &records.iter().collect::<Vec<_>>()).unwrap();
}

/// Proves that of two writers of one dataset the second is fenced, again and
/// again however often it tries, and that nothing of it reaches the table; a
/// writer that starts anew goes on from the first one's position.
#[test]
fn a_second_writer_is_fenced() {
    block_on(async {
        let dir = folder();
        let ours = records(0, (0..5).map(|identity| statement(Funding, identity, 0)));
        let theirs = records(0, (5..9).map(|identity| statement(Funding, identity, 0)));
        let mut first = open(dir.path()).await;
        let mut second = open(dir.path()).await;
        post_all(&mut second, &theirs);
        post_all(&mut first, &ours);
        assert_eq!(first.flush(1).await.unwrap().unwrap().commit, 1);
        for _ in 0..3 {
            let refused = second.flush(2).await;
            assert!(matches!(refused, Err(LedgerError::Fenced { commit: 1, .. })), "{refused:?}");
        }
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!(journal.version(), 1);
        assert_eq!(net::net(&journal), model::net(ours.iter().map(|record| &record.message)));

        let third = open(dir.path()).await;
        assert_eq!(third.next_offset(&topic(Funding), 0), Some(5));
    });
}

/// Proves that writers of different datasets do not fence each other: whoever
/// comes second stamps anew and commits, and every row carries its own commit.
#[test]
fn writers_of_different_datasets_both_commit() {
    block_on(async {
        let dir = folder();
        let mut funding = open_of(dir.path(), &[Funding]).await.unwrap();
        let mut employment = open_of(dir.path(), &[Employment]).await.unwrap();
        let mut log = Vec::new();
        for (turn, offset) in (0_i32..).zip([0, 4, 8]) {
            for (dataset, ledger) in [(Funding, &mut funding), (Employment, &mut employment)] {
                let records = records(offset, (0..4).map(|identity| statement(dataset, identity, turn)));
                post_all(ledger, &records);
                // Later commits carry the earlier time: `posted_at` must not follow it.
                let committed = ledger.flush(1_000 - i64::from(turn)).await.unwrap().unwrap();
                log.extend(records);
                assert_eq!((committed.entries, committed.reversals), (4, if turn == 0 { 0 } else { 4 }));
            }
        }
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!((journal.version(), journal.posted_at_micros()), (6, 1_000));
        assert_eq!(net::net(&journal), model::net(log.iter().map(|record| &record.message)));
    });
}

/// Proves that a journal posted under one reference version is not opened
/// under another.
#[test]
fn another_reference_version_is_refused() {
    block_on(async {
        let dir = folder();
        drop(open(dir.path()).await);
        let refused = Ledger::open(dir.path(), "test-2", &Dataset::ALL).await;
        let Err(LedgerError::Reference { journal, configured }) = refused else { panic!("it was opened") };
        assert_eq!((journal.as_str(), configured.as_str()), (REFERENCE, "test-2"));
    });
}

/// Proves that entries scattered over many files are all found and taken
/// back by one commit, by a writer that has them from the journal alone.
#[test]
fn many_old_entries_are_read_back_from_many_files() {
    block_on(async {
        const FILES: u32 = 25;
        const EVENTS: u32 = 40;
        let dir = folder();
        let mut ledger = open(dir.path()).await;
        let mut log = Vec::new();
        for file in 0..FILES {
            // Events of one file are spread over the whole range of identities.
            let messages = (0..EVENTS).map(|event| statement(Funding, event * FILES + file, 0));
            let records = records(i64::from(file * EVENTS), messages);
            post_all(&mut ledger, &records);
            ledger.flush(clock(file as usize)).await.unwrap();
            log.extend(records);
        }
        drop(ledger);
        let mut ledger = open(dir.path()).await;
        let corrections = (0..FILES * EVENTS).map(|identity| statement(Funding, identity, 1));
        let corrections = records(i64::from(FILES * EVENTS), corrections);
        post_all(&mut ledger, &corrections);
        let committed = ledger.flush(clock(0)).await.unwrap().unwrap();
        assert_eq!((committed.entries, committed.reversals), (1_000, 1_000));
        log.extend(corrections);
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!(net::net(&journal), model::net(log.iter().map(|record| &record.message)));
        let rows = net::standing_and_reversed(&journal);
        assert_eq!(rows.values().filter(|counts| **counts == (1, 1)).count(), 1_000);
    });
}

/// Proves that a flush with nothing read commits nothing, and that offsets
/// without a record alone do make a commit, since the position moves.
#[test]
fn positions_move_without_events() {
    block_on(async {
        let dir = folder();
        let mut ledger = open(dir.path()).await;
        assert_eq!(ledger.flush(1).await.unwrap(), None);
        ledger.advance(&topic(Funding), 1, std::iter::empty(), 3);
        let committed = ledger.flush(1).await.unwrap().unwrap();
        assert_eq!((committed.commit, committed.entries), (1, 0));
        assert_eq!(ledger.flush(2).await.unwrap(), None);
        let (_, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        let [totals] = report.partitions.as_slice() else { panic!("one partition was read: {:?}", report.partitions) };
        assert_eq!((totals.absent, totals.next_offset, totals.offsets), (3, 3, 3));
    });
}

/// Proves that three contents at one revision, two of them recorded at the
/// same instant, end with the greatest in force and one conflict, which a
/// higher revision settles; each step in a commit of its own.
#[test]
fn conflicts_are_decided_by_content_and_settled_by_revision() {
    block_on(async {
        let dir = folder();
        let stated = |recorded_at, content, revision| {
            let identity = 7;
            Message::Event(Statement { dataset: Funding, identity, revision, recorded_at, content, cancel: false })
        };
        let messages = [stated(5, 1, 0), stated(5, 2, 0), stated(4, 3, 0), stated(1, 4, 1)];
        let log = records(0, messages);
        let mut ledger = open(dir.path()).await;
        for (number, record) in log.iter().enumerate() {
            post_all(&mut ledger, std::slice::from_ref(record));
            ledger.flush(clock(number)).await.unwrap();
            let (journal, report) = examine(dir.path()).await;
            assert_eq!(report.faults, []);
            assert_eq!(net::net(&journal), model::net(log[..=number].iter().map(|record| &record.message)));
            let conflicting = report.datasets.iter().map(|totals| totals.conflicting).sum::<u64>();
            assert_eq!(conflicting, u64::from(number == 1 || number == 2));
        }
    });
}

/// Proves that a refused commit's files are no part of the table.
#[test]
fn orphans_are_not_listed() {
    block_on(async {
        let dir = folder();
        let mut first = open(dir.path()).await;
        let mut second = open(dir.path()).await;
        for (ledger, identity) in [(&mut second, 1), (&mut first, 2)] {
            post_all(ledger, &records(0, [statement(Funding, identity, 0)]));
        }
        first.flush(clock(0)).await.unwrap();
        assert!(second.flush(clock(1)).await.is_err());
        let journal = Journal::open(dir.path()).await.unwrap();
        let listed = journal.files().unwrap().len();
        let books = ["book=funding", "book=receipts"].map(|book| dir.path().join(book));
        let lying: usize = books.iter().map(|book| std::fs::read_dir(book).unwrap().count()).sum();
        assert_eq!((listed, lying), (2, 4));
    });
}
