//! Decimals from the digits as published; never by way of a float.

use rust_decimal::Decimal;

/// Decimals the contracts keep.
const SCALE_MAX: u32 = 4;
/// Above 14 digits before the point a number leaves `decimal(18, 4)`.
const LIMIT: i64 = 100_000_000_000_000;

/// The number `text` states exactly: plain digits with an optional sign,
/// point and exponent. `None` where it is anything else (a date, words,
/// a currency sign, a thousands separator), has more than four decimals, or is
/// too large for the contracts.
pub(crate) fn exact_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(whole) && digits(fraction)) || whole.is_empty() || unsigned.ends_with('.') {
        return None;
    }
    let places = i32::try_from(fraction.trim_end_matches('0').len()).ok()?.checked_sub(exponent)?;
    let significant = whole.trim_start_matches('0').len() + fraction.len();
    if significant > 28 || !(-20..=28).contains(&places) {
        return None;
    }
    let value =
        if exponent == 0 { Decimal::from_str_exact(mantissa).ok()? } else { Decimal::from_scientific(text).ok()? };
    let value = value.normalize();
    (value.scale() <= SCALE_MAX && value.abs() < Decimal::from(LIMIT)).then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    /// Proves that what is a plain number reads exactly, however it is
    /// written.
    #[test]
    fn numbers_read_exactly() {
        let cases = [
            ("0", 0, 0),
            ("-0.0", 0, 0),
            ("15000.0", 15_000, 0),
            (" 3239.34 ", 323_934, 2),
            ("0.0001", 1, 4),
            ("1.00000000", 1, 0),
            ("+12", 12, 0),
            ("-7.5", -75, 1),
            ("1e4", 10_000, 0),
            ("1.5E+3", 1500, 0),
            ("25e-2", 25, 2),
            ("00012", 12, 0),
            ("99999999999999.9999", 999_999_999_999_999_999, 4),
        ];
        for (text, mantissa, scale) in cases {
            assert_eq!(exact_decimal(text), Some(Decimal::new(mantissa, scale)), "{text}");
        }
    }

    /// Proves that nothing else is taken for a number, nor rounded to one.
    #[test]
    fn what_is_no_number_is_refused() {
        let cases = [
            "",
            " ",
            ".",
            "1.",
            ".5",
            "-",
            "£15",
            "15,000",
            "2020-05-01",
            "01/05/2020",
            "1 000",
            "ten",
            "1e",
            "1e400",
            "1e-400",
            "0.00001",
            "1.23456",
            "100000000000000",
            "1e14",
            "NaN",
            "Infinity",
            "0x10",
            "1_000",
            "12-15",
            "--1",
            "1.2.3",
            "123456789012345678901234567890",
        ];
        for text in cases {
            assert_eq!(exact_decimal(text), None, "{text}");
        }
    }

    proptest! {
        /// Proves that any amount of money in the contract's range survives
        /// being written as text.
        #[test]
        fn amounts_survive_text(mantissa in -999_999_999_999_999_999_i64..=999_999_999_999_999_999) {
            let value = Decimal::new(mantissa, 4);
            prop_assert_eq!(exact_decimal(&value.to_string()).unwrap(), value);
        }

        /// Proves that no text makes the reader panic.
        #[test]
        fn any_text_is_survived(text in "\\PC*", number in "[-+0-9.eE]{0,40}") {
            let _read = (exact_decimal(&text), exact_decimal(&number));
        }
    }
}
