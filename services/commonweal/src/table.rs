//! Tables for people.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use std::ops::Range;

/// A table without rows.
pub(crate) fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header.to_vec());
    table
}

/// Puts the numbers of some columns under one another.
pub(crate) fn align_numbers(table: &mut Table, columns: Range<usize>) {
    for column in table.column_iter_mut().skip(columns.start).take(columns.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// A text that may come from anybody, in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The same in at most `length_max` characters.
pub(crate) fn short(text: &str, length_max: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= length_max {
        return line;
    }
    let kept: String = line.chars().take(length_max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Ten-thousandths as a decimal number.
pub(crate) fn decimal(quantity: i128) -> String {
    let sign = if quantity < 0 { "-" } else { "" };
    let magnitude = quantity.unsigned_abs();
    format!("{sign}{}.{:04}", magnitude / 10_000, magnitude % 10_000)
}
