//! A commit on its way: what was gathered up to a moment, encoded and committed
//! while posting goes on.

use crate::flush::{self, Entries};
use crate::parquet_files::{Encoded, encode};
use crate::post::Pending;
use crate::protocol::{self, Decision, Mark};
use crate::read_back::EntriesFiles;
use crate::writer::Committed;
use crate::{LedgerError, Receipts, RejectedMessage, Stamp, rejected};
use commonweal_journal::{Addition, Book, Commit, Journal, JournalError, Position, Writer};
use commonweal_schemas::Dataset;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How long a writer waits for its turn: one that stands still holds nobody up
/// for longer. Much longer than some commits one after the other take on a busy
/// machine, since whoever goes on without makes all others encode anew.
pub(crate) const TURN_WAIT: Duration = Duration::from_secs(5);

/// What one commit holds; nothing in it changes any more.
pub(crate) struct Frozen {
    pub(crate) books: BTreeMap<Dataset, FrozenBook>,
    /// Where the sources have been read to.
    pub(crate) positions: Vec<Position>,
    /// The writers this one makes way for, each with its last commit known.
    pub(crate) watched: BTreeMap<Writer, i64>,
    /// The writers this one is.
    pub(crate) raised: Vec<Writer>,
    pub(crate) receipts: Receipts,
    pub(crate) rejected: Vec<RejectedMessage>,
    /// Time of the flush, UTC microseconds.
    pub(crate) now: i64,
}

/// One dataset's share of it.
pub(crate) struct FrozenBook {
    pub(crate) pending: Pending,
    /// Entries files as of the last commit.
    pub(crate) files: EntriesFiles,
}

/// A commit that was made.
pub(crate) struct Done {
    pub(crate) stamp: Stamp,
    pub(crate) totals: Committed,
    /// Per dataset, the row of the entries file that each pending row became.
    pub(crate) rows: BTreeMap<Dataset, Vec<u32>>,
}

/// The journal as the task leaves it, and what came of the commit.
type Ended = (Journal, Result<Done, LedgerError>);

/// A flush that has begun and whose outcome is not in the index yet.
pub(crate) struct Flushing {
    pub(crate) frozen: Arc<Frozen>,
    /// None where the last attempt failed and may be made again.
    task: Option<JoinHandle<Ended>>,
}

impl Flushing {
    pub(crate) fn begin(frozen: Frozen, journal: &Journal) -> Self {
        let mut flushing = Self { frozen: Arc::new(frozen), task: None };
        flushing.go_on(journal);
        flushing
    }

    /// Tries again after a failure; goes on otherwise.
    pub(crate) fn go_on(&mut self, journal: &Journal) {
        self.task.get_or_insert_with(|| {
            let (frozen, mut journal) = (Arc::clone(&self.frozen), journal.clone());
            // Encoding is work for a core of its own; only the commit waits for I/O.
            tokio::task::spawn_blocking(move || {
                let outcome = Handle::current().block_on(frozen.commit(&mut journal));
                (journal, outcome)
            })
        });
    }

    /// Waits for the end. Cancelled, it can be called again.
    ///
    /// # Errors
    /// As [`crate::Ledger::flush`]; the flush can then be begun again.
    pub(crate) async fn ended(&mut self, journal: &mut Journal) -> Result<Done, LedgerError> {
        let Some(task) = &mut self.task else { return Err(LedgerError::Stopped) };
        let ended = task.await;
        self.task = None;
        match ended {
            Ok((reached, outcome)) => {
                *journal = reached;
                outcome
            }
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(LedgerError::Stopped),
            },
        }
    }
}

