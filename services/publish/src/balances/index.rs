//! `balances.json`: which segments there are and which commit they reach.

use super::Kind;
use crate::files::write_atomically;
use crate::{LedgerState, PublishError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Commit that covers nothing: the first ledger commit is 0 or above.
pub(super) const NOTHING: i64 = -1;
const FILE: &str = "balances.json";
/// Rises with every change of what the sums mean.
const FORMAT: u32 = 1;

/// Sums of the commits above `from_commit` up to `to_commit`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) kind: String,
    pub(super) file: String,
    pub(super) from_commit: i64,
    pub(super) to_commit: i64,
    pub(super) rows: u64,
}

/// The index file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Index {
    format: u32,
    /// Hash of the segments' columns and of the sums that fill them.
    layout: String,
    /// Hash of the journal's identity and of its files up to the covered
    /// commit: where it differs, the sums are another journal's.
    journal: String,
    pub(super) covered_commit: i64,
    /// Files written so far; a name is never used twice.
    generation: u64,
    pub(super) segments: Vec<Segment>,
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            format: FORMAT,
            layout: layout(),
            journal: String::new(),
            covered_commit: NOTHING,
            generation: 0,
            segments: Vec::new(),
        }
    }

    /// The index in `dir`; none where it is missing, broken or incomplete,
    /// since balances can always be made anew from the journal.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        let text = std::fs::read(dir.join(FILE)).ok()?;
        let index: Self = serde_json::from_slice(&text).ok()?;
        let complete = index.segments.iter().all(|segment| dir.join(&segment.file).is_file());
        (complete && index.format == FORMAT && index.layout == layout()).then_some(index)
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), PublishError> {
        let text = serde_json::to_vec_pretty(self).map_err(|source| PublishError::Json {
            action: "write",
            what: "the index of balances",
            source,
        })?;
        write_atomically(&dir.join(FILE), &text)
    }

    pub(super) fn remove(dir: &Path) -> Result<(), PublishError> {
        let path = dir.join(FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PublishError::Io { action: "remove", path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// Whether the sums are those of this journal, up to the covered commit.
    pub(super) fn describes(&self, state: &LedgerState) -> bool {
        self.covered_commit <= state.version && self.journal == fingerprint(state, self.covered_commit)
    }

    pub(super) fn cover(&mut self, state: &LedgerState) {
        self.covered_commit = state.version;
        self.journal = fingerprint(state, state.version);
    }

    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(move |segment| segment.kind == kind.name())
    }

    /// Names a segment, unless it has no rows and so no file.
    pub(super) fn push(&mut self, kind: Kind, file: String, (from_commit, to_commit): (i64, i64), rows: u64) {
        if rows > 0 {
            self.segments.push(Segment { kind: kind.name().to_owned(), file, from_commit, to_commit, rows });
        }
    }

    pub(super) fn drop_kind(&mut self, kind: Kind) {
        self.segments.retain(|segment| segment.kind != kind.name());
    }

    pub(super) fn next_file(&mut self, kind: Kind) -> String {
        self.generation += 1;
        format!("{}-{:08}.parquet", kind.name(), self.generation)
    }

    /// Whether a file of that name is ours to remove where nothing names it.
    pub(super) fn owns(name: &str) -> bool {
        name.contains(".parquet") || name.contains(".tmp")
    }
}

/// Hash of what segments hold; another layout means other segments.
fn layout() -> String {
    let mut hash = Sha256::new();
    for kind in Kind::ALL {
        hash.update(format!("{:?}{:?}{:?}", kind.schema(), kind.fresh_sql(), kind.merge_sql("parts")));
    }
    format!("{:x}", hash.finalize())
}

fn fingerprint(state: &LedgerState, commit: i64) -> String {
    let mut names: Vec<_> = state
        .files
        .iter()
        .filter(|file| file.commit <= commit)
        .map(|file| format!("{}/{}", file.book, file.path.file_name().unwrap_or_default().display()))
        .collect();
    names.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(&state.table_id);
    for name in names {
        hash.update([0]);
        hash.update(name);
    }
    format!("{:x}", hash.finalize())
}
