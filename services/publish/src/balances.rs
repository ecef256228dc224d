//! Balances: the journal summed per cell, kept from new entries alone.
//!
//! `<data>/balances/` holds Parquet segments, each the sums of a range of
//! ledger commits, and `balances.json`, which names them and the commit they
//! reach. Cells have their keys in a segment beside them, half by half. A refresh reads the files of later commits only. What the index does
//! not name was left by a broken run and is removed.

mod amounts;
mod cells;
mod conflicts;
mod fold;
mod index;
mod kinds;
mod lookup;
mod names;
mod past;
mod segment;

pub(crate) use amounts::sum_array;
pub(crate) use cells::{Cells, Seen};
pub(crate) use conflicts::open_contents_sql;
pub(crate) use fold::{cells_of, columns as cell_columns};
pub(crate) use kinds::Kind;
pub(crate) use past::Folder;

use crate::blocking::{Task, blocking};
use crate::{LedgerState, PublishError};
use commonweal_journal::{Book, JournalFile};
use commonweal_query::Session;
use commonweal_schemas::Dataset;
use index::Index;
use names::Names;
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
    /// Cells just summed, of datasets that have no others.
    fresh: Vec<(Dataset, Cells)>,
    #[expect(dead_code, reason = "held for its end")]
    past: Option<Folder>,
    // Its lock ends with it.
    lock: File,
}

/// The entries of one dataset being summed, and the segments they go to.
struct Folding {
    dataset: Dataset,
    files: [(Kind, String); 3],
    /// Rows of each segment, and the cells.
    task: Task<([u64; 3], Cells)>,
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
        let lock = lock(&dir.join("lock")).await?;
        let known = Index::read(dir).filter(|index| index.describes(state));
        let rebuilt = known.is_none();
        let mut balances =
            Self { dir: dir.to_owned(), index: known.unwrap_or_else(Index::new), fresh: Vec::new(), past: None, lock };
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

    /// Folder for what is needed while these are locked, and removed with it.
    pub(crate) fn folder(&self, name: &str) -> Result<Folder, PublishError> {
        Folder::new(self.dir.join(name))
    }

    /// Segment files of one kind.
    pub(crate) fn segments(&self, kind: Kind) -> Vec<PathBuf> {
        self.index.of(kind).map(|segment| self.dir.join(&segment.file)).collect()
    }

