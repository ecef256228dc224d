//! L1: receipts against the books, offset by offset.

use super::report::{Faults, PartitionTotals};
use super::{Invariant, contents};
use crate::columns::{binary, primitive, text};
use crate::{LedgerError, Outcome};
use arrow::array::RecordBatch;
use arrow::datatypes::{Int32Type, Int64Type};
use commonweal_journal::{Journal, JournalFile, Writer};
use roaring::RoaringTreemap;
use std::collections::{BTreeMap, HashMap};

/// What the books say of one origin partition.
#[derive(Default)]
pub(super) struct Origin {
    /// By the receipts.
    outcomes: BTreeMap<Outcome, RoaringTreemap>,
    /// By the entries.
    posted: RoaringTreemap,
    /// By the notes, which are of offsets superseded on arrival.
    noted: RoaringTreemap,
    /// By the rejections.
    rejected: RoaringTreemap,
    /// Offsets that stand in more than one row of the books.
    twice: RoaringTreemap,
}

/// What a row of the books says of its origin offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Posted,
    Noted,
    Rejected,
}

impl Origin {
    fn claim(&mut self, claim: Claim, offset: u64) {
        let set = match claim {
            Claim::Posted => &mut self.posted,
            Claim::Noted => &mut self.noted,
            Claim::Rejected => &mut self.rejected,
        };
        if !set.insert(offset) {
            self.twice.insert(offset);
        }
    }

    fn of(&self, outcome: Outcome) -> RoaringTreemap {
        self.outcomes.get(&outcome).cloned().unwrap_or_default()
    }

    fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).map_or(0, RoaringTreemap::len)
    }
}

/// Every origin partition the books name.
#[derive(Default)]
pub(super) struct Origins {
    numbers: HashMap<(String, i32), usize>,
    partitions: Vec<Origin>,
}

impl Origins {
    /// Number of a partition.
    pub(super) fn number(&mut self, topic: &str, partition: i32) -> usize {
        if let Some(&number) = self.numbers.get(&(topic.to_owned(), partition)) {
            return number;
        }
        self.numbers.insert((topic.to_owned(), partition), self.partitions.len());
        self.partitions.push(Origin::default());
        self.partitions.len() - 1
    }

    /// Takes in what a row of the books says of offset `offset`.
    pub(super) fn claim(&mut self, number: usize, claim: Claim, offset: i64) {
        if let (Some(origin), Ok(offset)) = (self.partitions.get_mut(number), u64::try_from(offset)) {
            origin.claim(claim, offset);
        }
    }

    /// Takes in a batch of the rejections book.
    pub(super) fn add_rejections(&mut self, batch: &RecordBatch) -> Result<(), LedgerError> {
        let topics = text(batch, "origin_topic")?;
        let partitions = primitive::<Int32Type>(batch, "origin_partition")?;
        let offsets = primitive::<Int64Type>(batch, "origin_offset")?;
        for row in 0..batch.num_rows() {
            let number = self.number(topics.value(row), partitions.value(row));
            self.claim(number, Claim::Rejected, offsets.value(row));
        }
        Ok(())
    }

    /// Takes in a batch of the receipts book.
    pub(super) fn add_receipts(
        &mut self,
        file: &JournalFile,
        batch: &RecordBatch,
        faults: &mut Faults,
    ) -> Result<(), LedgerError> {
        let topics = text(batch, "origin_topic")?;
        let partitions = primitive::<Int32Type>(batch, "origin_partition")?;
        let outcomes = text(batch, "outcome")?;
        let (counts, firsts, lasts) = (
            primitive::<Int64Type>(batch, "offsets_count")?,
            primitive::<Int64Type>(batch, "first_offset")?,
            primitive::<Int64Type>(batch, "last_offset")?,
        );
        let sets = binary(batch, "offsets")?;
        for row in 0..batch.num_rows() {
            let (topic, partition) = (topics.value(row), partitions.value(row));
            let mut fault = |finding: String| {
                let place = || (format!("{} ({topic}/{partition})", contents::name(file)), finding);
                faults.add(Invariant::Conservation, place);
            };
            let Some(outcome) = Outcome::from_name(outcomes.value(row)) else {
                fault(format!("a receipt names outcome {:?}, which there is not", outcomes.value(row)));
                continue;
            };
            let Ok(set) = RoaringTreemap::deserialize_from(sets.value(row)) else {
                fault(format!("the set of {} offsets cannot be read", outcome.name()));
                continue;
            };
            let number = |value: Option<u64>| i64::try_from(value.unwrap_or(0)).unwrap_or(i64::MAX);
            let stated = (counts.value(row), firsts.value(row), lasts.value(row));
            if stated != (number(Some(set.len())), number(set.min()), number(set.max())) {
                fault(format!("count, first and last {} offset do not describe the set beside them", outcome.name()));
            }
            let number = self.number(topic, partition);
            if let Some(origin) = self.partitions.get_mut(number) {
                *origin.outcomes.entry(outcome).or_default() |= set;
            }
        }
        Ok(())
    }

