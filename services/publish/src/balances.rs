//! Balances: the journal summed per cell, kept from new entries alone.
//!
//! `<data>/balances/` holds Parquet segments, each the sums of a range of
//! ledger commits, and `balances.json`, which names them and the commit they
//! reach. A refresh reads the files of later commits only. What the index does
//! not name was left by a broken run and is removed.

mod conflicts;
mod index;
mod kinds;
mod segment;

pub(crate) use conflicts::open_contents_sql;
pub(crate) use kinds::Kind;

use crate::session::Session;
use crate::{LedgerState, PublishError};
use commonweal_journal::{Book, JournalFile};
use index::{Index, Segment};
use std::fs::File;
use std::path::{Path, PathBuf};

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
        let lock = lock(dir)?;
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
        let session = Session::new()?;
        for book in [Book::Funding, Book::Employment, Book::Rejections] {
            let paths: Vec<PathBuf> =
                new.iter().filter(|file| file.book == book).map(|file| file.path.clone()).collect();
            session.add_files(&kinds::new_table(book), &book.schema(), &paths).await?;
        }
        let range = (self.index.covered_commit, state.version);
        for kind in Kind::ALL {
            if new.iter().any(|file| kind.reads(file.book)) {
                self.write_segment(&session, kind, &kind.fresh_sql(), range).await?;
            }
        }
        if let Some(sql) = conflicts::kept_contents(&session, self, state).await? {
            self.write_segment(&session, Kind::Conflicts, &sql, range).await?;
        }
        for kind in Kind::ALL {
            if self.index.of(kind).count() > SEGMENTS_MAX {
                self.merge(&session, kind).await?;
            }
        }
        self.index.cover(state);
        Ok(())
    }

    async fn write_segment(
        &mut self,
        session: &Session,
        kind: Kind,
        sql: &str,
        (from_commit, to_commit): (i64, i64),
    ) -> Result<(), PublishError> {
        let file = self.index.next_file(kind);
        let stream = session.stream(kind.name(), sql).await?;
        let rows = segment::write(&self.dir.join(&file), stream).await?;
        if rows > 0 {
            self.index.segments.push(Segment { kind: kind.name().to_owned(), file, from_commit, to_commit, rows });
        }
        Ok(())
    }

    async fn merge(&mut self, session: &Session, kind: Kind) -> Result<(), PublishError> {
        let parts = kinds::merged_table(kind);
        session.add_files(&parts, &kind.schema(), &self.segments(kind)).await?;
        let from = self.index.of(kind).map(|segment| segment.from_commit).min().unwrap_or(index::NOTHING);
        let to = self.index.of(kind).map(|segment| segment.to_commit).max().unwrap_or(index::NOTHING);
        self.index.drop_kind(kind);
        self.write_segment(session, kind, &kind.merge_sql(&parts), (from, to)).await
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

fn lock(dir: &Path) -> Result<File, PublishError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(PublishError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(PublishError::Busy(dir.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(PublishError::Io { action: "lock", path, source }),
    }
}
