//! The one writer of a dataset: gathers, and commits all books together.

use crate::columns::primitive;
use crate::flushing::{Done, Flushing, Frozen, FrozenBook};
use crate::index::Index;
use crate::post::{self, Contested, Known, Pending, Target};
use crate::read_back::{EntriesFiles, read_entries};
use crate::rebuild::Sorter;
use crate::share::Share;
use crate::{LedgerError, Location, Outcome, Receipts, RejectedMessage, rebuild};
use arrow::array::RecordBatch;
use arrow::datatypes::{Int32Type, Int64Type};
use commonweal_journal::{Book, Journal, Writer};
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
pub(crate) struct DatasetBooks {
    pub(crate) index: Index,
    pub(crate) files: EntriesFiles,
    pub(crate) pending: Pending,
}

/// Writes the journal. One per dataset may run, or one per partition of an
/// internal topic; a second is fenced.
///
/// Posting goes on while a flush is on its way, so memory holds what one flush
/// takes twice.
pub struct Ledger {
    journal: Journal,
    books: BTreeMap<Dataset, DatasetBooks>,
    marks: Marks,
    /// What it reads of an internal topic; `None`: it reads the raw topics.
    share: Option<Share>,
    receipts: Receipts,
    rejected: Vec<RejectedMessage>,
    rejected_bytes: usize,
    flushing: Option<Flushing>,
}

/// By whom a writer is fenced, and whom its commits fence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// With the last commit of each, as far as is known.
    pub(crate) watched: BTreeMap<Writer, i64>,
    pub(crate) raised: Vec<Writer>,
}

impl Marks {
    /// Those of `watched` as the table has them.
    pub(crate) async fn read(
        journal: &Journal,
        watched: impl IntoIterator<Item = Writer>,
        raised: Vec<Writer>,
    ) -> Result<Self, LedgerError> {
        let mut marks = Self { watched: BTreeMap::new(), raised };
        for writer in watched {
            let commit = journal.last_commit(&writer).await?;
            marks.watched.insert(writer, commit);
        }
        Ok(marks)
    }

    fn committed(&mut self, commit: i64) {
        for writer in &self.raised {
            if let Some(known) = self.watched.get_mut(writer) {
                *known = commit;
            }
        }
    }
}

impl Ledger {
    /// Opens the journal in `dir`, or creates it, and rebuilds the index of
    /// `datasets` from it.
    ///
    /// # Errors
    /// [`LedgerError::Reference`] where the journal is posted under another
    /// reference version, [`LedgerError::Adopting`] while it is brought to
    /// another; anything that keeps the table from being read.
    pub async fn open(dir: &Path, reference_version: &str, datasets: &[Dataset]) -> Result<Self, LedgerError> {
        let journal = open_journal(dir, reference_version).await?;
        let mut books = BTreeMap::new();
        for &dataset in datasets {
            let rebuilt = rebuild::rebuild(&journal.book(Book::from(dataset))?, &Sorter::Whole)?;
            let Some(index) = rebuilt.indexes.into_iter().next() else { continue };
            tracing::info!(%dataset, events = index.len(), index_bytes = index.allocated_bytes(), "index rebuilt");
            books.insert(dataset, DatasetBooks { index, files: rebuilt.files, pending: Pending::default() });
        }
        let own: Vec<Writer> = datasets.iter().copied().map(Writer::Dataset).collect();
        let marks = Marks::read(&journal, own.clone().into_iter().chain([Writer::Partitions]), own).await?;
        // What writers of partitions have booked lies beyond the positions of the raw topics.
        let booked = marks.watched.get(&Writer::Partitions).is_some_and(|commit| *commit > 0);
        let receipts = if booked { Receipts::booked(&journal.book(Book::Receipts)?)? } else { Receipts::default() };
        Ok(Self::new(journal, books, marks, None, receipts))
    }

