//! The published headline as a table in the terminal, beside what the region
//! has claimed.

use crate::AppError;
use crate::settings::Loaded;
use arrow::array::{Array, AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type};
use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use commonweal_ingest::canonical_programme;
use commonweal_producers::generator::{CARES_PROGRAMME, FUND_PROGRAMME};
use commonweal_publish::{CONFIDENTIAL, Claim};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

const COLUMNS: usize = 7;
/// Area and programme of figures over everything.
const ALL: &str = "all";
/// Claims about one fund, and the synthetic programme made in its likeness.
const LIKENESSES: [(&str, &str); 2] = [("kindred", FUND_PROGRAMME), ("lcr-cares", CARES_PROGRAMME)];

/// Prints the figures of the newest period and of all time, for all places.
pub(super) fn print(loaded: &Loaded, label: &str) -> Result<(), AppError> {
    let path = loaded.config.published_dir().join("headline.parquet");
    let claims = loaded.publish_options()?.method;
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["figure", "period", "unit", "low", "central", "high", "published claim"]);
    let mut found = Vec::new();
    for batch in read(&path)? {
        found.extend(rows(&batch)?);
    }
    found.sort_by_key(|row| row.display_order);
    let mut beside = BTreeSet::new();
    for row in found {
        let claim = claims.claims().iter().find(|claim| row.answers(claim));
        beside.extend(claim.map(|claim| claim.id.as_str()));
        let claim = claim.map_or_else(String::new, |claim| format!("{} ({})", claim.text, claim.source));
        table.add_row([row.label, row.period, row.unit, row.low, row.central, row.high, claim]);
    }
    for at in 3..COLUMNS - 1 {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("\nheadline, {label} data (bundles and stages are never added to each other)\n{table}");
    println!("figures about work are rounded; {CONFIDENTIAL}: confidential, kept back (docs/disclosure.md)");
    for claim in claims.claims().iter().filter(|claim| !beside.contains(claim.id.as_str())) {
        println!("published, with nothing computed beside it: {} ({}, {})", claim.text, claim.source, claim.date);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<RecordBatch>, AppError> {
    let file = File::open(path).map_err(AppError::file("open", path))?;
    let broken = |error: parquet::errors::ParquetError| {
        AppError::file("read", path)(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let reader = builder.build().map_err(broken)?;
    reader.map(|batch| batch.map_err(|error| broken(error.into()))).collect()
}

struct Row {
    display_order: i32,
    headline: String,
    programme: String,
    label: String,
    period: String,
    unit: String,
    low: String,
    central: String,
    high: String,
}

impl Row {
    /// Whether a claim speaks of this figure: of the same unit, and where the
    /// claim is about one fund, of the synthetic fund made in its likeness.
    fn answers(&self, claim: &Claim) -> bool {
        let programme =
            LIKENESSES.iter().find(|(id, _)| *id == claim.id).and_then(|(_, name)| canonical_programme(name));
        claim.headline.as_deref() == Some(self.headline.as_str())
            && claim.unit == self.unit
            && programme.as_deref().unwrap_or(ALL) == self.programme
    }
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
    let display_order = batch
        .column_by_name("display_order")
        .and_then(|column| column.as_primitive_opt::<Int32Type>())
        .ok_or_else(|| missing("display_order"))?;
    let marks = batch.column_by_name("disclosure").and_then(|column| column.as_string_opt::<i32>());
    let shown = |column: &Decimal128Array, row: usize| match marks {
        Some(marks) if marks.is_valid(row) && marks.value(row) == CONFIDENTIAL => CONFIDENTIAL.to_owned(),
        _ => grouped(column, row),
    };
    let mut rows = Vec::new();
    for row in 0..batch.num_rows() {
        let period = text("period", row)?;
        let is_level_or_total = period == "total" || period.contains('Q');
        let is_value = batch.column_by_name("bundle").is_some_and(|bundle| bundle.is_valid(row));
        let programme = text("programme", row)?;
        let is_shown = programme == ALL
            || LIKENESSES.iter().any(|(_, name)| canonical_programme(name).as_deref() == Some(programme.as_str()));
        if text("area", row)? != ALL || !is_shown || !(is_level_or_total || is_value) {
            continue;
        }
        let label = text("label", row)?;
        rows.push(Row {
            display_order: display_order.value(row),
            headline: text("headline", row)?,
            label: if programme == ALL { label } else { format!("{label} ({programme})") },
            programme,
            period,
            unit: text("unit", row)?,
            low: shown(low, row),
            central: shown(central, row),
            high: shown(high, row),
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
