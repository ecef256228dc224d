//! What a later release changes of an earlier one, told by the program.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_runtime::Exit;
use commonweal_tests::broker::Broker;
use commonweal_tests::system::System;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const HEADER: &str = "id,what,value_low,value_central,value_high,unit,price_year,source,source_year,confidence,\
                      licence,valid_from,valid_to";

fn decimal(value: &Value) -> Decimal {
    value.as_str().expect("a decimal as text").parse().unwrap()
}

fn row_count(file: &Path) -> usize {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap().build().unwrap();
    reader.map(|batch| batch.unwrap().num_rows()).sum()
}

/// Proves over the whole program: of two releases with more events between, the
/// headlines' differences by cause add up, those that were revised by more than
/// one per cent are called out, and the file has a row a cause; that another
/// parameter is told as such; that what a release was protected against must be
/// named; and that an altered release ends with exit code 1 and the table's
/// name.
#[test]
fn revisions_are_told_by_cause() {
    let broker = Broker::embedded();
    let topics = broker.topics("revisions", 1);
    let system = System::new(PROGRAM).set("publish.label", "synthetic").on(&broker, &topics);
    let folder = |name: &str| system.scratch().join(name).display().to_string();
    let generate = |seed: &str| {
        system.succeed(["generate", "--events", "3000", "--seed", seed]);
        system.up_to_end();
    };
    generate("1");
    system.succeed(["publish", "--to", &folder("q1")]);
    generate("2");
    system.succeed(["publish", "--to", &folder("q2"), "--against", &folder("q1")]);

    let file = system.scratch().join("revisions.parquet");
    let to = file.display().to_string();
    let told = system.succeed(["revisions", &folder("q1"), &folder("q2"), "--to", &to, "--format", "json"]).stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["disclosure"], "controlled");
    assert!(told["old"]["ledger_version"].as_i64() < told["new"]["ledger_version"].as_i64());
    let headlines = told["headlines"].as_array().unwrap();
    let mut called_out = 0;
    for headline in headlines.iter().filter(|headline| !headline["difference"].is_null()) {
        let by_cause = headline["by_cause"].as_object().unwrap();
        let sum: Decimal = by_cause.values().map(decimal).sum();
        let amount = |name: &str| if headline[name].is_null() { Decimal::ZERO } else { decimal(&headline[name]) };
        assert_eq!(sum, amount("new") - amount("old"), "{headline}");
        assert_eq!(decimal(&headline["difference"]), sum, "{headline}");
        let added = by_cause.get("new-quarter").map_or(Decimal::ZERO, decimal);
        let is_large = (sum - added).abs() * Decimal::ONE_HUNDRED > amount("old").abs() && !headline["old"].is_null();
        assert_eq!(headline["over_one_per_cent"], is_large, "{headline}");
        called_out += usize::from(is_large);
    }
    assert!(called_out > 0 && headlines.iter().any(|headline| !headline["by_cause"]["late-data"].is_null()));
    assert!(row_count(&file) > headlines.len());

    let said = system.succeed(["revisions", &folder("q1"), &folder("q2")]).stdout;
    assert!(said.contains("revised by more than 1 %") && said.contains("late-data +"), "{said}");
    assert!(said.contains("social_value") && said.contains("method 2026.1"), "{said}");

    let row = "wellby.value,Twice as much,20000,26000,32000,GBP,2019,A panel,2026,C,OGL-3.0,1990-01-01,";
    fs::write(system.scratch().join("doubled.csv"), format!("{HEADER}\n{row}\n")).unwrap();
    system.succeed(["method", "add", &folder("doubled.csv"), "--as", "doubled"]);
    let against = ["--against", &folder("q1"), "--against", &folder("q2")];
    system.succeed([&["publish", "--method", "doubled", "--to", &folder("q3")], &against[..]].concat());
    let compared = ["revisions", &folder("q2"), &folder("q3"), "--format", "json"];
    let ended = system.run(compared);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::Usage.code())), "{}", ended.stderr);
    assert!(ended.stderr.contains("--against"), "{}", ended.stderr);
    let told: Value = serde_json::from_str(&system.succeed([&compared[..], &against[..2]].concat()).stdout).unwrap();
    for headline in told["headlines"].as_array().unwrap() {
        let causes: Vec<&str> = headline["by_cause"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((headline["headline"].as_str(), causes), (Some("wellbeing-into-work"), vec!["parameter"]));
    }

    let funding = system.scratch().join("q1/funding.parquet");
    let mut bytes = fs::read(&funding).unwrap();
    bytes[10] ^= 1;
    fs::write(&funding, bytes).unwrap();
    let ended = system.run(["revisions", &folder("q1"), &folder("q2")]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::CheckFailed.code())), "{}", ended.stderr);
    assert!(ended.stderr.contains("funding.parquet"), "{}", ended.stderr);
}
