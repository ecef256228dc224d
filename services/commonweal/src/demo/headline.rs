//! The published headline as a table in the terminal, beside what the region
//! has claimed.

use crate::AppError;
use crate::settings::Loaded;
use arrow::array::{Array, AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::Decimal128Type;
use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

const COLUMNS: usize = 7;

/// Prints the figures of the newest period and of all time, for all places.
pub(super) fn print(loaded: &Loaded, label: &str) -> Result<(), AppError> {
    let path = loaded.config.published_dir().join("headline.parquet");
    let claims = loaded.publish_options()?.method;
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["figure", "period", "unit", "low", "central", "high", "published claim"]);
    for batch in read(&path)? {
        for row in rows(&batch)? {
            let claim = claims.claims().iter().find(|claim| claim.headline.as_deref() == Some(row.headline.as_str()));
            let claim = claim.map_or_else(String::new, |claim| format!("{} ({})", claim.text, claim.source));
            table.add_row([row.label, row.period, row.unit, row.low, row.central, row.high, claim]);
        }
    }
    for at in 3..COLUMNS - 1 {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("\nheadline, {label} data (bundles and stages are never added to each other)\n{table}");
    for claim in claims.claims().iter().filter(|claim| claim.headline.is_none()) {
        println!("published, not computed here: {} ({}, {})", claim.text, claim.source, claim.date);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<RecordBatch>, AppError> {
    let file = File::open(path).map_err(AppError::file("open", path))?;
    let broken = |error: parquet::errors::ParquetError| {
        AppError::file("read", path)(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build()).map_err(broken)?;
    reader.map(|batch| batch.map_err(|error| broken(error.into()))).collect()
}

struct Row {
    headline: String,
    label: String,
    period: String,
    unit: String,
    low: String,
    central: String,
    high: String,
}

/// The newest year or level and the total of each figure, over all programmes
/// and places.
fn rows(batch: &RecordBatch) -> Result<Vec<Row>, AppError> {
    let text = |name: &str, row: usize| -> Result<String, AppError> {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        column.map(|column| column.value(row).to_owned()).ok_or_else(|| missing(name))
    };
    let number = |name: &str| -> Result<&Decimal128Array, AppError> {
        let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Decimal128Type>());
        column.ok_or_else(|| missing(name))
    };
    let (low, central, high) = (number("value_low")?, number("value_central")?, number("value_high")?);
    let mut rows = Vec::new();
    for row in 0..batch.num_rows() {
        let period = text("period", row)?;
        let is_level_or_total = period == "total" || period.contains('Q');
        let is_value = batch.column_by_name("bundle").is_some_and(|bundle| bundle.is_valid(row));
        if text("area", row)? != "all" || text("programme", row)? != "all" || !(is_level_or_total || is_value) {
            continue;
        }
        rows.push(Row {
            headline: text("headline", row)?,
            label: text("label", row)?,
            period,
            unit: text("unit", row)?,
            low: grouped(low, row),
            central: grouped(central, row),
            high: grouped(high, row),
        });
    }
    Ok(rows)
}

fn missing(column: &str) -> AppError {
    AppError::Check(format!("the published headline has no column {column}"))
}

/// A figure rounded to whole units, thousands set apart.
fn grouped(column: &Decimal128Array, row: usize) -> String {
    if column.is_null(row) {
        return "-".to_owned();
    }
    let scale = 10_i128.pow(u32::try_from(column.scale()).unwrap_or(0));
    let value = column.value(row);
    let whole = (value.abs() + scale / 2) / scale;
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
