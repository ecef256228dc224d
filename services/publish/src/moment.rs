//! The state that a journal was in at an instant.

use crate::{LedgerState, PublishError};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::TimestampMicrosecondType;
use commonweal_journal::{Book, JournalFile};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;

const DAY_MICROS: i64 = 86_400_000_000;

/// A state of a journal, and where its last day begins.
pub(crate) struct Moment {
    pub(crate) state: LedgerState,
    /// Day that was open, in days since 1970: that of the last commit.
    pub(crate) day: i32,
    /// First commit of that day.
    first_commit: i64,
}

impl Moment {
    /// The state of `now`'s journal at an instant: everything posted up to
    /// then. `posted_at` never falls, so that is a prefix of the commits.
    ///
    /// # Errors
    /// A journal file cannot be read.
    pub(crate) fn find(now: &LedgerState, micros: i64) -> Result<Self, PublishError> {
        // One file of each commit tells when it was made.
        let mut commits: Vec<&JournalFile> = Vec::new();
        for file in &now.files {
            if commits.last().is_none_or(|last| last.commit < file.commit) {
                commits.push(file);
            }
        }
        let end = first_after(&commits, micros)?;
        let (version, posted_at_micros) = match end.checked_sub(1).map(|last| commits[last]) {
            Some(last) => (last.commit, posted_at(last)?),
            None => (0, 0),
        };
        let day = posted_at_micros.div_euclid(DAY_MICROS);
        let first = first_after(&commits, day * DAY_MICROS - 1)?;
        let first_commit = commits.get(first).map_or(i64::MAX, |file| file.commit);
        let state = LedgerState {
            version,
            posted_at_micros,
            files: now.files.iter().filter(|file| file.commit <= version).cloned().collect(),
            table_id: now.table_id.clone(),
            reference_version: now.reference_version.clone(),
        };
        Ok(Self { state, day: i32::try_from(day).unwrap_or(i32::MAX), first_commit })
    }

    /// Files of the open day.
    pub(crate) fn open(&self) -> Vec<&JournalFile> {
        let open = |file: &&JournalFile| file.commit >= self.first_commit && file.book != Book::Receipts;
        self.state.files.iter().filter(open).collect()
    }
}

/// Index of the first commit made after an instant.
fn first_after(commits: &[&JournalFile], micros: i64) -> Result<usize, PublishError> {
    let (mut low, mut high) = (0, commits.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if posted_at(commits[middle])? <= micros { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// When a file was posted, in UTC microseconds: its rows all tell the same.
fn posted_at(file: &JournalFile) -> Result<i64, PublishError> {
    const COLUMN: &str = "posted_at";
    let path = &file.path;
    let fault = || PublishError::parquet("read", path);
    let opened = File::open(path).map_err(PublishError::io("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(fault())?;
    let projection = ProjectionMask::columns(builder.parquet_schema(), [COLUMN]);
    let mut reader = builder.with_projection(projection).with_limit(1).build().map_err(fault())?;
    let first = reader.next().transpose().map_err(PublishError::arrow(path.display().to_string()))?;
    let column = first.as_ref().and_then(|batch| batch.column_by_name(COLUMN));
    let micros = column.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    match micros.filter(|micros| !micros.is_empty() && micros.is_valid(0)) {
        Some(micros) => Ok(micros.value(0)),
        None => Err(PublishError::Undated(path.clone())),
    }
}
