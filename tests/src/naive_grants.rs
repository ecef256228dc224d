//! A naive reading of 360Giving files: what the ledger must hold of them,
//! reckoned from the JSON values in plain Rust.
//!
//! Written from the mapping and the sentences of the reason codes. It shares
//! no code with the importer, the validation or the ledger: one grant at a
//! time becomes plain statements, each is refused for the first rule it
//! breaks or kept under its identity, and kept ones are added up.

mod identifiers;
mod mapping;
mod rules;
mod values;

pub use mapping::{Statement, statements};

use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// What money is added up by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MoneyKey {
    /// COMMITTED or DISBURSED.
    pub measure: &'static str,
    pub year: i32,
    /// Org-id of the funder, `unknown` where none is given.
    pub funder: String,
    pub currency: String,
}

/// What the ledger must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub grants: u64,
    /// One or more a grant.
    pub messages: u64,
    pub posted: u64,
    pub duplicate: u64,
    pub superseded: u64,
    pub rejected: BTreeMap<&'static str, u64>,
    /// Amount in ten-thousandths, and number of live events.
    pub money: BTreeMap<MoneyKey, (i128, i64)>,
}

/// Reads files in this order, plain or gzipped.
pub fn read(files: &[impl AsRef<Path>]) -> Expected {
    let mut expected = Expected::default();
    let mut latest: HashMap<String, Statement> = HashMap::new();
    for path in files {
        for grant in grants(path.as_ref()) {
            expected.grants += 1;
            for statement in statements(&grant) {
                expected.messages += 1;
                match rules::first_broken(&statement) {
                    Some(reason) => *expected.rejected.entry(reason).or_default() += 1,
                    None => keep(statement, &mut latest, &mut expected),
                }
            }
        }
    }
    for statement in latest.into_values().filter(|statement| !statement.withdrawn) {
        let sum = expected.money.entry(statement.money_key()).or_default();
        sum.0 += statement.amount.known().expect("kept statements have an amount");
        sum.1 += 1;
    }
    expected
}

/// Grants of a file as JSON values.
pub fn grants(path: &Path) -> Vec<Value> {
    let file = BufReader::new(File::open(path).expect("a grant file"));
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_string(&mut text)
    } else {
        BufReader::new(file).read_to_string(&mut text)
    }
    .expect("text");
    let package: Value = serde_json::from_str(&text).expect("JSON");
    package["grants"].as_array().expect("an array of grants").clone()
}

/// The highest revision wins, the later recording among equals.
fn keep(statement: Statement, latest: &mut HashMap<String, Statement>, expected: &mut Expected) {
    let identity = statement.event_id.clone();
    let Some(standing) = latest.get(&identity) else {
        expected.posted += 1;
        latest.insert(identity, statement);
        return;
    };
    let rank = |of: &Statement| (of.revision(), of.recorded_at());
    if statement.same_content(standing) {
        expected.duplicate += 1;
    } else if rank(&statement) > rank(standing) {
        expected.posted += 1;
        latest.insert(identity, statement);
    } else {
        assert!(
            rank(&statement) < rank(standing),
            "{identity}: two contents of one rank need the ledger's digest to decide"
        );
        expected.superseded += 1;
    }
}
