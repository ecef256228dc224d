//! How many events a second a key may send. Time is passed in.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Events may run ahead of their rate by what is due in this time, so a key
/// that was silent may send as much at once.
const BURST: Duration = Duration::from_secs(1);

/// A rate of events, and when what was taken is paid for.
///
/// A batch is taken whole once anything may be taken, and its size is then
/// waited for: so the rate holds on average, and no batch is too large for it.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    paid_at: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(events_per_second: NonZeroU32) -> Self {
        Self { interval: BURST / events_per_second.get(), paid_at: None }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// How long to wait until one may be taken.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let paid_at = self.paid_at.map_or(now, |at| at.max(now));
        let ahead = paid_at - now;
        let over = (ahead + self.interval).saturating_sub(BURST);
        if !over.is_zero() {
            return Err(over);
        }
        self.paid_at = Some(paid_at + self.interval);
        Ok(())
    }

    /// Charges further events to what was taken.
    pub(crate) fn charge(&mut self, events: u32, now: Instant) {
        let paid_at = self.paid_at.map_or(now, |at| at.max(now));
        self.paid_at = paid_at.checked_add(self.interval.saturating_mul(events)).or(self.paid_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pace(rate: u32) -> Pace {
        Pace::new(NonZeroU32::new(rate).unwrap())
    }

    /// Proves that a second's worth may be sent at once, that one more is told
    /// the time until it may, and that it may then.
    #[test]
    fn a_second_at_once_then_the_rate() {
        let (mut pace, begun) = (pace(10), Instant::now());
        for _ in 0..10 {
            assert_eq!(pace.take(begun), Ok(()));
        }
        assert_eq!(pace.take(begun), Err(Duration::from_millis(100)));
        assert_eq!(pace.take(begun + Duration::from_millis(99)), Err(Duration::from_millis(1)));
        assert_eq!(pace.take(begun + Duration::from_millis(100)), Ok(()));
        assert!(pace.take(begun + Duration::from_millis(100)).is_err());
    }

    /// Proves that a batch above the rate is taken, and waited for after.
    #[test]
    fn a_batch_is_paid_for_after() {
        let (mut pace, begun) = (pace(100), Instant::now());
        assert_eq!(pace.take(begun), Ok(()));
        pace.charge(999, begun);
        assert_eq!(pace.take(begun), Err(Duration::from_millis(9_010)));
        assert_eq!(pace.take(begun + Duration::from_millis(9_010)), Ok(()));
    }

    proptest! {
        /// Proves that over any time no more than the rate and one burst is
        /// taken, and that waiting as told always helps.
        #[test]
        fn the_rate_holds(rate in 1_u32..2_000, gaps in prop::collection::vec(0_u64..20_000, 1..200)) {
            let (mut pace, begun) = (pace(rate), Instant::now());
            let (mut now, mut taken) = (begun, 0_u32);
            for gap in gaps {
                now += Duration::from_micros(gap);
                if let Err(wait) = pace.take(now) {
                    now += wait;
                    prop_assert_eq!(pace.take(now), Ok(()));
                }
                taken += 1;
            }
            let allowed = f64::from(rate) * (1.0 + (now - begun).as_secs_f64());
            prop_assert!(f64::from(taken) <= allowed + 1.0, "{} of {}", taken, allowed);
        }
    }
}
