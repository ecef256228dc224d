//! Balances as they were: those of the closed days, and the entries of the day
//! that was open.
//!
//! What is listed and not summed (names, refused messages, conflicts) is listed
//! anew from the journal, without the columns that balances are made of.

use super::{Balances, Cells, Index, Kind, fold, index, of_book, segment};
use crate::blocking::blocking;
use crate::moment::Moment;
use crate::{LedgerState, PublishError};
use commonweal_journal::{Book, JournalFile};
use commonweal_schemas::Dataset;
use std::io;
use std::path::{Path, PathBuf};

/// Folder within that of the balances, under the same lock.
const FOLDER: &str = "past";

/// A folder that is removed when it is no longer needed.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Result<Self, PublishError> {
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(PublishError::Io { action: "remove", path, source: error });
            }
            _ => {}
        }
        std::fs::create_dir(&path).map_err(PublishError::io("create", &path))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "failed to remove a folder; the next run removes it");
        }
    }
}

impl Balances {
    /// The balances of `moment`, a state of the same journal as `now`.
    pub(crate) async fn at(dir: &Path, now: &LedgerState, moment: &Moment) -> Result<Self, PublishError> {
        let (balances, _) = Self::refresh(dir, now).await?;
        balances.beside(moment).await
    }

    /// The balances of a moment that these reach beyond, or that adds files of
    /// its own to one such; under the same lock, and one at a time.
    pub(crate) async fn beside(&self, moment: &Moment) -> Result<Self, PublishError> {
        let folder = Folder::new(self.dir.join(FOLDER))?;
        let state = &moment.state;
        let files: Vec<&JournalFile> = state.files.iter().filter(|file| file.book != Book::Receipts).collect();
        let range = (index::NOTHING, state.version);
        let (mut index, mut running) = (Index::new(), Vec::new());
        for dataset in Dataset::ALL {
            let (segments, day) = (self.cell_segments(dataset), moment.day);
            let open: Vec<PathBuf> = of_book(&moment.open(), dataset.into());
            let all = of_book(&files, dataset.into());
            let kind = Kind::Names(dataset);
            let file = index.next_file(kind);
            let target = folder.0.join(&file);
            let task = blocking(move || {
                let mut cells = Cells::read_before(dataset, &segments, Some(day))?;
                fold::add_files(dataset, &mut cells, &open)?;
                let rows = segment::write_all(&target, fold::names(&all)?.batches())?;
                Ok((cells, rows))
            });
            running.push((dataset, kind, file, task));
        }
        let mut fresh = Vec::new();
        for (dataset, kind, file, task) in running {
            let (cells, rows) = task.finish().await?;
            index.push(kind, file, range, rows);
            fresh.push((dataset, cells));
        }
        let lock = self.lock.try_clone().map_err(PublishError::io("lock", &self.dir))?;
        let mut past = Self { dir: folder.0.clone(), index, fresh, past: Some(folder), lock };
        past.list(&files, state, range).await?;
        Ok(past)
    }
}
