//! A data folder with a reference and a journal of plain Parquet files.

use super::events::Event;
use super::ledger::{Entry, Ledger};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use commonweal_journal::{Adoption, Book, Ended, JournalFile};
use commonweal_publish::{Catalogue, LedgerState, MethodBook, Options, Protection, Published};
use commonweal_schemas::arrow_schema::{posting_stored, rejections};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub const REFERENCE: &str = "0123456789ab";

/// Day a commit is booked on, in days since 1970: two commits fall on one.
fn booked_on(commit: i64) -> i32 {
    20_000 + i32::try_from(commit / 2).unwrap()
}

/// When a commit was made, in UTC microseconds: within its day.
pub fn posted_at(commit: i64) -> i64 {
    i64::from(booked_on(commit)) * 86_400_000_000 + commit
}

/// A refused message.
#[derive(Clone, Debug)]
pub struct Rejected {
    pub reason: &'static str,
    pub source: Option<String>,
    pub payload: Vec<u8>,
}

/// A data folder in the making.
pub struct Journal {
    pub dir: TempDir,
    pub files: Vec<JournalFile>,
    pub version: i64,
    pub ledger: Ledger,
    pub adoptions: Vec<Adoption>,
}

impl Journal {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        write_reference(&dir.path().join("reference").join(REFERENCE));
        std::fs::create_dir_all(dir.path().join("journal")).unwrap();
        Self { dir, files: Vec::new(), version: 0, ledger: Ledger::default(), adoptions: Vec::new() }
    }

    /// Posts events in one commit.
    pub fn commit(&mut self, events: &[Event]) {
        let entries: Vec<Entry> = events.iter().flat_map(|event| self.ledger.post(event)).collect();
        self.commit_entries(&entries, &[]);
    }

    /// Brings the journal to another reference version, in commits of its own:
    /// one that begins, one with the entries that change, one that ends.
    pub fn adopt(&mut self, to: &str, change: impl Fn(&Event) -> Option<Event>) {
        write_reference(&self.dir.path().join("reference").join(to));
        let (from, before_micros) = (self.reference().to_owned(), posted_at(self.version));
        let began = self.version + 1;
        self.version = began;
        let entries = self.ledger.reclassify(change);
        self.commit_entries(&entries, &[]);
        self.version += 1;
        let ended = Some(Ended { commit: self.version, micros: posted_at(self.version) });
        self.adoptions.push(Adoption { from, to: to.to_owned(), began, before_micros, ended });
    }

    fn reference(&self) -> &str {
        self.adoptions.last().map_or(REFERENCE, |adoption| &adoption.to)
    }

    pub fn commit_entries(&mut self, entries: &[Entry], rejected: &[Rejected]) {
        self.version += 1;
        for (book, money) in [(Book::Funding, true), (Book::Employment, false)] {
            let rows: Vec<&Entry> = entries.iter().filter(|entry| entry.event.is_money() == money).collect();
            if !rows.is_empty() {
                self.write(book, &posting_batch(&rows, self.version));
            }
        }
        if !rejected.is_empty() {
            self.write(Book::Rejections, &rejection_batch(rejected, self.version));
        }
    }

    fn write(&mut self, book: Book, batch: &RecordBatch) {
        let path = self.dir.path().join(format!("journal/{book}-{:06}.parquet", self.version));
        write_parquet(&path, batch);
        let bytes = path.metadata().unwrap().len();
        let rows = batch.num_rows() as u64;
        self.files.push(JournalFile { path, book, commit: self.version, rows, bytes, reversals: false });
    }

    pub fn options(&self) -> Options {
        Options {
            data_dir: self.dir.path().to_owned(),
            reference_dir: self.dir.path().join("reference"),
            method: MethodBook::embedded("2026.1").unwrap(),
            label: Some("synthetic".to_owned()),
            catalogue: Catalogue::default(),
            protection: Protection::default(),
        }
    }

    pub fn state(&self) -> LedgerState {
        LedgerState {
            table_id: "table".to_owned(),
            version: self.version,
            posted_at_micros: posted_at(self.version),
            reference_version: self.reference().to_owned(),
            adoptions: self.adoptions.clone(),
            files: self.files.clone(),
        }
    }

    pub async fn publish(&self) -> Published {
        commonweal_publish::publish_state(&self.options(), &self.state()).await.unwrap()
    }

    /// Publishes the tables before disclosure control; returns the folder that
    /// `published` lies in.
    pub async fn publish_raw(&self) -> PathBuf {
        let folder = self.dir.path().join("raw");
        let options = Options { protection: Protection::None, ..self.options() };
        let (state, published) = (self.state(), folder.join("published"));
        commonweal_publish::publish_state_as_of(&options, &state, i64::MAX, &published).await.unwrap();
        folder
    }
}

