//! Balances: the journal summed per cell, kept from new entries alone.
//!
//! `<data>/balances/` holds Parquet segments, each the sums of a range of
//! ledger commits, and `balances.json`, which names them and the commit they
//! reach. A refresh reads the files of later commits only. What the index does
//! not name was left by a broken run and is removed.

mod conflicts;
mod fold;
mod index;
mod kinds;
mod segment;

pub(crate) use conflicts::open_contents_sql;
pub(crate) use fold::cell_amounts;
pub(crate) use kinds::Kind;

use crate::blocking::blocking;
use crate::session::Session;
use crate::{LedgerState, PublishError};
use arrow::array::RecordBatch;
use commonweal_journal::{Book, JournalFile};
use commonweal_schemas::Dataset;
use index::Index;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Tries at the lock of the folder, and the time between them: ten minutes.
const LOCK_ATTEMPTS_MAX: u32 = 12_000;
const LOCK_INTERVAL: Duration = Duration::from_millis(50);
/// Segments of one kind before they are merged into one.
const SEGMENTS_MAX: usize = 8;

/// The balances of a data folder, locked against a second writer.
pub(crate) struct Balances {
    dir: PathBuf,
    index: Index,
    // Held for its lock, which ends with it.
    _lock: File,
}

/// What a refresh did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Journal files that were read.
    pub files: usize,
    /// Rows in them.
    pub rows: u64,
    /// True where the balances were made from the first commit.
    pub rebuilt: bool,
}

impl Balances {
    /// Opens the balances in `dir` and adds what `state` has beyond them.
    ///
    /// Balances of another journal, of another layout, or of files the journal
    /// no longer has are made anew.
    pub(crate) async fn refresh(dir: &Path, state: &LedgerState) -> Result<(Self, Refreshed), PublishError> {
        std::fs::create_dir_all(dir).map_err(PublishError::io("create", dir))?;
        let lock = lock(dir).await?;
        let known = Index::read(dir).filter(|index| index.describes(state));
        let rebuilt = known.is_none();
        let mut balances = Self { dir: dir.to_owned(), index: known.unwrap_or_else(Index::new), _lock: lock };
        if rebuilt {
            Index::remove(dir)?;
        }
        balances.remove_strangers()?;
        let covered = balances.index.covered_commit;
        let new: Vec<&JournalFile> =
            state.files.iter().filter(|file| file.commit > covered && file.book != Book::Receipts).collect();
        let refreshed = Refreshed { files: new.len(), rows: new.iter().map(|file| file.rows).sum(), rebuilt };
        if state.version > covered || rebuilt {
            balances.add(&new, state).await?;
            balances.index.write(dir)?;
            balances.remove_strangers()?;
        }
        tracing::debug!(files = refreshed.files, rows = refreshed.rows, rebuilt, "balances refreshed");
        Ok((balances, refreshed))
    }

    /// Segment files of one kind.
    pub(crate) fn segments(&self, kind: Kind) -> Vec<PathBuf> {
        self.index.of(kind).map(|segment| self.dir.join(&segment.file)).collect()
    }

    async fn add(&mut self, new: &[&JournalFile], state: &LedgerState) -> Result<(), PublishError> {
        let range = (self.index.covered_commit, state.version);
        self.fold(new, range).await?;
        let session = Session::new()?;
        for book in [Book::Funding, Book::Employment, Book::Rejections] {
            session.add_files(&kinds::new_table(book), &book.schema(), &of_book(new, book)).await?;
        }
        for kind in [Kind::Rejected, Kind::Conflicts] {
            if let Some(sql) = kind.fresh_sql()
                && new.iter().any(|file| kind.reads(file.book))
            {
                self.query_segment(&session, kind, &sql, range).await?;
            }
        }
        if let Some(sql) = conflicts::kept_contents(&session, self, state).await? {
            self.query_segment(&session, Kind::Conflicts, &sql, range).await?;
        }
        for kind in Kind::ALL {
            if self.index.of(kind).count() > SEGMENTS_MAX {
                self.merge(&session, kind).await?;
            }
        }
        self.index.cover(state);
        Ok(())
    }

