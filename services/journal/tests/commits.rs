//! The table's promises that exactly-once rests on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_journal::{Book, Commit, Ended, Journal, JournalError, Position, Writer};
use commonweal_schemas::Dataset;
use std::path::Path;

async fn append(journal: &mut Journal, next_offset: i64, posted_at: i64) -> Result<i64, JournalError> {
    let addition = journal.write_file(Book::Receipts, false, 3, b"stands for a file").unwrap();
    let position = Position { topic: "t".to_owned(), partition: 0, next_offset };
    let (additions, positions) = (vec![addition], vec![position]);
    journal
        .commit(&Commit {
            additions,
            positions,
            writers: vec![Writer::Dataset(Dataset::Funding)],
            posted_at,
            ..Commit::default()
        })
        .await
}

async fn created(dir: &Path) -> Journal {
    Journal::open_or_create(dir, "builtin").await.unwrap()
}

/// Proves that a commit carries files, positions and time of posting, and that
/// a later opening finds all of them.
#[tokio::test]
async fn a_commit_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Journal::open(dir.path()).await, Err(JournalError::Missing(_))));
    let mut journal = created(dir.path()).await;
    assert_eq!(journal.version(), 0);
    assert_eq!(append(&mut journal, 10, 77).await.unwrap(), 1);
    assert_eq!(append(&mut journal, 20, 78).await.unwrap(), 2);

    let opened = Journal::open(dir.path()).await.unwrap();
    assert_eq!((opened.version(), opened.posted_at_micros()), (2, 78));
    assert_eq!(opened.reference_version(), "builtin");
    assert_eq!(opened.next_offset("t", 0).await.unwrap(), Some(20));
    assert_eq!(opened.next_offset("t", 1).await.unwrap(), None);
    assert_eq!(opened.last_commit(&Writer::Dataset(Dataset::Funding)).await.unwrap(), 2);
    assert_eq!(opened.last_commit(&Writer::Dataset(Dataset::Employment)).await.unwrap(), 0);
    let files = opened.files().unwrap();
    assert_eq!(
        files.iter().map(|file| (file.commit, file.rows, file.bytes)).collect::<Vec<_>>(),
        [(1, 3, 17), (2, 3, 17)]
    );
    assert!(files[0].is_unchanged(b"stands for a file"));
    assert!(!files[0].is_unchanged(b"stands for a fila"));
}

/// Proves that of two writers on one snapshot the second is refused with
/// nothing committed, and may commit after it has reloaded.
#[tokio::test]
async fn a_stale_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = created(dir.path()).await;
    let mut second = created(dir.path()).await;
    append(&mut first, 10, 1).await.unwrap();
    let refused = append(&mut second, 5, 2).await;
    assert!(matches!(refused, Err(JournalError::Conflict { expected: 0 })), "{refused:?}");
    second.reload().await.unwrap();
    assert_eq!(second.next_offset("t", 0).await.unwrap(), Some(10));
    assert_eq!(second.posted_at_micros(), 1);
    append(&mut second, 15, 2).await.unwrap();
    assert_eq!(second.files().unwrap().len(), 2, "the refused commit's file is no part of the table");
}

/// Proves that the table outlives its checkpoint: past a hundred commits all
/// files and positions are still there, and no log entry is cleaned up.
#[tokio::test]
async fn checkpoints_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = created(dir.path()).await;
    for commit in 1..=103 {
        append(&mut journal, commit, commit).await.unwrap();
    }
    let opened = Journal::open(dir.path()).await.unwrap();
    assert_eq!(opened.files().unwrap().len(), 103);
    assert_eq!(opened.next_offset("t", 0).await.unwrap(), Some(103));
    let log = std::fs::read_dir(dir.path().join("_delta_log")).unwrap();
    let entries = log.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "json"));
    assert_eq!(entries.count(), 104);
}

/// Proves that an adoption's commits say so to whoever opens or reloads the
/// journal, that a stale one is refused and changes nothing, that identity,
/// files and positions of the table stay, and that all of it outlives a
/// checkpoint.
#[tokio::test]
async fn a_commit_changes_the_reference_version() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = created(dir.path()).await;
    let id = journal.table_id();
    append(&mut journal, 10, 77).await.unwrap();
    let mut other = Journal::open(dir.path()).await.unwrap();
    let begun = journal.references().begun("next", journal.next_commit(), journal.posted_at_micros());
    let commit = Commit { references: Some(begun.clone()), posted_at: 80, ..Commit::default() };
    assert_eq!(journal.commit(&commit).await.unwrap(), 2);
    assert_eq!((journal.references(), journal.settled_version()), (&begun, 1));

    let refused = other.commit(&commit).await;
    assert!(matches!(refused, Err(JournalError::Conflict { expected: 1 })), "{refused:?}");
    assert_eq!(other.references().under_way(), None);
    other.reload().await.unwrap();
    assert_eq!((other.references(), other.reference_version()), (&begun, "builtin"));

    let ended = begun.ended(Ended { commit: 3, micros: 81 });
    let commit = Commit { references: Some(ended.clone()), posted_at: 81, ..Commit::default() };
    other.commit(&commit).await.unwrap();
    journal.reload().await.unwrap();
    for offset in 11..=110 {
        append(&mut journal, offset, 81 + offset).await.unwrap();
    }
    let opened = Journal::open(dir.path()).await.unwrap();
    assert_eq!((opened.references(), opened.reference_version()), (&ended, "next"));
    assert_eq!((opened.table_id(), opened.version(), opened.settled_version()), (id, 103, 103));
    assert_eq!(opened.next_offset("t", 0).await.unwrap(), Some(110));
    assert_eq!(opened.files().unwrap().len(), 101);
}
