//! The one place that reads the time of day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time to whoever stamps postings and manifests. No figure depends
/// on it.
pub trait Clock: Send + Sync {
    /// UTC microseconds since 1970-01-01.
    fn now_micros(&self) -> i64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_micros(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "this is the clock at the edge")]
        let now = SystemTime::now();
        // A clock set before 1970 reads as negative; one beyond the year
        // 294,000 as that year.
        let micros = |elapsed: std::time::Duration| i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => -micros(before.duration()),
        }
    }
}

/// A clock that stands still until it is moved: for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock {
    micros: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `micros`, UTC microseconds since 1970-01-01.
    #[must_use]
    pub const fn at(micros: i64) -> Self {
        Self { micros: AtomicI64::new(micros) }
    }

    /// Moves the clock by `micros`, which may be negative.
    pub fn advance(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock to `micros`.
    pub fn set(&self, micros: i64) {
        self.micros.store(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_micros(&self) -> i64 {
        self.micros.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the system clock counts microseconds, not milliseconds or
    /// nanoseconds: it lies between the years 2020 and 2200.
    #[test]
    fn system_clock_counts_microseconds() {
        let now = SystemClock.now_micros();
        assert!((1_577_836_800_000_000..7_258_118_400_000_000).contains(&now), "{now}");
    }

    /// Proves that the manual clock moves only when it is told to.
    #[test]
    fn manual_clock_stands_still() {
        let clock = ManualClock::at(5);
        assert_eq!((clock.now_micros(), clock.now_micros()), (5, 5));
        clock.advance(-7);
        assert_eq!(clock.now_micros(), -2);
        clock.set(9);
        assert_eq!(clock.now_micros(), 9);
    }
}
