//! How fast balances take in new entries and tables are published:
//! `cargo run --release -p commonweal-publish --example refresh_speed [ENTRIES]`.
//!
//! Writes a seeded journal of ENTRIES rows (2,000,000) in ten commits, one
//! third funding, over 5,000 organisations, 40 programmes and eight quarters;
//! publishes it from nothing, then with nothing new, then with a tenth more.
#![allow(clippy::pedantic, reason = "a measurement for people: rates are rounded, and nobody calls it")]
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a measurement")]

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema};
use commonweal_journal::{Book, JournalFile};
use commonweal_publish::{Catalogue, LedgerState, MethodBook, Options, Protection, publish_state};
use commonweal_schemas::arrow_schema::posting_stored;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const COMMITS: usize = 10;
const DISTRICTS: [&str; 7] = ["E06000006", "E08000011", "E08000012", "E08000013", "E08000014", "E08000015", "unknown"];
const FUNDING: [&str; 4] = ["COMMITTED", "DISBURSED", "REPAID", "WRITTEN_OFF"];
const EMPLOYMENT: [&str; 10] = [
    "HEADCOUNT",
    "HEADCOUNT",
    "HEADCOUNT",
    "HEADCOUNT",
    "FTE",
    "FTE",
    "HIRES",
    "LEAVERS",
    "VOLUNTEER_HOURS",
    "TRAINING_HOURS",
];
const QUARTERS: [&str; 8] = ["2019-Q1", "2019-Q2", "2019-Q3", "2019-Q4", "2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4"];
/// Last days of the quarters, since 1970.
const ENDS: [i32; 8] = [17986, 18077, 18169, 18261, 18352, 18443, 18535, 18627];

struct Row {
    organisation: usize,
    funder: Option<usize>,
    programme: Option<usize>,
    measure: &'static str,
    quarter: usize,
    quantity: i128,
}

fn row(random: &mut ChaCha8Rng, funding: bool) -> Row {
    let attributed = funding || random.random_bool(0.2);
    Row {
        organisation: random.random_range(0..5_000),
        funder: attributed.then(|| random.random_range(0..8)),
        programme: attributed.then(|| random.random_range(0..40)),
        measure: if funding { FUNDING[random.random_range(0..4)] } else { EMPLOYMENT[random.random_range(0..10)] },
        quarter: random.random_range(0..8),
        quantity: i128::from(random.random_range(1..5_000_000_u32)),
    }
}

fn column(field: &Field, rows: &[Row], commit: i64, first: usize) -> ArrayRef {
    let count = rows.len();
    let text = |of: &dyn Fn(usize, &Row) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().enumerate().map(|(at, row)| of(at, row)).collect::<StringArray>())
    };
    match field.name().as_str() {
        "event_id" => text(&|at, _| Some(format!("load/{:012}", first + at))),
        "source" => text(&|_, _| Some("urn:synthetic".to_owned())),
        "organisation_id" => text(&|_, row| Some(format!("GB-CHC-9{:06}", row.organisation))),
        "organisation_name" => text(&|_, row| Some(format!("Synthetic Organisation {:06}", row.organisation))),
        "organisation_basis" => text(&|_, _| Some("register".to_owned())),
        "counterparty_id" => {
            text(&|_, row| Some(row.funder.map_or("unknown".into(), |funder| format!("GB-CHC-80{funder}"))))
        }
        "counterparty_name" => text(&|_, row| row.funder.map(|funder| format!("Synthetic Funder {funder}"))),
        "programme" => {
            text(&|_, row| Some(row.programme.map_or("unknown".into(), |number| format!("PROGRAMME-{number}"))))
        }
        "measure" => text(&|_, row| Some(row.measure.to_owned())),
        "unit" => text(&|_, row| {
            Some(match row.measure {
                measure if FUNDING.contains(&measure) => "GBP".to_owned(),
                "FTE" => "FTE".to_owned(),
                measure if measure.ends_with("HOURS") => "HOURS".to_owned(),
                _ => "PERSONS".to_owned(),
            })
        }),
        "instrument" => text(&|_, row| FUNDING.contains(&row.measure).then(|| "GRANT".to_owned())),
        "district" => text(&|_, row| Some(DISTRICTS[row.organisation % 7].to_owned())),
        "combined_authority" => {
            text(&|_, row| Some(if row.organisation % 7 == 6 { "unknown" } else { "E47000004" }.to_owned()))
        }
        "quarter" => text(&|_, row| Some(QUARTERS[row.quarter].to_owned())),
        "place_basis" => {
            text(&|_, row| Some(if row.organisation % 7 == 6 { "not-given" } else { "postcode" }.to_owned()))
        }
        "cause" => text(&|_, _| Some("record".to_owned())),
        "sic" => text(&|_, row| Some(format!("{:05}", 80_000 + row.organisation % 30))),
        "entry" => Arc::new(Int32Array::from(vec![1; count])),
        "revision" | "cancelled" | "conflict" | "origin_partition" => Arc::new(Int32Array::from(vec![0; count])),
        "imd_decile" => {
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| (row.organisation % 10) as i32 + 1)))
        }
        "origin_offset" | "ledger_commit" => Arc::new(Int64Array::from(vec![commit; count])),
        "recorded_at" | "posted_at" => {
            Arc::new(TimestampMicrosecondArray::from(vec![commit; count]).with_timezone("UTC"))
        }
        "booked_on" => Arc::new(Date32Array::from(vec![20_000; count])),
        "occurred_on" => Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| ENDS[row.quarter]))),
        "onward_grant" => Arc::new(BooleanArray::from(vec![false; count])),
        "content_digest" => {
            Arc::new(BinaryArray::from_iter_values((0..count).map(|at| ((first + at) as u128).to_be_bytes())))
        }
        "quantity" => {
            let quantities = rows.iter().map(|row| row.quantity).collect::<Decimal128Array>();
            Arc::new(quantities.with_precision_and_scale(18, 4).unwrap())
        }
        _ if *field.data_type() == DataType::Utf8 && !field.is_nullable() => text(&|_, _| Some("unknown".to_owned())),
        _ => new_null_array(field.data_type(), count),
    }
}

