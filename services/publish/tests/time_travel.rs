//! What was published at an instant is published again at any later time (L7).
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::publish_state_as_of;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::events::Event;
use support::history::history;
use support::journal::{Journal, Rejected, posted_at};
use support::read;

type Bytes = BTreeMap<String, Vec<u8>>;

async fn as_of(journal: &Journal, micros: i64) -> Bytes {
    let folder = journal.dir.path().join("past");
    publish_state_as_of(&journal.options(), &journal.state(), micros, &folder.join("published")).await.unwrap();
    let published = read::published(&folder);
    std::fs::remove_dir_all(folder).unwrap();
    published
}

/// Posts a history part by part with refused messages in between, and
/// publishes after each; then publishes as of each of those times.
async fn check(events: &[Event], size: usize) -> Result<(), TestCaseError> {
    let mut journal = Journal::new();
    let mut then: Vec<(i64, Bytes)> = Vec::new();
    for (number, part) in events.chunks(size).enumerate() {
        journal.commit(part);
        then.push((posted_at(journal.version), published(&journal).await));
        let payload = format!("{}", number % 3).into_bytes();
        journal.commit_entries(&[], &[Rejected { reason: "AMOUNT_MISSING", source: None, payload }]);
        then.push((posted_at(journal.version), published(&journal).await));
    }
    let before = published(&journal).await;
    for (micros, bytes) in &then {
        prop_assert_eq!(&as_of(&journal, *micros).await, bytes, "as of {}", micros);
    }
    prop_assert_eq!(&as_of(&journal, i64::MAX).await, &before, "the future is now");
    prop_assert_eq!(published(&journal).await, before, "looking back changes nothing");
    let left = journal.dir.path().join("balances/past");
    prop_assert!(!left.exists(), "nothing is left behind");
    Ok(())
}

async fn published(journal: &Journal) -> Bytes {
    journal.publish().await;
    read::published(journal.dir.path())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// Proves L7: whatever came later (revisions, cancellations, conflicts,
    /// duplicates, refused messages, within the day or on later ones), the
    /// bytes as of an instant are those published then.
    #[test]
    fn the_past_stays_as_it_was(events in history(), size in 1..30_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&events, size.max(events.len() / 5)))?;
    }
}

/// Proves that before the first commit there is nothing, not an error.
#[tokio::test]
async fn before_the_first_commit_is_nothing() {
    let mut journal = Journal::new();
    let empty = published(&journal).await;
    journal.commit(&[Event::grant("a", "R", "2020-01-01", 100)]);
    assert_ne!(published(&journal).await, empty);
    assert_eq!(as_of(&journal, posted_at(1) - 1).await, empty);
}