    /// Checks every partition and gives its totals, by topic and partition.
    pub(super) async fn settle(
        self,
        journal: &Journal,
        faults: &mut Faults,
    ) -> Result<Vec<PartitionTotals>, LedgerError> {
        let mut totals = Vec::with_capacity(self.partitions.len());
        // Writers of partitions of an internal topic book origin offsets as they come to them, in any order.
        let split = journal.last_commit(&Writer::Partitions).await? > 0;
        let numbers: BTreeMap<(String, i32), usize> = self.numbers.into_iter().collect();
        for ((topic, partition), number) in numbers {
            let Some(origin) = self.partitions.get(number) else { continue };
            let place = format!("{topic}/{partition}");
            let position = journal.next_offset(&topic, partition).await?;
            if position.is_none() && !split {
                faults.add(Invariant::Conservation, || (place.clone(), "the journal holds no position of it"));
            }
            let due = u64::try_from(position.unwrap_or(0)).unwrap_or(0);
            let covered = check(origin, due, split, &place, faults);
            let (next_offset, under_way) = reached(&covered, due);
            totals.push(PartitionTotals {
                topic,
                partition,
                offsets: origin.outcomes.values().fold(RoaringTreemap::new(), |all, set| all | set).len(),
                posted: origin.count(Outcome::Posted),
                duplicate: origin.count(Outcome::Duplicate),
                superseded: origin.count(Outcome::Superseded),
                rejected: origin.count(Outcome::Rejected),
                absent: origin.count(Outcome::Absent),
                lost: lost(origin).len(),
                next_offset,
                under_way,
            });
        }
        Ok(totals)
    }
}

/// First offset from `next_offset` on that is not covered, and how many between
/// it and the last covered one are not covered either.
fn reached(covered: &RoaringTreemap, next_offset: u64) -> (i64, u64) {
    let end = covered.max().map_or(0, |last| last + 1).max(next_offset);
    let mut open = RoaringTreemap::new();
    open.insert_range(next_offset..end);
    open -= covered;
    let next = open.min().unwrap_or(end);
    (i64::try_from(next).unwrap_or(i64::MAX), open.len())
}

/// What is lost after all: whatever was found to have another outcome is not.
fn lost(origin: &Origin) -> RoaringTreemap {
    let others = origin.outcomes.iter().filter(|(outcome, _)| **outcome != Outcome::Lost);
    others.fold(origin.of(Outcome::Lost), |lost, (_, set)| lost - set)
}

/// The offsets that the receipts cover.
fn check(origin: &Origin, next_offset: u64, split: bool, place: &str, faults: &mut Faults) -> RoaringTreemap {
    let mut fault = |set: RoaringTreemap, finding: &str| {
        if let Some(first) = set.min() {
            let describe = || (place, format!("{finding}: {} offsets, the first is {first}", set.len()));
            faults.add(Invariant::Conservation, describe);
        }
    };
    let mut covered = RoaringTreemap::new();
    for (outcome, set) in origin.outcomes.iter().filter(|(outcome, _)| **outcome != Outcome::Lost) {
        fault(set & &covered, &format!("the receipts give a second outcome, {}", outcome.name()));
        covered |= set;
    }
    covered |= lost(origin);
    let mut due = RoaringTreemap::new();
    due.insert_range(0..next_offset);
    fault(&due - &covered, "no receipt covers what the position claims was read");
    if !split {
        fault(&covered - &due, "receipts lie beyond the position");
    }
    let (posted, rejected) = (origin.of(Outcome::Posted), origin.of(Outcome::Rejected));
    fault(&posted - &origin.posted, "receipts say posted, but the books hold no entry");
    fault(&origin.posted - &posted, "the books hold an entry, but no receipt says posted");
    fault(&rejected - &origin.rejected, "receipts say rejected, but the rejections book holds no row");
    fault(&origin.rejected - &rejected, "the rejections book holds a row, but no receipt says rejected");
    fault(&origin.noted - &origin.of(Outcome::Superseded), "the books note a conflict, but no receipt says superseded");
    fault(origin.twice.clone(), "the books hold more than one row");
    covered
}
