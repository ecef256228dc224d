//! Generated histories, a driver that feeds them to a ledger, the naive model
//! and a naive reader of the journal.

pub(crate) mod batch;
pub(crate) mod drive;
pub(crate) mod history;
pub(crate) mod model;
pub(crate) mod net;

use std::path::PathBuf;
use tempfile::TempDir;

/// A folder for one journal: in memory where the machine has such a place,
/// since these tests are about what is written, not about the disk.
pub(crate) fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Runs a test's future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