    /// Work that gives the cells of one dataset. What was just summed is handed
    /// over, not read back.
    pub(crate) fn cells(
        &mut self,
        dataset: Dataset,
    ) -> impl FnOnce() -> Result<Cells, PublishError> + Send + use<> + 'static {
        let fresh = self.fresh.iter().position(|(known, _)| *known == dataset).map(|at| self.fresh.swap_remove(at).1);
        let segments = self.cell_segments(dataset);
        move || fresh.map_or_else(|| Cells::read(dataset, &segments), Ok)
    }

    /// Segments of cells: the keys and the sums of each.
    fn cell_segments(&self, dataset: Dataset) -> Vec<(PathBuf, PathBuf)> {
        let [keys, sums] = [Kind::Keys(dataset), Kind::Balances(dataset)].map(|kind| self.segments(kind));
        keys.into_iter().zip(sums).collect()
    }

    async fn add(&mut self, new: &[&JournalFile], state: &LedgerState) -> Result<(), PublishError> {
        let range = (self.index.covered_commit, state.version);
        let folding = self.begin_fold(new);
        let listed = self.list(new, state, range).await;
        // Before anything is given up: nobody else may write to the folder meanwhile.
        self.finish_fold(folding, range).await?;
        let session = listed?;
        for kind in Kind::ALL {
            // Keys go with their balances.
            if self.index.of(kind).count() > SEGMENTS_MAX && !matches!(kind, Kind::Keys(_)) {
                self.merge(&session, kind).await?;
            }
        }
        self.index.cover(state);
        Ok(())
    }

    /// Adds what is listed and not summed: refused messages and conflicts.
    async fn list(
        &mut self,
        new: &[&JournalFile],
        state: &LedgerState,
        range: (i64, i64),
    ) -> Result<Session, PublishError> {
        let session = Session::new()?;
        for book in [Book::Funding, Book::Employment, Book::Rejections] {
            session.add_files(&kinds::new_table(book), &book.schema(), &of_book(new, book)).await?;
        }
        for kind in [Kind::Rejected, Kind::Conflicts, Kind::Recorded] {
            if let Some(sql) = kind.fresh_sql()
                && new.iter().any(|file| kind.reads(file.book))
            {
                self.query_segment(&session, kind, &sql, range).await?;
            }
        }
        if let Some(sql) = conflicts::kept_contents(&session, self, state).await? {
            self.query_segment(&session, Kind::Conflicts, &sql, range).await?;
        }
        Ok(session)
    }

    /// Begins to sum the entries of both datasets at once, one thread each.
    fn begin_fold(&mut self, new: &[&JournalFile]) -> Vec<Folding> {
        let mut running = Vec::new();
        for dataset in Dataset::ALL {
            let paths = of_book(new, dataset.into());
            if paths.is_empty() {
                continue;
            }
            let files = [Kind::Names(dataset), Kind::Keys(dataset), Kind::Balances(dataset)]
                .map(|kind| (kind, self.index.next_file(kind)));
            let targets = files.clone().map(|(_, file)| self.dir.join(file));
            let task = blocking(move || {
                let (cells, names) = fold::entries(dataset, &paths)?;
                let [to_names, to_keys, to_sums] = targets;
                let names = segment::write_all(&to_names, names.batches())?;
                let [keys, sums] = write_cells(&cells, &to_keys, &to_sums)?;
                Ok(([names, keys, sums], cells))
            });
            running.push(Folding { dataset, files, task });
        }
        running
    }

    async fn finish_fold(&mut self, running: Vec<Folding>, range: (i64, i64)) -> Result<(), PublishError> {
        let mut ended = Vec::with_capacity(running.len());
        for Folding { dataset, files, task } in running {
            ended.push((dataset, files, task.finish().await));
        }
        for (dataset, files, folded) in ended {
            let (rows, cells) = folded?;
            for ((kind, file), rows) in files.into_iter().zip(rows) {
                self.index.push(kind, file, range, rows);
            }
            if self.index.of(Kind::Balances(dataset)).count() == 1 && rows[2] > 0 {
                self.fresh.push((dataset, cells));
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
        let file = self.index.next_file(kind);
        let rows = segment::write_all(&self.dir.join(&file), batches.into_iter().map(Ok))?;
        self.index.push(kind, file, range, rows);
        Ok(())
    }

    async fn merge(&mut self, session: &Session, kind: Kind) -> Result<(), PublishError> {
        let paths = self.segments(kind);
        let range = (
            self.index.of(kind).map(|segment| segment.from_commit).min().unwrap_or(index::NOTHING),
            self.index.of(kind).map(|segment| segment.to_commit).max().unwrap_or(index::NOTHING),
        );
        let mut file = |kind: Kind| {
            let file = self.index.next_file(kind);
            (self.dir.join(&file), file)
        };
        match kind {
            Kind::Keys(_) => {}
            Kind::Balances(dataset) => {
                let keys = Kind::Keys(dataset);
                let ((to_keys, keys_file), (to_sums, file)) = (file(keys), file(kind));
                let segments = self.cell_segments(dataset);
                let write = move || write_cells(&Cells::read(dataset, &segments)?, &to_keys, &to_sums);
                let [keys_rows, rows] = blocking(write).finish().await?;
                self.index.drop_kind(keys);
                self.index.drop_kind(kind);
                self.index.push(keys, keys_file, range, keys_rows);
                self.index.push(kind, file, range, rows);
            }
            Kind::Names(_) => {
                let (target, file) = file(kind);
                let write = move || segment::write_all(&target, Names::read(&paths)?.batches());
                let rows = blocking(write).finish().await?;
                self.index.drop_kind(kind);
                self.index.push(kind, file, range, rows);
            }
            Kind::Rejected | Kind::Conflicts | Kind::Recorded => {
                self.index.drop_kind(kind);
                let parts = kinds::merged_table(kind);
                if let Some(sql) = kind.merge_sql(&parts) {
                    session.add_files(&parts, &kind.schema(), &paths).await?;
                    self.query_segment(session, kind, &sql, range).await?;
                }
            }
        }
        Ok(())
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

/// Writes the keys and the sums of cells, and returns the rows of both; keys
/// without a sum are not kept.
fn write_cells(cells: &Cells, keys: &Path, sums: &Path) -> Result<[u64; 2], PublishError> {
    let rows = segment::write_all(sums, cells.sum_batches())?;
    let keys = if rows > 0 { segment::write_all(keys, cells.key_batches())? } else { 0 };
    Ok([keys, rows])
}

fn of_book(files: &[&JournalFile], book: Book) -> Vec<PathBuf> {
    files.iter().filter(|file| file.book == book).map(|file| file.path.clone()).collect()
}

/// Locks a file of the folder against other publishers, waiting for one that is
/// at work.
pub(crate) async fn lock(path: &Path) -> Result<File, PublishError> {
    let file = File::create(path).map_err(PublishError::io("create", path))?;
    for attempt in 0..LOCK_ATTEMPTS_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if attempt == 0 => {
                tracing::info!(path = %path.display(), "waiting for another publisher to end");
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(PublishError::io("lock", path)(source)),
        }
        tokio::time::sleep(LOCK_INTERVAL).await;
    }
    let dir = path.parent().unwrap_or(path).to_owned();
    Err(PublishError::Busy { dir, seconds: (LOCK_INTERVAL * LOCK_ATTEMPTS_MAX).as_secs() })
}
