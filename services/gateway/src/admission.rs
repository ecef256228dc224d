//! The bounds of what is in flight.

use crate::answer::Refusal;
use commonweal_runtime::config::GatewayConfig;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of this many: a semaphore counts to 2^29 at least.
const UNIT_BYTES: usize = 1 << 10;

/// Room for requests and their bodies.
#[derive(Debug)]
pub(crate) struct Admission {
    requests: Arc<Semaphore>,
    units: Arc<Semaphore>,
    body_bytes_max: usize,
    retry_after_seconds: u64,
}

/// A place in flight, given back when dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    _request: OwnedSemaphorePermit,
    _units: OwnedSemaphorePermit,
}

impl Admission {
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(config.in_flight_max)),
            units: Arc::new(Semaphore::new(config.in_flight_bytes_max / UNIT_BYTES)),
            body_bytes_max: config.body_bytes_max,
            retry_after_seconds: config.retry_after_seconds,
        }
    }

    /// Takes a place for a body of a stated length, or of the longest allowed
    /// where none is stated. Never waits: who is told to come again keeps no
    /// memory here.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn admit(&self, stated_bytes: Option<u64>) -> Result<Admitted, Refusal> {
        let stated = stated_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(self.body_bytes_max);
        // A body that is too long is counted, not kept.
        let bytes = stated.min(self.body_bytes_max);
        let full = |what: &str| Refusal::Unavailable {
            detail: format!("too many {what} are in flight"),
            retry_after_seconds: self.retry_after_seconds,
        };
        let request = Arc::clone(&self.requests).try_acquire_owned().map_err(|_full| full("requests"))?;
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let units = Arc::clone(&self.units).try_acquire_many_owned(units).map_err(|_full| full("bytes"))?;
        Ok(Admitted { _request: request, _units: units })
    }
}
