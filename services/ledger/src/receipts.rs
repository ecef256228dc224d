//! What became of every origin offset: sets, not counters, so that what comes
//! twice counts once (L1).

use crate::LedgerError;
use crate::columns::{binary, primitive, text};
use crate::parquet_files::{Width, read_columns};
use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::array::{Date32Array, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, Int64Type};
use commonweal_journal::{JournalFile, Position};
use commonweal_schemas::arrow_schema;
use roaring::RoaringTreemap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What became of an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It is an entry, or the withdrawal of one.
    Posted,
    /// The books held it already.
    Duplicate,
    /// The books held a greater statement of the same event.
    Superseded,
    /// It broke a rule and is in the rejections book.
    Rejected,
    /// No record lies at it: a transaction marker, compacted away, or deleted
    /// before the topic was read at all.
    Absent,
    /// Deleted before it was read. Where services run apart, a message may have
    /// been passed on before whoever read it died, and be held for lost by
    /// whoever came after: so any other outcome goes before this one.
    Lost,
}

impl Outcome {
    pub const ALL: [Self; 6] =
        [Self::Posted, Self::Duplicate, Self::Superseded, Self::Rejected, Self::Absent, Self::Lost];

    /// Name in the receipts book.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Duplicate => "duplicate",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Absent => "absent",
            Self::Lost => "lost",
        }
    }

    /// The outcome behind a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

#[derive(Clone, Debug, Default)]
struct Partition {
    /// Next offset expected; everything below it has an outcome.
    next: u64,
    outcomes: BTreeMap<Outcome, RoaringTreemap>,
    /// Offsets that have an outcome, in the journal or here; empty unless a
    /// message may come twice.
    booked: RoaringTreemap,
}

/// Receipts since the last commit, and the positions they lead to.
#[derive(Clone, Debug, Default)]
pub struct Receipts {
    topics: BTreeMap<Arc<str>, BTreeMap<i32, Partition>>,
    /// A message may come twice, so what is booked is kept in mind.
    repeats: bool,
}

impl Receipts {
    /// Starts a partition at its position in the books.
    pub fn start(&mut self, topic: &Arc<str>, partition: i32, next_offset: i64) {
        self.partition(topic, partition).next = u64::try_from(next_offset).unwrap_or(0);
    }

    fn partition(&mut self, topic: &Arc<str>, partition: i32) -> &mut Partition {
        self.topics.entry(Arc::clone(topic)).or_default().entry(partition).or_default()
    }

    /// Receipts for messages of which some may come twice, or be booked in
    /// `files` already: what has an outcome gets no other.
    ///
    /// # Errors
    /// A file of the receipts book cannot be read.
    pub fn booked(files: &[JournalFile]) -> Result<Self, LedgerError> {
        let mut receipts = Self { repeats: true, ..Self::default() };
        let schema = arrow_schema::receipts();
        for file in files {
            let batch = read_columns(&file.path, &schema, &["origin_topic", "origin_partition", "offsets"])?;
            let (topics, sets) = (text(&batch, "origin_topic")?, binary(&batch, "offsets")?);
            let partitions = primitive::<Int32Type>(&batch, "origin_partition")?;
            for row in 0..batch.num_rows() {
                let set = RoaringTreemap::deserialize_from(sets.value(row))
                    .map_err(|source| LedgerError::Io { path: file.path.clone(), source })?;
                receipts.partition(&Arc::from(topics.value(row)), partitions.value(row)).booked |= set;
            }
        }
        Ok(receipts)
    }

    /// The rows of a batch of `topic` whose origins had no outcome yet, which
    /// they are now to get; `None` where that is all of them.
    ///
    /// # Errors
    /// [`LedgerError::Column`] where the batch is not in the enriched schema.
    pub fn claim_rows(&mut self, topic: &Arc<str>, batch: &RecordBatch) -> Result<Option<RecordBatch>, LedgerError> {
        if !self.repeats {
            return Ok(None);
        }
        let partitions = primitive::<Int32Type>(batch, "origin_partition")?;
        let offsets = primitive::<Int64Type>(batch, "origin_offset")?;
        let mut fresh = Vec::with_capacity(batch.num_rows());
        for (&partition, &offset) in partitions.values().iter().zip(offsets.values()) {
            let booked = &mut self.partition(topic, partition).booked;
            fresh.push(u64::try_from(offset).is_ok_and(|offset| booked.insert(offset)));
        }
        if fresh.iter().all(|fresh| *fresh) {
            return Ok(None);
        }
        Ok(Some(filter_record_batch(batch, &BooleanArray::from(fresh))?))
    }

    /// Records the outcome of the offsets `first` to `last`, both included;
    /// those that have one keep it. Whether there was any other.
    pub fn record(&mut self, topic: &Arc<str>, partition: i32, offsets: (i64, i64), outcome: Outcome) -> bool {
        let (Ok(first), Ok(last)) = (u64::try_from(offsets.0), u64::try_from(offsets.1)) else { return false };
        if !self.repeats {
            self.record_claimed(topic, partition, offsets, outcome);
            return true;
        }
        let partition = self.partition(topic, partition);
        let mut fresh = RoaringTreemap::new();
        fresh.insert_range(first..=last);
        fresh -= &partition.booked;
        if fresh.is_empty() {
            return false;
        }
        partition.booked |= &fresh;
        *partition.outcomes.entry(outcome).or_default() |= fresh;
        true
    }

