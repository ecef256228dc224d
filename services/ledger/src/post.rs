//! What each event does to the books: the pure core of the ledger.
//!
//! The head of an event is its greatest statement by revision, then recording
//! time, then content digest. Because that is a total order, the net of the
//! books depends on the set of events alone, never on their order (L5).

mod pending;
pub mod reclassify;

pub(crate) use pending::rank_at;
pub use pending::{NewRow, Pending, Reversal, RowState, Target};

use crate::columns::{binary, boolean, digest_head, primitive, text};
use crate::identity::Identities;
use crate::index::REVISION_MAX;
use crate::receipts::Outcome;
use crate::{Head, Identity, Index, LedgerError, Location};
use arrow::array::{BinaryArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};

/// Why a row was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// First statement of an event.
    Record,
    /// A higher revision replaces an entry.
    Correction,
    /// The event withdraws itself.
    Cancellation,
    /// Two contents at one revision: the greater wins, the other is noted.
    Conflict,
    /// The reference data changed.
    Reclassification,
}

impl Cause {
    pub const ALL: [Self; 5] =
        [Self::Record, Self::Correction, Self::Cancellation, Self::Conflict, Self::Reclassification];

    /// Name in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Correction => "correction",
            Self::Cancellation => "cancellation",
            Self::Conflict => "conflict",
            Self::Reclassification => "reclassification",
        }
    }
}

/// An event that meets a committed entry at the same revision with another
/// content: the entry must be read before it is known which of them wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contested {
    /// Row in the batch.
    pub row: u32,
    pub identity: Identity,
    pub at: Location,
}

/// Order of statements at one revision: recording time in UTC microseconds,
/// then content digest.
pub type Rank = (i64, [u8; 16]);

/// The columns posting looks at.
struct Statement<'a> {
    source: &'a StringArray,
    event_id: &'a StringArray,
    revision: &'a PrimitiveArray<Int32Type>,
    cancel: &'a BooleanArray,
    recorded_at: &'a PrimitiveArray<TimestampMicrosecondType>,
    digest: &'a BinaryArray,
}

impl<'a> Statement<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, LedgerError> {
        Ok(Self {
            source: text(batch, "source")?,
            event_id: text(batch, "event_id")?,
            revision: primitive(batch, "revision")?,
            cancel: boolean(batch, "cancel")?,
            recorded_at: primitive(batch, "recorded_at")?,
            digest: binary(batch, "content_digest")?,
        })
    }

    fn revision(&self, row: usize) -> u32 {
        u32::try_from(self.revision.value(row)).unwrap_or(0).min(REVISION_MAX)
    }

    fn rank(&self, row: usize) -> Rank {
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(self.digest.value(row)) {
            *to = *from;
        }
        (self.recorded_at.value(row), digest)
    }
}

/// What the books say of events already: those that are committed, and those
/// that a flush is about to commit.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub index: &'a Index,
    pub flushing: Option<&'a Pending>,
}

impl Known<'_> {
    fn head(&self, identity: Identity) -> Option<(Head, Target)> {
        let flushing = || {
            let (head, target) = self.flushing?.head(identity)?;
            Some((head, target.of_a_flush()))
        };
        flushing().or_else(|| self.index.get(identity).map(|(head, at)| (head, Target::Committed(at))))
    }

    /// Rank of an entry in memory.
    fn rank_in_memory(&self, target: Target, pending: &Pending) -> Result<Option<Rank>, LedgerError> {
        match (target, self.flushing) {
            (Target::Pending(entry), _) => pending.rank(entry).map(Some),
            (Target::Flushing(entry), Some(flushing)) => flushing.rank(entry).map(Some),
            (Target::Flushing(_), None) => Err(LedgerError::Column("of a flush")),
            (Target::Committed(_), _) => Ok(None),
        }
    }
}

/// Result of posting one batch: an outcome per row, except for contested rows,
/// which [`settle`] decides.
#[derive(Debug, Default)]
pub struct Posted {
    pub outcomes: Vec<Outcome>,
    pub contested: Vec<Contested>,
}

