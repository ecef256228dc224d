//! The one writer of a dataset: gathers, and commits all books together.

use crate::columns::primitive;
use crate::flush::{self, Entries};
use crate::index::Index;
use crate::parquet_files::{Encoded, encode};
use crate::post::{self, Contested, Pending};
use crate::protocol::{self, Decision, Mark};
use crate::read_back::{EntriesFiles, read_entries};
use crate::{LedgerError, Location, Outcome, Receipts, RejectedMessage, Stamp, rebuild, rejected};
use arrow::array::RecordBatch;
use arrow::datatypes::{Int32Type, Int64Type};
use commonweal_journal::{Addition, Book, Commit, Journal, JournalError};
use commonweal_schemas::Dataset;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What one flush committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Number of the commit.
    pub commit: i64,
    /// Entries posted, notes included.
    pub entries: u64,
    pub reversals: u64,
    pub rejections: u64,
    /// Bytes of the files written.
    pub bytes: u64,
}

/// One dataset's share of the ledger.
struct DatasetBooks {
    index: Index,
    files: EntriesFiles,
    pending: Pending,
    /// Commit that last posted to the dataset, as this writer knows it.
    known: i64,
}

/// Writes the journal. One per dataset may run; a second is fenced.
pub struct Ledger {
    journal: Journal,
    books: BTreeMap<Dataset, DatasetBooks>,
    receipts: Receipts,
    rejected: Vec<RejectedMessage>,
    rejected_bytes: usize,
}

impl Ledger {
    /// Opens the journal in `dir`, or creates it, and rebuilds the index of
    /// `datasets` from it.
    ///
    /// # Errors
    /// [`LedgerError::Reference`] where the journal was posted under another
    /// reference version; anything that keeps the table from being read.
    pub async fn open(dir: &Path, reference_version: &str, datasets: &[Dataset]) -> Result<Self, LedgerError> {
        let journal = Journal::open_or_create(dir, reference_version).await?;
        if journal.reference_version() != reference_version {
            return Err(LedgerError::Reference {
                journal: journal.reference_version().to_owned(),
                configured: reference_version.to_owned(),
            });
        }
        let mut books = BTreeMap::new();
        for &dataset in datasets {
            let (index, files) = rebuild::rebuild(&journal.book(Book::from(dataset))?)?;
            let known = journal.last_posted(dataset).await?;
            tracing::info!(%dataset, events = index.len(), index_bytes = index.allocated_bytes(), "index rebuilt");
            books.insert(dataset, DatasetBooks { index, files, pending: Pending::default(), known });
        }
        let (receipts, rejected) = (Receipts::default(), Vec::new());
        Ok(Self { journal, books, receipts, rejected, rejected_bytes: 0 })
    }

