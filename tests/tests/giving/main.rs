//! 360Giving in and out: amendments through the ledger, and exports that are
//! valid and say the same.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod amendments;
mod exports;
mod places;

use commonweal_tests::broker::Broker;
use commonweal_tests::journal::text;
use commonweal_tests::system::System;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
/// A unit in ten-thousandths.
const ONE: i128 = 10_000;

/// A grant that has what the standard requires, and what `change` says.
fn grant(id: &str, change: &Value) -> Value {
    let mut grant = json!({
        "id": id, "title": "A grant", "description": "For a kitchen", "currency": "GBP",
        "amountAwarded": 1000, "awardDate": "2020-04-01", "dateModified": "2020-06-01T00:00:00Z",
        "fundingOrganization": [{"id": "GB-CHC-1159982", "name": "A trust"}],
        "recipientOrganization": [{"id": "GB-COH-08253562", "name": "A club", "postalCode": "L8 1TH"}],
    });
    for (name, value) in change.as_object().expect("an object") {
        grant[name] = value.clone();
    }
    grant
}

/// An installation on a broker of its own that took in files, one after the
/// other, each posted before the next came.
struct Scene {
    _broker: Broker,
    system: System,
}

impl Scene {
    fn begin(label: &str) -> Self {
        let broker = Broker::embedded();
        let topics = broker.topics(label, 2);
        let system = System::new(PROGRAM).on(&broker, &topics);
        Self { _broker: broker, system }
    }

    fn take_in(&self, grants: &[Value]) {
        let path = self.system.scratch().join("grants.json");
        fs::write(&path, json!({ "grants": grants }).to_string()).expect("a file");
        self.import(&path);
    }

    fn import(&self, path: &std::path::Path) {
        self.system.succeed([PathBuf::from("import"), PathBuf::from("360giving"), path.to_owned()]);
        self.system.up_to_end();
    }

    /// Amount in ten-thousandths by event, of what is in force.
    fn money(&self) -> BTreeMap<String, i128> {
        let sums = self.system.journal().sums("funding", |batch| {
            let event = text(batch, "event_id");
            (0..batch.num_rows()).map(|row| event(row).expect("an id").to_owned()).collect()
        });
        sums.into_iter().filter(|(_, (_, entries))| *entries != 0).map(|(event, (amount, _))| (event, amount)).collect()
    }

    /// Writes the export and reads it back.
    fn export(&self, arguments: &[&str]) -> (PathBuf, Value) {
        let path = self.system.scratch().join("export.json");
        let to = path.display().to_string();
        self.system.succeed(["export", "360giving", "--to", &to].iter().chain(arguments));
        let text = fs::read_to_string(&path).expect("the export");
        (path, serde_json::from_str(&text).expect("JSON"))
    }
}
