//! A journal that is brought from one reference version to another publishes
//! the very bytes of one that was under the other from the start (L5, L6), and
//! of the past what was published then (L7).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod events;
mod world;

use commonweal_enrich::{Reference, enrich};
use commonweal_ledger::verify::{Report, verify};
use commonweal_ledger::{Adopter, AdoptionLimits, AdoptionStep, Ledger, LedgerError};
use commonweal_publish::{Catalogue, MethodBook, Options, Protection, publish, publish_as_of};
use commonweal_schemas::Dataset;
use events::{Event, batch, history, topic};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;
use world::{World, folder};

type Bytes = BTreeMap<String, Vec<u8>>;

/// A journal of a test, and what feeds it.
struct Books<'a> {
    world: &'a World,
    data: TempDir,
    /// Events fed so far, by dataset.
    fed: BTreeMap<Dataset, i64>,
    /// UTC microseconds; some hours go by at each flush.
    now: i64,
}

impl<'a> Books<'a> {
    fn new(world: &'a World) -> Self {
        Self { world, data: folder(), fed: BTreeMap::new(), now: 1_700_000_000_000_000 }
    }

    fn journal(&self) -> std::path::PathBuf {
        self.data.path().join("journal")
    }

    fn options(&self) -> Options {
        Options {
            data_dir: self.data.path().to_owned(),
            reference_dir: self.world.reference_dir(),
            method: MethodBook::embedded("2026.1").unwrap(),
            label: Some("synthetic".to_owned()),
            catalogue: Catalogue::default(),
            protection: Protection::default(),
        }
    }

    fn tick(&mut self) -> i64 {
        self.now += 5 * 3_600_000_000;
        self.now
    }

    /// Posts events in commits of `size`, by one writer.
    async fn feed(&mut self, events: &[Event], reference: &Reference, size: usize) {
        let mut ledger = Ledger::open(&self.journal(), reference.version(), &Dataset::ALL).await.unwrap();
        for dataset in Dataset::ALL {
            ledger.start_partition(&topic(dataset), 0).await.unwrap();
        }
        for part in events.chunks(size) {
            for dataset in Dataset::ALL {
                let own: Vec<&Event> = part.iter().filter(|event| event.dataset() == dataset).collect();
                if own.is_empty() {
                    continue;
                }
                let first = self.fed.entry(dataset).or_default();
                let next = *first + i64::try_from(own.len()).unwrap();
                let enriched = enrich(&batch(&own, *first), reference).unwrap();
                ledger.post(dataset, &topic(dataset), &enriched).unwrap();
                ledger.advance(&topic(dataset), 0, *first..next, next);
                *first = next;
            }
            let now = self.tick();
            ledger.flush(now).await.unwrap();
        }
    }

    /// Adopts a version, cut off after each number of commits in `cuts`, with
    /// `watch` called whenever it is.
    async fn adopt(&mut self, reference: &Reference, flush_rows: usize, cuts: &[usize]) -> u64 {
        let limits = AdoptionLimits { batch_rows: 3, flush_rows, flush_bytes: usize::MAX };
        for cut in cuts.iter().copied().chain([usize::MAX]) {
            let now = self.tick();
            let adopter = Adopter::begin(&self.journal(), reference.version(), limits, now).await.unwrap();
            let Some(mut adopter) = adopter else { return 0 };
            for _ in 0..cut {
                let now = self.tick();
                let join = |events: &_| Ok::<_, LedgerError>(enrich(events, reference).unwrap());
                if let AdoptionStep::Ended { .. } = adopter.step(join, |_| {}, now).await.unwrap() {
                    return adopter.progress().changed;
                }
            }
            assert_eq!(self.verified().await.adopting.as_deref(), Some(reference.version()));
        }
        unreachable!("the last of them is not cut off")
    }

    async fn verified(&self) -> Report {
        let journal = commonweal_journal::Journal::open(&self.journal()).await.unwrap();
        let report = verify(&journal).await.unwrap();
        assert_eq!(report.faults, []);
        report
    }

    async fn published(&self) -> Bytes {
        publish(&self.options()).await.unwrap();
        tables(&self.data.path().join("published"))
    }

    async fn as_of(&self, micros: i64) -> Bytes {
        let past = folder();
        publish_as_of(&self.options(), micros, past.path()).await.unwrap();
        tables(past.path())
    }
}

/// Bytes of every published table.
fn tables(dir: &Path) -> Bytes {
    let mut files = Bytes::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            files.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap());
        }
    }
    files
}

