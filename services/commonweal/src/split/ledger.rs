//! `ledger`: enriched events in, the journal out.
//!
//! Each partition that a worker has is posted by a desk of its own: a task with
//! a ledger that holds the identities of that partition. Giving a partition up
//! is closing its desk, which flushes first; the others go on meanwhile.

pub(super) mod desk;
pub(super) mod sorter;

use super::start::{self, Start, starts};
use super::{POLL_WAIT, Worker};
use crate::AppError;
use crate::books::Read;
use commonweal_ledger::{Ledger, SourceTopic};
use commonweal_runtime::kafka::{Change, GroupSource, Message, MessageBatch, Place};
use desk::{Desk, Opening, Terms};
use sorter::Sorter;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Runs a worker to its end; messages read.
pub(crate) fn run(worker: &Worker<'_>) -> Result<u64, AppError> {
    let config = worker.config();
    let reference_version = worker.loaded.reference_version()?;
    worker.ensure_topics()?;
    let runtime = worker.loaded.runtime()?;
    let topic = config.topics.enriched.as_str();
    // What may have to be waited for comes first: a member that does not poll holds up its group.
    let mut posting = Posting {
        sorter: Sorter::new(worker, topic, &reference_version)?,
        source: GroupSource::join(&config.kafka, &worker.shutdown, &worker.group("ledger"), &[topic])?
            .minding_losses(config.kafka.on_lost_offsets),
        terms: Arc::new(Terms::new(config, reference_version)),
        runtime: &runtime,
        changes: VecDeque::new(),
        opening: None,
        closing: None,
        desks: BTreeMap::new(),
        assigned: false,
        total: 0,
    };
    let outcome = posting.run(worker);
    // What was read is flushed, unless it is that which failed.
    let closed = posting.close_all();
    outcome.and(closed)?;
    Ok(posting.total)
}

struct Posting<'a> {
    source: GroupSource,
    sorter: Sorter<'a>,
    terms: Arc<Terms>,
    runtime: &'a Runtime,
    /// What the group wants next; one at a time.
    changes: VecDeque<Change>,
    opening: Option<Opening>,
    closing: Option<BTreeMap<i32, Desk>>,
    desks: BTreeMap<i32, Desk>,
    /// Something was assigned once.
    assigned: bool,
    total: u64,
}