    /// Sums the entries of both datasets at once, one thread each.
    async fn fold(&mut self, new: &[&JournalFile], range: (i64, i64)) -> Result<(), PublishError> {
        let mut running = Vec::new();
        for dataset in Dataset::ALL {
            let paths = of_book(new, dataset.into());
            if paths.is_empty() {
                continue;
            }
            let kinds = [Kind::Balances(dataset), Kind::Names(dataset)];
            let files = kinds.map(|kind| self.index.next_file(kind));
            let targets = files.clone().map(|file| self.dir.join(file));
            let task = blocking(move || {
                let folded = fold::entries(dataset, &paths)?;
                let [balances, names] = targets;
                Ok([segment::write_all(&balances, &folded.balances)?, segment::write_all(&names, &folded.names)?])
            });
            running.push((kinds, files, task));
        }
        for (kinds, files, task) in running {
            for ((kind, file), rows) in kinds.into_iter().zip(files).zip(task.finish().await?) {
                self.index.push(kind, file, range, rows);
            }
        }
        Ok(())
    }

    async fn query_segment(
        &mut self,
        session: &Session,
        kind: Kind,
        sql: &str,
        range: (i64, i64),
    ) -> Result<(), PublishError> {
        let (_, batches) = session.query(kind.name(), sql).await?;
        self.write_segment(kind, &batches, range)
    }

    fn write_segment(&mut self, kind: Kind, batches: &[RecordBatch], range: (i64, i64)) -> Result<(), PublishError> {
        let file = self.index.next_file(kind);
        let rows = segment::write_all(&self.dir.join(&file), batches)?;
        self.index.push(kind, file, range, rows);
        Ok(())
    }

    async fn merge(&mut self, session: &Session, kind: Kind) -> Result<(), PublishError> {
        let paths = self.segments(kind);
        let range = (
            self.index.of(kind).map(|segment| segment.from_commit).min().unwrap_or(index::NOTHING),
            self.index.of(kind).map(|segment| segment.to_commit).max().unwrap_or(index::NOTHING),
        );
        self.index.drop_kind(kind);
        let parts = kinds::merged_table(kind);
        if let Some(sql) = kind.merge_sql(&parts) {
            session.add_files(&parts, &kind.schema(), &paths).await?;
            return self.query_segment(session, kind, &sql, range).await;
        }
        let batches = blocking(move || fold::segments(kind, &paths)).finish().await?;
        self.write_segment(kind, &batches, range)
    }

    fn remove_strangers(&self) -> Result<(), PublishError> {
        let entries = std::fs::read_dir(&self.dir).map_err(PublishError::io("list", &self.dir))?;
        for entry in entries {
            let path = entry.map_err(PublishError::io("list", &self.dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let stranger = Index::owns(name) && !self.index.segments.iter().any(|segment| segment.file == name);
            if stranger {
                std::fs::remove_file(&path).map_err(PublishError::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

fn of_book(files: &[&JournalFile], book: Book) -> Vec<PathBuf> {
    files.iter().filter(|file| file.book == book).map(|file| file.path.clone()).collect()
}

/// Locks the folder against other publishers, waiting for one that is at work.
async fn lock(dir: &Path) -> Result<File, PublishError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(PublishError::io("create", &path))?;
    for attempt in 0..LOCK_ATTEMPTS_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if attempt == 0 => {
                tracing::info!(path = %path.display(), "waiting for another publisher to end");
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(PublishError::Io { action: "lock", path, source }),
        }
        tokio::time::sleep(LOCK_INTERVAL).await;
    }
    Err(PublishError::Busy { dir: dir.to_owned(), seconds: (LOCK_INTERVAL * LOCK_ATTEMPTS_MAX).as_secs() })
}
