//! The rows of one dataset's book, with as much of each as the checks need.

use super::contents::{self, Stamps};
use super::origins::{Claim, Origins};
use super::report::Faults;
use crate::columns::{binary, digest_head, primitive, symbols, text};
use crate::identity::Identities;
use crate::index::REVISION_MAX;
use crate::parquet_files::{Rows, each_batch};
use crate::post::Cause;
use crate::{Identity, LedgerError};
use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use commonweal_journal::JournalFile;
use commonweal_schemas::arrow_schema;
use std::collections::HashMap;

const COLUMNS: [&str; 18] = [
    "origin_topic",
    "origin_partition",
    "origin_offset",
    "source",
    "event_id",
    "revision",
    "recorded_at",
    "content_digest",
    "measure",
    "quantity",
    "unit",
    "entry",
    "cause",
    "cancelled",
    "conflict",
    "ledger_commit",
    "posted_at",
    "booked_on",
];

/// Where a row lies: its file, by number, and its row there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) file: u32,
    pub(super) row: u32,
}

/// A row of a book of postings.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) identity: Identity,
    pub(super) digest: [u8; 8],
    pub(super) revision: u32,
    /// UTC microseconds.
    pub(super) recorded_at: i64,
    /// Ten-thousandths; the type's 18 digits fit 64 bits.
    pub(super) quantity: i64,
    pub(super) at: At,
    /// Measure and unit.
    pub(super) group: u16,
    pub(super) entry: i8,
    pub(super) cancelled: i8,
    pub(super) conflict: i8,
    pub(super) is_reversal: bool,
    /// Its cause is another reference version.
    pub(super) is_reclassified: bool,
}

const _: () = assert!(size_of::<Row>() <= 56, "a verification holds every row at once");

impl Row {
    /// Order of the statements of one event.
    pub(super) const fn rank(&self) -> (u32, i64, [u8; 8]) {
        (self.revision, self.recorded_at, self.digest)
    }

    /// Whether the row is a record or a tombstone, not a note.
    pub(super) const fn stands(&self) -> bool {
        !self.is_reversal && (self.entry == 1 || self.cancelled == 1)
    }

    /// Whether `entry`, `cancelled` and `conflict` are what a row of its file may hold.
    pub(super) const fn is_well_formed(&self) -> bool {
        match (self.is_reversal, self.entry, self.cancelled) {
            (false, 1, 0) | (false, 0, 1) => matches!(self.conflict, 0 | 1),
            (false, 0, 0) => matches!(self.conflict, 0 | 1) && self.quantity == 0,
            (true, -1, 0) | (true, 0, -1) => matches!(self.conflict, 0 | -1),
            _ => false,
        }
    }
}

/// Rows of one dataset, and the measures and units they are in.
#[derive(Default)]
pub(super) struct Book {
    pub(super) rows: Vec<Row>,
    pub(super) groups: Vec<(String, String)>,
    numbers: HashMap<(String, String), u16>,
}

impl Book {
    /// Takes a file in and its origins with it.
    pub(super) fn add(
        &mut self,
        number: u32,
        file: &JournalFile,
        stamps: &mut Stamps,
        origins: &mut Origins,
        faults: &mut Faults,
    ) -> Result<u64, LedgerError> {
        let Some(content) = contents::intact(file, faults)? else { return Ok(0) };
        let bytes = content.len() as u64;
        // In memory the columns of few values stay dictionaries: a lookup a batch, not a row.
        each_batch(content, &file.path, &arrow_schema::posting(), Some(&COLUMNS), Rows::All, |first, batch| {
            stamps.check(file, batch, faults)?;
            self.add_rows(At { file: number, row: first }, file.reversals, batch)?;
            if file.reversals { Ok(()) } else { add_origins(batch, origins) }
        })?;
        Ok(bytes)
    }