impl Posting<'_> {
    fn run(&mut self, worker: &Worker<'_>) -> Result<(), AppError> {
        let batch_rows = worker.config().ledger.batch_rows;
        while !worker.shutdown.is_requested() {
            self.changes.extend(self.source.changes()?);
            self.go_on()?;
            self.check_desks()?;
            let batch = self.source.poll(batch_rows, POLL_WAIT).map_err(start::between)?;
            self.post(&batch)?;
            let still = self.opening.is_none() && self.closing.is_none() && self.changes.is_empty();
            if worker.until_end && self.assigned && still && self.desks.values().all(Desk::has_ended) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes on with what the group wants: nobody waits here.
    fn go_on(&mut self) -> Result<(), AppError> {
        if let Some(opening) = self.opening.take_if(|opening| opening.is_done()) {
            self.opened(opening)?;
        }
        let closed = |closing: &mut BTreeMap<i32, Desk>| closing.values().all(Desk::is_done);
        if let Some(closing) = self.closing.take_if(closed) {
            let places: Vec<Place> = closing.keys().map(|partition| (0, *partition)).collect();
            for desk in closing.into_values() {
                desk.outcome(self.runtime)?;
            }
            self.release(&places)?;
        }
        if self.opening.is_some() || self.closing.is_some() {
            return Ok(());
        }
        match self.changes.pop_front() {
            None => {}
            Some(Change::Assigned(places)) => self.open(&places)?,
            Some(Change::Revoked(places)) => {
                let desks = places.iter().filter_map(|(_, partition)| self.desks.remove_entry(partition));
                let mut closing: BTreeMap<i32, Desk> = desks.collect();
                closing.values_mut().for_each(Desk::close);
                self.closing = Some(closing);
            }
            Some(Change::Lost(places)) => {
                for (_, partition) in &places {
                    // Whoever has the partition by now would be met by a commit in his place.
                    if let Some(desk) = self.desks.remove(partition) {
                        desk.abandon();
                    }
                }
                tracing::warn!(partitions = start::names(&self.source, &places), "partitions lost to the group");
                self.release(&places)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, places: &[Place]) -> Result<(), AppError> {
        self.assigned = true;
        if places.is_empty() {
            return Ok(self.source.assign(&BTreeMap::new())?);
        }
        let partitions = self.source.partitions(0)?;
        self.sorter.partitions = Some(partitions);
        let topic = SourceTopic { name: Arc::clone(&self.source.topics()[0]), partitions };
        let numbers = places.iter().map(|(_, partition)| *partition).collect();
        self.opening = Some(Opening::begin(self.runtime, &self.terms, topic, numbers));
        Ok(())
    }

    /// Reads the partitions whose ledgers are open, from where these are.
    fn opened(&mut self, opening: Opening) -> Result<(), AppError> {
        let ledgers = opening.outcome(self.runtime)?;
        let position = |partition: &i32, ledger: &Ledger| ((0, *partition), ledger.position(*partition).unwrap_or(0));
        let wanted = ledgers.iter().map(|(partition, ledger)| position(partition, ledger)).collect();
        let places: Vec<Place> = ledgers.keys().map(|partition| (0, *partition)).collect();
        let starts: BTreeMap<Place, Start> = starts(&self.source, &places, &wanted)?;
        start::check_kept(&self.source, &starts, self.terms.on_lost_offsets)?;
        for (partition, ledger) in ledgers {
            let Some(start) = starts.get(&(0, partition)) else { continue };
            self.desks.insert(partition, Desk::open(self.runtime, &self.terms, ledger, *start));
        }
        start::assign(&mut self.source, &starts)
    }

    fn release(&mut self, places: &[Place]) -> Result<(), AppError> {
        self.source.release(places)?;
        tracing::info!(partitions = start::names(&self.source, places), "partitions given up");
        Ok(())
    }

    /// Fails where a desk has ended by itself: it says why.
    fn check_desks(&mut self) -> Result<(), AppError> {
        let ended = self.desks.iter().find(|(_, desk)| desk.is_done()).map(|(partition, _)| *partition);
        match ended.and_then(|partition| self.desks.remove(&partition)) {
            Some(desk) => desk.outcome(self.runtime).and(Err(AppError::Lost("a partition's ledger"))),
            None => Ok(()),
        }
    }

    /// Hands each partition's messages to its desk.
    fn post(&mut self, batch: &MessageBatch) -> Result<(), AppError> {
        for lost in batch.lost() {
            start::tell_lost(&self.source, lost);
        }
        for (partition, (messages, next_offset)) in by_partition(batch) {
            let Some(desk) = self.desks.get_mut(&partition) else { continue };
            // Where a shutdown came between, the next start reads them.
            let Some(mut taken) = self.sorter.sort(partition, &messages)? else { return Ok(()) };
            taken.read.push(Read::Internal { partition, next_offset });
            self.total += taken.messages;
            if !desk.hand(taken, next_offset) {
                return self.check_desks();
            }
        }
        Ok(())
    }

    /// Closes every desk and waits for its last flush; the first that failed.
    fn close_all(&mut self) -> Result<(), AppError> {
        let closing = self.closing.take().unwrap_or_default();
        let mut desks: Vec<Desk> = std::mem::take(&mut self.desks).into_values().chain(closing.into_values()).collect();
        desks.iter_mut().for_each(Desk::close);
        let mut outcome = Ok(());
        for desk in desks {
            outcome = outcome.and(desk.outcome(self.runtime));
        }
        outcome
    }
}

/// Messages of each partition, and how far it was read by them.
pub(super) fn by_partition(batch: &MessageBatch) -> BTreeMap<i32, (Vec<Message<'_>>, i64)> {
    let mut by_partition: BTreeMap<i32, (Vec<Message<'_>>, i64)> = BTreeMap::new();
    for message in batch.iter() {
        let (messages, next_offset) = by_partition.entry(message.partition()).or_default();
        *next_offset = message.offset() + 1;
        messages.push(message);
    }
    for end in batch.ends() {
        let (_, next_offset) = by_partition.entry(end.partition).or_default();
        *next_offset = end.offset.max(*next_offset);
    }
    for lost in batch.lost() {
        by_partition.entry(lost.partition).or_default().1 = lost.next_offset;
    }
    by_partition
}
