//! Postings gathered since the last commit.

use super::{Cause, Rank};
use crate::columns::{binary, primitive};
use crate::{Head, Identity, LedgerError, Location};
use arrow::array::RecordBatch;
use arrow::datatypes::TimestampMicrosecondType;
use hashbrown::HashTable;

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
    /// Among the rows to post, by position.
    Pending(u32),
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
    /// Takes a batch in; its rows are posted by reference to it.
    pub(super) fn add_batch(&mut self, batch: &RecordBatch) -> Result<u32, LedgerError> {
        let number = u32::try_from(self.batches.len()).map_err(|_| LedgerError::LocationOverflow("a batch number"))?;
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch.clone());
        Ok(number)
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
