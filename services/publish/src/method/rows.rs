//! Reading a CSV file of the book: by column name, with the row in the error.

use crate::error::MethodError;
use rust_decimal::Decimal;
use std::str::FromStr as _;

/// One row of a CSV file.
pub(super) struct Row<'a> {
    file: &'a str,
    /// Line in the file, from 1; the header is line 1.
    pub(super) line: u64,
    columns: &'a [&'static str],
    record: csv::StringRecord,
}

impl Row<'_> {
    /// Text of a column, empty where nothing is given.
    pub(super) fn get(&self, column: &str) -> &str {
        let index = self.columns.iter().position(|name| *name == column);
        index.and_then(|index| self.record.get(index)).unwrap_or_default().trim()
    }

    pub(super) fn required(&self, column: &str) -> Result<&str, MethodError> {
        match self.get(column) {
            "" => Err(self.fault(format!("{column} is empty"))),
            text => Ok(text),
        }
    }

    /// A decimal of at most eight decimals.
    pub(super) fn decimal(&self, column: &str) -> Result<Decimal, MethodError> {
        let text = self.required(column)?;
        let value =
            Decimal::from_str(text).map_err(|_| self.fault(format!("{column} {text:?} is not a decimal number")))?;
        if value.normalize().scale() > 8 {
            return Err(self.fault(format!("{column} {text} has more than eight decimals")));
        }
        Ok(value)
    }

    pub(super) fn year(&self, column: &str) -> Result<i32, MethodError> {
        let text = self.required(column)?;
        let year = text.parse().ok().filter(|year| (1900..=2200).contains(year));
        year.ok_or_else(|| self.fault(format!("{column} {text:?} is not a year")))
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> MethodError {
        MethodError::row(self.file, self.line, reason)
    }
}

/// Reads a CSV file whose header is exactly `columns`. A row at fault is left
/// out and its fault noted, so that one reading tells all of them.
pub(super) fn read<T>(
    file: &str,
    text: &str,
    columns: &[&'static str],
    faults: &mut Vec<MethodError>,
    mut take: impl FnMut(&Row<'_>) -> Result<T, MethodError>,
) -> Vec<T> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    match reader.headers() {
        Ok(header) if header.iter().eq(columns.iter().copied()) => {}
        Ok(_) => {
            faults.push(MethodError::row(file, 1, format!("the columns must be {}", columns.join(","))));
            return Vec::new();
        }
        Err(error) => {
            faults.push(MethodError::file(file, error.to_string()));
            return Vec::new();
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let taken = match record {
            Ok(record) => {
                let line = record.position().map_or(1, csv::Position::line);
                take(&Row { file, line, columns, record })
            }
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                Err(MethodError::row(file, line, error.to_string()))
            }
        };
        match taken {
            Ok(row) => rows.push(row),
            Err(fault) => faults.push(fault),
        }
    }
    rows
}
