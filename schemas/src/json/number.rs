//! Numbers from their digits; never by way of a float.

/// `text` in units of 10^-scale, where it states a number exactly within
/// `precision` digits: digits with an optional sign, point and exponent, as
/// JSON writes them.
pub(super) fn fixed_point(text: &str, precision: u32, scale: u32) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(whole) && digits(fraction)) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // Beyond 32 bits, and no exponent of such a number stays within the digits.
    let exponent = exponent.map_or(Some(0), |exponent| exponent.parse::<i32>().ok())?;
    let trailing = all.len() - all.trim_end_matches('0').len();
    let shift =
        i64::from(exponent) + i64::try_from(trailing).ok()? - i64::try_from(fraction.len()).ok()? + i64::from(scale);
    let shift = u32::try_from(shift).ok()?;
    let length = u32::try_from(significant.len()).ok()?.checked_add(shift)?;
    if length > precision {
        return None;
    }
    let value = significant.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(shift)?)?;
    Some(if mantissa.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Proves that a number reads exactly however it is written, and that none
    /// is rounded to fit.
    #[test]
    fn numbers_are_exact_or_refused() {
        let cases = [
            ("0", Some(0)),
            ("-0.0e999999999999", Some(0)),
            ("12.5", Some(125_000)),
            ("-0.0001", Some(-1)),
            ("1.50000000", Some(15_000)),
            ("1e2", Some(1_000_000)),
            ("1.5E+1", Some(150_000)),
            ("25e-2", Some(2_500)),
            ("99999999999999.9999", Some(999_999_999_999_999_999)),
            ("100000000000000", None),
            ("0.00001", None),
            ("1e-5", None),
            ("1e99999999999", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("1.", None),
            ("1e", None),
            ("+1", None),
            ("0x1", None),
            ("1,000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(fixed_point(text, 18, 4), expected, "{text}");
        }
        assert_eq!(fixed_point("3.0", 10, 0), Some(3));
        assert_eq!(fixed_point("3.1", 10, 0), None);
    }

    proptest! {
        /// Proves that each amount of the contract's range survives being
        /// written, and that no text makes the reader panic.
        #[test]
        fn amounts_survive_text(parts in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, any in "[-+0-9.eE]{0,40}") {
            let sign = if parts < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:04}", parts.unsigned_abs() / 10_000, parts.unsigned_abs() % 10_000);
            prop_assert_eq!(fixed_point(&text, 18, 4), Some(i128::from(parts)));
            let _survived = fixed_point(&any, 18, 4);
        }
    }
}