fn write(path: &Path, batch: &RecordBatch) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(131_072)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn reference(dir: &Path) {
    for (name, columns) in [
        ("places", &["code", "name", "level", "parent_code"][..]),
        ("organisations", &["organisation_id", "name", "legal_form", "sic", "icnptso"]),
        ("sectors", &["scheme", "code", "title"]),
    ] {
        let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        write(&dir.join(format!("{name}.parquet")), &RecordBatch::new_empty(Arc::new(Schema::new(fields))));
    }
}

fn commit(dir: &Path, number: i64, rows: usize, random: &mut ChaCha8Rng) -> Vec<JournalFile> {
    let schema = posting_stored();
    [(Book::Funding, rows / 3), (Book::Employment, rows - rows / 3)]
        .into_iter()
        .map(|(book, count)| {
            let data: Vec<Row> = (0..count).map(|_| row(random, book == Book::Funding)).collect();
            let columns =
                schema.fields().iter().map(|field| column(field, &data, number, number as usize * rows)).collect();
            let path = dir.join(format!("journal/{book}-{number:06}.parquet"));
            write(&path, &RecordBatch::try_new(Arc::clone(&schema), columns).unwrap());
            let bytes = path.metadata().unwrap().len();
            JournalFile { path, book, commit: number, rows: count as u64, bytes, reversals: false }
        })
        .collect()
}

/// Peak resident memory in megabytes, where the system tells.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::main]
async fn main() {
    let entries: usize = std::env::args().nth(1).map_or(2_000_000, |count| count.parse().unwrap());
    let dir = tempfile::TempDir::new().unwrap();
    reference(&dir.path().join("reference/r"));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut state = LedgerState {
        table_id: "measured".to_owned(),
        version: 0,
        posted_at_micros: 1,
        reference_version: "r".to_owned(),
        adoptions: Vec::new(),
        files: Vec::new(),
    };
    let options = Options {
        data_dir: dir.path().to_owned(),
        reference_dir: dir.path().join("reference"),
        method: MethodBook::embedded(commonweal_publish::DEFAULT_VERSION).unwrap(),
        label: Some("synthetic".to_owned()),
        catalogue: Catalogue::default(),
        protection: Protection::default(),
    };
    for number in 1..=COMMITS {
        state.version = number as i64;
        state.files.extend(commit(dir.path(), state.version, entries / COMMITS, &mut random));
    }
    println!("{entries} entries written; memory so far {} MB", peak_megabytes());
    for what in ["from nothing", "nothing new", "a tenth more"] {
        if what == "a tenth more" {
            state.version += 1;
            state.files.extend(commit(dir.path(), state.version, entries / COMMITS, &mut random));
        }
        let started = Instant::now();
        let published = publish_state(&options, &state).await.unwrap();
        println!(
            "{what}: {:.2} s (balances {:.2}, models {:.2}, writing {:.2}), {} rows read, peak {} MB",
            started.elapsed().as_secs_f64(),
            published.timing.balances.as_secs_f64(),
            published.timing.models.as_secs_f64(),
            published.timing.writing.as_secs_f64(),
            published.refreshed.rows,
            peak_megabytes(),
        );
        if what == "from nothing" {
            for table in &published.manifest.tables {
                println!("  {:14} {:8} rows {:9} bytes", table.table, table.rows, table.bytes);
            }
        }
    }
}
