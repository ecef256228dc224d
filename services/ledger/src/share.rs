//! Ledgers that post from partitions of an internal topic, many at a time on
//! one journal: whoever takes a partition over fences whoever had it.

use crate::flushing::TURN_WAIT;
use crate::post::Pending;
use crate::protocol::ATTEMPTS_MAX;
use crate::rebuild::{Rebuilt, Sorter, rebuild};
use crate::writer::{DatasetBooks, Marks, check_reference, open_journal};
use crate::{Ledger, LedgerError, Receipts};
use commonweal_journal::{Book, Commit, InternalTopic, Journal, JournalError, Position, Writer};
use commonweal_schemas::Dataset;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What one ledger reads of an internal topic.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    topic: Arc<str>,
    /// Next offset to read, by partition.
    pub(crate) positions: BTreeMap<i32, i64>,
    /// Partitions read further since the last flush began.
    moved: BTreeSet<i32>,
}

impl Share {
    pub(crate) fn read_to(&mut self, partition: i32, next_offset: i64) {
        if let Some(position) = self.positions.get_mut(&partition).filter(|position| **position < next_offset) {
            *position = next_offset;
            self.moved.insert(partition);
        }
    }

    /// Positions that a commit has to carry.
    pub(crate) fn take_moved(&mut self) -> Vec<Position> {
        let moved = std::mem::take(&mut self.moved);
        let position = |partition: i32| Position {
            topic: self.topic.to_string(),
            partition,
            next_offset: self.positions.get(&partition).copied().unwrap_or(0),
        };
        moved.into_iter().map(position).collect()
    }
}

/// An internal topic, keyed by identity, as the broker has it.
#[derive(Clone, Debug)]
pub struct SourceTopic {
    pub name: Arc<str>,
    /// Partitions it has.
    pub partitions: i32,
}

impl Ledger {
    /// Takes over `partitions` of a topic, one ledger each, in their order.
    /// Each holds the index of the identities that fall to its partition.
    ///
    /// # Errors
    /// [`LedgerError::PartitionCount`] where the journal was posted from the
    /// topic when it had another number of partitions,
    /// [`LedgerError::Repartitioning`] while it is being made anew; else as
    /// [`Ledger::open`].
    pub async fn open_partitions(
        dir: &Path,
        reference_version: &str,
        topic: &SourceTopic,
        partitions: &[i32],
    ) -> Result<Vec<Self>, LedgerError> {
        let mut journal = open_journal(dir, reference_version).await?;
        claim(&mut journal, reference_version, topic, partitions, Count::Recorded).await?;
        let sorter = Sorter::ByPartition { count: topic.partitions, partitions: partitions.to_vec() };
        let (mut books, receipts) = read(&journal, sorter).await?;
        let mut ledgers = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let own = books.iter_mut().filter_map(|(dataset, books)| Some((*dataset, books.pop_front()?))).collect();
            ledgers.push(ledger(&journal, topic, &[*partition], own, receipts.clone()).await?);
        }
        Ok(ledgers)
    }

    /// Takes over all partitions of a topic with one ledger that holds every
    /// identity: so it posts right wherever an event's messages lie, and drains
    /// a topic whose number of partitions was changed.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn open_to_drain(dir: &Path, reference_version: &str, topic: &SourceTopic) -> Result<Self, LedgerError> {
        let mut journal = open_journal(dir, reference_version).await?;
        let partitions: Vec<i32> = (0..topic.partitions).collect();
        claim(&mut journal, reference_version, topic, &partitions, Count::Any).await?;
        let (books, receipts) = read(&journal, Sorter::Whole).await?;
        let own = books.into_iter().filter_map(|(dataset, mut books)| Some((dataset, books.pop_front()?))).collect();
        ledger(&journal, topic, &partitions, own, receipts).await
    }
}

/// What number of partitions a writer may meet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// The one that the journal was posted from.
    Recorded,
    Any,
}

