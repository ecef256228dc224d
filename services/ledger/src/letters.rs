//! The rejections book read back as dead letters, in the order they were
//! posted: by commit, within it by origin.

use crate::LedgerError;
use crate::columns::{binary, primitive, text};
use crate::parquet_files::{Rows, open};
use arrow::array::{Array as _, AsArray as _, BinaryArray, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use commonweal_journal::{Book, Journal, JournalFile};
use commonweal_schemas::records::{DeadLetter, Header};
use commonweal_schemas::replay::{MessageOrigin, attempt};
use commonweal_schemas::{Reason, arrow_schema};
use std::ops::ControlFlow;

/// Columns that letters are chosen by.
const CHOSEN_BY: [&str; 5] = ["origin_topic", "origin_partition", "origin_offset", "reason", "posted_at"];
/// All columns but the one that may be long.
const HEADS: [&str; 17] = [
    "origin_topic",
    "origin_partition",
    "origin_offset",
    "dataset",
    "stage",
    "reason",
    "field",
    "message",
    "source",
    "event_id",
    "payload_bytes",
    "key",
    "headers.list.element.key",
    "headers.list.element.value",
    "message_timestamp",
    "ledger_commit",
    "posted_at",
];
/// Rows read at a time where payloads are not.
const HEAD_ROWS: usize = 8_192;
/// Rows read at a time with their payloads, each up to `kafka.message_bytes_max`
/// long and one that was refused for its length longer still.
const WHOLE_ROWS: usize = 64;

/// A refused message as the rejections book holds it, its bytes untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// As the contract has it, its payload whole however long, or left out
    /// where heads alone were asked for.
    pub letter: DeadLetter,
    /// Identity of the event, where it could be read.
    pub source: Option<String>,
    pub event_id: Option<String>,
    pub commit: i64,
    /// UTC microseconds.
    pub posted_at: i64,
}

impl Letter {
    /// What names the letter.
    #[must_use]
    pub fn origin(&self) -> MessageOrigin {
        let letter = &self.letter;
        MessageOrigin {
            topic: letter.origin_topic.clone(),
            partition: letter.origin_partition,
            offset: letter.origin_offset,
        }
    }

    /// How often the message had been replayed when it was refused.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        attempt(&self.letter.headers)
    }
}

/// Which letters to read; what is empty chooses all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub reasons: Vec<Reason>,
    /// Topics of origin.
    pub topics: Vec<String>,
    /// Posted at this instant or later, UTC microseconds.
    pub from: Option<i64>,
    /// Posted before this instant, UTC microseconds.
    pub to: Option<i64>,
    /// The one letter of this origin.
    pub origin: Option<MessageOrigin>,
}

impl Filter {
    const fn chooses_all(&self) -> bool {
        self.reasons.is_empty()
            && self.topics.is_empty()
            && self.from.is_none()
            && self.to.is_none()
            && self.origin.is_none()
    }

    /// Rows of a batch of the columns [`CHOSEN_BY`] that are chosen.
    fn rows(&self, batch: &RecordBatch) -> Result<Vec<usize>, LedgerError> {
        let (topics, reasons) = (text(batch, "origin_topic")?, text(batch, "reason")?);
        let partitions = primitive::<Int32Type>(batch, "origin_partition")?;
        let offsets = primitive::<Int64Type>(batch, "origin_offset")?;
        let posted = primitive::<TimestampMicrosecondType>(batch, "posted_at")?;
        let chosen = |row: usize| {
            let (topic, reason, posted) = (topics.value(row), reasons.value(row), posted.value(row));
            (self.topics.is_empty() || self.topics.iter().any(|wanted| wanted == topic))
                && (self.reasons.is_empty() || self.reasons.iter().any(|wanted| wanted.code() == reason))
                && self.from.is_none_or(|from| posted >= from)
                && self.to.is_none_or(|to| posted < to)
                && self.origin.as_ref().is_none_or(|one| {
                    one.topic == topic && one.partition == partitions.value(row) && one.offset == offsets.value(row)
                })
        };
        Ok((0..batch.num_rows()).filter(|&row| chosen(row)).collect())
    }
}

/// How much of each letter to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// All but the payload, whose length is told.
    Heads,
    Whole,
}

