//! Amounts and dates out of JSON values.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// Something a publisher wrote, or did not write, or not so that it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read<T> {
    Missing,
    Unreadable,
    Known(T),
}

impl<T: Copy> Read<T> {
    pub(super) const fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            _ => None,
        }
    }
}

/// Text of a value, `None` where it is absent, null or blank.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

/// An amount in ten-thousandths. No arithmetic on floats: the digits of the
/// shortest decimal that reads back as the JSON number are the publisher's.
pub(super) fn amount(value: &Value) -> Read<i128> {
    let Some(text) = text(value) else { return Read::Missing };
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let fraction = fraction.trim_end_matches('0');
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > 4 {
        return Read::Unreadable;
    }
    let Ok(whole) = whole.parse::<i128>() else { return Read::Unreadable };
    let fraction: i128 = format!("{fraction:0<4}").parse().expect("four digits");
    Read::Known(sign * (whole * 10_000 + fraction))
}

/// A calendar day as written, whatever its zone: `2020-04-01`, the same with a
/// time, or `01/04/2020`.
pub(super) fn day(value: &Value) -> Read<NaiveDate> {
    let Some(text) = text(value) else { return Read::Missing };
    let day = if text.contains('/') {
        NaiveDate::parse_from_str(&text, "%d/%m/%Y").ok().filter(|_| text.len() <= 10)
    } else if text.len() == 10 {
        NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()
    } else {
        DateTime::parse_from_rfc3339(&text).ok().map(|instant| instant.date_naive())
    };
    day.map_or(Read::Unreadable, Read::Known)
}

/// An instant in UTC microseconds, with the day as written.
pub(super) fn instant(value: &Value) -> Read<(i64, NaiveDate)> {
    let Some(text) = text(value) else { return Read::Missing };
    match (DateTime::parse_from_rfc3339(&text), day(value)) {
        (Ok(instant), _) => Read::Known((instant.timestamp_micros(), instant.date_naive())),
        (Err(_), Read::Known(day)) => Read::Known((midnight(day), day)),
        _ => Read::Unreadable,
    }
}

/// First moment of a day, in UTC microseconds.
pub(super) fn midnight(day: NaiveDate) -> i64 {
    day.and_hms_opt(0, 0, 0).expect("midnight").and_utc().timestamp_micros()
}
