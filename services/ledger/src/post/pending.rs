//! Postings gathered since the last commit.

use super::{Cause, Rank};
use crate::columns::{binary, is_same_text, primitive};
use crate::{Head, Identity, LedgerError, Location};
use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use hashbrown::HashTable;
use std::sync::Arc;

/// What a row adds to the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowState {
    /// +1 for a record, 0 for a tombstone or a note.
    pub entry: i8,
    /// +1 for a tombstone.
    pub cancelled: i8,
    /// +1 where the event becomes conflicting.
    pub conflict: i8,
    pub cause: Cause,
}

/// A row to post: row `row` of gathered batch `batch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRow {
    pub batch: u32,
    pub row: u32,
    pub state: RowState,
}

/// Where a head lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In the journal.
    Committed(Location),
    /// Among the rows of the flush that is on its way, by position.
    Flushing(u32),
    /// Among the rows to post, by position.
    Pending(u32),
}

impl Target {
    /// The target as it is to be called once its flush has begun.
    pub(super) const fn of_a_flush(self) -> Self {
        match self {
            Self::Pending(position) => Self::Flushing(position),
            other => other,
        }
    }

    /// Puts the place in the journal for that in a flush which has ended.
    fn settle(&mut self, place: &impl Fn(u32) -> Option<Location>) -> Result<(), LedgerError> {
        if let Self::Flushing(position) = *self {
            *self = Self::Committed(place(position).ok_or(LedgerError::LocationOverflow("a row number"))?);
        }
        Ok(())
    }
}

/// A row that takes back another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversal {
    pub target: Target,
    pub cause: Cause,
    /// -1 where a higher revision settles a conflict.
    pub conflict: i8,
}

#[derive(Clone, Copy)]
struct PendingHead {
    identity: Identity,
    head: Head,
    target: Target,
}

/// Postings of one dataset since the last commit; bounded by the flush limits.
#[derive(Default)]
pub struct Pending {
    batches: Vec<RecordBatch>,
    rows: Vec<NewRow>,
    reversals: Vec<Reversal>,
    heads: HashTable<PendingHead>,
    bytes: usize,
}

impl Pending {
    /// Hands over what was gathered, and is ready for as many events again and
    /// some more.
    pub(crate) fn freeze(&mut self) -> Self {
        let room = |len: usize| len + len / 8;
        let next = Self {
            rows: Vec::with_capacity(room(self.rows.len())),
            heads: HashTable::with_capacity(room(self.heads.len())),
            ..Self::default()
        };
        std::mem::replace(self, next)
    }

    /// Takes a batch in; its rows are posted by reference to it.
    pub(super) fn add_batch(&mut self, batch: &RecordBatch) -> Result<u32, LedgerError> {
        let number = u32::try_from(self.batches.len()).map_err(|_| LedgerError::LocationOverflow("a batch number"))?;
        self.bytes += own_bytes(batch, self.batches.last());
        self.batches.push(batch.clone());
        Ok(number)
    }

    /// Lets the batch added last go, since no row refers to it.
    pub(super) fn drop_batch(&mut self) {
        if let Some(batch) = self.batches.pop() {
            self.bytes -= own_bytes(&batch, self.batches.last());
        }
    }

    pub(super) fn last_batch(&self) -> u32 {
        u32::try_from(self.batches.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    pub(super) fn head(&self, identity: Identity) -> Option<(Head, Target)> {
        let found = self.heads.find(identity.hash(), |pending| pending.identity == identity)?;
        Some((found.head, found.target))
    }

    pub(super) fn set_head(&mut self, identity: Identity, head: Head, target: Target) {
        let new = PendingHead { identity, head, target };
        self.heads
            .entry(identity.hash(), |pending| pending.identity == identity, |pending| pending.identity.hash())
            .and_modify(|pending| *pending = new)
            .or_insert(new);
    }

    /// Adds a row that becomes the event's head.
    pub(super) fn push(&mut self, identity: Identity, head: Head, row: NewRow) {
        let position = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(row);
        self.set_head(identity, head, Target::Pending(position));
    }

    /// Adds a row that is nobody's head.
    pub(super) fn note(&mut self, row: NewRow) {
        self.rows.push(row);
    }

    pub(super) fn reverse(&mut self, target: Target, cause: Cause, conflict: i8) {
        self.reversals.push(Reversal { target, cause, conflict });
    }

    /// Rank of a row to post.
    pub(super) fn rank(&self, position: u32) -> Result<Rank, LedgerError> {
        let row = self.rows.get(position as usize).ok_or(LedgerError::Column("rows"))?;
        let batch = self.batches.get(row.batch as usize).ok_or(LedgerError::Column("batches"))?;
        rank_at(batch, row.row as usize)
    }

    /// Batches the rows refer to.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Rows to post, in order of decision.
    #[must_use]
    pub fn rows(&self) -> &[NewRow] {
        &self.rows
    }

    /// Rows that take back others.
    #[must_use]
    pub fn reversals(&self) -> &[Reversal] {
        &self.reversals
    }

    /// Heads that changed, with where they lie.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (Identity, Head, Target)> + '_ {
        self.heads.iter().map(|pending| (pending.identity, pending.head, pending.target))
    }

    /// Says where the rows of a flush that has ended went.
    pub(crate) fn flushed(&mut self, place: impl Fn(u32) -> Option<Location>) -> Result<(), LedgerError> {
        let heads = self.heads.iter_mut().map(|head| &mut head.target);
        let mut targets = heads.chain(self.reversals.iter_mut().map(|reversal| &mut reversal.target));
        targets.try_for_each(|target| target.settle(&place))
    }

    /// Memory the gathered batches hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.reversals.is_empty()
    }
}

/// Memory a batch takes beside what it shares with the one before: the
/// reference's dictionaries are the same in all batches.
fn own_bytes(batch: &RecordBatch, before: Option<&RecordBatch>) -> usize {
    let values =
        |column: &ArrayRef| column.as_dictionary_opt::<Int32Type>().map(|symbols| Arc::clone(symbols.values()));
    let column_bytes = |(number, column): (usize, &ArrayRef)| {
        let shared = values(column).filter(|mine| {
            let theirs = before.and_then(|before| before.columns().get(number)).and_then(values);
            theirs.is_some_and(|theirs| is_same_text(mine, &theirs))
        });
        let bytes = column.get_array_memory_size();
        shared.map_or(bytes, |shared| bytes.saturating_sub(shared.get_array_memory_size()))
    };
    batch.columns().iter().enumerate().map(column_bytes).sum()
}

/// Rank of a row of a batch.
pub(crate) fn rank_at(batch: &RecordBatch, row: usize) -> Result<Rank, LedgerError> {
    let recorded_at = primitive::<TimestampMicrosecondType>(batch, "recorded_at")?;
    let digests = binary(batch, "content_digest")?;
    let mut digest = [0; 16];
    for (to, from) in digest.iter_mut().zip(digests.value(row)) {
        *to = *from;
    }
    Ok((recorded_at.value(row), digest))
}
