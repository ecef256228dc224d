//! Where figures end in the journal: balances with their entries, refused
//! messages, and identities stated in two ways; each with the topic, partition
//! and offset it came by.

use super::TraceError;
use super::arithmetic::Part;
use crate::balances::{Cells, cell_columns};
use crate::blocking::blocking;
use crate::grouping::scan;
use crate::values::text;
use crate::views::BALANCES;
use crate::{LedgerState, PublishError};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use commonweal_journal::Book;
use commonweal_query::Session;
use commonweal_schemas::Dataset;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Refused messages by the digest of their bytes, in hexadecimal.
pub(super) const REFUSED: &str = "refused_messages";
/// Identities: dataset, source and event id.
const EVENTS: &str = "events";
/// Entries that one trace holds.
const ENTRIES_MAX: usize = 2_000_000;
/// Counts of a balance, in their order.
const COUNTS: [&str; 3] = ["entries", "cancelled", "corrected"];
/// Columns of the journal that tell of an entry.
const TOLD: [&str; 13] = [
    "ledger_commit",
    "posted_at",
    "cause",
    "source",
    "event_id",
    "revision",
    "recorded_at",
    "occurred_on",
    "origin_topic",
    "origin_partition",
    "origin_offset",
    "award_id",
    "source_document",
];

/// A balance: entries that agree in all that figures are grouped by.
#[derive(Clone, Debug)]
pub struct Balance {
    pub table: &'static str,
    /// Number in this trace.
    pub number: u32,
    /// What it is kept by, where it has a value.
    pub key: Vec<(String, String)>,
    pub quantity: Decimal,
    /// Entries in force, withdrawals, and entries in force that correct an earlier statement.
    pub counts: [i64; 3],
    pub entries: Vec<Entry>,
}

/// A row of the journal: a posting or a reversal.
#[derive(Clone, Debug)]
pub struct Entry {
    pub commit: i64,
    pub posted_at: String,
    /// Why it was posted.
    pub cause: String,
    /// +1 for a record, -1 for its reversal, 0 for what counts no event.
    pub entry: i32,
    pub cancelled: i32,
    pub quantity: Decimal,
    pub source: String,
    pub event_id: String,
    pub revision: i32,
    pub recorded_at: String,
    pub occurred_on: Option<String>,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub award: Option<String>,
    pub source_document: Option<String>,
}

/// A message that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    pub reason: String,
    pub stage: String,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub commit: i64,
}

/// What figures end in, by kind.
#[derive(Default)]
pub(super) struct Leaves {
    balances: [BTreeSet<u32>; 2],
    refused: BTreeSet<String>,
    events: BTreeSet<String>,
    pub(super) numbers: BTreeSet<Part>,
}

impl Leaves {
    pub(super) fn add(&mut self, part: &Part) {
        let dataset = BALANCES.iter().position(|(_, name)| *name == part.row.table);
        match (dataset, part.row.table.as_str()) {
            (Some(dataset), _) => {
                // What is no number is missed when it is looked for.
                if let Ok(number) = part.row.key.parse() {
                    self.balances[dataset].insert(number);
                }
            }
            (None, REFUSED) => {
                self.refused.insert(part.row.key.clone());
            }
            (None, EVENTS) => {
                self.events.insert(part.row.key.clone());
            }
            (None, _) => {
                self.numbers.insert(part.clone());
            }
        }
    }
}

/// What was found of the leaves.
#[derive(Default)]
pub(super) struct Evidence {
    pub(super) balances: BTreeMap<(&'static str, u32), Balance>,
    pub(super) refused: Vec<Refused>,
    /// By identity.
    pub(super) conflicting: BTreeMap<String, Vec<Entry>>,
}

impl Evidence {
    /// Whether a part was found.
    pub(super) fn has(&self, part: &Part) -> bool {
        match part.row.table.as_str() {
            REFUSED => self.refused.iter().any(|refused| refused.digest == part.row.key),
            EVENTS => self.conflicting.contains_key(&part.row.key),
            _ => self.balance(part).is_some(),
        }
    }

    /// The value of a part, where it is a balance's.
    pub(super) fn value(&self, part: &Part) -> Option<Decimal> {
        let balance = self.balance(part)?;
        let count = COUNTS.iter().position(|count| *count == part.figure);
        Some(count.map_or(balance.quantity, |at| Decimal::from(balance.counts[at])))
    }