pub fn write_parquet(path: &Path, batch: &RecordBatch) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn write_reference(dir: &Path) {
    let table = |name: &str, columns: &[&str], rows: &[&[Option<&str>]]| {
        let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        let arrays = (0..columns.len())
            .map(|column| Arc::new(rows.iter().map(|row| row[column]).collect::<StringArray>()) as ArrayRef)
            .collect();
        write_parquet(&dir.join(name), &RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap());
    };
    table(
        "places.parquet",
        &["code", "name", "level", "parent_code"],
        &[
            &[Some("E08000012"), Some("Liverpool"), Some("district"), Some("E47000004")],
            &[Some("E08000014"), Some("Sefton"), Some("district"), Some("E47000004")],
            &[Some("E08000003"), Some("Manchester"), Some("district"), Some("E47000001")],
            &[Some("E47000004"), Some("Liverpool City Region"), Some("combined-authority"), Some("E12000002")],
            &[Some("E47000001"), Some("Greater Manchester"), Some("combined-authority"), Some("E12000002")],
            &[Some("E12000002"), Some("North West"), Some("region"), None],
        ],
    );
    table(
        "organisations.parquet",
        &["organisation_id", "name", "legal_form", "sic", "icnptso"],
        &[&[Some("GB-CHC-1"), Some("First Charity"), Some("charity"), Some("88990"), None]],
    );
    table(
        "sectors.parquet",
        &["scheme", "code", "title"],
        &[&[Some("SIC2007"), Some("88990"), Some("Other social work")]],
    );
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Rows of a posting book, as Parquet holds them.
pub fn posting_batch(rows: &[&Entry], commit: i64) -> RecordBatch {
    let schema = posting_stored();
    let columns = schema.fields().iter().map(|field| posting_column(field, rows, commit)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

fn posting_column(field: &Field, rows: &[&Entry], commit: i64) -> ArrayRef {
    if let DataType::Utf8 = field.data_type() {
        return text(rows.iter().map(|row| text_value(field.name(), row)));
    }
    let integers = |of: fn(&Entry) -> i32| Arc::new(rows.iter().map(|row| of(row)).collect::<Int32Array>()) as ArrayRef;
    let count = rows.len();
    match field.name().as_str() {
        "revision" => integers(|row| row.event.revision),
        "entry" => integers(|row| row.entry),
        "cancelled" => integers(|row| row.cancelled),
        "conflict" => integers(|row| row.conflict),
        "origin_partition" => Arc::new(Int32Array::from(vec![0; count])),
        "origin_offset" => Arc::new(Int64Array::from(vec![0; count])),
        "ledger_commit" => Arc::new(Int64Array::from(vec![commit; count])),
        "recorded_at" => instants(rows.iter().map(|row| row.event.recorded_at)),
        "posted_at" => instants(rows.iter().map(|_| posted_at(commit))),
        "booked_on" => Arc::new(Date32Array::from(vec![booked_on(commit); count])),
        "content_digest" => Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| row.event.content_digest()))),
        "quantity" => {
            let quantities = rows.iter().map(|row| row.quantity).collect::<Decimal128Array>();
            Arc::new(quantities.with_precision_and_scale(18, 4).unwrap())
        }
        "onward_grant" => {
            Arc::new(rows.iter().map(|row| Some(!row.event.cancel && row.event.onward_grant)).collect::<BooleanArray>())
        }
        "occurred_on" => {
            let days = rows.iter().map(|row| (!row.event.cancel).then(|| row.event.occurred_on.to_epoch_days()));
            Arc::new(days.collect::<Date32Array>())
        }
        _ => new_null_array(field.data_type(), count),
    }
}

