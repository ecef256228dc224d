//! The quarters a region is generated over.

use crate::dates::day_number;

pub(super) const QUARTERS: usize = 8;

/// A calendar quarter; days count from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quarter {
    pub(super) label: &'static str,
    pub(super) first_day: i32,
    pub(super) last_day: i32,
    /// Jobs in parts of 1,000 of the last quarter's: growth over 2019, a dip
    /// in the spring of 2020 and half a recovery after it.
    pub(super) jobs_per_mille: i64,
    /// The same for volunteers, whose places closed.
    pub(super) volunteers_per_mille: i64,
}

const fn quarter(label: &'static str, year: i32, number: i32, jobs: i64, volunteers: i64) -> Quarter {
    let month = number * 3 - 2;
    let (next_year, next_month) = if number == 4 { (year + 1, 1) } else { (year, month + 3) };
    Quarter {
        label,
        first_day: day_number(year, month, 1),
        last_day: day_number(next_year, next_month, 1) - 1,
        jobs_per_mille: jobs,
        volunteers_per_mille: volunteers,
    }
}

pub(super) const ALL: [Quarter; QUARTERS] = [
    quarter("2019-Q1", 2019, 1, 1002, 1250),
    quarter("2019-Q2", 2019, 2, 1010, 1270),
    quarter("2019-Q3", 2019, 3, 1018, 1290),
    quarter("2019-Q4", 2019, 4, 1026, 1300),
    quarter("2020-Q1", 2020, 1, 1024, 1240),
    quarter("2020-Q2", 2020, 2, 948, 620),
    quarter("2020-Q3", 2020, 3, 972, 850),
    quarter("2020-Q4", 2020, 4, 1000, 1000),
];

/// Last day there are events of: 2020-12-31.
pub(super) const LAST_DAY: i32 = ALL[QUARTERS - 1].last_day;

/// Position of the quarter that holds `day`; the last for days after it.
pub(super) fn position_of(day: i32) -> usize {
    ALL.iter().position(|quarter| day <= quarter.last_day).unwrap_or(QUARTERS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the quarters follow each other without a gap and are the
    /// calendar's.
    #[test]
    fn quarters_are_the_calendars() {
        assert_eq!(ALL[0].first_day, day_number(2019, 1, 1));
        assert_eq!(LAST_DAY, day_number(2020, 12, 31));
        for pair in ALL.windows(2) {
            assert_eq!(pair[0].last_day + 1, pair[1].first_day);
        }
        assert_eq!(position_of(day_number(2020, 2, 29)), 4);
    }
}
