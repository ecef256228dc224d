//! Adopting another reference version: entries in force whose enriched columns
//! change under it are reversed and posted anew, cause `reclassification`.
//!
//! The first commit says in the journal what has begun, and raises the marks of
//! all writers: whoever posts is fenced by it, and nobody starts until the last
//! commit says that it is through. In between each commit takes back and posts
//! a bounded number of entries. Wherever it is cut off, every event stands
//! once; run again, it passes over what was posted anew already.

use crate::flushing::{Frozen, FrozenBook};
use crate::in_force::{InForce, Standing};
use crate::post::Pending;
use crate::post::reclassify::{differing, reclassify};
use crate::protocol::ATTEMPTS_MAX;
use crate::writer::Committed;
use crate::{LedgerError, Location, Receipts};
use arrow::array::RecordBatch;
use arrow::compute::filter_record_batch;
use commonweal_journal::{Commit, Ended, Journal, JournalError, Writer};
use commonweal_schemas::Dataset;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// Bounds of an adoption.
#[derive(Clone, Copy, Debug)]
pub struct AdoptionLimits {
    /// Entries read at a time.
    pub batch_rows: usize,
    /// Entries posted anew after which a commit is made.
    pub flush_rows: usize,
    /// Bytes of memory they hold after which it is made.
    pub flush_bytes: usize,
}

/// How far an adoption is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptionProgress {
    /// Rows of entries files that were read.
    pub rows_read: u64,
    /// Rows there are to read.
    pub rows: u64,
    /// Entries in force among those read.
    pub in_force: u64,
    /// Those of them that change.
    pub changed: u64,
}

/// What a step of an adoption did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptionStep {
    /// Some entries were reversed and posted anew.
    Posted(Committed),
    /// Nothing is left to post: the version is in force from this commit on.
    Ended { commit: i64 },
}

/// An adoption under way.
pub struct Adopter {
    journal: Journal,
    to: String,
    began: i64,
    limits: AdoptionLimits,
    /// Last commit of this adopter for each writer it stands for.
    marks: BTreeMap<Writer, i64>,
    left: VecDeque<Dataset>,
    reading: Option<(Dataset, InForce)>,
    progress: AdoptionProgress,
    /// Rows read of datasets that are through.
    rows_through: u64,
}