/// Gives the chosen letters of a snapshot one by one until `take` breaks off.
/// Memory holds a few of them at a time, and a number for each that is chosen
/// of one commit.
///
/// # Errors
/// A file cannot be read, or what `take` answers.
pub fn each_letter<E: From<LedgerError>>(
    journal: &Journal,
    filter: &Filter,
    parts: Parts,
    mut take: impl FnMut(Letter) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    for file in journal.book(Book::Rejections).map_err(LedgerError::from)? {
        let rows = chosen(&file, filter)?;
        if rows.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let rows = rows.as_deref().map_or(Rows::All, Rows::Only);
        let (names, batch_rows) = match parts {
            Parts::Heads => (Some(HEADS.as_slice()), HEAD_ROWS),
            Parts::Whole => (None, WHOLE_ROWS),
        };
        for batch in open(&file.path, &arrow_schema::rejections(), names, rows, batch_rows)? {
            let batch = batch.map_err(LedgerError::from)?;
            let columns = Columns::of(&batch)?;
            for row in 0..batch.num_rows() {
                if take(columns.letter(row)?)?.is_break() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Numbers of the chosen rows of a file; `None` for all.
fn chosen(file: &JournalFile, filter: &Filter) -> Result<Option<Vec<u32>>, LedgerError> {
    if filter.chooses_all() {
        return Ok(None);
    }
    let (mut rows, mut first) = (Vec::new(), 0);
    for batch in open(&file.path, &arrow_schema::rejections(), Some(&CHOSEN_BY), Rows::All, HEAD_ROWS)? {
        let batch = batch?;
        for row in filter.rows(&batch)? {
            rows.push(u32::try_from(first + row).map_err(|_| LedgerError::LocationOverflow("a row number"))?);
        }
        first += batch.num_rows();
    }
    Ok(Some(rows))
}

/// The columns of a batch of the rejections book, with or without payloads.
struct Columns<'a> {
    batch: &'a RecordBatch,
    texts: [&'a StringArray; 8],
    key: &'a BinaryArray,
    headers: &'a ListArray,
    payload: Option<&'a BinaryArray>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, LedgerError> {
        let names = ["origin_topic", "dataset", "stage", "reason", "message", "field", "source", "event_id"];
        let mut texts = [text(batch, "origin_topic")?; 8];
        for (column, name) in texts.iter_mut().zip(names) {
            *column = text(batch, name)?;
        }
        let payload = batch.column_by_name("payload").map(|_| binary(batch, "payload")).transpose()?;
        let headers = batch.column_by_name("headers").and_then(|column| column.as_list_opt::<i32>());
        let headers = headers.ok_or(LedgerError::Column("headers"))?;
        Ok(Self { batch, texts, key: binary(batch, "key")?, headers, payload })
    }

    fn text(&self, column: usize, row: usize) -> Option<String> {
        let column = self.texts[column];
        column.is_valid(row).then(|| column.value(row).to_owned())
    }

    fn long(&self, name: &'static str, row: usize) -> Result<i64, LedgerError> {
        Ok(primitive::<Int64Type>(self.batch, name)?.value(row))
    }

    fn instant(&self, name: &'static str, row: usize) -> Result<Option<i64>, LedgerError> {
        let column = primitive::<TimestampMicrosecondType>(self.batch, name)?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn letter(&self, row: usize) -> Result<Letter, LedgerError> {
        let words = |column| self.text(column, row).unwrap_or_default();
        let letter = DeadLetter {
            origin_topic: words(0),
            origin_partition: primitive::<Int32Type>(self.batch, "origin_partition")?.value(row),
            origin_offset: self.long("origin_offset", row)?,
            origin_timestamp: self.instant("message_timestamp", row)?,
            dataset: words(1),
            stage: words(2),
            reason: words(3),
            field: self.text(5, row),
            message: words(4),
            key: bytes(self.key, row),
            headers: self.headers(row)?,
            payload: self.payload.and_then(|payload| bytes(payload, row)),
            payload_bytes: self.long("payload_bytes", row)?,
        };
        Ok(Letter {
            letter,
            source: self.text(6, row),
            event_id: self.text(7, row),
            commit: self.long("ledger_commit", row)?,
            posted_at: self.instant("posted_at", row)?.unwrap_or(0),
        })
    }

    fn headers(&self, row: usize) -> Result<Vec<Header>, LedgerError> {
        if self.headers.is_null(row) {
            return Ok(Vec::new());
        }
        let pairs = self.headers.value(row);
        let columns = pairs.as_struct_opt().and_then(|pairs| {
            let keys = pairs.column_by_name("key")?.as_string_opt::<i32>()?;
            Some((keys, pairs.column_by_name("value")?.as_binary_opt::<i32>()?))
        });
        let (keys, values) = columns.ok_or(LedgerError::Column("headers"))?;
        let header = |at: usize| Header { key: keys.value(at).to_owned(), value: bytes(values, at) };
        Ok((0..keys.len()).map(header).collect())
    }
}

fn bytes(column: &BinaryArray, row: usize) -> Option<Vec<u8>> {
    column.is_valid(row).then(|| column.value(row).to_vec())
}