    fn balance(&self, part: &Part) -> Option<&Balance> {
        let (_, table) = BALANCES.iter().find(|(_, table)| *table == part.row.table)?;
        self.balances.get(&(*table, part.row.key.parse().ok()?))
    }
}

/// The journal's files, and the balances that tell which entry went where.
pub(super) struct Ledgers {
    files: BTreeMap<Book, Vec<PathBuf>>,
    cells: Vec<Cells>,
}

impl Ledgers {
    /// `cells` in the order of the datasets.
    pub(super) fn new(state: &LedgerState, cells: Vec<Cells>) -> Self {
        let mut files: BTreeMap<Book, Vec<PathBuf>> = BTreeMap::new();
        for file in &state.files {
            files.entry(file.book).or_default().push(file.path.clone());
        }
        Self { files, cells }
    }
}

/// Reads what stands behind the leaves.
pub(super) async fn find(
    session: &Session,
    ledgers: &Arc<Mutex<Ledgers>>,
    leaves: &Leaves,
) -> Result<Evidence, PublishError> {
    let mut evidence = Evidence::default();
    for ((_, name), numbers) in BALANCES.iter().zip(&leaves.balances) {
        for balance in balances(session, name, numbers).await? {
            evidence.balances.insert((name, balance.number), balance);
        }
    }
    let (ledgers, wanted) = (Arc::clone(ledgers), (leaves.refused.clone(), leaves.events.clone()));
    let read = blocking(move || {
        // A panic elsewhere leaves files and cells as they were.
        let mut ledgers = ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let Ledgers { files, cells } = &mut *ledgers;
        let (refused, events) = wanted;
        let mut read = 0;
        for ((dataset, name), cells) in BALANCES.iter().zip(cells) {
            let paths = files.get(&Book::from(*dataset)).map_or(&[][..], Vec::as_slice);
            add_entries(&mut evidence, *dataset, name, cells, paths, &mut read)?;
            add_conflicting(&mut evidence, *dataset, paths, &events)?;
        }
        let paths = files.get(&Book::Rejections).map_or(&[][..], Vec::as_slice);
        add_refused(&mut evidence, paths, &refused)?;
        Ok(evidence)
    });
    read.finish().await
}

/// The balances of some numbers, without their entries.
async fn balances(
    session: &Session,
    table: &'static str,
    numbers: &BTreeSet<u32>,
) -> Result<Vec<Balance>, PublishError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let (_, batches) = session.query(table, &format!("SELECT * FROM {table}")).await?;
    let mut found = Vec::new();
    for batch in &batches {
        let text = |name: &str, row: usize| text(batch, name, row);
        let number = batch.column_by_name("balance").and_then(|column| column.as_primitive_opt::<Int32Type>());
        let Some(number) = number else { continue };
        for row in (0..batch.num_rows()).filter(|row| numbers.contains(&number.value(*row).cast_unsigned())) {
            let mut key = Vec::new();
            for field in batch.schema().fields() {
                let is_key = !matches!(field.name().as_str(), "balance" | "series" | "quantity")
                    && !COUNTS.contains(&field.name().as_str());
                if let Some(value) = text(field.name(), row)?.filter(|_| is_key) {
                    key.push((field.name().clone(), value));
                }
            }
            let count = |name: &str| {
                let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
                column.map_or(0, |column| column.value(row))
            };
            found.push(Balance {
                table,
                number: number.value(row).cast_unsigned(),
                key,
                quantity: quantity(batch, row),
                counts: COUNTS.map(count),
                entries: Vec::new(),
            });
        }
    }
    Ok(found)
}

fn add_entries(
    evidence: &mut Evidence,
    dataset: Dataset,
    table: &'static str,
    cells: &mut Cells,
    paths: &[PathBuf],
    read: &mut usize,
) -> Result<(), PublishError> {
    if !evidence.balances.keys().any(|(known, _)| *known == table) {
        return Ok(());
    }
    let columns: Vec<&str> = cell_columns(dataset).into_iter().chain(TOLD).collect();
    let mut amounts = Vec::new();
    scan(paths, &columns, |batch| {
        let numbers = cells.look_up(dataset, batch, &mut amounts)?;
        for (row, number) in numbers.into_iter().enumerate() {
            let balance = number.and_then(|number| evidence.balances.get_mut(&(table, number)));
            if let Some(balance) = balance {
                balance.entries.push(entry(batch, row)?);
                *read += 1;
                if *read > ENTRIES_MAX {
                    return Err(TraceError::Entries { max: ENTRIES_MAX }.into());
                }
            }
        }
        Ok(())
    })
}