    /// The table as of the last commit of this writer.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Starts a source partition and tells where to read it from.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn start_partition(&mut self, topic: &Arc<str>, partition: i32) -> Result<Option<i64>, LedgerError> {
        let position = self.journal.next_offset(topic, partition).await?;
        self.receipts.start(topic, partition, position.unwrap_or(0));
        Ok(position)
    }

    /// Next offset expected of a partition that was started.
    #[must_use]
    pub fn next_offset(&self, topic: &str, partition: i32) -> Option<i64> {
        self.receipts.next_offset(topic, partition)
    }

    /// Notes how far a partition was read: see [`Receipts::advance`].
    pub fn advance(&mut self, topic: &Arc<str>, partition: i32, seen: impl Iterator<Item = i64>, next_offset: i64) {
        self.receipts.advance(topic, partition, seen, next_offset);
    }

    /// Posts enriched events of one dataset, all of one topic.
    ///
    /// # Errors
    /// The batch is not in the enriched schema, or an old entry that has to be
    /// compared cannot be read.
    pub fn post(&mut self, dataset: Dataset, topic: &Arc<str>, batch: &RecordBatch) -> Result<(), LedgerError> {
        let Some(books) = self.books.get_mut(&dataset) else { return Err(LedgerError::Column("dataset")) };
        let mut posted = post::post(batch, &books.index, &mut books.pending)?;
        if !posted.contested.is_empty() {
            settle(dataset, books, batch, &posted.contested, &mut posted.outcomes)?;
        }
        let partitions = primitive::<Int32Type>(batch, "origin_partition")?;
        let offsets = primitive::<Int64Type>(batch, "origin_offset")?;
        record_runs(&mut self.receipts, topic, partitions.values(), offsets.values(), &posted.outcomes);
        Ok(())
    }

    /// Books a refused message.
    pub fn reject(&mut self, message: RejectedMessage) {
        let at = (message.offset, message.offset);
        self.receipts.record(&message.topic, message.partition, at, Outcome::Rejected);
        self.rejected_bytes += message.bytes();
        self.rejected.push(message);
    }

    /// Rows and bytes gathered since the last commit.
    #[must_use]
    pub fn gathered(&self) -> (usize, usize) {
        self.books.values().fold((self.rejected.len(), self.rejected_bytes), |(rows, bytes), books| {
            (rows + books.pending.rows().len(), bytes + books.pending.bytes())
        })
    }

    /// Events in the index and the bytes of memory it takes, slack included.
    #[must_use]
    pub fn index_size(&self) -> (usize, usize) {
        self.books
            .values()
            .fold((0, 0), |(events, bytes), books| (events + books.index.len(), bytes + books.index.allocated_bytes()))
    }

    /// Commits everything gathered: entries, reversals, rejections, receipts
    /// and positions, in one commit or not at all. `now` is UTC microseconds.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] where another writer posted to one of the
    /// datasets; nothing of this flush is then in the table, and every later
    /// flush is answered likewise.
    pub async fn flush(&mut self, now: i64) -> Result<Option<Committed>, LedgerError> {
        if self.receipts.is_empty() {
            return Ok(None);
        }
        // A snapshot that was reloaded since the last commit of this writer would
        // accept a commit though another writer's lies between the two.
        if let Decision::Fenced { dataset, commit } = self.decide(1, &[]).await? {
            return Err(LedgerError::Fenced { dataset, commit });
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let stamp =
                Stamp { commit: self.journal.next_commit(), posted_at: now.max(self.journal.posted_at_micros()) };
            let mut written = self.write(stamp)?;
            let commit = Commit {
                additions: std::mem::take(&mut written.additions),
                positions: self.receipts.positions(),
                datasets: self.books.keys().copied().collect(),
                posted_at: stamp.posted_at,
            };
            match self.journal.commit(&commit).await {
                Ok(_) => return self.committed(stamp, &written).map(Some),
                Err(JournalError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            self.journal.reload().await?;
            match self.decide(attempt, &commit.additions).await? {
                Decision::AlreadyCommitted => return self.committed(stamp, &written).map(Some),
                Decision::Fenced { dataset, commit } => return Err(LedgerError::Fenced { dataset, commit }),
                Decision::GiveUp => return Err(LedgerError::Contended { attempts: attempt }),
                Decision::Retry => tracing::info!(attempt, "journal moved on, stamping anew"),
            }
        }
    }

    async fn decide(&self, attempt: u32, additions: &[Addition]) -> Result<Decision, LedgerError> {
        let found = match additions.first() {
            Some(addition) => self.journal.holds(addition)?,
            None => false,
        };
        let mut marks = Vec::with_capacity(self.books.len());
        for (&dataset, books) in &self.books {
            let table = self.journal.last_posted(dataset).await?;
            marks.push(Mark { dataset, known: books.known, table });
        }
        Ok(protocol::after_conflict(attempt, found, &marks))
    }

    /// Writes the files of a commit; without the commit they are orphans.
    fn write(&self, stamp: Stamp) -> Result<Written, LedgerError> {
        let mut written =
            Written { totals: Committed { commit: stamp.commit, ..Committed::default() }, ..Written::default() };
        for (&dataset, books) in &self.books {
            let book = Book::from(dataset);
            if !books.pending.rows().is_empty() {
                let entries = Entries::of(&books.pending)?;
                let encoded = entries.encode(book, stamp)?;
                written.totals.entries += self.write_file(&mut written.additions, book, false, &encoded)?;
                written.rows.insert(dataset, entries.rows);
            }
            if let Some(reversals) = flush::reversals(dataset, &books.pending, &books.files, stamp)? {
                let encoded = encode(&reversals, book)?;
                written.totals.reversals += self.write_file(&mut written.additions, book, true, &encoded)?;
            }
        }
        if !self.rejected.is_empty() {
            let batch = rejected::to_batch(&self.rejected, stamp)?;
            let encoded = encode(&batch, Book::Rejections)?;
            written.totals.rejections += self.write_file(&mut written.additions, Book::Rejections, false, &encoded)?;
        }
        let receipts = encode(&self.receipts.to_batch(stamp)?, Book::Receipts)?;
        self.write_file(&mut written.additions, Book::Receipts, false, &receipts)?;
        written.totals.bytes = written.additions.iter().map(Addition::bytes).sum();
        Ok(written)
    }

    fn write_file(
        &self,
        additions: &mut Vec<Addition>,
        book: Book,
        reversals: bool,
        file: &Encoded,
    ) -> Result<u64, LedgerError> {
        let addition = self.journal.write_file(book, reversals, file.rows, &file.content)?;
        additions.push(addition.with_days(file.days));
        Ok(file.rows)
    }

    /// Brings the index up to the commit and forgets what was gathered.
    fn committed(&mut self, stamp: Stamp, written: &Written) -> Result<Committed, LedgerError> {
        let commit = u32::try_from(stamp.commit).map_err(|_| LedgerError::LocationOverflow("a commit number"))?;
        let files = self.journal.book_files_of(stamp.commit)?;
        for (&dataset, books) in &mut self.books {
            let rows = written.rows.get(&dataset);
            for (identity, head, target) in books.pending.heads() {
                let at = match target {
                    post::Target::Committed(at) => at,
                    post::Target::Pending(position) => {
                        let row = rows.and_then(|rows| rows.get(position as usize)).copied();
                        let row = row.ok_or(LedgerError::LocationOverflow("a row number"))?;
                        Location { commit, row }
                    }
                };
                books.index.set(identity, head, at);
            }
            let of_book = files.iter().filter(|file| file.book == Book::from(dataset) && !file.reversals);
            books.files.extend(of_book.map(|file| (commit, file.path.clone())));
            books.pending = Pending::default();
            books.known = stamp.commit;
        }
        self.receipts.clear();
        self.rejected.clear();
        self.rejected_bytes = 0;
        Ok(written.totals)
    }
}

/// Records outcomes by runs of offsets, since neighbours mostly share theirs.
fn record_runs(receipts: &mut Receipts, topic: &Arc<str>, partitions: &[i32], offsets: &[i64], outcomes: &[Outcome]) {
    let mut start = 0;
    for end in 1..=outcomes.len() {
        let goes_on = end < outcomes.len()
            && partitions[end] == partitions[start]
            && outcomes[end] == outcomes[start]
            && offsets[end] == offsets[end - 1] + 1;
        if !goes_on {
            let run = (offsets[start], offsets[end - 1]);
            receipts.record(topic, partitions[start], run, outcomes[start]);
            start = end;
        }
    }
}

#[derive(Default)]
struct Written {
    additions: Vec<Addition>,
    /// Per dataset, the row each pending row became.
    rows: BTreeMap<Dataset, Vec<u32>>,
    totals: Committed,
}

/// Decides contested rows after reading the entries they met.
fn settle(
    dataset: Dataset,
    books: &mut DatasetBooks,
    batch: &RecordBatch,
    contested: &[Contested],
    outcomes: &mut [Outcome],
) -> Result<(), LedgerError> {
    let mut locations: Vec<Location> = contested.iter().map(|contested| contested.at).collect();
    locations.sort_unstable();
    locations.dedup();
    let entries = read_entries(dataset, &books.files, &locations)?;
    for contest in contested {
        let Ok(row) = locations.binary_search(&contest.at) else { continue };
        let standing = post::rank_at(&entries, row)?;
        outcomes[contest.row as usize] = post::settle(batch, contest, standing, &books.index, &mut books.pending)?;
    }
    Ok(())
}