impl Adopter {
    /// Begins to adopt version `to`, or takes up an adoption of it that was cut
    /// off; none where the journal is under that version already. Fences every
    /// writer of the journal. `now` is UTC microseconds.
    ///
    /// # Errors
    /// [`LedgerError::Adopting`] where another version is being adopted; the
    /// journal is missing or cannot be read.
    pub async fn begin(dir: &Path, to: &str, limits: AdoptionLimits, now: i64) -> Result<Option<Self>, LedgerError> {
        let mut journal = Journal::open(dir).await?;
        for _ in 0..ATTEMPTS_MAX {
            let references = journal.references();
            let next = match references.under_way() {
                Some(adoption) if adoption.to == to => None,
                Some(adoption) => {
                    return Err(LedgerError::Adopting { from: adoption.from.clone(), to: adoption.to.clone() });
                }
                None if references.current() == to => return Ok(None),
                None => Some(references.begun(to, journal.next_commit(), journal.posted_at_micros())),
            };
            let posted_at = now.max(journal.posted_at_micros());
            let commit = Commit { writers: writers(), references: next, posted_at, ..Commit::default() };
            match journal.commit(&commit).await {
                Ok(commit) => return Ok(Some(Self::new(journal, to, limits, commit)?)),
                Err(JournalError::Conflict { .. }) => journal.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Contended { attempts: ATTEMPTS_MAX })
    }

    fn new(journal: Journal, to: &str, limits: AdoptionLimits, commit: i64) -> Result<Self, LedgerError> {
        let began = journal.references().under_way().map_or(commit, |adoption| adoption.began);
        let entries = journal.files()?.into_iter().filter(|file| !file.reversals && file.commit < began);
        let rows = entries.filter(|file| file.book.dataset().is_some()).map(|file| file.rows).sum();
        Ok(Self {
            journal,
            to: to.to_owned(),
            began,
            limits,
            marks: writers().into_iter().map(|writer| (writer, commit)).collect(),
            left: Dataset::ALL.into(),
            reading: None,
            progress: AdoptionProgress { rows, ..AdoptionProgress::default() },
            rows_through: 0,
        })
    }

    /// How far it is.
    #[must_use]
    pub const fn progress(&self) -> AdoptionProgress {
        self.progress
    }

    /// Reads on until there is enough to commit, and commits it; or ends the
    /// adoption. `enrich` joins the version to events in the validated schema;
    /// `watch` is told how far it is after each batch. `now` is UTC microseconds.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] where another adopter has taken over; whatever
    /// `enrich` answers; a file cannot be read or written.
    pub async fn step<E: From<LedgerError>>(
        &mut self,
        enrich: impl Fn(&RecordBatch) -> Result<RecordBatch, E>,
        mut watch: impl FnMut(AdoptionProgress),
        now: i64,
    ) -> Result<AdoptionStep, E> {
        let limits = self.limits;
        let mut books: BTreeMap<Dataset, FrozenBook> = BTreeMap::new();
        let is_full = |books: &BTreeMap<Dataset, FrozenBook>| {
            let gathered = |of: fn(&Pending) -> usize| books.values().map(|book| of(&book.pending)).sum::<usize>();
            let rows = gathered(|pending| pending.rows().len());
            rows >= limits.flush_rows || gathered(Pending::bytes) >= limits.flush_bytes
        };
        while !is_full(&books) {
            let Some((dataset, standing)) = self.read()? else { break };
            let enriched = enrich(&standing.events().map_err(E::from)?)?;
            let (events, replaced) = changed(&standing, &enriched)?;
            self.progress.in_force += standing.locations.len() as u64;
            self.progress.changed += replaced.len() as u64;
            watch(self.progress);
            if replaced.is_empty() {
                continue;
            }
            let book = books.entry(dataset).or_insert_with(|| {
                let places = self.reading.as_ref().map(|(_, reading)| reading.places().clone());
                FrozenBook { pending: Pending::default(), files: places.unwrap_or_default() }
            });
            reclassify(&events, &replaced, &mut book.pending)?;
        }
        watch(self.progress);
        if books.is_empty() { Ok(self.end(now).await?) } else { Ok(self.commit(books, now).await?) }
    }

    /// Entries in force that were not looked at yet.
    fn read(&mut self) -> Result<Option<(Dataset, Standing)>, LedgerError> {
        loop {
            let Some((dataset, reading)) = &mut self.reading else {
                let Some(dataset) = self.left.pop_front() else { return Ok(None) };
                // What was posted from the beginning on is of the new version.
                let reading = InForce::open(&self.journal, dataset, self.began, self.limits.batch_rows)?;
                self.reading = Some((dataset, reading));
                continue;
            };
            let (dataset, standing) = (*dataset, reading.next_batch()?);
            self.progress.rows_read = self.rows_through + reading.rows_read();
            if let Some(standing) = standing {
                return Ok(Some((dataset, standing)));
            }
            self.rows_through = self.progress.rows_read;
            self.reading = None;
        }
    }

    async fn commit(&mut self, books: BTreeMap<Dataset, FrozenBook>, now: i64) -> Result<AdoptionStep, LedgerError> {
        // No position moves and nothing is received: origins keep their one outcome.
        let frozen = Frozen {
            books,
            positions: Vec::new(),
            watched: self.marks.clone(),
            raised: writers(),
            receipts: Receipts::default(),
            rejected: Vec::new(),
            now,
        };
        let done = frozen.commit(&mut self.journal).await?;
        self.marks.values_mut().for_each(|mark| *mark = done.stamp.commit);
        Ok(AdoptionStep::Posted(done.totals))
    }

    async fn end(&mut self, now: i64) -> Result<AdoptionStep, LedgerError> {
        for _ in 0..ATTEMPTS_MAX {
            let references = self.journal.references();
            if let (None, Some(adoption)) = (references.under_way(), references.adoptions().last())
                && let (true, Some(end)) = (adoption.to == self.to, adoption.ended)
            {
                // The answer to the last commit was lost, or another adopter has come to the same end.
                return Ok(AdoptionStep::Ended { commit: end.commit });
            }
            for (writer, known) in &self.marks {
                let commit = self.journal.last_commit(writer).await?;
                if commit != *known {
                    return Err(LedgerError::Fenced { writer: writer.clone(), commit });
                }
            }
            let posted_at = now.max(self.journal.posted_at_micros());
            let end = Ended { commit: self.journal.next_commit(), micros: posted_at };
            let references = Some(self.journal.references().ended(end));
            let commit = Commit { writers: writers(), references, posted_at, ..Commit::default() };
            match self.journal.commit(&commit).await {
                Ok(commit) => return Ok(AdoptionStep::Ended { commit }),
                Err(JournalError::Conflict { .. }) => self.journal.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Contended { attempts: ATTEMPTS_MAX })
    }
}

/// Those an adopter stands for. Writers of partitions make way for those of
/// datasets, so these are all.
fn writers() -> Vec<Writer> {
    Dataset::ALL.map(Writer::Dataset).into()
}

/// The events that change, and the places of the entries they replace.
fn changed(standing: &Standing, enriched: &RecordBatch) -> Result<(RecordBatch, Vec<Location>), LedgerError> {
    let differing = differing(&standing.entries, enriched)?;
    let replaced = standing.locations.iter().zip(differing.values()).filter(|(_, differs)| *differs);
    Ok((filter_record_batch(enriched, &differing)?, replaced.map(|(at, _)| *at).collect()))
}
