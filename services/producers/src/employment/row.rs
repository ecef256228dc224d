//! A row of an employment CSV into an event.

use super::columns::{Column, Columns};
use super::{EmploymentOptions, SOURCE};
use crate::contract;
use crate::dates::{self, MICROS_PER_DAY};
use crate::numbers::exact_decimal;
use commonweal_schemas::Measure;
use commonweal_schemas::records::{Action, EmploymentEvent, JobBasis, PriorStatus};
use csv::ByteRecord;

/// Recorded at where a row says nothing of when: 2000-01-01.
const UNDATED: i32 = dates::day_number(2000, 1, 1);
/// Characters kept of what could not be read.
const UNREADABLE_CHARS_MAX: usize = 200;

/// One row being read, with the first field of it that could not be.
struct Row<'a> {
    columns: &'a Columns,
    record: &'a ByteRecord,
    unreadable: Option<(&'static str, String)>,
}

impl Row<'_> {
    /// Text of a cell, trimmed; `None` where it is blank.
    fn text(&mut self, column: Column) -> Option<String> {
        let bytes = self.columns.cell(self.record, column)?;
        let text = String::from_utf8_lossy(bytes);
        if std::str::from_utf8(bytes).is_err() {
            self.refuse(column.name(), &text);
        }
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// What `reader` makes of a cell; noted where it makes nothing of it.
    fn read<T>(&mut self, column: Column, reader: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(column)?;
        let value = reader(&text);
        if value.is_none() {
            self.refuse(column.name(), &text);
        }
        value
    }

    fn refuse(&mut self, field: &'static str, text: &str) {
        if self.unreadable.is_none() {
            self.unreadable = Some((field, text.chars().take(UNREADABLE_CHARS_MAX).collect()));
        }
    }
}

/// Event of one row.
pub(super) fn event(columns: &Columns, record: &ByteRecord, options: &EmploymentOptions) -> EmploymentEvent {
    let mut row = Row { columns, record, unreadable: None };
    if record.len() != columns.width {
        let cells = format!("{} cells under a header of {}", record.len(), columns.width);
        row.refuse("row", &cells);
    }
    let measure = row.text(Column::Measure).and_then(|text| Measure::from_code(&code(&text)));
    // A unit or measure that nobody knows has a reason of its own, so it stays unspecified.
    let unit = match row.text(Column::Unit) {
        Some(text) => contract::unit(&code(&text)),
        None => measure.map(contract::unit_of),
    }
    .unwrap_or_default();
    let quantity = row.read(Column::Quantity, exact_decimal);
    let as_of = row.read(Column::AsOf, dates::read_day);
    let period_start = row.read(Column::PeriodStart, dates::read_day);
    let period_end = row.read(Column::PeriodEnd, dates::read_day);
    let recorded_at = row
        .read(Column::RecordedAt, dates::read_instant)
        .map(|instant| instant.micros.max(i64::from(instant.written_day) * MICROS_PER_DAY));
    let last_day = as_of.or(period_end).unwrap_or(UNDATED);
    let mut event = EmploymentEvent {
        source: row.text(Column::Source).or_else(|| options.source.clone()).unwrap_or_else(|| SOURCE.to_owned()),
        event_id: row.text(Column::EventId).unwrap_or_default(),
        revision: row.read(Column::Revision, |text| text.parse().ok()).unwrap_or(0),
        action: row.read(Column::Action, action).unwrap_or_default(),
        recorded_at: recorded_at.unwrap_or(i64::from(last_day) * MICROS_PER_DAY),
        measure: measure.map(contract::symbol).unwrap_or_default(),
        quantity,
        unit,
        as_of,
        period_start,
        period_end,
        job_basis: row.read(Column::JobBasis, job_basis).unwrap_or_default(),
        prior_status: row.read(Column::PriorStatus, prior_status).unwrap_or_default(),
        programme: options.programme.clone().or(row.text(Column::Programme)),
        funder_id: row.text(Column::FunderId),
        funder_name: row.text(Column::FunderName),
        award_id: row.text(Column::AwardId),
        employer_id: row.text(Column::EmployerId),
        employer_name: row.text(Column::EmployerName),
        postcode: row.text(Column::Postcode),
        place_code: row.text(Column::PlaceCode),
        source_document: record.position().map(|position| format!("{}#{}", options.file, position.line())),
        ..EmploymentEvent::default()
    };
    if let Some((field, text)) = row.unreadable {
        event.unreadable_field = Some(field.to_owned());
        event.unreadable_text = Some(text);
    }
    event
}

/// A code as the contract writes it: `volunteer hours` is `VOLUNTEER_HOURS`.
fn code(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '-' || c == '_')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
        .to_uppercase()
}

fn action(text: &str) -> Option<Action> {
    match code(text).as_str() {
        "RECORD" => Some(Action::Record),
        "CANCEL" => Some(Action::Cancel),
        _ => None,
    }
}

fn job_basis(text: &str) -> Option<Vec<JobBasis>> {
    text.split(';')
        .filter(|part| !part.trim().is_empty())
        .map(|part| match code(part).as_str() {
            "CREATED" => Some(JobBasis::Created),
            "SAFEGUARDED" => Some(JobBasis::Safeguarded),
            "SUPPORTED" => Some(JobBasis::Supported),
            _ => None,
        })
        .collect()
}

fn prior_status(text: &str) -> Option<PriorStatus> {
    match code(text).as_str() {
        "UNEMPLOYED" => Some(PriorStatus::Unemployed),
        "INACTIVE" => Some(PriorStatus::Inactive),
        "EDUCATION" => Some(PriorStatus::Education),
        "EMPLOYED" => Some(PriorStatus::Employed),
        _ => None,
    }
}
