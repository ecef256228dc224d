//! The index rebuilt from the journal when a writer starts.

use crate::columns::{binary, digest_head, primitive, text};
use crate::identity::Identities;
use crate::index::REVISION_MAX;
use crate::parquet_files::read_columns;
use crate::post::Rank;
use crate::read_back::EntriesFiles;
use crate::{Head, Identity, Index, LedgerError, Location};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use commonweal_journal::JournalFile;
use commonweal_schemas::arrow_schema;
use commonweal_schemas::partitioner::{partition_of, write_key};
use std::collections::HashMap;

const COLUMNS: [&str; 8] =
    ["source", "event_id", "revision", "recorded_at", "content_digest", "entry", "cancelled", "conflict"];

/// Which of several indexes an event belongs to.
pub(crate) enum Sorter {
    /// There is one, for all.
    Whole,
    /// One for each of some partitions of a topic that is keyed by identity.
    ByPartition { count: i32, partitions: Vec<i32> },
}

impl Sorter {
    const fn indexes(&self) -> usize {
        match self {
            Self::Whole => 1,
            Self::ByPartition { partitions, .. } => partitions.len(),
        }
    }

    /// Number of the event's index; `None` where it is nobody's. `key` is
    /// reused to spare an allocation.
    fn sort(&self, source: &str, event_id: &str, key: &mut Vec<u8>) -> Option<usize> {
        match self {
            Self::Whole => Some(0),
            Self::ByPartition { count, partitions } => {
                write_key(source, event_id, key);
                let own = partition_of(key, *count);
                partitions.iter().position(|partition| *partition == own)
            }
        }
    }
}

/// What was made of a dataset's files.
pub(crate) struct Rebuilt {
    /// As many as the sorter tells apart, in its order.
    pub(crate) indexes: Vec<Index>,
    pub(crate) files: EntriesFiles,
}

/// Indexes and file map of one dataset from its files, in order of commit.
///
/// # Errors
/// A file cannot be read, or numbers do not fit a location.
pub(crate) fn rebuild(files: &[JournalFile], sorter: &Sorter) -> Result<Rebuilt, LedgerError> {
    let indexes = (0..sorter.indexes()).map(|_| Index::default()).collect();
    let mut rebuilt = Rebuilt { indexes, files: EntriesFiles::new() };
    let mut conflicts: HashMap<(usize, Identity), i32> = HashMap::new();
    for file in files {
        let commit = u32::try_from(file.commit).map_err(|_| LedgerError::LocationOverflow("a commit number"))?;
        if !file.reversals {
            rebuilt.files.insert(commit, file.path.clone());
        }
        read_file(file, commit, sorter, &mut rebuilt.indexes, &mut conflicts)?;
    }
    for ((number, identity), count) in conflicts {
        if count > 0
            && let Some(index) = rebuilt.indexes.get_mut(number)
            && let Some((head, at)) = index.get(identity)
        {
            index.set(identity, Head { conflicting: true, ..head }, at);
        }
    }
    Ok(rebuilt)
}

/// Takes the heads of one file in. A later commit always holds the greater
/// statement; within one commit the greatest has to be found.
fn read_file(
    file: &JournalFile,
    commit: u32,
    sorter: &Sorter,
    indexes: &mut [Index],
    conflicts: &mut HashMap<(usize, Identity), i32>,
) -> Result<(), LedgerError> {
    let batch = read_columns(&file.path, &arrow_schema::posting_stored(), &COLUMNS)?;
    let (source, event_id) = (text(&batch, "source")?, text(&batch, "event_id")?);
    let revision = primitive::<Int32Type>(&batch, "revision")?;
    let recorded_at = primitive::<TimestampMicrosecondType>(&batch, "recorded_at")?;
    let digest = binary(&batch, "content_digest")?;
    let (entry, cancelled) = (primitive::<Int32Type>(&batch, "entry")?, primitive::<Int32Type>(&batch, "cancelled")?);
    let conflict = primitive::<Int32Type>(&batch, "conflict")?;
    let rank = |row: usize| -> Rank {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest.value(row)) {
            *to = *from;
        }
        (recorded_at.value(row), bytes)
    };
    let (mut identities, mut key) = (Identities::default(), Vec::with_capacity(128));
    for row in 0..batch.num_rows() {
        let stands = entry.value(row) == 1 || cancelled.value(row) == 1;
        if conflict.value(row) == 0 && !stands {
            continue;
        }
        let number = sorter.sort(source.value(row), event_id.value(row), &mut key);
        let Some((number, index)) = number.and_then(|number| Some((number, indexes.get_mut(number)?))) else {
            continue;
        };
        let identity = identities.of(source.value(row), event_id.value(row));
        if conflict.value(row) != 0 {
            *conflicts.entry((number, identity)).or_default() += conflict.value(row);
        }
        if !stands || file.reversals {
            continue;
        }
        let number = u32::try_from(row).map_err(|_| LedgerError::LocationOverflow("a row number"))?;
        let new = Head {
            revision: u32::try_from(revision.value(row)).unwrap_or(0).min(REVISION_MAX),
            digest: digest_head(digest.value(row)),
            conflicting: false,
        };
        let outranked = index.get(identity).is_some_and(|(head, at)| {
            at.commit == commit
                && (head.revision > new.revision || head.revision == new.revision && rank(at.row as usize) > rank(row))
        });
        if !outranked {
            index.set(identity, new, Location { commit, row: number });
        }
    }
    Ok(())
}
