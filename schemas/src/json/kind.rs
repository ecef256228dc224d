//! What a field may hold: JSON text in, Avro bytes out.

use super::number::fixed_point;
use crate::avro::model::{Plain, Schema, Type};
use chrono::{DateTime, NaiveDate};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Digits that hold any whole number of 32 bits.
const INTEGER_DIGITS: u32 = 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    /// Days since 1970.
    Date,
    /// UTC microseconds since 1970.
    Instant,
    Decimal {
        precision: u32,
        scale: u32,
    },
    Flag,
    Symbol(Vec<String>),
    /// A list of symbols.
    Symbols(Vec<String>),
}

impl Kind {
    /// What the type at `of` holds, where it has a JSON form.
    pub(super) fn new(schema: &Schema, of: usize) -> Option<Self> {
        Some(match &schema.types()[of] {
            Type::Plain { kind, logical } => match (kind, logical.as_ref().map(|logical| logical.name.as_str())) {
                (Plain::Text, None) => Self::Text,
                (Plain::Int, None) => Self::Integer,
                (Plain::Int, Some("date")) => Self::Date,
                (Plain::Long, Some("timestamp-micros")) => Self::Instant,
                (Plain::Boolean, None) => Self::Flag,
                (Plain::Bytes, Some("decimal")) => {
                    let (precision, scale) = logical.as_ref()?.digits?;
                    Self::Decimal { precision: u32::try_from(precision).ok()?, scale: u32::try_from(scale).ok()? }
                }
                _ => return None,
            },
            Type::Enum { symbols, .. } => Self::Symbol(symbols.clone()),
            Type::Array(items) => match &schema.types()[*items] {
                Type::Enum { symbols, .. } => Self::Symbols(symbols.clone()),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// What is expected, for people.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Integer => "a whole number of 32 bits".to_owned(),
            Self::Date => "a day as YYYY-MM-DD".to_owned(),
            Self::Instant => "a time in RFC 3339, such as 2026-01-31T12:00:00Z".to_owned(),
            Self::Decimal { precision, scale } => format!(
                "a number with at most {} digits before the point and {scale} after it",
                precision.saturating_sub(*scale)
            ),
            Self::Flag => "true or false".to_owned(),
            Self::Symbol(symbols) => format!("one of {}", symbols.join(", ")),
            Self::Symbols(symbols) => format!("a list of {}", symbols.join(", ")),
        }
    }

    /// Appends the value of a JSON text; on an error `out` may hold a part.
    ///
    /// # Errors
    /// What is expected instead.
    pub(super) fn write(&self, json: &str, out: &mut Vec<u8>) -> Result<(), String> {
        self.try_write(json, out).ok_or_else(|| self.expected())
    }

    fn try_write(&self, json: &str, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Text => write_block(text(json)?.as_bytes(), out),
            Self::Integer => {
                write_long(i64::from(i32::try_from(fixed_point(json, INTEGER_DIGITS, 0)?).ok()?), out);
            }
            Self::Date => write_long(i64::from(day(&text(json)?)?), out),
            Self::Instant => write_long(instant(&text(json)?)?, out),
            Self::Decimal { precision, scale } => write_decimal(decimal(json, *precision, *scale)?, out),
            Self::Flag => out.push(u8::from(json.parse::<bool>().ok()?)),
            Self::Symbol(symbols) => write_long(index(symbols, json)?, out),
            Self::Symbols(symbols) => {
                let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
                let indices = items.iter().map(|item| index(symbols, item.get())).collect::<Option<Vec<_>>>()?;
                if !indices.is_empty() {
                    write_long(i64::try_from(indices.len()).ok()?, out);
                    for index in indices {
                        write_long(index, out);
                    }
                }
                write_long(0, out);
            }
        }
        Some(())
    }

    /// Appends a value that stands for none where the field must hold one. An
    /// instant is later than any, so that no date seems to lie after it.
    pub(super) fn write_nothing(&self, out: &mut Vec<u8>) {
        match self {
            Self::Instant => write_long(i64::MAX, out),
            // The first symbol, an empty text or list, false, zero.
            Self::Text
            | Self::Integer
            | Self::Date
            | Self::Decimal { .. }
            | Self::Flag
            | Self::Symbol(_)
            | Self::Symbols(_) => out.push(0),
        }
    }
}

/// The text of a JSON string; `None` for any other value.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let within = json.strip_prefix('"')?.strip_suffix('"')?;
    if within.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(within)) }
}

fn index(symbols: &[String], json: &str) -> Option<i64> {
    let symbol = text(json)?;
    i64::try_from(symbols.iter().position(|known| *known == symbol)?).ok()
}

/// The day, in days since 1970.
fn day(text: &str) -> Option<i32> {
    let shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten().map(|day| day.to_epoch_days())
}

/// The instant, in UTC microseconds since 1970.
fn instant(text: &str) -> Option<i64> {
    let shaped = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    shaped.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten().map(|instant| instant.timestamp_micros())
}

/// A number, or a text of its plain digits.
fn decimal(json: &str, precision: u32, scale: u32) -> Option<i128> {
    let Some(text) = text(json) else { return fixed_point(json, precision, scale) };
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let fits = |part: &str, digits: u32| u32::try_from(part.len()).is_ok_and(|length| (1..=digits).contains(&length));
    let plain = fits(whole, precision - scale) && fits(fraction, scale) && !text.contains(['e', 'E']);
    plain.then(|| fixed_point(&text, precision, scale)).flatten()
}

/// Appends a zigzag number of variable length.
pub(super) fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low & 0x7F);
            return;
        }
        out.push(low | 0x80);
    }
}

fn write_block(bytes: &[u8], out: &mut Vec<u8>) {
    write_long(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(bytes);
}

/// As few bytes as hold the number, the greatest first.
fn write_decimal(value: i128, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    let sign: u8 = if value < 0 { 0xFF } else { 0 };
    let needless = |pair: &[u8]| pair[0] == sign && (pair[1] ^ sign) & 0x80 == 0;
    let skipped = bytes.windows(2).take_while(|pair| needless(pair)).count();
    write_block(&bytes[skipped..], out);
}