    /// Records the outcome of offsets that are known to have none.
    pub(crate) fn record_claimed(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        (first, last): (i64, i64),
        outcome: Outcome,
    ) {
        let (Ok(first), Ok(last)) = (u64::try_from(first), u64::try_from(last)) else { return };
        let outcomes = &mut self.partition(topic, partition).outcomes;
        outcomes.entry(outcome).or_default().insert_range(first..=last);
    }

    /// Notes that a partition was read up to, not including, `next_offset`;
    /// `seen` tells which offsets from the last position on held a record, in
    /// rising order. All others are absent.
    pub fn advance(&mut self, topic: &Arc<str>, partition: i32, seen: impl Iterator<Item = i64>, next_offset: i64) {
        let mut next = self.partition(topic, partition).next;
        let Ok(end) = u64::try_from(next_offset) else { return };
        let number = |offset: u64| i64::try_from(offset).unwrap_or(i64::MAX);
        for offset in seen.filter_map(|offset| u64::try_from(offset).ok()).chain([end]) {
            if offset > next {
                self.record(topic, partition, (number(next), number(offset) - 1), Outcome::Absent);
            }
            next = next.max(offset + 1);
        }
        // The last step was the end itself, which holds no record yet.
        let partition = self.partition(topic, partition);
        partition.next = partition.next.max(end);
    }

    /// Books offsets as lost, and goes on behind them where they are next.
    pub fn lose(&mut self, topic: &Arc<str>, partition: i32, (first, last): (i64, i64)) {
        self.record(topic, partition, (first, last), Outcome::Lost);
        let (Ok(first), Ok(last)) = (u64::try_from(first), u64::try_from(last)) else { return };
        let partition = self.partition(topic, partition);
        if partition.next == first {
            partition.next = last + 1;
        }
    }

    /// Whether a topic was read before: some of it is in the books.
    #[must_use]
    pub fn has_begun(&self, topic: &str) -> bool {
        let begun = |partition: &Partition| partition.next > 0 || !partition.booked.is_empty();
        self.topics.get(topic).is_some_and(|partitions| partitions.values().any(begun))
    }

    /// How many of the offsets `first` to `last`, both included and none below
    /// the position, are not in the books.
    #[must_use]
    pub fn unbooked(&self, topic: &str, partition: i32, (first, last): (i64, i64)) -> i64 {
        let (Ok(first), Ok(last)) = (u64::try_from(first), u64::try_from(last)) else { return 0 };
        let mut open = RoaringTreemap::new();
        open.insert_range(first..=last);
        if let Some(partition) = self.topics.get(topic).and_then(|partitions| partitions.get(&partition)) {
            open -= &partition.booked;
        }
        i64::try_from(open.len()).unwrap_or(i64::MAX)
    }

    /// First offset of a partition that is not in the books, though later ones
    /// may be; `None` where nothing of it is. Needs [`Receipts::booked`].
    #[must_use]
    pub fn covered_to(&self, topic: &str, partition: i32) -> Option<i64> {
        let booked = &self.topics.get(topic)?.get(&partition)?.booked;
        let end = booked.max()? + 1;
        let mut open = RoaringTreemap::new();
        open.insert_range(0..end);
        open -= booked;
        i64::try_from(open.min().unwrap_or(end)).ok()
    }

    /// Next offset expected of a partition, as far as it was started.
    #[must_use]
    pub fn next_offset(&self, topic: &str, partition: i32) -> Option<i64> {
        let found = self.topics.get(topic)?.get(&partition)?;
        i64::try_from(found.next).ok()
    }

    /// Positions of every partition that has receipts.
    #[must_use]
    pub fn positions(&self) -> Vec<Position> {
        let mut positions = Vec::new();
        for (topic, partitions) in &self.topics {
            for (&partition, state) in partitions {
                if !state.outcomes.is_empty() {
                    positions.push(Position {
                        topic: topic.to_string(),
                        partition,
                        next_offset: i64::try_from(state.next).unwrap_or(i64::MAX),
                    });
                }
            }
        }
        positions
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.topics.values().all(|partitions| partitions.values().all(|state| state.outcomes.is_empty()))
    }

