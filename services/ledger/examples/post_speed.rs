//! What posting, committing, reopening and verifying cost:
//! `cargo run --release -p commonweal-ledger --example post_speed -- ROWS [ORGANISATIONS]`.
//!
//! Seeded employment-like events in batches of 8,192 as enrich makes them
//! (dictionaries of the reference shared, those of the event new in each
//! batch), 1 % duplicates and 2 % corrections, a commit every 262,144 rows.
#![allow(clippy::pedantic, reason = "a measurement for people: rates are rounded, and nobody calls it")]
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use commonweal_ledger::{Ledger, verify};
use commonweal_schemas::{Dataset, arrow_schema};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

const BATCH_ROWS: u64 = 8_192;
const FLUSH_ROWS: u64 = 262_144;
const TOPIC: &str = "commonweal.employment.v1";

/// Reference dictionaries: as many values as England has. What an employer has
/// but one of (its place, its sector) is drawn by employer.
struct Shared {
    organisations: usize,
    columns: Vec<(&'static str, ArrayRef)>,
}

impl Shared {
    fn new(organisations: usize) -> Self {
        let sized = [
            ("lsoa", 33_755),
            ("district", 310),
            ("combined_authority", 12),
            ("region", 10),
            ("sic", 731),
            ("icnptso", 180),
            ("legal_form", 14),
            ("quarter", 400),
            ("place_basis", 6),
            ("organisation_basis", 5),
            ("reference_version", 1),
        ];
        let columns = sized.into_iter().map(|(name, count)| {
            let values = StringArray::from_iter_values((0..count).map(|number| format!("{name:.3}{number:06}")));
            (name, Arc::new(values) as ArrayRef)
        });
        Self { organisations, columns: columns.collect() }
    }

    fn values(&self, name: &str) -> Option<&ArrayRef> {
        self.columns.iter().find(|(known, _)| *known == name).map(|(_, values)| values)
    }
}

/// An event: which it is, and which of its revisions.
#[derive(Clone, Copy)]
struct Event {
    number: u64,
    revision: i32,
}

impl Event {
    /// The event at offset `offset`: mostly a new one.
    fn at(offset: u64) -> Self {
        match xxh3_64(&offset.to_le_bytes()) % 100 {
            0 => Self { number: offset / 2, revision: 0 },
            1 | 2 => Self { number: offset / 3, revision: 1 },
            _ => Self { number: offset, revision: 0 },
        }
    }

    /// A number below `bound` that is the event's own for each column.
    fn draw(self, column: &str, bound: usize) -> usize {
        let hash = xxh3_64(column.as_bytes()) ^ self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(xxh3_64(&hash.to_le_bytes())).unwrap_or(0) % bound
    }

    /// Stands for the event's employer.
    fn employer(self, organisations: usize) -> Self {
        Self { number: self.draw("organisation", organisations) as u64, revision: 0 }
    }
}

fn batch(shared: &Shared, first: u64) -> Result<RecordBatch, Box<dyn Error>> {
    let events: Vec<Event> = (first..first + BATCH_ROWS).map(Event::at).collect();
    let schema = arrow_schema::enriched();
    let columns =
        schema.fields().iter().map(|field| column(field, shared, first, &events)).collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

fn column(field: &Field, shared: &Shared, first: u64, events: &[Event]) -> Result<ArrayRef, Box<dyn Error>> {
    let name = field.name().as_str();
    let numbers = |bound: usize| events.iter().map(move |event| i32::try_from(event.draw(name, bound)).unwrap_or(0));
    Ok(match (name, field.data_type()) {
        ("origin_offset", _) => Arc::new(Int64Array::from_iter_values(
            (0..events.len()).map(|row| i64::try_from(first).unwrap_or(0) + i64::try_from(row).unwrap_or(0)),
        )),
        ("origin_partition", _) => Arc::new(Int32Array::from(vec![0; events.len()])),
        ("revision", _) => Arc::new(Int32Array::from_iter_values(events.iter().map(|event| event.revision))),
        ("content_digest", _) => Arc::new(BinaryArray::from_iter_values(events.iter().map(|event| {
            xxh3_128(&(event.number * 4 + event.revision.unsigned_abs() as u64).to_le_bytes()).to_be_bytes()
        }))),
        ("recorded_at", _) => {
            let base = 1_600_000_000_000_000 + i64::try_from(first).unwrap_or(0) * 1_000;
            let values =
                TimestampMicrosecondArray::from_iter_values((0..).zip(events).map(|(row, _)| base + row * 1_000));
            Arc::new(values.with_timezone("UTC"))
        }
        (_, DataType::Boolean) => Arc::new(BooleanArray::from(vec![false; events.len()])),
        (_, DataType::Decimal128(..)) => {
            let values = Decimal128Array::from_iter_values(numbers(5_000).map(|number| i128::from(number) * 2_500));
            Arc::new(values.with_precision_and_scale(18, 4)?)
        }
        (_, DataType::Date32) => Arc::new(Date32Array::from_iter_values(numbers(730).map(|day| 18_000 + day))),
        (_, DataType::Int32) => Arc::new(Int32Array::from_iter_values(numbers(10).map(|number| number + 1))),
        (_, DataType::Dictionary(..)) => dictionary(name, shared, events)?,
        _ => Arc::new(events.iter().map(|event| text(name, shared.organisations, *event)).collect::<StringArray>()),
    })
}

fn dictionary(name: &str, shared: &Shared, events: &[Event]) -> Result<ArrayRef, Box<dyn Error>> {
    let values = match (shared.values(name), name) {
        (Some(values), _) => Arc::clone(values),
        (None, "origin_topic") => Arc::new(StringArray::from(vec![TOPIC])) as ArrayRef,
        (None, "measure") => Arc::new(StringArray::from(vec!["HIRES", "LEAVERS", "HEADCOUNT", "FTE"])) as ArrayRef,
        (None, _) => {
            Arc::new(StringArray::from_iter_values((0..8).map(|number| format!("{name}-{number}")))) as ArrayRef
        }
    };
    let bound = arrow::array::Array::len(&values);
    let of_employer = shared.values(name).is_some() && name != "quarter";
    let keys = events.iter().map(|event| {
        let who = if of_employer { event.employer(shared.organisations) } else { *event };
        i32::try_from(who.draw(name, bound)).unwrap_or(0)
    });
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from_iter_values(keys), values)?))
}

