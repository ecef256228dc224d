//! Limits that a deployment may set.

/// Longest `source` or `event_id`, in bytes.
pub(crate) const IDENTITY_BYTES_MAX: usize = 512;
/// Highest revision, as `reason-codes.md` states it: 2^30 - 1.
pub(crate) const REVISION_MAX: i32 = 1_073_741_823;
/// Longest canonical programme code, in bytes.
pub(crate) const PROGRAMME_BYTES_MAX: usize = 128;
/// Longest period of a flow, in days, both ends counted.
pub(crate) const PERIOD_DAYS_MAX: i32 = 366;
/// First microsecond of the year 2000, UTC.
pub(crate) const RECORDED_AT_MIN: i64 = 946_684_800_000_000;
/// First microsecond of the year 2101, UTC.
pub(crate) const RECORDED_AT_END: i64 = 4_133_980_800_000_000;

/// Quantities and amounts are integers of this many parts: four decimals.
pub(crate) const ONE: i128 = 10_000;
/// The same for those that fit in 64 bits.
pub(crate) const SHORT_ONE: i64 = 10_000;

/// Limits of validation. Equal rules give equal verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// First day an event may lie on, in days since 1970-01-01.
    pub earliest_day: i32,
    /// Largest amount of one funding event, in ten-thousandths of its currency.
    pub amount_max: i128,
    /// Largest quantity of one employment event, in ten-thousandths of its unit.
    pub quantity_max: i128,
    /// Longest name, title, award id or source document, in bytes as sent.
    pub text_bytes_max: usize,
}

impl Default for Rules {
    /// From 1990-01-01; a thousand million of a currency; a hundred million
    /// persons, posts or hours; 4,096 bytes.
    fn default() -> Self {
        Self {
            earliest_day: 7_305,
            amount_max: 1_000_000_000 * ONE,
            quantity_max: 100_000_000 * ONE,
            text_bytes_max: 4_096,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDate};

    /// Proves that the limits written as numbers are the dates they are said to be.
    #[test]
    fn limits_are_the_dates_they_name() {
        let day = |days| NaiveDate::from_epoch_days(days).map(|date| date.to_string());
        let instant = |micros| DateTime::from_timestamp_micros(micros).map(|time| time.to_rfc3339());
        assert_eq!(day(Rules::default().earliest_day).as_deref(), Some("1990-01-01"));
        assert_eq!(instant(RECORDED_AT_MIN).as_deref(), Some("2000-01-01T00:00:00+00:00"));
        assert_eq!(instant(RECORDED_AT_END).as_deref(), Some("2101-01-01T00:00:00+00:00"));
        assert_eq!(REVISION_MAX, (1 << 30) - 1);
    }
}
