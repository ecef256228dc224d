//! Dates and instants as publishers write them.
//!
//! A day is the calendar day as written: `2020-04-01T00:00:00+01:00` is the
//! 1st of April, though it is still March in UTC, because the publisher meant
//! the 1st. Slashed dates are in the order of the United Kingdom, day first.
//! A year or a month alone is no day and is not made into one.

use chrono::{DateTime, NaiveDate};

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;
pub(crate) const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Days from 1970-01-01 to a day of the Gregorian calendar.
pub(crate) const fn day_number(year: i32, month: i32, day: i32) -> i32 {
    // Years from March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year and month of a day since 1970.
pub(crate) fn year_and_month(day: i32) -> Option<(i32, u32)> {
    use chrono::Datelike;
    let date = NaiveDate::from_epoch_days(day)?;
    Some((date.year(), date.month()))
}

/// The day `text` names, in days since 1970; `None` where it names none.
pub(crate) fn read_day(text: &str) -> Option<i32> {
    let text = text.trim();
    let date = match text.get(..10) {
        Some(date) if text.len() == 10 => written_date(date)?,
        Some(date) if is_time(text.get(10..)?) => written_date(date)?,
        _ => unpadded_date(text)?,
    };
    Some(date.to_epoch_days())
}

/// An instant, in UTC microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    pub(crate) micros: i64,
    /// The day as written, which a zone may put a day apart from UTC's.
    pub(crate) written_day: i32,
}

/// The instant `text` names; a day alone is its first moment, and a time
/// without a zone is taken as UTC.
pub(crate) fn read_instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    let written_day = read_day(text)?;
    let midnight = i64::from(written_day) * MICROS_PER_DAY;
    let rest = text.get(10..).unwrap_or_default();
    let micros = if rest.is_empty() || text.len() < 10 {
        midnight
    } else {
        let iso = format!("{}T{}", NaiveDate::from_epoch_days(written_day)?, zoned(rest.get(1..)?));
        DateTime::parse_from_rfc3339(&iso).ok()?.timestamp_micros()
    };
    Some(Instant { micros, written_day })
}

/// `2020-05-01` or `01/05/2020`, both ten characters.
fn written_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    match (bytes[4], bytes[7], bytes[2], bytes[5]) {
        (b'-', b'-', ..) => NaiveDate::from_ymd_opt(year(number(0..4)?)?, number(5..7)?, number(8..10)?),
        (.., b'/', b'/') => NaiveDate::from_ymd_opt(year(number(6..10)?)?, number(3..5)?, number(0..2)?),
        _ => None,
    }
}

/// `1/5/2020`, as spreadsheets write it.
fn unpadded_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('/');
    let (day, month, full_year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = [day, month, full_year].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if parts.next().is_some() || !digits || full_year.len() != 4 || day.len() > 2 || month.len() > 2 {
        return None;
    }
    NaiveDate::from_ymd_opt(year(full_year.parse().ok()?)?, month.parse().ok()?, day.parse().ok()?)
}

fn year(number: u32) -> Option<i32> {
    i32::try_from(number).ok()
}

/// Whether what follows a date is a time of day, with or without a zone.
fn is_time(rest: &str) -> bool {
    let Some(time) = rest.strip_prefix(['T', 't', ' ']) else {
        return false;
    };
    let iso = format!("2000-01-01T{}", zoned(time));
    DateTime::parse_from_rfc3339(&iso).is_ok()
}

/// A time as RFC 3339 has it: with seconds and a zone.
fn zoned(time: &str) -> String {
    let upper = time.trim().to_ascii_uppercase();
    let split = upper.find(['Z', '+', '-']).unwrap_or(upper.len());
    let (clock, zone) = upper.split_at(split);
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let zone = match zone.len() {
        0 => "Z".to_owned(),
        3 => format!("{zone}:00"),
        5 if zone.is_ascii() && !zone.contains(':') => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => zone.to_owned(),
    };
    format!("{clock}{zone}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    fn day(year: i32, month: u32, day: u32) -> i32 {
        NaiveDate::from_ymd_opt(year, month, day).unwrap().to_epoch_days()
    }

    /// Proves that each way publishers write a day reads as the day written.
    #[test]
    fn days_read_as_written() {
        let expected = day(2020, 5, 1);
        let cases = [
            "2020-05-01",
            "01/05/2020",
            "1/5/2020",
            " 2020-05-01 ",
            "2020-05-01T00:00:00+01:00",
            "2020-05-01T00:00:00.000Z",
            "2020-05-01T23:59:59-08:00",
            "2020-05-01T10:00",
            "2020-05-01 10:00:00",
            "2020-05-01T10:00:00+0100",
            "01/05/2020 00:00:00",
        ];
        for text in cases {
            assert_eq!(read_day(text), Some(expected), "{text}");
        }
        assert_eq!(read_day("29/02/2020"), Some(day(2020, 2, 29)));
    }

    /// Proves that what names no day is not made into one.
    #[test]
    fn what_is_no_day_is_refused() {
        let cases = [
            "",
            "2020",
            "2020-05",
            "05/2020",
            "31/02/2020",
            "2020-13-01",
            "12/31/2020",
            "2019-02-29",
            "2020-5-1",
            "01/05/20",
            "43952",
            "May 2020",
            "2020-05-01 to 2020-06-01",
            "2020-05-01T",
            "2020-05-01T25:00:00Z",
            "20200501",
            "tbc",
            "2020/05/01",
            "01-05-2020",
            "€2020-05-1",
            "+020-05-01",
        ];
        for text in cases {
            assert_eq!(read_day(text), None, "{text}");
        }
    }

    /// Proves that instants are in UTC while their day stays as written.
    #[test]
    fn instants_read_in_utc() {
        let midnight = i64::from(day(2020, 5, 1)) * MICROS_PER_DAY;
        let hour = 60 * MICROS_PER_MINUTE;
        let cases = [
            ("2020-05-01", 0),
            ("01/05/2020", 0),
            ("2020-05-01T00:00:00+01:00", -hour),
            ("2020-05-01T09:01:17.000Z", 9 * hour + MICROS_PER_MINUTE + 17_000_000),
            ("2020-05-01T09:01", 9 * hour + MICROS_PER_MINUTE),
            ("2020-05-01T23:30:00-0100", 24 * hour + 30 * MICROS_PER_MINUTE),
            ("2020-05-01 09:00:00.25", 9 * hour + 250_000),
        ];
        for (text, offset) in cases {
            let read = read_instant(text).unwrap();
            assert_eq!(read.micros, midnight + offset, "{text}");
            assert_eq!(read.written_day, day(2020, 5, 1), "{text}");
        }
        assert_eq!(read_instant("yesterday"), None);
    }

    proptest! {
        /// Proves that our day numbers are the calendar's.
        #[test]
        fn day_numbers_follow_the_calendar(number in -200_000_i32..200_000) {
            use chrono::Datelike;
            let date = NaiveDate::from_epoch_days(number).unwrap();
            let month = i32::try_from(date.month()).unwrap();
            prop_assert_eq!(day_number(date.year(), month, i32::try_from(date.day()).unwrap()), number);
        }

        /// Proves that no text makes the readers panic.
        #[test]
        fn any_text_is_survived(text in "\\PC{0,30}", date in "[-0-9/T:Z+ .é]{0,30}") {
            let _read = (read_day(&text), read_instant(&text), read_day(&date), read_instant(&date));
        }
    }
}
