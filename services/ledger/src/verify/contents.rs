//! L3, first half: every file is what was committed, and carries one stamp.

use super::{Invariant, report::Faults};
use crate::LedgerError;
use crate::columns::primitive;
use arrow::array::{Array as _, PrimitiveArray, RecordBatch};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use commonweal_journal::{Journal, JournalFile};
use std::collections::BTreeMap;
use std::io::ErrorKind;

const DAY_MICROS: i64 = 86_400_000_000;

/// Name of a file within the journal.
pub(super) fn name(file: &JournalFile) -> String {
    let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
    format!("book={}/{}", file.book, name.unwrap_or_default())
}

/// Content of a file; `None` where it is not what was committed, in which case
/// nothing can be said of its rows.
///
/// # Errors
/// The file is there and cannot be read.
pub(super) fn intact(file: &JournalFile, faults: &mut Faults) -> Result<Option<Bytes>, LedgerError> {
    let mut fault = |finding: &str| faults.add(Invariant::Immutability, || (name(file), finding));
    let content = match std::fs::read(&file.path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fault("the file is missing");
            return Ok(None);
        }
        Err(source) => return Err(LedgerError::Io { path: file.path.clone(), source }),
    };
    if file.is_unchanged(&content) {
        return Ok(Some(content.into()));
    }
    fault("the file changed after it was committed: its SHA-256 is not the one in its name");
    Ok(None)
}

/// The time of posting of each commit seen.
#[derive(Default)]
pub(super) struct Stamps {
    posted_at: BTreeMap<i64, i64>,
}

impl Stamps {
    /// Checks the stamp of a batch of a file.
    pub(super) fn check(
        &mut self,
        file: &JournalFile,
        batch: &RecordBatch,
        faults: &mut Faults,
    ) -> Result<(), LedgerError> {
        let commits = primitive::<Int64Type>(batch, "ledger_commit")?;
        let posted_at = primitive::<TimestampMicrosecondType>(batch, "posted_at")?;
        let booked_on = primitive::<Date32Type>(batch, "booked_on")?;
        let mut fault = |finding: &str| faults.add(Invariant::Immutability, || (name(file), finding));
        if !is_all(commits, file.commit) {
            fault("rows carry another ledger_commit than the commit that wrote them");
        }
        let Some(&first) = posted_at.values().first() else { return Ok(()) };
        let at = *self.posted_at.entry(file.commit).or_insert(first);
        if !is_all(posted_at, at) {
            fault("rows of one commit carry different posted_at");
        }
        if !i32::try_from(first.div_euclid(DAY_MICROS)).is_ok_and(|day| is_all(booked_on, day)) {
            fault("booked_on is not the day of posted_at");
        }
        Ok(())
    }

    /// Checks that the time of posting never falls, up to what the journal says.
    pub(super) fn settle(&self, journal: &Journal, faults: &mut Faults) {
        let of_journal = (journal.version(), journal.posted_at_micros());
        let rising = self.posted_at.iter().map(|(&commit, &at)| (commit, at)).chain([of_journal]);
        let mut before = i64::MIN;
        for (commit, at) in rising {
            if at < before {
                let describe = || (format!("commit {commit}"), "posted_at is before that of an earlier commit");
                faults.add(Invariant::Immutability, describe);
            }
            before = before.max(at);
        }
    }
}

fn is_all<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, value: T::Native) -> bool {
    column.null_count() == 0 && column.values().iter().all(|&found| found == value)
}
