//! What the journal refuses, and how a writer tells its own commit from
//! another's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_journal::{Book, Commit, Journal, JournalError, Position, Writer};
use commonweal_schemas::Dataset;
use std::path::Path;

async fn created(dir: &Path) -> Journal {
    Journal::open_or_create(dir, "builtin").await.unwrap()
}

/// Proves that after a lost answer a writer can tell: the files of a commit
/// that happened are held, those of one that did not are not, though they lie
/// in the same folder.
#[tokio::test]
async fn held_files_tell_of_a_lost_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = created(dir.path()).await;
    let mut second = created(dir.path()).await;
    let ours = first.write_file(Book::Funding, false, 1, b"ours").unwrap();
    let theirs = second.write_file(Book::Funding, false, 1, b"theirs").unwrap();
    let commit = |file| Commit { additions: vec![file], posted_at: 1, ..Commit::default() };
    first.commit(&commit(ours.clone())).await.unwrap();
    let refused = second.commit(&commit(theirs.clone())).await;
    assert!(matches!(refused, Err(JournalError::Conflict { expected: 0 })), "{refused:?}");
    second.reload().await.unwrap();
    assert!(second.holds(&ours).unwrap());
    assert!(!second.holds(&theirs).unwrap());
}

/// Proves that positions of partitions and datasets do not get in each
/// other's way, and that each keeps its last value over later commits.
#[tokio::test]
async fn positions_are_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = created(dir.path()).await;
    let turns = [("a", 0, 5, Dataset::Funding), ("a", 1, 6, Dataset::Funding), ("b", 0, 7, Dataset::Employment)];
    for (number, (topic, partition, next_offset, dataset)) in (1..).zip(turns) {
        let file = journal.write_file(Book::Receipts, false, 1, &[number]).unwrap();
        let positions = vec![Position { topic: topic.to_owned(), partition, next_offset }];
        let commit = Commit {
            additions: vec![file],
            positions,
            writers: vec![Writer::Dataset(dataset)],
            posted_at: number.into(),
            ..Commit::default()
        };
        journal.commit(&commit).await.unwrap();
    }
    let opened = Journal::open(dir.path()).await.unwrap();
    for (topic, partition, next_offset, _) in turns {
        assert_eq!(opened.next_offset(topic, partition).await.unwrap(), Some(next_offset));
    }
    assert_eq!(opened.last_commit(&Writer::Dataset(Dataset::Funding)).await.unwrap(), 2);
    assert_eq!(opened.last_commit(&Writer::Dataset(Dataset::Employment)).await.unwrap(), 3);
    assert_eq!(opened.book_files_of(2).unwrap().len(), 1);
}

/// Proves that the reference version is the one the journal was made with,
/// whatever a later opening asks for: refusing is the ledger's business.
#[tokio::test]
async fn the_first_reference_version_stays() {
    let dir = tempfile::tempdir().unwrap();
    let id = created(dir.path()).await.table_id();
    let opened = Journal::open_or_create(dir.path(), "another").await.unwrap();
    assert_eq!((opened.reference_version(), opened.table_id()), ("builtin", id));
}

/// Proves that a folder without a table, and one whose log is empty, are
/// told as missing, not as broken.
#[tokio::test]
async fn an_empty_folder_is_no_journal() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Journal::open(dir.path()).await, Err(JournalError::Missing(_))));
    std::fs::create_dir(dir.path().join("_delta_log")).unwrap();
    let opened = Journal::open(dir.path()).await;
    assert!(matches!(opened, Err(JournalError::Missing(_))), "{opened:?}");
}