    fn add_rows(&mut self, first: At, is_reversal: bool, batch: &RecordBatch) -> Result<(), LedgerError> {
        let (source, event_id) = (text(batch, "source")?, text(batch, "event_id")?);
        let revision = primitive::<Int32Type>(batch, "revision")?;
        let recorded_at = primitive::<TimestampMicrosecondType>(batch, "recorded_at")?;
        let digest = binary(batch, "content_digest")?;
        let quantity = primitive::<Decimal128Type>(batch, "quantity")?;
        let state = |name| primitive::<Int32Type>(batch, name);
        let (entry, cancelled, conflict) = (state("entry")?, state("cancelled")?, state("conflict")?);
        let groups = self.groups_of(batch)?;
        let is_reclassified = reclassified(batch)?;
        let small = |value: i32| i8::try_from(value).unwrap_or(i8::MAX);
        let mut identities = Identities::default();
        self.rows.reserve(batch.num_rows());
        for (row, group) in groups.into_iter().enumerate() {
            let number = u32::try_from(row).map_err(|_| LedgerError::LocationOverflow("a row number"))?;
            self.rows.push(Row {
                identity: identities.of(source.value(row), event_id.value(row)),
                digest: digest_head(digest.value(row)),
                revision: u32::try_from(revision.value(row)).unwrap_or(0).min(REVISION_MAX),
                recorded_at: recorded_at.value(row),
                quantity: if quantity.is_null(row) {
                    0
                } else {
                    i64::try_from(quantity.value(row)).unwrap_or(i64::MAX)
                },
                at: At { file: first.file, row: first.row + number },
                group,
                entry: small(entry.value(row)),
                cancelled: small(cancelled.value(row)),
                conflict: small(conflict.value(row)),
                is_reversal,
                is_reclassified: is_reclassified(row),
            });
        }
        Ok(())
    }

    /// Measure and unit of each row, by number.
    fn groups_of(&mut self, batch: &RecordBatch) -> Result<Vec<u16>, LedgerError> {
        let (measure, unit) = (symbols(batch, "measure")?, symbols(batch, "unit")?);
        let mut known: HashMap<(Option<usize>, Option<usize>), u16> = HashMap::new();
        (0..batch.num_rows())
            .map(|row| {
                let keys = (measure.key(row), unit.key(row));
                if let Some(&number) = known.get(&keys) {
                    return Ok(number);
                }
                let number = self.group(measure.value(row).unwrap_or_default(), unit.value(row).unwrap_or_default())?;
                known.insert(keys, number);
                Ok(number)
            })
            .collect()
    }

    fn group(&mut self, measure: &str, unit: &str) -> Result<u16, LedgerError> {
        let name = (measure.to_owned(), unit.to_owned());
        if let Some(&number) = self.numbers.get(&name) {
            return Ok(number);
        }
        let number =
            u16::try_from(self.groups.len()).map_err(|_| LedgerError::LocationOverflow("a measure and unit"))?;
        self.groups.push(name.clone());
        self.numbers.insert(name, number);
        Ok(number)
    }
}

/// Tells the rows that stand for what a reference version changed.
fn reclassified(batch: &RecordBatch) -> Result<impl Fn(usize) -> bool + '_, LedgerError> {
    let causes = symbols(batch, "cause")?;
    let names = causes.values.iter();
    let is_it: Vec<bool> = names.map(|name| name == Some(Cause::Reclassification.name())).collect();
    Ok(move |row| causes.key(row).and_then(|key| is_it.get(key)).copied().unwrap_or(false))
}

/// Tells the origins of the records, tombstones and notes of a batch. What was
/// posted anew under another reference version has the origin it had: that it
/// takes the place of an entry with the same is looked at event by event.
fn add_origins(batch: &RecordBatch, origins: &mut Origins) -> Result<(), LedgerError> {
    let topic = symbols(batch, "origin_topic")?;
    let partition = primitive::<Int32Type>(batch, "origin_partition")?;
    let offset = primitive::<Int64Type>(batch, "origin_offset")?;
    let (entry, cancelled) = (primitive::<Int32Type>(batch, "entry")?, primitive::<Int32Type>(batch, "cancelled")?);
    let mut known: HashMap<(Option<usize>, i32), usize> = HashMap::new();
    let is_reclassified = reclassified(batch)?;
    for row in (0..batch.num_rows()).filter(|row| !is_reclassified(*row)) {
        let number = *known
            .entry((topic.key(row), partition.value(row)))
            .or_insert_with(|| origins.number(topic.value(row).unwrap_or_default(), partition.value(row)));
        let stands = entry.value(row) == 1 || cancelled.value(row) == 1;
        origins.claim(number, if stands { Claim::Posted } else { Claim::Noted }, offset.value(row));
    }
    Ok(())
}
