//! `topics repartition`: the topics between services made anew with another
//! number of partitions, once nothing is left in them.
//!
//! Each step can be cut off and taken up again: the journal says how far it
//! went, and ledgers refuse to post from a topic that is being made anew.

use super::Worker;
use super::ledger::by_partition;
use super::ledger::desk::{Desk, Terms};
use super::ledger::sorter::Sorter;
use super::start::{self, Start, lost_between};
use crate::AppError;
use crate::books::Read;
use commonweal_journal::{Commit, InternalTopic, Journal, JournalError, Position};
use commonweal_ledger::protocol::ATTEMPTS_MAX;
use commonweal_ledger::{Ledger, LedgerError, SourceTopic};
use commonweal_runtime::kafka::{Source, SourceError, remake};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Longest wait for messages before a shutdown is noticed.
const POLL_WAIT: Duration = Duration::from_millis(100);
const SERVICES: [&str; 3] = ["ingest", "enrich", "ledger"];

/// Drains, makes anew, and resumes.
pub(crate) fn run(worker: &Worker<'_>, partitions: i32) -> Result<(), AppError> {
    let config = worker.config();
    let runtime = worker.loaded.runtime()?;
    let (validated, enriched) = (config.topics.validated.as_str(), Arc::<str>::from(config.topics.enriched.as_str()));
    check_idle(worker)?;
    worker.ensure_topics()?;
    let known = state(worker, &runtime, &enriched)?;
    let begun = known.as_ref().map_or(0, |known| known.repartition_to);
    if begun != 0 && begun != partitions {
        let topic = Arc::clone(&enriched);
        return Err(LedgerError::Repartitioning { topic, partitions: begun }.into());
    }
    let found = remake::partitions(&config.kafka, &enriched)?;
    if begun == 0 {
        super::enrich(worker)?;
        drain(worker, &runtime, &enriched)?;
        let recorded = known.as_ref().map_or(found, |known| known.partitions);
        let topic = Arc::clone(&enriched);
        record(worker, &runtime, &InternalTopic { topic, partitions: recorded, repartition_to: partitions }, &[])?;
        tracing::info!(topic = &*enriched, partitions, "drained; the topics are made anew");
    }
    check_idle(worker)?;
    // Where somebody has sent to the new topics already, they are there.
    if is_drained(worker, &runtime, &enriched)? {
        let topics = [(validated, partitions), (&*enriched, partitions)];
        remake::remake_internal_topics(&config.kafka, &topics, &worker.group("enrich"))?;
    }
    let anew: Vec<Position> = (0..found.max(partitions))
        .map(|partition| Position { topic: enriched.to_string(), partition, next_offset: 0 })
        .collect();
    record(worker, &runtime, &InternalTopic { topic: Arc::clone(&enriched), partitions, repartition_to: 0 }, &anew)?;
    tracing::info!(topic = &*enriched, partitions, "made anew; workers may start");
    Ok(())
}

/// Fails while workers are members of a group.
fn check_idle(worker: &Worker<'_>) -> Result<(), AppError> {
    let topics = &worker.config().topics;
    for service in SERVICES {
        let group = worker.group(service);
        let topic = match service {
            "ingest" => &topics.funding,
            "enrich" => &topics.validated,
            _ => &topics.enriched,
        };
        if !remake::is_idle(&worker.config().kafka, &group, topic)? {
            return Err(AppError::Usage(format!(
                "workers of {service} are at work (group {group}); stop them all, then run this again"
            )));
        }
    }
    Ok(())
}

fn state(worker: &Worker<'_>, runtime: &Runtime, topic: &Arc<str>) -> Result<Option<InternalTopic>, AppError> {
    runtime.block_on(async {
        match Journal::open(&worker.config().journal_dir()).await {
            Ok(journal) => Ok(journal.internal_topic(topic).await?),
            Err(JournalError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
}

/// Posts everything that is in the topic, wherever it lies in it.
fn drain(worker: &Worker<'_>, runtime: &Runtime, topic: &Arc<str>) -> Result<(), AppError> {
    let config = worker.config();
    let reference_version = worker.loaded.reference_version()?;
    let found = remake::partitions(&config.kafka, topic)?;
    let between = SourceTopic { name: Arc::clone(topic), partitions: found };
    let ledger = runtime.block_on(Ledger::open_to_drain(&config.journal_dir(), &reference_version, &between))?;
    let wanted = |_: &str, partition| ledger.position(partition);
    let mut source = Source::connect(&config.kafka, &worker.shutdown, &[topic], wanted)?;
    let mut open: BTreeMap<i32, i64> = BTreeMap::new();
    for partition in source.partitions() {
        let wanted = partition.wanted.unwrap_or(partition.start);
        lost_between(topic, partition.partition, (wanted, partition.start), config.kafka.on_lost_offsets)?;
        if partition.start < partition.end {
            open.insert(partition.partition, partition.end);
        }
    }
    let mut sorter = Sorter::new(worker, topic, &reference_version)?;
    let terms = Terms::new(config, reference_version);
    let mut desk = Desk::open(runtime, &terms, ledger, Start::default());
    while !open.is_empty() {
        if worker.shutdown.is_requested() {
            return Err(SourceError::Interrupted.into());
        }
        let batch = source.poll(config.ledger.batch_rows, POLL_WAIT).map_err(start::between)?;
        for (partition, (messages, next_offset)) in by_partition(&batch) {
            let Some(mut taken) = sorter.sort(partition, &messages)? else {
                return Err(SourceError::Interrupted.into());
            };
            taken.read.push(Read::Internal { partition, next_offset });
            if !desk.hand(taken, next_offset) {
                return desk.outcome(runtime);
            }
            if open.get(&partition).is_some_and(|end| next_offset >= *end) {
                open.remove(&partition);
            }
        }
    }
    desk.close();
    desk.outcome(runtime)
}

/// Whether the journal has everything that is in the topic.
fn is_drained(worker: &Worker<'_>, runtime: &Runtime, topic: &Arc<str>) -> Result<bool, AppError> {
    let config = worker.config();
    let journal = runtime.block_on(Journal::open(&config.journal_dir()))?;
    for (partition, end) in (0..).zip(remake::ends(&config.kafka, topic)?) {
        let posted = runtime.block_on(journal.next_offset(topic, partition))?.unwrap_or(0);
        if end != 0 && posted != end {
            return Ok(false);
        }
    }
    Ok(true)
}

fn record(
    worker: &Worker<'_>,
    runtime: &Runtime,
    internal: &InternalTopic,
    positions: &[Position],
) -> Result<(), AppError> {
    runtime.block_on(async {
        let mut journal = Journal::open(&worker.config().journal_dir()).await?;
        for _ in 0..ATTEMPTS_MAX {
            let commit = Commit {
                positions: positions.to_vec(),
                internal: Some(internal.clone()),
                posted_at: journal.posted_at_micros(),
                ..Commit::default()
            };
            match journal.commit(&commit).await {
                Ok(_) => return Ok(()),
                Err(JournalError::Conflict { .. }) => journal.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Contended { attempts: ATTEMPTS_MAX }.into())
    })
}