/// Posts the enriched events of one dataset.
///
/// # Errors
/// [`LedgerError::Column`] where the batch is not in the enriched schema.
pub fn post(batch: &RecordBatch, books: Known<'_>, pending: &mut Pending) -> Result<Posted, LedgerError> {
    let statement = Statement::of(batch)?;
    let before = pending.rows().len();
    let number = pending.add_batch(batch)?;
    let mut posted = Posted { outcomes: Vec::with_capacity(batch.num_rows()), contested: Vec::new() };
    let mut identities = Identities::default();
    for row in 0..batch.num_rows() {
        let identity = identities.of(statement.source.value(row), statement.event_id.value(row));
        let event = Event::new(&statement, number, row, identity);
        let known = pending.head(identity).or_else(|| books.head(identity));
        let outcome = match known {
            None => {
                pending.push(event.identity, event.head(false), event.new_row(Cause::Record, 0));
                Outcome::Posted
            }
            Some((head, _)) if event.revision < head.revision => Outcome::Superseded,
            Some((head, target)) if event.revision > head.revision => {
                supersede(&event, head, target, pending);
                Outcome::Posted
            }
            Some((head, _)) if head.digest == event.digest => Outcome::Duplicate,
            Some((_, Target::Committed(at))) => {
                posted.contested.push(Contested { row: event.row, identity, at });
                Outcome::Superseded
            }
            Some((head, target)) => match books.rank_in_memory(target, pending)? {
                Some(rank) => contest(&event, statement.rank(row), head, target, rank, pending),
                None => Outcome::Superseded,
            },
        };
        posted.outcomes.push(outcome);
    }
    // A batch of nothing but repeats need not wait for the commit.
    if pending.rows().len() == before && posted.contested.is_empty() {
        pending.drop_batch();
    }
    Ok(posted)
}

/// Decides a contested row of the batch posted last, given the rank of the
/// committed entry it met. The head may have changed since, by a later row.
///
/// # Errors
/// [`LedgerError::Column`] where the batch is not in the enriched schema.
pub fn settle(
    batch: &RecordBatch,
    contested: &Contested,
    committed: Rank,
    books: Known<'_>,
    pending: &mut Pending,
) -> Result<Outcome, LedgerError> {
    let statement = Statement::of(batch)?;
    let row = contested.row as usize;
    let event = Event::new(&statement, pending.last_batch(), row, contested.identity);
    let known = pending.head(contested.identity).or_else(|| books.head(contested.identity));
    let Some((head, target)) = known else {
        pending.push(event.identity, event.head(false), event.new_row(Cause::Record, 0));
        return Ok(Outcome::Posted);
    };
    if event.revision < head.revision {
        return Ok(Outcome::Superseded);
    }
    if event.digest == head.digest {
        return Ok(Outcome::Duplicate);
    }
    let rank = books.rank_in_memory(target, pending)?.unwrap_or(committed);
    Ok(contest(&event, statement.rank(row), head, target, rank, pending))
}

/// One event of a batch, as posting sees it.
struct Event {
    batch: u32,
    row: u32,
    identity: Identity,
    revision: u32,
    digest: [u8; 8],
    cancel: bool,
}

impl Event {
    fn new(statement: &Statement<'_>, batch: u32, row: usize, identity: Identity) -> Self {
        Self {
            batch,
            row: u32::try_from(row).unwrap_or(u32::MAX),
            identity,
            revision: statement.revision(row),
            digest: digest_head(statement.digest.value(row)),
            cancel: statement.cancel.value(row),
        }
    }

    const fn head(&self, conflicting: bool) -> Head {
        Head { revision: self.revision, digest: self.digest, conflicting }
    }

    /// The event as a row: +1 for a record, a tombstone for a withdrawal.
    const fn new_row(&self, cause: Cause, conflict: i8) -> NewRow {
        let (entry, cancelled) = if self.cancel { (0, 1) } else { (1, 0) };
        let cause = match (cause, self.cancel) {
            (Cause::Record | Cause::Correction, true) => Cause::Cancellation,
            (cause, _) => cause,
        };
        NewRow { batch: self.batch, row: self.row, state: RowState { entry, cancelled, conflict, cause } }
    }

    /// The event as a note that changes no sum but that of conflicts.
    const fn note(&self, conflict: i8) -> NewRow {
        NewRow {
            batch: self.batch,
            row: self.row,
            state: RowState { entry: 0, cancelled: 0, conflict, cause: Cause::Conflict },
        }
    }
}

/// A higher revision: reverse what stands, post what replaces it. A conflict
/// at the lower revision is settled by it.
fn supersede(event: &Event, head: Head, target: Target, pending: &mut Pending) {
    let cause = if event.cancel { Cause::Cancellation } else { Cause::Correction };
    pending.reverse(target, cause, if head.conflicting { -1 } else { 0 });
    pending.push(event.identity, event.head(false), event.new_row(cause, 0));
}

/// Equal revision, other content: the greater rank stands, the other is noted.
fn contest(event: &Event, rank: Rank, head: Head, target: Target, standing: Rank, pending: &mut Pending) -> Outcome {
    let conflict = i8::from(!head.conflicting);
    if rank > standing {
        pending.reverse(target, Cause::Conflict, 0);
        pending.push(event.identity, event.head(true), event.new_row(Cause::Conflict, conflict));
        Outcome::Posted
    } else {
        pending.note(event.note(conflict));
        pending.set_head(event.identity, Head { conflicting: true, ..head }, target);
        Outcome::Superseded
    }
}