fn text(name: &str, organisations: usize, event: Event) -> Option<String> {
    let organisation = event.employer(organisations).number;
    Some(match name {
        "source" => format!("https://payroll.example/{}", organisation % 500),
        "event_id" => {
            let hash = xxh3_128(&event.number.to_le_bytes());
            format!(
                "{:08x}-{:04x}-{:04x}-{:016x}",
                hash >> 96,
                hash >> 80 & 0xffff,
                hash >> 64 & 0xffff,
                hash & u128::from(u64::MAX)
            )
        }
        "organisation_id" | "organisation_key" => format!("GB-COH-{organisation:08}"),
        "organisation_name" => format!("Community Enterprise Number {organisation} CIC"),
        "counterparty_id" | "counterparty_key" => format!("GB-CHC-{}", 1_000_000 + organisation % 40),
        "counterparty_name" => format!("Fund of the Region {}", organisation % 40),
        "award_id" => format!("360G-fund-{}", event.draw(name, 20_000)),
        "postcode" => format!("L{} {}AB", 1 + organisation % 38, organisation % 10),
        "title" | "period_start" => format!("Return of employer {organisation} for a period of work"),
        "source_document" => format!("returns/{}/{}.csv", organisation % 500, event.number / 1_000),
        _ => return None,
    })
}

/// Wall clock and CPU time of this thread, which does all the work.
#[derive(Clone, Copy, Default)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

impl std::ops::AddAssign for Took {
    fn add_assign(&mut self, other: Self) {
        (self.wall, self.cpu) = (self.wall + other.wall, self.cpu + other.cpu);
    }
}

struct Stopwatch(Instant, Duration);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now(), cpu())
    }

    fn took(&self) -> Took {
        Took { wall: self.0.elapsed(), cpu: cpu().saturating_sub(self.1) }
    }
}

/// CPU time of this thread, where the system tells it; else zero.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

fn per_row(took: Took, rows: u64) -> String {
    let each = |time: Duration| time.as_nanos() / u128::from(rows.max(1));
    let rate = 1_000_000_000 / each(took.wall).max(1);
    format!(
        "{:>8.3} s  {:>6} ns/row (cpu {:>6})  {rate:>9} rows/s",
        took.wall.as_secs_f64(),
        each(took.wall),
        each(took.cpu)
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let organisations: usize = std::env::args().nth(2).map_or(Ok(1_400), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let (topic, shared) = (Arc::from(TOPIC), Shared::new(organisations));
    let mut ledger = Ledger::open(dir.path(), "bench", &[Dataset::Employment]).await?;
    ledger.start_partition(&topic, 0).await?;
    let (mut posting, mut flushing) = (Took::default(), Took::default());
    let (mut fed, mut bytes, mut reversals) = (0, 0, 0);
    while fed < rows {
        let part: Vec<RecordBatch> = (0..FLUSH_ROWS / BATCH_ROWS)
            .map(|number| batch(&shared, fed + number * BATCH_ROWS))
            .collect::<Result<_, _>>()?;
        let started = Stopwatch::start();
        for batch in &part {
            ledger.post(Dataset::Employment, &topic, batch)?;
            let first = i64::try_from(fed)?;
            fed += BATCH_ROWS;
            ledger.advance(&topic, 0, first..i64::try_from(fed)?, i64::try_from(fed)?);
        }
        posting += started.took();
        let started = Stopwatch::start();
        let committed = ledger.flush(1_700_000_000_000_000).await?.unwrap_or_default();
        flushing += started.took();
        bytes += committed.bytes;
        reversals += committed.reversals;
    }
    let (events, index_bytes) = ledger.index_size();
    println!("rows {fed}, events {events}, reversals {reversals}, {} bytes/row on disk", bytes / fed);
    println!("post    {}", per_row(posting, fed));
    println!("flush   {}", per_row(flushing, fed));
    println!("index   {:.1} bytes an event", index_bytes as f64 / events as f64);
    let started = Stopwatch::start();
    let ledger = Ledger::open(dir.path(), "bench", &[Dataset::Employment]).await?;
    println!("reopen  {}", per_row(started.took(), fed));
    let started = Stopwatch::start();
    let report = verify::verify(ledger.journal()).await?;
    println!("verify  {}  {} faults", per_row(started.took(), fed), report.faults.len());
    Ok(())
}