/// Commits the marks of `partitions`: from then on nobody else can post from
/// them without fencing this writer, and whoever did so before is fenced.
async fn claim(
    journal: &mut Journal,
    reference_version: &str,
    topic: &SourceTopic,
    partitions: &[i32],
    count: Count,
) -> Result<(), LedgerError> {
    let _turn = journal.turn(TURN_WAIT);
    journal.reload().await?;
    for _ in 0..ATTEMPTS_MAX {
        // An adoption may have begun since the journal was opened.
        check_reference(journal, reference_version)?;
        let known = journal.internal_topic(&topic.name).await?;
        if let (Some(known), Count::Recorded) = (&known, count) {
            check(known, topic)?;
        }
        let first = InternalTopic { topic: Arc::clone(&topic.name), partitions: topic.partitions, repartition_to: 0 };
        let commit = Commit {
            writers: partitions.iter().map(|partition| writer(topic, *partition)).chain([Writer::Partitions]).collect(),
            internal: known.is_none().then_some(first),
            posted_at: journal.posted_at_micros(),
            ..Commit::default()
        };
        match journal.commit(&commit).await {
            Ok(_) => return Ok(()),
            Err(JournalError::Conflict { .. }) => journal.reload().await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Contended { attempts: ATTEMPTS_MAX })
}

fn check(known: &InternalTopic, topic: &SourceTopic) -> Result<(), LedgerError> {
    if known.repartition_to != 0 {
        return Err(LedgerError::Repartitioning { topic: Arc::clone(&topic.name), partitions: known.repartition_to });
    }
    if known.partitions != topic.partitions {
        return Err(LedgerError::PartitionCount {
            topic: Arc::clone(&topic.name),
            recorded: known.partitions,
            found: topic.partitions,
        });
    }
    Ok(())
}

fn writer(topic: &SourceTopic, partition: i32) -> Writer {
    Writer::Partition { topic: Arc::clone(&topic.name), partition }
}

type Sorted = BTreeMap<Dataset, std::collections::VecDeque<DatasetBooks>>;

/// The books sorted, and what is booked of the raw topics. The work is done
/// where it holds nobody up.
async fn read(journal: &Journal, sorter: Sorter) -> Result<(Sorted, Receipts), LedgerError> {
    let mut files = Vec::with_capacity(Dataset::ALL.len());
    for dataset in Dataset::ALL {
        files.push((dataset, journal.book(Book::from(dataset))?));
    }
    let receipts = journal.book(Book::Receipts)?;
    let reading = tokio::task::spawn_blocking(move || {
        let mut sorted = Sorted::new();
        for (dataset, files) in files {
            let Rebuilt { indexes, files } = rebuild(&files, &sorter)?;
            let events: usize = indexes.iter().map(crate::Index::len).sum();
            tracing::info!(%dataset, events, indexes = indexes.len(), "index rebuilt");
            let books = indexes.into_iter().map(|index| DatasetBooks {
                index,
                files: files.clone(),
                pending: Pending::default(),
            });
            sorted.insert(dataset, books.collect());
        }
        Ok((sorted, Receipts::booked(&receipts)?))
    });
    reading.await.map_err(|_| LedgerError::Stopped)?
}

async fn ledger(
    journal: &Journal,
    topic: &SourceTopic,
    partitions: &[i32],
    books: BTreeMap<Dataset, DatasetBooks>,
    receipts: Receipts,
) -> Result<Ledger, LedgerError> {
    let mut positions = BTreeMap::new();
    for partition in partitions {
        positions.insert(*partition, journal.next_offset(&topic.name, *partition).await?.unwrap_or(0));
    }
    let own: Vec<Writer> = partitions.iter().map(|partition| writer(topic, *partition)).collect();
    // Writers of other partitions may post; a writer of the raw topics may not.
    let watched = own.clone().into_iter().chain(Dataset::ALL.map(Writer::Dataset));
    let raised = own.into_iter().chain([Writer::Partitions]).collect();
    let marks = Marks::read(journal, watched, raised).await?;
    let share = Share { topic: Arc::clone(&topic.name), positions, moved: BTreeSet::new() };
    Ok(Ledger::new(journal.clone(), books, marks, Some(share), receipts))
}
