//! Columns of an employment CSV, found by their names.

use crate::ProducerError;
use csv::ByteRecord;

/// A column this importer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    EventId,
    Measure,
    Quantity,
    EmployerId,
    EmployerName,
    AsOf,
    PeriodStart,
    PeriodEnd,
    Unit,
    JobBasis,
    PriorStatus,
    Programme,
    FunderId,
    FunderName,
    AwardId,
    Postcode,
    PlaceCode,
    Source,
    Revision,
    Action,
    RecordedAt,
}

impl Column {
    const ALL: [Self; 21] = [
        Self::EventId,
        Self::Measure,
        Self::Quantity,
        Self::EmployerId,
        Self::EmployerName,
        Self::AsOf,
        Self::PeriodStart,
        Self::PeriodEnd,
        Self::Unit,
        Self::JobBasis,
        Self::PriorStatus,
        Self::Programme,
        Self::FunderId,
        Self::FunderName,
        Self::AwardId,
        Self::Postcode,
        Self::PlaceCode,
        Self::Source,
        Self::Revision,
        Self::Action,
        Self::RecordedAt,
    ];

    /// Name in the header, which is the contract's name of the field.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EventId => "event_id",
            Self::Measure => "measure",
            Self::Quantity => "quantity",
            Self::EmployerId => "employer_id",
            Self::EmployerName => "employer_name",
            Self::AsOf => "as_of",
            Self::PeriodStart => "period_start",
            Self::PeriodEnd => "period_end",
            Self::Unit => "unit",
            Self::JobBasis => "job_basis",
            Self::PriorStatus => "prior_status",
            Self::Programme => "programme",
            Self::FunderId => "funder_id",
            Self::FunderName => "funder_name",
            Self::AwardId => "award_id",
            Self::Postcode => "postcode",
            Self::PlaceCode => "place_code",
            Self::Source => "source",
            Self::Revision => "revision",
            Self::Action => "action",
            Self::RecordedAt => "recorded_at",
        }
    }
}

/// Position of each known column.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    positions: [Option<usize>; Column::ALL.len()],
    /// Cells a row should have.
    pub(super) width: usize,
}

/// Groups of columns of which at least one must be there, complete.
const NEEDED: [&[&[Column]]; 5] = [
    &[&[Column::EventId]],
    &[&[Column::Measure]],
    &[&[Column::Quantity]],
    &[&[Column::EmployerId], &[Column::EmployerName]],
    &[&[Column::AsOf], &[Column::PeriodStart, Column::PeriodEnd]],
];

impl Columns {
    pub(super) fn find(header: &ByteRecord, file: &str) -> Result<Self, ProducerError> {
        let names: Vec<String> = header
            .iter()
            .map(|cell| {
                String::from_utf8_lossy(cell)
                    .trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
                    .to_lowercase()
            })
            .collect();
        let mut positions = [None; Column::ALL.len()];
        for column in Column::ALL {
            positions[column as usize] = names.iter().position(|name| name == column.name());
        }
        let columns = Self { positions, width: names.len() };
        let missing: Vec<String> = NEEDED.iter().filter_map(|choices| columns.missing(choices)).collect();
        if missing.is_empty() {
            Ok(columns)
        } else {
            let (missing, present) = (missing.join(", "), names.join(", "));
            Err(ProducerError::Header { file: file.to_owned(), missing, present })
        }
    }

    fn missing(&self, choices: &[&[Column]]) -> Option<String> {
        let complete = |group: &&[Column]| group.iter().all(|column| self.positions[*column as usize].is_some());
        if choices.iter().any(complete) {
            return None;
        }
        let named = |group: &&[Column]| group.iter().map(|column| column.name()).collect::<Vec<_>>().join(" and ");
        Some(choices.iter().map(named).collect::<Vec<_>>().join(" or "))
    }

    /// The cell's bytes; `None` where the file has no such column or the row
    /// no such cell.
    pub(super) fn cell<'r>(&self, row: &'r ByteRecord, column: Column) -> Option<&'r [u8]> {
        row.get(self.positions[column as usize]?)
    }
}
