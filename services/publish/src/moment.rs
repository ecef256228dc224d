//! The state that a journal was in at an instant.

use crate::{LedgerState, PublishError};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::TimestampMicrosecondType;
use commonweal_journal::{Adoption, Book, JournalFile};
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
    /// then. `posted_at` never falls, so that is a prefix of the commits. While
    /// a reference version was being adopted, the state is that before.
    ///
    /// # Errors
    /// A journal file cannot be read.
    pub(crate) fn find(now: &LedgerState, micros: i64) -> Result<Self, PublishError> {
        let commits = commits(now);
        let end = first_after(&commits, micros)?;
        let last = match end.checked_sub(1).map(|last| commits[last]) {
            Some(last) => (last.commit, posted_at(last)?),
            None => (0, 0),
        };
        Self::new(now, &commits, settle(now, micros, last))
    }

    /// The state that a commit made; none where there is no such state to
    /// publish: it is yet to come, or half an adoption.
    ///
    /// # Errors
    /// A journal file cannot be read.
    pub(crate) fn of_commit(now: &LedgerState, version: i64) -> Result<Option<Self>, PublishError> {
        let is_cut =
            |adoption: &Adoption| adoption.began <= version && adoption.ended.is_none_or(|end| version < end.commit);
        if !(0..=now.version).contains(&version) || now.adoptions.iter().any(is_cut) {
            return Ok(None);
        }
        let commits = commits(now);
        let last = commits.partition_point(|file| file.commit <= version).checked_sub(1);
        let posted_at_micros = last.map_or(Ok(0), |last| posted_at(commits[last]))?;
        let is_over = |adoption: &&Adoption| adoption.ended.is_some_and(|end| end.commit <= version);
        let reference_version = match now.adoptions.iter().rev().find(is_over) {
            Some(adoption) => adoption.to.clone(),
            None => first_reference(now).clone(),
        };
        Self::new(now, &commits, Settled { version, posted_at_micros, reference_version }).map(Some)
    }

    /// This one with more posted to it: files of later commits, or parts of
    /// such files.
    pub(crate) fn followed_by(&self, files: impl IntoIterator<Item = JournalFile>, reference_version: &str) -> Self {
        let mut state = self.state.clone();
        state.files.extend(files);
        reference_version.clone_into(&mut state.reference_version);
        // Of a journal that was empty, no day was open.
        let first_commit = self.first_commit.min(self.state.version + 1);
        Self { state, day: self.day, first_commit }
    }

    fn new(now: &LedgerState, commits: &[&JournalFile], settled: Settled) -> Result<Self, PublishError> {
        let Settled { version, posted_at_micros, reference_version } = settled;
        let day = posted_at_micros.div_euclid(DAY_MICROS);
        let first = first_after(commits, day * DAY_MICROS - 1)?;
        let first_commit = commits.get(first).map_or(i64::MAX, |file| file.commit);
        let state = LedgerState {
            version,
            posted_at_micros,
            files: now.files.iter().filter(|file| file.commit <= version).cloned().collect(),
            table_id: now.table_id.clone(),
            reference_version,
            adoptions: now.adoptions.clone(),
        };
        Ok(Self { state, day: i32::try_from(day).unwrap_or(i32::MAX), first_commit })
    }

    /// Files of the open day.
    pub(crate) fn open(&self) -> Vec<&JournalFile> {
        let open = |file: &&JournalFile| file.commit >= self.first_commit && file.book != Book::Receipts;
        self.state.files.iter().filter(open).collect()
    }
}

/// One file of each commit, which tells when it was made.
fn commits(now: &LedgerState) -> Vec<&JournalFile> {
    let mut commits: Vec<&JournalFile> = Vec::new();
    for file in &now.files {
        if commits.last().is_none_or(|last| last.commit < file.commit) {
            commits.push(file);
        }
    }
    commits
}

/// The reference version that a journal began under.
fn first_reference(now: &LedgerState) -> &String {
    now.adoptions.first().map_or(&now.reference_version, |adoption| &adoption.from)
}

/// A state between adoptions.
#[derive(Debug, PartialEq, Eq)]
struct Settled {
    version: i64,
    posted_at_micros: i64,
    reference_version: String,
}

/// The state at an instant whose last commit with a file was `last`: its
/// number, and when it was made.
fn settle(now: &LedgerState, micros: i64, last: (i64, i64)) -> Settled {
    let reference_version = first_reference(now).clone();
    let mut settled = Settled { version: last.0, posted_at_micros: last.1, reference_version };
    for adoption in &now.adoptions {
        match adoption.ended {
            Some(end) if end.micros <= micros => {
                settled.reference_version.clone_from(&adoption.to);
                // Its end is a commit without a file.
                if settled.version < end.commit {
                    (settled.version, settled.posted_at_micros) = (end.commit, end.micros);
                }
            }
            _ => {
                if settled.version >= adoption.began {
                    (settled.version, settled.posted_at_micros) = (adoption.began - 1, adoption.before_micros);
                }
                break;
            }
        }
    }
    settled
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

#[cfg(test)]
mod tests {
    use super::*;
    use commonweal_journal::Ended;

    /// Proves that an instant before, within and after each of two adoptions
    /// gives the version in force then and a state without half an adoption; and
    /// that a commit within one, or yet to come, is no state.
    #[test]
    fn adoptions_are_whole_or_not_there() {
        let adoption = |from: &str, to: &str, began, ended: Option<(i64, i64)>| Adoption {
            from: from.to_owned(),
            to: to.to_owned(),
            began,
            before_micros: began * 10 - 5,
            ended: ended.map(|(commit, micros)| Ended { commit, micros }),
        };
        let mut now = LedgerState {
            table_id: String::new(),
            version: 12,
            posted_at_micros: 120,
            reference_version: "b".to_owned(),
            adoptions: vec![adoption("a", "b", 3, Some((5, 50))), adoption("b", "c", 9, None)],
            files: Vec::new(),
        };
        let check = |now: &LedgerState, micros, last, expected: (i64, i64, &str)| {
            let Settled { version, posted_at_micros, reference_version } = settle(now, micros, last);
            assert_eq!((version, posted_at_micros, reference_version.as_str()), expected, "as of {micros}");
        };
        check(&now, 20, (2, 20), (2, 20, "a"));
        check(&now, 49, (4, 40), (2, 25, "a"));
        check(&now, 50, (4, 40), (5, 50, "b"));
        check(&now, 79, (7, 70), (7, 70, "b"));
        check(&now, i64::MAX, (11, 110), (8, 85, "b"));
        let of = |commit| {
            let moment = Moment::of_commit(&now, commit).unwrap();
            moment.map(|moment| (moment.state.version, moment.state.reference_version))
        };
        for (commit, expected) in [(2, Some("a")), (3, None), (4, None), (5, Some("b")), (8, Some("b")), (9, None)] {
            assert_eq!(of(commit), expected.map(|version| (commit, version.to_owned())), "commit {commit}");
        }
        assert_eq!((of(-1), of(13)), (None, None));
        now.adoptions.clear();
        check(&now, i64::MAX, (11, 110), (11, 110, "b"));
    }
}