fn add_conflicting(
    evidence: &mut Evidence,
    dataset: Dataset,
    paths: &[PathBuf],
    events: &BTreeSet<String>,
) -> Result<(), PublishError> {
    let prefix = format!("{}|", dataset.name());
    let wanted: BTreeSet<&str> = events.iter().filter_map(|event| event.strip_prefix(&prefix)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let columns: Vec<&str> = TOLD.into_iter().chain(["entry", "cancelled", "quantity"]).collect();
    scan(paths, &columns, |batch| {
        for row in 0..batch.num_rows() {
            let identity = [text(batch, "source", row)?, text(batch, "event_id", row)?];
            let identity = identity.map(Option::unwrap_or_default).join("|");
            if wanted.contains(identity.as_str()) {
                let entries = evidence.conflicting.entry(format!("{prefix}{identity}")).or_default();
                entries.push(entry(batch, row)?);
            }
        }
        Ok(())
    })
}

fn add_refused(evidence: &mut Evidence, paths: &[PathBuf], digests: &BTreeSet<String>) -> Result<(), PublishError> {
    if digests.is_empty() {
        return Ok(());
    }
    let columns =
        ["payload_digest", "reason", "stage", "origin_topic", "origin_partition", "origin_offset", "ledger_commit"];
    scan(paths, &columns, |batch| {
        for row in 0..batch.num_rows() {
            // Bytes are shown in hexadecimal.
            let digest = text(batch, "payload_digest", row)?.unwrap_or_default();
            if digests.contains(&digest) {
                evidence.refused.push(Refused {
                    digest,
                    reason: text(batch, "reason", row)?.unwrap_or_default(),
                    stage: text(batch, "stage", row)?.unwrap_or_default(),
                    topic: text(batch, "origin_topic", row)?.unwrap_or_default(),
                    partition: int(batch, "origin_partition", row),
                    offset: long(batch, "origin_offset", row),
                    commit: long(batch, "ledger_commit", row),
                });
            }
        }
        Ok(())
    })
}

fn entry(batch: &RecordBatch, row: usize) -> Result<Entry, PublishError> {
    let given = |name: &str| Ok::<_, PublishError>(text(batch, name, row)?.unwrap_or_default());
    Ok(Entry {
        commit: long(batch, "ledger_commit", row),
        posted_at: given("posted_at")?,
        cause: given("cause")?,
        entry: int(batch, "entry", row),
        cancelled: int(batch, "cancelled", row),
        quantity: quantity(batch, row),
        source: given("source")?,
        event_id: given("event_id")?,
        revision: int(batch, "revision", row),
        recorded_at: given("recorded_at")?,
        occurred_on: text(batch, "occurred_on", row)?,
        topic: given("origin_topic")?,
        partition: int(batch, "origin_partition", row),
        offset: long(batch, "origin_offset", row),
        award: text(batch, "award_id", row)?,
        source_document: text(batch, "source_document", row)?,
    })
}

fn int(batch: &RecordBatch, name: &str, row: usize) -> i32 {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int32Type>());
    column.filter(|column| column.is_valid(row)).map_or(0, |column| column.value(row))
}

fn long(batch: &RecordBatch, name: &str, row: usize) -> i64 {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    column.filter(|column| column.is_valid(row)).map_or(0, |column| column.value(row))
}

fn quantity(batch: &RecordBatch, row: usize) -> Decimal {
    let column = batch.column_by_name("quantity").and_then(|column| column.as_primitive_opt::<Decimal128Type>());
    let value = column.filter(|column| column.is_valid(row)).map(|column| {
        let scale = u32::from(column.scale().unsigned_abs());
        Decimal::try_from_i128_with_scale(column.value(row), scale).unwrap_or_default()
    });
    value.unwrap_or_default()
}
