//! Entries in force, read back batch by batch: of each event the record that
//! stands, if one does.

use crate::columns::{primitive, text};
use crate::identity::Identities;
use crate::parquet_files::{Rows, open};
use crate::read_back::EntriesFiles;
use crate::rebuild::{Rebuilt, Sorter, rebuild};
use crate::{Index, LedgerError, Location};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;
use commonweal_journal::{Book, Journal, JournalFile};
use commonweal_schemas::{Dataset, arrow_schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use std::collections::VecDeque;
use std::sync::Arc;

/// Some of the entries in force: rows of one file of the journal.
#[derive(Clone, Debug)]
pub struct Standing {
    /// In the schema [`arrow_schema::posting`].
    pub entries: RecordBatch,
    /// Where each of them lies.
    pub locations: Vec<Location>,
}

impl Standing {
    /// What the entries were enriched from, in the schema
    /// [`arrow_schema::validated`].
    ///
    /// # Errors
    /// [`LedgerError::Column`] where the entries are not in the posting schema.
    pub fn events(&self) -> Result<RecordBatch, LedgerError> {
        let schema = arrow_schema::validated();
        let column = |name: &String| -> Option<ArrayRef> {
            // An entry in force is no withdrawal.
            let none = || -> ArrayRef { Arc::new(BooleanArray::from(vec![false; self.entries.num_rows()])) };
            if name == "cancel" { Some(none()) } else { self.entries.column_by_name(name).cloned() }
        };
        let columns: Option<Vec<ArrayRef>> = schema.fields().iter().map(|field| column(field.name())).collect();
        Ok(RecordBatch::try_new(schema, columns.ok_or(LedgerError::Column("of the posting schema"))?)?)
    }
}

/// A file being read.
struct Reading {
    commit: u32,
    reader: ParquetRecordBatchReader,
    /// Row that the next batch begins with.
    next_row: u32,
}

/// Reads the entries in force of one dataset, as of one state of the journal.
///
/// Memory holds the index of the dataset's events and one batch.
pub struct InForce {
    files: VecDeque<JournalFile>,
    index: Index,
    places: EntriesFiles,
    reading: Option<Reading>,
    batch_rows: usize,
    rows_read: u64,
}

impl InForce {
    /// Opens those of `journal` that were posted before commit `before`.
    ///
    /// # Errors
    /// A file of the journal cannot be read.
    pub fn open(journal: &Journal, dataset: Dataset, before: i64, batch_rows: usize) -> Result<Self, LedgerError> {
        let files = journal.book(Book::from(dataset))?;
        let Rebuilt { indexes, files: places } = rebuild(&files, &Sorter::Whole)?;
        let index = indexes.into_iter().next().unwrap_or_default();
        let files = files.into_iter().filter(|file| !file.reversals && file.commit < before).collect();
        Ok(Self { files, index, places, reading: None, batch_rows, rows_read: 0 })
    }

    /// Rows read so far, whether or not they are in force.
    #[must_use]
    pub const fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Entries files of the dataset.
    pub(crate) const fn places(&self) -> &EntriesFiles {
        &self.places
    }

    /// The next of them, in the order they were posted in; none at the end.
    ///
    /// # Errors
    /// A file of the journal cannot be read.
    pub fn next_batch(&mut self) -> Result<Option<Standing>, LedgerError> {
        loop {
            let Some(reading) = &mut self.reading else {
                let Some(file) = self.files.pop_front() else { return Ok(None) };
                let commit =
                    u32::try_from(file.commit).map_err(|_| LedgerError::LocationOverflow("a commit number"))?;
                // In memory the columns of few values stay dictionaries, as enrichment takes them.
                let reader = open(&file.path, &arrow_schema::posting(), None, Rows::All, self.batch_rows)?;
                self.reading = Some(Reading { commit, reader, next_row: 0 });
                continue;
            };
            let Some(batch) = reading.reader.next().transpose()? else {
                self.reading = None;
                continue;
            };
            let (commit, first) = (reading.commit, reading.next_row);
            let rows = u32::try_from(batch.num_rows()).map_err(|_| LedgerError::LocationOverflow("a row number"))?;
            reading.next_row = first.checked_add(rows).ok_or(LedgerError::LocationOverflow("a row number"))?;
            self.rows_read += u64::from(rows);
            if let Some(standing) = self.standing(batch, commit, first)? {
                return Ok(Some(standing));
            }
        }
    }

    /// Those rows of a batch that are in force; the batch begins with row
    /// `first` of its file. None where there are none.
    fn standing(&self, batch: RecordBatch, commit: u32, first: u32) -> Result<Option<Standing>, LedgerError> {
        let (source, event_id) = (text(&batch, "source")?, text(&batch, "event_id")?);
        let entry = primitive::<Int32Type>(&batch, "entry")?;
        let mut identities = Identities::default();
        let mut locations = Vec::with_capacity(batch.num_rows());
        let in_force: BooleanArray = (first..)
            .zip(0..batch.num_rows())
            .map(|(number, row)| {
                let at = Location { commit, row: number };
                let mut head = || self.index.get(identities.of(source.value(row), event_id.value(row)));
                let stands = entry.value(row) == 1 && head().is_some_and(|(_, known)| known == at);
                if stands {
                    locations.push(at);
                }
                Some(stands)
            })
            .collect();
        if locations.is_empty() {
            return Ok(None);
        }
        let entries = if locations.len() == in_force.len() { batch } else { filter_record_batch(&batch, &in_force)? };
        Ok(Some(Standing { entries, locations }))
    }
}
