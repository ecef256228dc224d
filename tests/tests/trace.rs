//! The demonstration's published figures, traced to the messages (L8).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use arrow::array::AsArray as _;
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use commonweal_runtime::Exit;
use commonweal_tests::system::System;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// Entries of the journal by topic, partition and offset: commit, +1 or -1, quantity.
type Postings = BTreeMap<(String, i64, i64), Vec<(i64, i64, Decimal)>>;

/// Reads the journal without any code of the program.
fn postings(journal: &Path) -> Postings {
    let mut postings = Postings::new();
    for book in ["funding", "employment"] {
        for entry in std::fs::read_dir(journal.join(format!("book={book}"))).unwrap() {
            let file = File::open(entry.unwrap().path()).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                let column = |name: &str| batch.column_by_name(name).unwrap();
                let topics = arrow::compute::cast(column("origin_topic"), &arrow::datatypes::DataType::Utf8).unwrap();
                let quantities = column("quantity").as_primitive::<Decimal128Type>();
                for row in 0..batch.num_rows() {
                    let key = (
                        topics.as_string::<i32>().value(row).to_owned(),
                        i64::from(column("origin_partition").as_primitive::<Int32Type>().value(row)),
                        column("origin_offset").as_primitive::<Int64Type>().value(row),
                    );
                    postings.entry(key).or_default().push((
                        column("ledger_commit").as_primitive::<Int64Type>().value(row),
                        i64::from(column("entry").as_primitive::<Int32Type>().value(row)),
                        Decimal::from_i128_with_scale(quantities.value(row), 4),
                    ));
                }
            }
        }
    }
    postings
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no number")).parse().unwrap()
}

/// Proves L8 on the demonstration: every figure of every published table comes
/// out again from its parts. And, read without any code of the program, that
/// the entries behind a headline of grants are the journal's and add up to it,
/// that one of jobs shows what is published beside what it is, and that a
/// question which cannot be asked has an exit code of its own.
#[test]
fn every_figure_of_the_demonstration_unfolds_to_entries() {
    let system = System::new(PROGRAM).set("publish.label", "synthetic");
    system.succeed(["demo", "--data", "data"]);
    let all = system.succeed(["trace", "--all", "--format", "json"]);
    let mut figures = 0;
    for line in all.stdout.lines() {
        let traced: Value = serde_json::from_str(line).unwrap();
        assert_eq!(traced["gaps"].as_array().unwrap().len(), 0, "{traced}");
        let of_table = traced["figures"].as_u64().unwrap();
        assert!(of_table > 0, "{traced}");
        figures += of_table;
    }
    println!("{figures} figures traced");
    assert!(figures > 10_000);

    let condition =
        "headline = 'committed-grant' AND period = 'total' AND area = 'all' AND programme = 'all' AND unit = 'GBP'";
    let trace = system.succeed(["trace", "--table", "headline", "--where", condition, "--format", "json"]);
    let trace: Value = serde_json::from_str(&trace.stdout).unwrap();
    let told = &trace["cells"][0]["figures"]["value_central"];
    assert_eq!(told["exact"], told["published"], "grants are public");
    let postings = postings(&system.data().join("journal"));
    let mut sum = Decimal::ZERO;
    let mut entries = 0;
    for balance in trace["balances"].as_array().unwrap() {
        for entry in balance["postings"].as_array().unwrap() {
            let number = |name: &str| entry[name].as_i64().unwrap();
            let key = (entry["topic"].as_str().unwrap().to_owned(), number("partition"), number("offset"));
            let posted = (number("ledger_commit"), number("entry"), decimal(&entry["quantity"]));
            assert!(postings[&key].contains(&posted), "{entry}");
            sum += posted.2;
            entries += 1;
        }
    }
    assert!(entries > 500, "{entries} entries");
    assert_eq!(sum, decimal(&told["exact"]));

    let jobs = system.succeed([
        "trace",
        "--table",
        "headline",
        "--where",
        "headline = 'jobs' AND period = '2020' AND area = 'all'",
    ]);
    for word in
        ["disclosure=r", "one of four quarter ends", "stock_levels", "Balances and their entries", "commit 1 of"]
    {
        assert!(jobs.stdout.contains(word), "{word} is not in {}", jobs.stdout);
    }
    assert!(jobs.stdout.ends_with("every one is what its parts come to\n"), "{}", jobs.stdout);

    for (table, condition) in
        [("job", "true"), ("jobs", "colour = 'red'"), ("jobs", "quarter = '1999-Q1'"), ("jobs", "true")]
    {
        let refused = system.run(["trace", "--table", table, "--where", condition]);
        assert_eq!(refused.exit.code, Some(i32::from(Exit::Usage.code())), "{condition}: {}", refused.stderr);
    }
}