fn differing(one: &Bytes, other: &Bytes) -> Vec<String> {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    one.keys().filter(|name| one[*name] != other[*name]).cloned().collect()
}

/// One history: `at` of its events under the first version, then the second
/// is adopted, then the others; against all of them under the second.
async fn check(
    world: &World,
    events: &[Event],
    at: usize,
    (size, flush_rows): (usize, usize),
    cuts: &[usize],
) -> Result<(), TestCaseError> {
    let [first, second] = &world.versions;
    let mut anew = Books::new(world);
    anew.feed(events, second, events.len()).await;
    let expected = anew.published().await;

    let mut adopted = Books::new(world);
    adopted.feed(&events[..at], first, size).await;
    let (then, before) = (adopted.now, adopted.published().await);
    let receipts = adopted.verified().await.partitions;

    adopted.adopt(second, flush_rows, cuts).await;
    prop_assert_eq!(&adopted.verified().await.partitions, &receipts, "no origin has another outcome");
    let (after, adopted_at) = (adopted.published().await, adopted.now);
    adopted.feed(&events[at..], second, size).await;
    let found = adopted.published().await;
    prop_assert_eq!(differing(&found, &expected), Vec::<String>::new());
    let report = adopted.verified().await;
    let naive = anew.verified().await;
    for (one, other) in report.datasets.iter().zip(&naive.datasets) {
        prop_assert_eq!((one.live, one.cancelled, one.conflicting), (other.live, other.cancelled, other.conflicting));
        prop_assert_eq!(&one.quantities, &other.quantities);
    }
    prop_assert_eq!(differing(&adopted.as_of(then).await, &before), Vec::<String>::new(), "before it was begun");
    prop_assert_eq!(differing(&adopted.as_of(adopted_at).await, &after), Vec::<String>::new(), "when it had ended");
    let within = then + (adopted_at - then) / 2;
    if within < adopted_at && within >= then {
        prop_assert_eq!(
            differing(&adopted.as_of(within).await, &before),
            Vec::<String>::new(),
            "while it was under way"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// L5, L6, L7: proves that whenever a version is adopted in a history of
    /// revisions, withdrawals, conflicts and duplicates, in whatever commits
    /// and however often it is cut off, what is published at the end are the
    /// bytes of a journal under that version from the start; that no receipt
    /// changes and the books are sound at every stop; and that the past is
    /// published as it was, to which half an adoption does not belong.
    #[test]
    fn an_adopted_version_is_as_one_from_the_start(
        (events, at) in history().prop_flat_map(|events| {
            let len = events.len();
            (Just(events), 0..=len)
        }),
        sizes in (1..20_usize, 1..6_usize),
        cuts in prop::collection::vec(0..3_usize, 0..3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(World::get(), &events, at, sizes, &cuts))?;
    }
}

/// Proves that what is published while an adoption is half done is what was
/// published before, to the byte and with its reference version; that what the
/// first version did not know is known under the second; that going back
/// gives the first bytes again; and that an adopted version is not adopted twice.
#[test]
fn half_an_adoption_is_not_published() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::get();
        let [first, second] = &world.versions;
        let mut books = Books::new(world);
        let events: Vec<Event> = (0..12).map(Event::plain).collect();
        books.feed(&events, first, 5).await;
        let before = books.published().await;
        let limits = AdoptionLimits { batch_rows: 4, flush_rows: 2, flush_bytes: usize::MAX };
        let mut adopter = Adopter::begin(&books.journal(), second.version(), limits, books.now).await.unwrap().unwrap();
        let join = |events: &_| Ok::<_, LedgerError>(enrich(events, second).unwrap());
        let step = adopter.step(join, |_| {}, books.now).await.unwrap();
        assert!(matches!(step, AdoptionStep::Posted(committed) if committed.reversals > 0), "{step:?}");
        let published = publish(&books.options()).await.unwrap();
        assert_eq!(published.manifest.reference_version, first.version());
        assert!(published.rewritten.is_empty(), "{:?}", published.rewritten);
        assert!(books.adopt(second, 2, &[]).await > 0);
        assert_eq!(books.adopt(second, 2, &[]).await, 0, "it is adopted");
        let after = books.published().await;
        assert!(differing(&after, &before).contains(&"funding.parquet".to_owned()));

        assert!(books.adopt(first, 1_000, &[]).await > 0);
        assert_eq!(differing(&books.published().await, &before), Vec::<String>::new());
        assert_eq!(books.verified().await.adopting, None);
    });
}