fn instants(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}

fn text_value<'a>(name: &str, row: &&'a Entry) -> Option<&'a str> {
    let event = &row.event;
    match (name, event.cancel) {
        ("origin_topic", _) => Some("topic"),
        ("source", _) => Some(&event.source),
        ("event_id", _) => Some(&event.event_id),
        ("cause", _) => Some(row.cause),
        ("reference_version", _) => Some(REFERENCE),
        (
            "organisation_id" | "organisation_basis" | "counterparty_id" | "district" | "combined_authority" | "region"
            | "legal_form" | "sic" | "icnptso" | "lsoa" | "place_basis" | "quarter",
            true,
        ) => Some("unknown"),
        (_, true) => None,
        ("measure", _) => Some(event.measure),
        ("unit", _) => Some(event.unit),
        ("instrument", _) => event.instrument,
        ("job_basis", _) => event.job_basis,
        ("prior_status", _) => event.prior_status,
        ("organisation_id" | "organisation_key", _) => Some(&event.organisation),
        ("organisation_name", _) => event.organisation_name.as_deref(),
        ("organisation_basis", _) => Some(if event.organisation == "unknown" { "missing" } else { "register" }),
        ("counterparty_id", _) => Some(&event.counterparty),
        ("recipient_kind", _) => Some("ORGANISATION"),
        ("programme", _) => Some(event.programme),
        ("district", _) => Some(event.district),
        ("combined_authority", _) => Some(event.combined_authority()),
        ("region", _) => Some(if event.district == "unknown" { "unknown" } else { "E12000002" }),
        ("place_basis", _) => Some(if event.district == "unknown" { "not-given" } else { "postcode" }),
        ("legal_form" | "sic" | "icnptso" | "lsoa", _) => Some("unknown"),
        ("quarter", _) => Some(quarter_name(event)),
        _ => None,
    }
}

/// Names of quarters, so that a row can borrow its own.
fn quarter_name(event: &Event) -> &'static str {
    const NAMES: [&str; 16] = [
        "2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4", "2019-Q1", "2019-Q2", "2019-Q3", "2019-Q4", "2020-Q1", "2020-Q2",
        "2020-Q3", "2020-Q4", "2021-Q1", "2021-Q2", "2021-Q3", "2021-Q4",
    ];
    let wanted = event.quarter();
    NAMES.into_iter().find(|name| *name == wanted).unwrap_or_else(|| panic!("{wanted} is not between 2018 and 2021"))
}

fn rejection_batch(rows: &[Rejected], commit: i64) -> RecordBatch {
    let schema = rejections();
    let count = rows.len();
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "reason" => text(rows.iter().map(|row| Some(row.reason))),
                "source" => text(rows.iter().map(|row| row.source.as_deref())),
                "dataset" => text(rows.iter().map(|_| Some("funding"))),
                "stage" => text(rows.iter().map(|_| Some("ingest"))),
                "origin_topic" | "message" => text(rows.iter().map(|_| Some("x"))),
                "payload_digest" => {
                    use sha2::Digest as _;
                    let digests = rows.iter().map(|row| sha2::Sha256::digest(&row.payload)[..16].to_vec());
                    Arc::new(BinaryArray::from_iter_values(digests))
                }
                "origin_partition" => Arc::new(Int32Array::from(vec![0; count])),
                "origin_offset" | "payload_bytes" | "ledger_commit" => Arc::new(Int64Array::from(vec![commit; count])),
                "posted_at" => instants(rows.iter().map(|_| posted_at(commit))),
                "booked_on" => Arc::new(Date32Array::from(vec![booked_on(commit); count])),
                _ => new_null_array(field.data_type(), count),
            }
        })
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}
