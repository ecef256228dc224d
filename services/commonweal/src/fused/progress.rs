//! How far the pipeline is, for progress bars and the feeder's lead.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counters that the pipeline raises and others read or wait for.
#[derive(Debug, Default)]
pub struct Progress {
    counts: Mutex<Counts>,
    changed: Condvar,
}

/// A reading of [`Progress`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages read from Kafka and taken through all stages.
    pub taken: u64,
    /// Of them, those that the flush on its way holds, or that are committed.
    flushing: u64,
    /// Of them, those whose outcome is in the books.
    pub committed: u64,
    /// Messages refused.
    pub rejected: u64,
    /// Ledger commits made.
    pub commits: u64,
    /// The pipeline has ended, well or not.
    pub stopped: bool,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Plain numbers stay whole whatever happened to another holder.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    pub(crate) fn took(&self, messages: u64, rejected: u64) {
        self.change(|counts| {
            counts.taken += messages;
            counts.rejected += rejected;
        });
    }

    /// All that was taken is on its way into the books.
    pub(crate) fn flushing(&self) {
        self.change(|counts| counts.flushing = counts.taken);
    }

    /// All that was on its way is in the books.
    pub(crate) fn flushed(&self) {
        self.change(|counts| {
            counts.commits += 1;
            counts.committed = counts.flushing;
        });
    }

    /// The pipeline has stopped; nobody need wait for it any more.
    pub(crate) fn stopped(&self) {
        self.change(|counts| counts.stopped = true);
    }

    /// The counters now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.lock()
    }

    /// Waits until `reached` holds, the pipeline has stopped, or nothing has
    /// changed for `patience`. Tells whether `reached` holds.
    #[must_use]
    pub fn wait_until(&self, patience: Duration, reached: impl Fn(&Counts) -> bool) -> bool {
        let mut counts = self.lock();
        loop {
            if reached(&counts) {
                return true;
            }
            if counts.stopped {
                return false;
            }
            let before = *counts;
            let (now, waited) = self.changed.wait_timeout(counts, patience).unwrap_or_else(PoisonError::into_inner);
            counts = now;
            if waited.timed_out() && *counts == before {
                return reached(&counts);
            }
        }
    }
}