    pub(crate) const fn new(
        journal: Journal,
        books: BTreeMap<Dataset, DatasetBooks>,
        marks: Marks,
        share: Option<Share>,
        receipts: Receipts,
    ) -> Self {
        Self { journal, books, marks, share, receipts, rejected: Vec::new(), rejected_bytes: 0, flushing: None }
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

    /// Books offsets of a raw topic, both included, that hold no record.
    pub fn absent(&mut self, topic: &Arc<str>, partition: i32, offsets: (i64, i64)) {
        self.receipts.record(topic, partition, offsets, Outcome::Absent);
    }

    /// Books offsets of a raw topic, both included, that were deleted before
    /// they were read; those that have an outcome keep it.
    pub fn lost(&mut self, topic: &Arc<str>, partition: i32, offsets: (i64, i64)) {
        self.receipts.lose(topic, partition, offsets);
    }

    /// Whether some of a raw topic is in the books, as far as its partitions
    /// were started.
    #[must_use]
    pub fn has_begun(&self, topic: &str) -> bool {
        self.receipts.has_begun(topic)
    }

    /// How many of the offsets of a raw topic, from the position of its
    /// partition on, are not in the books.
    #[must_use]
    pub fn unbooked(&self, topic: &str, partition: i32, offsets: (i64, i64)) -> i64 {
        self.receipts.unbooked(topic, partition, offsets)
    }

    /// Next offset to read of a partition of the internal topic that this
    /// ledger posts from; `None` for others.
    #[must_use]
    pub fn position(&self, partition: i32) -> Option<i64> {
        self.share.as_ref()?.positions.get(&partition).copied()
    }

    /// Notes how far a partition of the internal topic was read.
    pub fn read_to(&mut self, partition: i32, next_offset: i64) {
        if let Some(share) = &mut self.share {
            share.read_to(partition, next_offset);
        }
    }

    /// Posts enriched events of one dataset, all of one topic. Those whose
    /// origin is booked already came a second time, and are passed over.
    ///
    /// # Errors
    /// The batch is not in the enriched schema, or an old entry that has to be
    /// compared cannot be read.
    pub fn post(&mut self, dataset: Dataset, topic: &Arc<str>, batch: &RecordBatch) -> Result<(), LedgerError> {
        let fresh = self.receipts.claim_rows(topic, batch)?;
        let batch = fresh.as_ref().unwrap_or(batch);
        let Some(books) = self.books.get_mut(&dataset) else { return Err(LedgerError::Column("dataset")) };
        let flushing = self.flushing.as_ref().and_then(|flushing| flushing.frozen.books.get(&dataset));
        let known = Known { index: &books.index, flushing: flushing.map(|book| &book.pending) };
        let mut posted = post::post(batch, known, &mut books.pending)?;
        if !posted.contested.is_empty() {
            let contest = Contest { dataset, files: &books.files, known, batch };
            contest.settle(&posted.contested, &mut books.pending, &mut posted.outcomes)?;
        }
        let partitions = primitive::<Int32Type>(batch, "origin_partition")?;
        let offsets = primitive::<Int64Type>(batch, "origin_offset")?;
        record_runs(&mut self.receipts, topic, partitions.values(), offsets.values(), &posted.outcomes);
        Ok(())
    }

    /// Books a refused message, unless its origin is booked already.
    pub fn reject(&mut self, message: RejectedMessage) {
        let at = (message.offset, message.offset);
        if !self.receipts.record(&message.topic, message.partition, at, Outcome::Rejected) {
            return;
        }
        self.rejected_bytes += message.bytes();
        self.rejected.push(message);
    }

    /// Rows and bytes gathered since the last flush began.
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
    /// and positions, in one commit or not at all. A flush that is on its way
    /// ends first. `now` is UTC microseconds.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] where another writer posted to one of the
    /// datasets; nothing of this flush is then in the table, and every later
    /// flush is answered likewise.
    pub async fn flush(&mut self, now: i64) -> Result<Option<Committed>, LedgerError> {
        let mut earlier = None;
        if self.is_flushing() {
            self.begin_flush(now);
            earlier = self.finish_flush().await?;
        }
        self.begin_flush(now);
        Ok(self.finish_flush().await?.or(earlier))
    }

    /// Begins to commit what is gathered, unless that is nothing or an earlier
    /// flush is on its way. Posting may go on.
    pub fn begin_flush(&mut self, now: i64) {
        if let Some(flushing) = &mut self.flushing {
            flushing.go_on(&self.journal);
            return;
        }
        let positions = match &mut self.share {
            Some(share) => share.take_moved(),
            None => self.receipts.positions(),
        };
        if self.receipts.is_empty() && positions.is_empty() {
            return;
        }
        let books = self.books.iter_mut().map(|(&dataset, books)| {
            let pending = books.pending.freeze();
            (dataset, FrozenBook { pending, files: books.files.clone() })
        });
        let frozen = Frozen {
            books: books.collect(),
            positions,
            watched: self.marks.watched.clone(),
            raised: self.marks.raised.clone(),
            receipts: self.receipts.take(),
            rejected: std::mem::take(&mut self.rejected),
            now,
        };
        self.rejected_bytes = 0;
        self.flushing = Some(Flushing::begin(frozen, &self.journal));
    }

    /// Whether a flush has begun and was not yet seen to end.
    #[must_use]
    pub const fn is_flushing(&self) -> bool {
        self.flushing.is_some()
    }

    /// Waits for the flush that is on its way; `None` where there is none.
    /// Cancelled, it loses nothing and can be called again.
    ///
    /// # Errors
    /// As [`Ledger::flush`].
    pub async fn finish_flush(&mut self) -> Result<Option<Committed>, LedgerError> {
        let Some(flushing) = &mut self.flushing else { return Ok(None) };
        let done = flushing.ended(&mut self.journal).await?;
        let frozen = Arc::clone(&flushing.frozen);
        self.flushing = None;
        self.committed(&frozen, &done)?;
        Ok(Some(done.totals))
    }

    /// Brings the index up to the commit.
    fn committed(&mut self, frozen: &Frozen, done: &Done) -> Result<(), LedgerError> {
        let commit = u32::try_from(done.stamp.commit).map_err(|_| LedgerError::LocationOverflow("a commit number"))?;
        let files = self.journal.book_files_of(done.stamp.commit)?;
        for (dataset, book) in &frozen.books {
            let Some(books) = self.books.get_mut(dataset) else { continue };
            let rows = done.rows.get(dataset);
            let place = |position: u32| -> Option<Location> {
                rows.and_then(|rows| rows.get(position as usize)).map(|&row| Location { commit, row })
            };
            for (identity, head, target) in book.pending.heads() {
                let at = match target {
                    Target::Committed(at) => Some(at),
                    Target::Pending(position) => place(position),
                    Target::Flushing(_) => None,
                };
                books.index.set(identity, head, at.ok_or(LedgerError::LocationOverflow("a row number"))?);
            }
            books.pending.flushed(place)?;
            let of_book = files.iter().filter(|file| file.book == Book::from(*dataset) && !file.reversals);
            books.files.extend(of_book.map(|file| (commit, file.path.clone())));
        }
        self.marks.committed(done.stamp.commit);
        Ok(())
    }
}

/// Opens the journal for entries under `reference_version`.
pub(crate) async fn open_journal(dir: &Path, reference_version: &str) -> Result<Journal, LedgerError> {
    let journal = Journal::open_or_create(dir, reference_version).await?;
    check_reference(&journal, reference_version)?;
    Ok(journal)
}

/// Fails where entries under `configured` have no place in the journal.
pub(crate) fn check_reference(journal: &Journal, configured: &str) -> Result<(), LedgerError> {
    if let Some(adoption) = journal.references().under_way() {
        return Err(LedgerError::Adopting { from: adoption.from.clone(), to: adoption.to.clone() });
    }
    if journal.reference_version() != configured {
        return Err(LedgerError::Reference {
            journal: journal.reference_version().to_owned(),
            configured: configured.to_owned(),
        });
    }
    Ok(())
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
            receipts.record_claimed(topic, partitions[start], run, outcomes[start]);
            start = end;
        }
    }
}

/// Rows of a batch that meet committed entries they may displace.
struct Contest<'a> {
    dataset: Dataset,
    files: &'a EntriesFiles,
    known: Known<'a>,
    batch: &'a RecordBatch,
}

impl Contest<'_> {
    /// Decides the rows after reading the entries they met.
    fn settle(
        &self,
        contested: &[Contested],
        pending: &mut Pending,
        outcomes: &mut [Outcome],
    ) -> Result<(), LedgerError> {
        let mut locations: Vec<Location> = contested.iter().map(|contested| contested.at).collect();
        locations.sort_unstable();
        locations.dedup();
        let entries = read_entries(self.dataset, self.files, &locations)?;
        for contest in contested {
            let Ok(row) = locations.binary_search(&contest.at) else { continue };
            let standing = post::rank_at(&entries, row)?;
            outcomes[contest.row as usize] = post::settle(self.batch, contest, standing, self.known, pending)?;
        }
        Ok(())
    }
}
