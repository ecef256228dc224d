//! Work that computes for long, off the threads that wait for I/O.

use crate::PublishError;
use tokio::task::JoinHandle;

/// Work under way on a thread of its own.
pub(crate) struct Task<T>(JoinHandle<Result<T, PublishError>>);

/// Starts work.
pub(crate) fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, PublishError> + Send + 'static) -> Task<T> {
    Task(tokio::task::spawn_blocking(work))
}

impl<T> Task<T> {
    pub(crate) async fn finish(self) -> Result<T, PublishError> {
        self.0.await.map_err(PublishError::Lost)?
    }
}
