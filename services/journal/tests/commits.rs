//! The table's promises that exactly-once rests on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_journal::{Book, Commit, Journal, JournalError, Position, Writer};
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
