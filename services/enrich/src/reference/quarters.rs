//! Calendar quarters of days.

use crate::UNKNOWN;
use arrow::array::{ArrayRef, StringArray};
use std::sync::Arc;

const FIRST_YEAR: i32 = 1900;
const LAST_YEAR: i32 = 2100;
/// Quarters of the years 1900 to 2100, after the value for unknown.
const COUNT: i32 = (LAST_YEAR - FIRST_YEAR + 1) * 4;

/// `unknown`, then `1900-Q1` to `2100-Q4`.
pub(crate) fn values() -> ArrayRef {
    let quarters = (FIRST_YEAR..=LAST_YEAR).flat_map(|year| (1..=4).map(move |quarter| format!("{year}-Q{quarter}")));
    let values: StringArray = std::iter::once(UNKNOWN.to_owned()).chain(quarters).map(Some).collect();
    Arc::new(values)
}

/// Place in [`values`] of the quarter of a day (days since 1970-01-01); 0, for
/// unknown, outside the years 1900 to 2100, which validation does not let pass.
#[inline]
pub(crate) const fn key(days: i32) -> i32 {
    // From days to year and month by eras of 400 years that begin on 1 March
    // (Hinnant, chrono-compatible low-level date algorithms).
    let shifted = days as i64 + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let (month, after) = if month_from_march < 10 { (month_from_march + 3, 0) } else { (month_from_march - 9, 1) };
    let year = era * 400 + year_of_era + after;
    let key = (year - FIRST_YEAR as i64) * 4 + (month - 1) / 3 + 1;
    if key < 1 || key > COUNT as i64 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most COUNT")]
    {
        key as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use chrono::{Datelike, Days, NaiveDate};

    /// Proves each day from 1899 to 2101 against the calendar library.
    #[test]
    fn agrees_with_the_calendar() {
        let values = values();
        let values = values.as_string::<i32>();
        let mut date = NaiveDate::from_ymd_opt(1899, 1, 1).unwrap();
        while date.year() <= 2101 {
            let days = i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).unwrap();
            let expected = if (FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
                format!("{}-Q{}", date.year(), date.month0() / 3 + 1)
            } else {
                UNKNOWN.to_owned()
            };
            assert_eq!(values.value(usize::try_from(key(days)).unwrap()), expected, "{date}");
            date = date.checked_add_days(Days::new(1)).unwrap();
        }
        assert_eq!(key(i32::MIN), 0);
        assert_eq!(key(i32::MAX), 0);
    }
}
