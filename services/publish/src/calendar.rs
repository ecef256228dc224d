//! Quarters as a table: from the first to the last one with an entry in force.

use crate::PublishError;
use arrow::array::{Array as _, Date32Array, Int32Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use chrono::{Datelike as _, NaiveDate};
use std::sync::Arc;

/// A calendar quarter, counted since the first of year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quarter(i32);

impl Quarter {
    fn parse(text: &str) -> Result<Self, PublishError> {
        let parse = || {
            let (year, quarter) = text.split_once("-Q")?;
            let (year, quarter): (i32, i32) = (year.parse().ok()?, quarter.parse().ok()?);
            ((1..=4).contains(&quarter) && (1000..=9999).contains(&year)).then_some(Self(year * 4 + quarter - 1))
        };
        parse().ok_or_else(|| PublishError::Quarter(text.to_owned()))
    }

    /// The quarter of a day, in days since 1970.
    pub(crate) fn of_day(day: i32) -> Self {
        let date = NaiveDate::from_epoch_days(day).unwrap_or_default();
        Self(date.year() * 4 + date.month0().cast_signed() / 3)
    }

    /// Quarters from an earlier one to this.
    pub(crate) const fn since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    const fn year(self) -> i32 {
        self.0.div_euclid(4)
    }

    const fn of_year(self) -> i32 {
        self.0.rem_euclid(4) + 1
    }

    fn name(self) -> String {
        format!("{:04}-Q{}", self.year(), self.of_year())
    }

    /// Last day, as days since 1970.
    pub(crate) fn last_day(self) -> i32 {
        Self(self.0 + 1).first_day() - 1
    }

    /// First day, as days since 1970.
    fn first_day(self) -> i32 {
        let month = self.0.rem_euclid(4).unsigned_abs() * 3 + 1;
        NaiveDate::from_ymd_opt(self.year(), month, 1).map_or(0, |day| day.to_epoch_days())
    }
}

/// Table `calendar` over the quarters in `live`, which hold one text column.
pub(crate) fn calendar(live: &[RecordBatch]) -> Result<RecordBatch, PublishError> {
    let mut span: Option<(Quarter, Quarter)> = None;
    for batch in live {
        let column = cast(batch.column(0), &DataType::Utf8).map_err(PublishError::arrow("the calendar"))?;
        let Some(names) = column.as_any().downcast_ref::<StringArray>() else { continue };
        for name in names {
            let quarter = Quarter::parse(name.unwrap_or_default())?;
            let (first, last) = span.unwrap_or((quarter, quarter));
            span = Some((first.min(quarter), last.max(quarter)));
        }
    }
    let quarters: Vec<Quarter> =
        span.map(|(first, last)| (first.0..=last.0).map(Quarter).collect()).unwrap_or_default();
    let schema = Schema::new(vec![
        Field::new("quarter", DataType::Utf8, false),
        Field::new("year", DataType::Int32, false),
        Field::new("quarter_of_year", DataType::Int32, false),
        Field::new("ordinal", DataType::Int32, false),
        Field::new("first_day", DataType::Date32, false),
        Field::new("last_day", DataType::Date32, false),
    ]);
    let numbers = |of: fn(Quarter) -> i32| quarters.iter().map(|quarter| of(*quarter)).collect::<Int32Array>();
    let days = |of: fn(Quarter) -> i32| quarters.iter().map(|quarter| of(*quarter)).collect::<Vec<i32>>();
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(StringArray::from_iter_values(quarters.iter().map(|quarter| quarter.name()))),
            Arc::new(numbers(Quarter::year)),
            Arc::new(numbers(Quarter::of_year)),
            Arc::new(numbers(|quarter| quarter.0)),
            Arc::new(Date32Array::from(days(Quarter::first_day))),
            Arc::new(Date32Array::from(days(Quarter::last_day))),
        ],
    )
    .map_err(PublishError::arrow("the calendar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that gaps are filled over a turn of the year, that days are
    /// right in a leap year, and that what is no quarter is refused.
    #[test]
    fn quarters_run_without_a_gap() {
        let schema = Arc::new(Schema::new(vec![Field::new("quarter", DataType::Utf8, true)]));
        let names = |names: Vec<&str>| {
            RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(names))]).unwrap()
        };
        let got = calendar(&[names(vec!["2020-Q1"]), names(vec!["2019-Q3"])]).unwrap();
        let quarter = got.column(0).as_any().downcast_ref::<StringArray>().unwrap();
        assert_eq!(quarter.iter().flatten().collect::<Vec<_>>(), ["2019-Q3", "2019-Q4", "2020-Q1"]);
        let last = got.column(5).as_any().downcast_ref::<Date32Array>().unwrap();
        let day = NaiveDate::from_ymd_opt(2020, 3, 31).unwrap().to_epoch_days();
        assert_eq!(last.value(2), day);
        assert_eq!(calendar(&[]).unwrap().num_rows(), 0);
        for wrong in ["unknown", "2020-Q5", "20-Q1", "2020Q1"] {
            assert!(calendar(&[names(vec![wrong])]).is_err(), "{wrong}");
        }
    }
}
