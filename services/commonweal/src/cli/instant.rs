//! Days and instants on the command line, in UTC.

use chrono::{DateTime, NaiveDate};

const DAY_MICROS: i64 = 86_400_000_000;

/// UTC microseconds of a day's beginning or of an instant.
pub(super) fn from(text: &str) -> Result<i64, String> {
    read(text, 0)
}

/// UTC microseconds of a day's last moment or of an instant.
pub(super) fn up_to(text: &str) -> Result<i64, String> {
    read(text, DAY_MICROS - 1)
}

fn read(text: &str, into_day: i64) -> Result<i64, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let day = day.map(|day| day.and_utc().timestamp_micros() + into_day);
    day.or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_micros()))
        .ok_or_else(|| "neither a day nor an instant: 2026-03-01 or 2026-03-01T09:30:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a day is its first instant or its last, in UTC, that a zone
    /// is heeded, and that a half-written time is refused.
    #[test]
    fn instants_are_utc() {
        assert_eq!(from("1970-01-02"), Ok(86_400_000_000));
        assert_eq!(up_to("1970-01-02"), Ok(172_799_999_999));
        for read in [from, up_to] {
            assert_eq!(read("1970-01-01T01:00:00.5+01:00"), Ok(500_000));
            for wrong in ["", "1970", "1970-01-01T00:00:00", "1970-13-01", "yesterday"] {
                assert!(read(wrong).is_err(), "{wrong:?}");
            }
        }
    }
}