impl Frozen {
    /// Commits everything, in one commit or not at all.
    pub(crate) async fn commit(&self, journal: &mut Journal) -> Result<Done, LedgerError> {
        // Where writers of other partitions commit too, one after the other is faster than each against all.
        let among_others = self.raised.contains(&Writer::Partitions);
        let _turn = among_others.then(|| journal.turn(TURN_WAIT));
        if among_others {
            journal.reload().await?;
        }
        // A snapshot that was reloaded since the last commit of this writer would
        // accept a commit though another writer's lies between the two.
        if let Decision::Fenced { writer, commit } = self.decide(journal, 1, &[]).await? {
            return Err(LedgerError::Fenced { writer, commit });
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let stamp = Stamp { commit: journal.next_commit(), posted_at: self.now.max(journal.posted_at_micros()) };
            let written = self.write(journal, stamp)?;
            let done = Done { stamp, totals: written.totals, rows: written.rows };
            let commit = Commit {
                additions: written.additions,
                positions: self.positions.clone(),
                writers: self.raised.clone(),
                posted_at: stamp.posted_at,
                ..Commit::default()
            };
            match journal.commit(&commit).await {
                Ok(_) => return Ok(done),
                Err(JournalError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            journal.reload().await?;
            match self.decide(journal, attempt, &commit.additions).await? {
                Decision::AlreadyCommitted => return Ok(done),
                Decision::Fenced { writer, commit } => return Err(LedgerError::Fenced { writer, commit }),
                Decision::GiveUp => return Err(LedgerError::Contended { attempts: attempt }),
                Decision::Retry => tracing::info!(attempt, "journal moved on, stamping anew"),
            }
        }
    }

    async fn decide(&self, journal: &Journal, attempt: u32, additions: &[Addition]) -> Result<Decision, LedgerError> {
        let found = match additions.first() {
            Some(addition) => journal.holds(addition)?,
            None => false,
        };
        let mut marks = Vec::with_capacity(self.watched.len());
        for (writer, &known) in &self.watched {
            let table = journal.last_commit(writer).await?;
            marks.push(Mark { writer: writer.clone(), known, table });
        }
        Ok(protocol::after_conflict(attempt, found, &marks))
    }

    /// Writes the files of a commit; without the commit they are orphans. The
    /// datasets are encoded side by side.
    fn write(&self, journal: &Journal, stamp: Stamp) -> Result<Written, LedgerError> {
        let parts = std::thread::scope(|scope| {
            let running: Vec<_> = self
                .books
                .iter()
                .map(|(&dataset, book)| (dataset, scope.spawn(move || book.write(dataset, journal, stamp))))
                .collect();
            let ended = running.into_iter().map(|(dataset, task)| (dataset, task.join()));
            ended
                .map(|(dataset, part)| Ok((dataset, part.unwrap_or_else(|panic| resume_unwind(panic))?)))
                .collect::<Result<Vec<_>, LedgerError>>()
        })?;
        let mut written = Written { additions: Vec::new(), rows: BTreeMap::new(), totals: Committed::default() };
        written.totals.commit = stamp.commit;
        for (dataset, part) in parts {
            written.totals.entries += part.entries;
            written.totals.reversals += part.reversals;
            written.additions.extend(part.additions);
            written.rows.insert(dataset, part.rows);
        }
        if !self.rejected.is_empty() {
            let batch = rejected::to_batch(&self.rejected, stamp)?;
            written.totals.rejections = self.rejected.len() as u64;
            written.additions.push(store(journal, Book::Rejections, false, &encode(&batch, Book::Rejections)?)?);
        }
        // Nothing but repeats may have come by a partition.
        if !self.receipts.is_empty() {
            let receipts = encode(&self.receipts.to_batch(stamp)?, Book::Receipts)?;
            written.additions.push(store(journal, Book::Receipts, false, &receipts)?);
        }
        written.totals.bytes = written.additions.iter().map(Addition::bytes).sum();
        Ok(written)
    }
}

impl FrozenBook {
    fn write(&self, dataset: Dataset, journal: &Journal, stamp: Stamp) -> Result<Part, LedgerError> {
        let book = Book::from(dataset);
        let mut part = Part::default();
        if !self.pending.rows().is_empty() {
            let entries = Entries::of(&self.pending)?;
            let encoded = entries.encode(book, stamp)?;
            part.entries = encoded.rows;
            part.additions.push(store(journal, book, false, &encoded)?);
            part.rows = entries.rows;
        }
        if let Some(reversals) = flush::reversals(dataset, &self.pending, &self.files, stamp)? {
            part.reversals = reversals.num_rows() as u64;
            part.additions.push(store(journal, book, true, &encode(&reversals, book)?)?);
        }
        Ok(part)
    }
}

fn store(journal: &Journal, book: Book, reversals: bool, file: &Encoded) -> Result<Addition, LedgerError> {
    let addition = journal.write_file(book, reversals, file.rows, &file.content)?;
    Ok(addition.with_days(file.days))
}

struct Written {
    additions: Vec<Addition>,
    rows: BTreeMap<Dataset, Vec<u32>>,
    totals: Committed,
}

/// The files of one dataset.
#[derive(Default)]
struct Part {
    additions: Vec<Addition>,
    rows: Vec<u32>,
    entries: u64,
    reversals: u64,
}