    /// Hands over the outcomes gathered; positions stay.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let mut taken = Self::default();
        for (topic, partitions) in &mut self.topics {
            let of_topic = taken.topics.entry(Arc::clone(topic)).or_default();
            for (&partition, state) in partitions {
                let outcomes = std::mem::take(&mut state.outcomes);
                of_topic.insert(partition, Partition { next: state.next, outcomes, ..Partition::default() });
            }
        }
        taken
    }

    /// Rows of the receipts book.
    ///
    /// # Errors
    /// The batch cannot be built.
    pub fn to_batch(&self, stamp: Stamp) -> Result<RecordBatch, LedgerError> {
        let mut rows: Vec<(&str, i32, Outcome, &RoaringTreemap)> = Vec::new();
        for (topic, partitions) in &self.topics {
            for (&partition, state) in partitions {
                rows.extend(state.outcomes.iter().map(|(&outcome, set)| (topic.as_ref(), partition, outcome, set)));
            }
        }
        let number = |value: Option<u64>| i64::try_from(value.unwrap_or(0)).unwrap_or(i64::MAX);
        let mut sets = Vec::with_capacity(rows.len());
        for (.., set) in &rows {
            let mut bytes = Vec::with_capacity(set.serialized_size());
            set.serialize_into(&mut bytes).map_err(|error| arrow::error::ArrowError::ExternalError(Box::new(error)))?;
            sets.push(bytes);
        }
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.1))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.2.name()))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| number(Some(row.3.len()))))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| number(row.3.min())))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| number(row.3.max())))),
            Arc::new(BinaryArray::from_iter_values(&sets)),
        ];
        columns.extend(stamp.columns(rows.len()));
        Ok(RecordBatch::try_new(arrow_schema::receipts(), columns)?)
    }
}

/// Commit number and time of posting of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub commit: i64,
    /// UTC microseconds.
    pub posted_at: i64,
}

impl Stamp {
    fn day(self) -> i32 {
        const DAY_MICROS: i64 = 86_400_000_000;
        i32::try_from(self.posted_at.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
    }

    /// `ledger_commit`, `posted_at` and `booked_on`, the same for `rows` rows.
    #[must_use]
    pub fn columns(self, rows: usize) -> [ArrayRef; 3] {
        [
            Arc::new(Int64Array::from(vec![self.commit; rows])),
            Arc::new(TimestampMicrosecondArray::from(vec![self.posted_at; rows]).with_timezone("UTC")),
            Arc::new(Date32Array::from(vec![self.day(); rows])),
        ]
    }

    /// The same as numbers.
    pub(crate) fn numbers(self) -> [(i64, Width); 3] {
        [(self.commit, Width::Eight), (self.posted_at, Width::Eight), (self.day().into(), Width::Four)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(receipts: &Receipts, topic: &str, partition: i32, outcome: Outcome) -> Vec<u64> {
        let set = receipts.topics[topic][&partition].outcomes.get(&outcome);
        set.map(|set| set.iter().collect()).unwrap_or_default()
    }

    /// Proves that what is booked out of turn does not hide what is missing
    /// before it.
    #[test]
    fn the_first_hole_is_found() {
        let topic: Arc<str> = Arc::from("topic");
        let mut receipts = Receipts { repeats: true, ..Receipts::default() };
        assert_eq!(receipts.covered_to(&topic, 0), None);
        for (offsets, covered_to) in [((5, 9), 0), ((0, 2), 3), ((3, 4), 10)] {
            receipts.record(&topic, 0, offsets, Outcome::Posted);
            assert_eq!(receipts.covered_to(&topic, 0), Some(covered_to));
        }
        assert_eq!(receipts.unbooked(&topic, 0, (8, 12)), 3);
    }

    /// Proves that holes before, between and after the records seen are booked
    /// as absent, and that a re-read books nothing anew.
    #[test]
    fn holes_are_absent() {
        let topic: Arc<str> = "t".into();
        let mut receipts = Receipts::default();
        receipts.start(&topic, 0, 2);
        receipts.advance(&topic, 0, [4, 5, 8].into_iter(), 10);
        assert_eq!(offsets(&receipts, "t", 0, Outcome::Absent), [2, 3, 6, 7, 9]);
        assert_eq!(receipts.next_offset("t", 0), Some(10));
        assert_eq!(offsets(&receipts.take(), "t", 0, Outcome::Absent), [2, 3, 6, 7, 9]);
        receipts.advance(&topic, 0, std::iter::empty(), 10);
        assert!(receipts.is_empty());
    }

    /// Proves that lost offsets are told from absent ones before and behind
    /// them, and that a topic has begun once something of it is in the books.
    #[test]
    fn lost_offsets_are_no_absent_ones() {
        let topic: Arc<str> = "t".into();
        let mut receipts = Receipts::default();
        receipts.start(&topic, 0, 0);
        assert!(!receipts.has_begun("t") && receipts.unbooked("t", 0, (0, 4)) == 5);
        receipts.advance(&topic, 0, [0].into_iter(), 2);
        receipts.lose(&topic, 0, (2, 4));
        receipts.advance(&topic, 0, [6].into_iter(), 7);
        assert_eq!(offsets(&receipts, "t", 0, Outcome::Lost), [2, 3, 4]);
        assert_eq!(offsets(&receipts, "t", 0, Outcome::Absent), [1, 5]);
        assert!(receipts.has_begun("t") && receipts.next_offset("t", 0) == Some(7));
    }
}
