//! Employment measures from a CSV file with a header row.
//!
//! One row is one event. Columns are found by name, in any order, whatever
//! their case; others are ignored. Rows become messages even where a cell
//! cannot be read: the event then names the field and is refused by name.
//!
//! | column | needed | what it holds |
//! | --- | --- | --- |
//! | `event_id` | yes | identifier of the event, stable over corrections |
//! | `measure` | yes | `HEADCOUNT`, `FTE`, `VOLUNTEERS`, `APPRENTICESHIPS_IN_LEARNING`, `HIRES`, `LEAVERS`, `VOLUNTEER_HOURS`, `TRAINING_HOURS`, `APPRENTICESHIP_STARTS` or `APPRENTICESHIP_ACHIEVEMENTS` |
//! | `quantity` | yes | a plain number with at most four decimals |
//! | `employer_id`, `employer_name` | one of them | org-id and name of the employer |
//! | `as_of` | for stocks | reference date: 2020-03-31 or 31/03/2020 |
//! | `period_start`, `period_end` | for flows | first and last day |
//! | `unit` | no | PERSONS, FTE or HOURS; else the one the measure is counted in |
//! | `job_basis` | no | CREATED, SAFEGUARDED or SUPPORTED; several stand apart by `;` and are refused |
//! | `prior_status` | no | UNEMPLOYED, INACTIVE, EDUCATION or EMPLOYED |
//! | `programme`, `funder_id`, `funder_name`, `award_id` | no | what the posts are attributed to |
//! | `postcode`, `place_code` | no | the workplace |
//! | `source` | no | who speaks; else the options' |
//! | `revision` | no | 0, 1, ... for corrections; else 0 |
//! | `action` | no | RECORD or CANCEL; else RECORD |
//! | `recorded_at` | no | when this was recorded; else the event's own last day, at its first moment |
//!
//! Lineage is the file's name and the line the row starts on.

mod columns;
mod row;

use crate::{Codecs, Message, ProducerError, input};
use columns::Columns;
use std::fmt;
use std::io::{BufRead, Read};
use std::sync::Arc;

/// The `source` of events whose file does not name one.
pub const SOURCE: &str = "urn:commonweal:employment-csv";

/// How to import a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmploymentOptions {
    /// Name of the file, for errors and for `source_document`.
    pub file: String,
    /// `source` of rows that do not name one; [`SOURCE`] where this is `None`.
    /// Files whose event ids may coincide need different sources.
    pub source: Option<String>,
    /// Programme of every event, whatever the file says.
    pub programme: Option<String>,
}

/// Messages of one CSV file. After an error there are no more.
pub struct EmploymentImport {
    rows: csv::Reader<Box<dyn BufRead + Send>>,
    record: csv::ByteRecord,
    columns: Columns,
    options: EmploymentOptions,
    codecs: Arc<Codecs>,
    failed: bool,
}

impl fmt::Debug for EmploymentImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmploymentImport").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Reads a CSV of employment measures, plain or gzipped, row by row.
///
/// # Errors
/// [`ProducerError::Read`] or [`ProducerError::Csv`] where the header cannot be
/// read, [`ProducerError::Header`] where a needed column is missing.
pub fn import_employment<R: Read + Send + 'static>(
    reader: R,
    options: EmploymentOptions,
    codecs: Arc<Codecs>,
) -> Result<EmploymentImport, ProducerError> {
    let input = input::unpacked(reader).map_err(|error| ProducerError::Read { file: options.file.clone(), error })?;
    // Rows of another length are no reason to stop: they are refused by name.
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header = rows.byte_headers().map_err(|error| unreadable(&options.file, error))?;
    let columns = Columns::find(header, &options.file)?;
    Ok(EmploymentImport { rows, record: csv::ByteRecord::new(), columns, options, codecs, failed: false })
}

impl EmploymentImport {
    fn advance(&mut self) -> Result<Option<Message>, ProducerError> {
        let more =
            self.rows.read_byte_record(&mut self.record).map_err(|error| unreadable(&self.options.file, error))?;
        if !more {
            return Ok(None);
        }
        let event = row::event(&self.columns, &self.record, &self.options);
        self.codecs.employment_message(&event).map(Some)
    }
}

impl Iterator for EmploymentImport {
    type Item = Result<Message, ProducerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.advance().transpose();
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}

fn unreadable(file: &str, error: csv::Error) -> ProducerError {
    let line = error.position().map_or(0, csv::Position::line);
    let message = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ProducerError::Read { file: file.to_owned(), error },
        _ => ProducerError::Csv { file: file.to_owned(), line, message },
    }
}
