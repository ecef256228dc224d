//! A machine's clock that is a day wrong, and is put right, while the pipeline
//! runs: it stamps postings, and nothing else shows it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{Progress, Run, Summary, run};
use crate::commands::produce::Outlet;
use crate::settings::Loaded;
use commonweal_journal::Journal;
use commonweal_producers::{Codecs, Generator, Plan};
use commonweal_runtime::kafka::EmbeddedBroker;
use commonweal_runtime::{Config, ManualClock, Shutdown, Sources};
use commonweal_schemas::avro::Contract;
use commonweal_schemas::records::Codec;
use indicatif::ProgressBar;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// UTC microseconds: 2021-01-04.
const NOW: i64 = 1_609_718_400_000_000;
const DAY: i64 = 86_400_000_000;
const PATIENCE: Duration = Duration::from_mins(1);

fn loaded(broker: &EmbeddedBroker, dir: &Path) -> Loaded {
    let overrides = vec![
        format!("kafka.brokers={}", broker.brokers()),
        format!("data.dir={}", dir.display()),
        "publish.interval_seconds=0".to_owned(),
        "ledger.flush_interval_seconds=1".to_owned(),
    ];
    Loaded { config: Config::load(&Sources { overrides, ..Sources::default() }).unwrap() }
}

/// Sends events of a seed; how many.
fn send(loaded: &Loaded, seed: u64) -> u64 {
    let generator = Generator::new(seed, &Plan::load(500), Arc::new(Codecs::embedded().unwrap()));
    let mut outlet = Outlet::open(&loaded.config, 1).unwrap();
    let sent = outlet.send_all(generator, &ProgressBar::hidden()).unwrap();
    outlet.finish().unwrap();
    sent
}

fn at(clock: &Arc<ManualClock>, until_end: bool) -> Run {
    Run {
        until_end,
        clock: Arc::<ManualClock>::clone(clock),
        shutdown: Shutdown::new(),
        progress: Arc::new(Progress::default()),
        schemas: None,
        letters: Codec::embedded(Contract::DeadLetter).unwrap(),
    }
}

fn run_to_end(loaded: &Loaded, now: i64) -> Summary {
    loaded.runtime().unwrap().block_on(run(loaded, at(&Arc::new(ManualClock::at(now)), true))).unwrap()
}

fn posted_at(loaded: &Loaded) -> i64 {
    let journal = loaded.runtime().unwrap().block_on(Journal::open(&loaded.config.journal_dir())).unwrap();
    journal.posted_at_micros()
}

/// Content of each published file but the manifest, which tells of commits.
fn published(loaded: &Loaded) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(loaded.config.published_dir()).unwrap().map(|entry| entry.unwrap().path());
    let tables = entries.filter(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    tables
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Proves that a clock which is a day ahead, and two days behind that in the
/// next run, shows in no published byte; that `posted_at`, and with it the day
/// of booking, never falls; and that a clock which is put back while the
/// pipeline runs delays no commit.
#[test]
fn a_clock_that_is_a_day_wrong_shows_in_nothing_published() {
    let broker = {
        let topics = Config::builtin().unwrap().topics;
        let names = [topics.funding.as_str(), topics.employment.as_str(), topics.dead_letters.as_str()];
        EmbeddedBroker::start(&names.map(|name| (name, 2))).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let skewed = loaded(&broker, &folder.path().join("skewed"));
    let mut sent = send(&skewed, 3);
    run_to_end(&skewed, NOW + DAY);
    assert_eq!(posted_at(&skewed), NOW + DAY);
    sent += send(&skewed, 5);
    run_to_end(&skewed, NOW - DAY);
    assert_eq!(posted_at(&skewed), NOW + DAY, "it stands still until the clock has caught up");

    let clock = Arc::new(ManualClock::at(NOW + 2 * DAY));
    let running = at(&clock, false);
    let (shutdown, progress) = (running.shutdown.clone(), Arc::clone(&running.progress));
    std::thread::scope(|scope| {
        let pipeline = scope.spawn(|| skewed.runtime().unwrap().block_on(run(&skewed, running)).unwrap());
        let first = send(&skewed, 7);
        assert!(progress.wait_until(PATIENCE, |counts| counts.committed >= first));
        clock.advance(-DAY);
        let second = send(&skewed, 11);
        assert!(progress.wait_until(PATIENCE, |counts| counts.committed >= first + second));
        shutdown.trigger();
        pipeline.join().unwrap();
        sent += first + second;
    });
    assert_eq!(posted_at(&skewed), NOW + 2 * DAY);

    let honest = loaded(&broker, &folder.path().join("honest"));
    assert_eq!(run_to_end(&honest, NOW).counts.committed, sent);
    assert_eq!(posted_at(&honest), NOW);
    let (skewed, honest) = (published(&skewed), published(&honest));
    assert!(skewed.len() > 5 && skewed.keys().eq(honest.keys()));
    for (name, content) in &skewed {
        assert!(honest[name] == *content, "{name} tells of the clock");
    }
}
