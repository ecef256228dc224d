//! Taking turns: writers of one machine that would commit at the same time do
//! so one after the other, for whoever comes second encodes all files anew.

use crate::Journal;
use std::fs::{File, OpenOptions, TryLockError};
use std::time::{Duration, Instant};

/// The file that is locked; names with an underscore are no part of the table.
const NAME: &str = "_turn";
/// Pause between two looks: a lock tells nobody that it is free.
const PAUSE: Duration = Duration::from_millis(2);

/// A writer's turn, until it is dropped. A courtesy: what keeps commits apart
/// is the table.
#[derive(Debug)]
#[must_use = "the turn ends when it is dropped"]
pub struct Turn {
    _locked: Option<File>,
}

impl Journal {
    /// Waits for this writer's turn, at most for `wait`; then it goes on
    /// without, as it does where files cannot be locked. Blocks.
    pub fn turn(&self, wait: Duration) -> Turn {
        let deadline = Instant::now() + wait;
        let file = OpenOptions::new().create(true).append(true).open(self.dir.join(NAME));
        let Ok(file) = file else { return Turn { _locked: None } };
        loop {
            match file.try_lock() {
                Ok(()) => return Turn { _locked: Some(file) },
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Err(_) => return Turn { _locked: None },
            }
        }
    }
}
