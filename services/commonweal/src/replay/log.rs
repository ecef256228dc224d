//! Which dead letters were replayed: an append-only file of JSON lines in the
//! data folder, beside the journal whose letters it tells of.

use super::LetterSet;
use commonweal_schemas::replay::MessageOrigin;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const LOG: &str = "replays.jsonl";
const LOCK: &str = "lock";

/// What keeps replays from being told.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("another `dead-letters replay` is at work on this data folder ({}); wait for its end", .0.display())]
    Busy(PathBuf),
    #[error(
        "line {line} of {} cannot be read: {reason}; the file was changed by somebody else: restore it, or move it \
         away, and every letter counts as never replayed",
        .path.display()
    )]
    Damaged { path: PathBuf, line: usize, reason: String },
    #[error("failed to access {}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// One line of the log.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// Where the partitions of a topic ended before a run sent letters there.
    Ends { topic: String, offsets: BTreeMap<i32, i64> },
    /// Letters that are about to be sent.
    Sending(LetterSet),
    /// Letters that lie in their topics again.
    Sent(LetterSet),
    /// Letters that were about to be sent, and were not.
    Unsent(LetterSet),
}

/// What the log tells.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Replayed {
    sent: LetterSet,
    /// About to be sent when the log broke off: nobody knows.
    pub(super) open: LetterSet,
    pub(super) ends: BTreeMap<String, BTreeMap<i32, i64>>,
}

impl Replayed {
    /// Reads the log of a folder as it stands; empty where there is none.
    ///
    /// # Errors
    /// [`ReplayError::Damaged`] or [`ReplayError::Io`].
    pub(crate) fn read(folder: &Path) -> Result<Self, ReplayError> {
        let path = folder.join(LOG);
        match fs::read(&path) {
            Ok(bytes) => Ok(Self::parse(&path, &bytes)?.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ReplayError::Io { path, source }),
        }
    }

    /// Whether a letter was replayed, for certain.
    pub(crate) fn contains(&self, origin: &MessageOrigin) -> bool {
        self.sent.contains(origin)
    }

    /// Takes whole lines in; the length of what they take. A last line without
    /// its end was never finished, and what it would have told never done.
    fn parse(path: &Path, bytes: &[u8]) -> Result<(Self, u64), ReplayError> {
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let mut replayed = Self::default();
        for (number, line) in bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
            let line = serde_json::from_slice(line).map_err(|error| ReplayError::Damaged {
                path: path.to_owned(),
                line: number + 1,
                reason: error.to_string(),
            })?;
            replayed.apply(line);
        }
        Ok((replayed, whole as u64))
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Ends { topic, offsets } => {
                self.ends.insert(topic, offsets);
            }
            Line::Sending(letters) => self.open.extend(&letters),
            Line::Sent(letters) => {
                self.open.remove(&letters);
                self.sent.extend(&letters);
            }
            Line::Unsent(letters) => self.open.remove(&letters),
        }
    }
}

/// The log, to be written by one process at a time.
#[derive(Debug)]
pub(crate) struct ReplayLog {
    path: PathBuf,
    file: File,
    replayed: Replayed,
    /// Held, and let go by the system however the process ends.
    _lock: File,
}

impl ReplayLog {
    /// Opens the log of a folder, or begins one.
    ///
    /// # Errors
    /// [`ReplayError::Busy`] where another process has it open for writing.
    pub(crate) fn open(folder: &Path) -> Result<Self, ReplayError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ReplayError::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        let lock_path = folder.join(LOCK);
        let lock = File::create(&lock_path).map_err(io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ReplayError::Busy(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io(&lock_path)(source)),
        }
        let path = folder.join(LOG);
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(&path).map_err(io(&path))?;
        let (replayed, whole) = Replayed::parse(&path, &fs::read(&path).map_err(io(&path))?)?;
        file.set_len(whole).map_err(io(&path))?;
        Ok(Self { path, file, replayed, _lock: lock })
    }

    pub(crate) const fn replayed(&self) -> &Replayed {
        &self.replayed
    }

    /// Appends a line, durably.
    pub(super) fn append(&mut self, line: Line) -> Result<(), ReplayError> {
        let io = |source| ReplayError::Io { path: self.path.clone(), source };
        let mut text = serde_json::to_vec(&line).map_err(|error| io(error.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).and_then(|()| self.file.sync_data()).map_err(io)?;
        self.replayed.apply(line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(offsets: &[i64]) -> LetterSet {
        let mut letters = LetterSet::default();
        for &offset in offsets {
            letters.insert(&MessageOrigin { topic: "t".to_owned(), partition: 0, offset });
        }
        letters
    }

    fn ends(offset: i64) -> Line {
        Line::Ends { topic: "t".to_owned(), offsets: BTreeMap::from([(0, offset)]) }
    }

    /// Proves that a log that breaks off anywhere, in the middle of a line
    /// too, is read to its last whole line, and goes on from there.
    #[test]
    fn a_log_that_breaks_off_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = ReplayLog::open(folder.path()).unwrap();
        for line in
            [ends(7), Line::Sending(letters(&[1, 2])), Line::Sent(letters(&[1, 2])), Line::Sending(letters(&[3, 4]))]
        {
            log.append(line).unwrap();
        }
        let written = fs::read(folder.path().join(LOG)).unwrap();
        drop(log);
        for length in 0..=written.len() {
            fs::write(folder.path().join(LOG), &written[..length]).unwrap();
            let lines = written[..length].split(|&byte| byte == b'\n').count() - 1;
            let mut log = ReplayLog::open(folder.path()).unwrap();
            let expected: [(&[i64], &[i64]); 5] =
                [(&[], &[]), (&[], &[]), (&[], &[1, 2]), (&[1, 2], &[]), (&[1, 2], &[3, 4])];
            let (sent, open) = expected[lines];
            assert_eq!((&log.replayed.sent, &log.replayed.open), (&letters(sent), &letters(open)), "{length}");
            log.append(Line::Unsent(letters(open))).unwrap();
            log.append(Line::Sent(letters(&[9]))).unwrap();
            let (read, log) = (Replayed::read(folder.path()).unwrap(), log.replayed);
            assert_eq!(read, log);
            assert!(read.open.is_empty() && read.sent.len() == sent.len() as u64 + 1);
        }
    }

    /// Proves that a second writer is turned away while the first is there,
    /// and that a damaged line is named, not passed over.
    #[test]
    fn a_log_has_one_writer_and_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = ReplayLog::open(folder.path()).unwrap();
        assert!(matches!(ReplayLog::open(folder.path()), Err(ReplayError::Busy(_))));
        log.append(ends(1)).unwrap();
        drop(log);
        let path = folder.path().join(LOG);
        fs::write(&path, [&fs::read(&path).unwrap()[..], b"{\"sent\":7}\n"].concat()).unwrap();
        for error in [ReplayLog::open(folder.path()).unwrap_err(), Replayed::read(folder.path()).unwrap_err()] {
            assert!(matches!(error, ReplayError::Damaged { line: 2, .. }), "{error}");
        }
    }
}
