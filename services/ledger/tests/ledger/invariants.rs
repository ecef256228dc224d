//! L1 to L6 over generated histories: any order, duplicates, revisions,
//! withdrawals, conflicts, holes, batch sizes, flush points and restarts.

use crate::support::drive::{examine, feed, open, post};
use crate::support::history::{Message, Record, Step, log, messages, places, steps};
use crate::support::{block_on, folder, model, net};
use commonweal_schemas::Dataset;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Cases a property; the full number where time is not short.
fn config() -> ProptestConfig {
    #[expect(clippy::disallowed_methods, reason = "CI asks for the full number of cases by this variable")]
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    ProptestConfig { cases: if in_ci { 256 } else { 64 }, failure_persistence: None, ..ProptestConfig::default() }
}

/// One batch, one commit.
const AT_ONCE: [Step; 1] = [Step::Read];

proptest! {
    #![proptest_config(config())]

    /// L1, L2: proves that whatever is read, in whatever batches and with
    /// whatever restarts, each offset has one outcome that the books agree
    /// with, and that plain sums over the books equal the naive model's.
    #[test]
    fn conservation_and_additivity(messages in messages(), places in places(), steps in steps()) {
        let log = log(&messages, &places);
        let dir = folder();
        let (journal, report) = block_on(async {
            feed(dir.path(), &log, &steps).await;
            examine(dir.path()).await
        });
        prop_assert_eq!(&report.faults, &[]);
        prop_assert_eq!(net::net(&journal), model::net(&messages));
        for totals in &report.partitions {
            let here: Vec<&Record> = of_partition(&log, &totals.topic, totals.partition);
            let last = here.iter().map(|record| record.offset).max().unwrap();
            let events = here.iter().filter(|record| matches!(record.message, Message::Event(_))).count() as u64;
            prop_assert_eq!(totals.next_offset, last + 1);
            prop_assert_eq!(totals.offsets, u64::try_from(last + 1).unwrap());
            prop_assert_eq!(totals.posted + totals.duplicate + totals.superseded, events);
            prop_assert_eq!(totals.rejected, here.len() as u64 - events);
            prop_assert_eq!(totals.absent, totals.offsets - here.len() as u64);
        }
        let named: BTreeSet<_> = log.iter().map(|record| (record.message.dataset(), record.partition)).collect();
        prop_assert_eq!(report.partitions.len(), named.len());
        let expected = model::net(&messages);
        for totals in &report.datasets {
            let sums = expected.datasets.get(totals.dataset.name()).copied().unwrap_or_default();
            let found = [totals.live, totals.cancelled, totals.conflicting];
            prop_assert_eq!(found.map(|count| i64::try_from(count).unwrap()), sums);
        }
    }

    /// L3: proves that later commits leave every earlier file as it was, byte
    /// for byte, and that each reversal takes back, once, a row that was
    /// posted, with all its columns.
    #[test]
    fn immutability(first in messages(), later in messages(), places in places(), steps in steps()) {
        let both: Vec<Message> = first.iter().chain(&later).cloned().collect();
        let log = log(&both, &places);
        let dir = folder();
        let (before, journal) = block_on(async {
            feed(dir.path(), &log[..first.len()], &steps).await;
            let before = net::contents(&examine(dir.path()).await.0);
            feed(dir.path(), &log, &steps).await;
            (before, examine(dir.path()).await.0)
        });
        let after = net::contents(&journal);
        for (path, content) in &before {
            prop_assert_eq!(after.get(path), Some(content));
        }
        for (row, (posted, reversed)) in net::standing_and_reversed(&journal) {
            prop_assert!(posted == 1 && reversed <= 1, "posted {posted} times, taken back {reversed} times: {row}");
        }
    }

    /// L4: proves that sending any prefix again, at new offsets, changes no
    /// net figure and posts no record anew.
    #[test]
    fn idempotence(messages in messages(), prefix in any::<prop::sample::Index>(), places in places(), steps in steps()) {
        let twice: Vec<Message> = messages.iter().chain(&messages[..=prefix.index(messages.len())]).cloned().collect();
        let log = log(&twice, &places);
        let dir = folder();
        let (before, after) = block_on(async {
            feed(dir.path(), &log[..messages.len()], &steps).await;
            let before = examine(dir.path()).await;
            let before = (net::net(&before.0), before.1);
            feed(dir.path(), &log, &steps).await;
            (before, examine(dir.path()).await)
        });
        prop_assert_eq!(&after.1.faults, &[]);
        prop_assert_eq!(net::net(&after.0), before.0);
        for (before, after) in before.1.datasets.iter().zip(&after.1.datasets) {
            prop_assert_eq!((after.entries, after.reversals), (before.entries, before.reversals));
        }
    }

    /// L5: proves that any order of arrival gives the same net ledger.
    #[test]
    fn order_independence(
        (messages, shuffled) in messages().prop_flat_map(|messages| (Just(messages.clone()), Just(messages).prop_shuffle())),
        places in places(),
        steps in steps(),
    ) {
        let (ordered, shuffled) = (log(&messages, &places), log(&shuffled, &places));
        let (one, other) = (folder(), folder());
        let (one, other) = block_on(async {
            feed(one.path(), &ordered, &AT_ONCE).await;
            feed(other.path(), &shuffled, &steps).await;
            (examine(one.path()).await, examine(other.path()).await)
        });
        prop_assert_eq!(&one.1.faults, &[]);
        prop_assert_eq!(&other.1.faults, &[]);
        prop_assert_eq!(net::net(&one.0), net::net(&other.0));
    }

    /// L6: proves that batch sizes, flush points and restarts change neither
    /// the net ledger nor the positions.
    #[test]
    fn topology_independence(messages in messages(), places in places(), one in steps(), other in steps()) {
        let log = log(&messages, &places);
        let dirs = (folder(), folder());
        let (one, other) = block_on(async {
            feed(dirs.0.path(), &log, &one).await;
            feed(dirs.1.path(), &log, &other).await;
            (examine(dirs.0.path()).await, examine(dirs.1.path()).await)
        });
        prop_assert_eq!(net::net(&one.0), net::net(&other.0));
        let positions = |report: &commonweal_ledger::verify::Report| -> Vec<(String, i32, i64)> {
            report.partitions.iter().map(|totals| (totals.topic.clone(), totals.partition, totals.next_offset)).collect()
        };
        prop_assert_eq!(positions(&one.1), positions(&other.1));
    }

    /// Proves that an index rebuilt from the journal is the one a writer had
    /// in memory: a ledger that restarts after every commit writes, byte for
    /// byte, the files of one that never does.
    #[test]
    fn a_rebuilt_index_is_the_live_one(messages in messages(), places in places(), steps in steps()) {
        let log = log(&messages, &places);
        let dirs = (folder(), folder());
        let (live, rebuilt) = block_on(async {
            let mut live = open(dirs.0.path()).await;
            for (tick, part) in parts(&log, &steps).into_iter().enumerate() {
                let records: Vec<&Record> = part.iter().collect();
                let now = crate::support::drive::clock(tick);
                post(&mut live, &records).unwrap();
                live.flush(now).await.unwrap();
                let mut rebuilt = open(dirs.1.path()).await;
                post(&mut rebuilt, &records).unwrap();
                rebuilt.flush(now).await.unwrap();
            }
            (examine(dirs.0.path()).await.0, examine(dirs.1.path()).await.0)
        });
        let names = |journal: &commonweal_journal::Journal| -> Vec<(Dataset, String)> {
            let files = journal.files().unwrap().into_iter();
            files
                .filter_map(|file| Some((file.book.dataset()?, file.path.file_name()?.to_str()?.to_owned())))
                .collect()
        };
        // A file's name is its SHA-256.
        prop_assert_eq!(names(&live), names(&rebuilt));
    }
}

fn of_partition<'a>(log: &'a [Record], topic: &str, partition: i32) -> Vec<&'a Record> {
    let of_topic = |record: &&Record| *crate::support::drive::topic(record.message.dataset()) == *topic;
    log.iter().filter(of_topic).filter(|record| record.partition == partition).collect()
}

/// The log cut at the flush points.
fn parts<'a>(log: &'a [Record], steps: &[Step]) -> Vec<&'a [Record]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (number, step) in (0..log.len()).zip(steps.iter().cycle()) {
        if *step == Step::Flush {
            parts.push(&log[start..=number]);
            start = number + 1;
        }
    }
    if start < log.len() {
        parts.push(&log[start..]);
    }
    parts
}
