//! Events with the columns that publishing looks at.

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

/// One event as it comes out of enrichment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub source: String,
    pub event_id: String,
    pub revision: i32,
    pub cancel: bool,
    /// UTC microseconds.
    pub recorded_at: i64,
    pub measure: &'static str,
    /// Ten-thousandths.
    pub quantity: i128,
    pub unit: &'static str,
    pub instrument: Option<&'static str>,
    pub job_basis: Option<&'static str>,
    pub prior_status: Option<&'static str>,
    pub organisation: String,
    pub organisation_name: Option<String>,
    pub counterparty: String,
    pub programme: &'static str,
    pub onward_grant: bool,
    pub occurred_on: NaiveDate,
    pub district: &'static str,
}

/// Liverpool, Sefton, Manchester, nowhere.
pub const DISTRICTS: [&str; 4] = ["E08000012", "E08000014", "E08000003", "unknown"];

pub fn day(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
}

impl Event {
    /// A headcount of an employer in Liverpool.
    pub fn headcount(id: &str, employer: &str, as_of: &str, quantity: i128) -> Self {
        Self {
            source: "urn:test:a".to_owned(),
            event_id: id.to_owned(),
            revision: 0,
            cancel: false,
            recorded_at: 1_600_000_000_000_000,
            measure: "HEADCOUNT",
            quantity: quantity * 10_000,
            unit: "PERSONS",
            instrument: None,
            job_basis: None,
            prior_status: None,
            organisation: employer.to_owned(),
            organisation_name: Some(format!("{employer} Limited")),
            counterparty: "unknown".to_owned(),
            programme: "unknown",
            onward_grant: false,
            occurred_on: day(as_of),
            district: DISTRICTS[0],
        }
    }

    /// A grant committed in pounds, in Liverpool.
    pub fn grant(id: &str, recipient: &str, on: &str, pounds: i128) -> Self {
        Self {
            measure: "COMMITTED",
            unit: "GBP",
            instrument: Some("GRANT"),
            counterparty: "GB-CHC-1".to_owned(),
            programme: "LCR-CARES",
            ..Self::headcount(id, recipient, on, pounds)
        }
    }

    pub fn revised(&self, revision: i32) -> Self {
        Self { revision, ..self.clone() }
    }

    pub fn cancelled(&self, revision: i32) -> Self {
        Self { revision, cancel: true, ..self.clone() }
    }

    pub fn is_money(&self) -> bool {
        matches!(self.measure, "COMMITTED" | "DISBURSED" | "REPAID" | "WRITTEN_OFF")
    }

    pub fn quarter(&self) -> String {
        use chrono::Datelike as _;
        format!("{}-Q{}", self.occurred_on.year(), self.occurred_on.month0() / 3 + 1)
    }

    pub fn combined_authority(&self) -> &'static str {
        match self.district {
            "E08000012" | "E08000014" => "E47000004",
            "E08000003" => "E47000001",
            _ => "unknown",
        }
    }

    /// Stands for the digest of the content; equal contents, equal digests.
    pub fn content_digest(&self) -> [u8; 16] {
        digest(&if self.cancel {
            format!("cancel{}{}{}{}", self.source, self.event_id, self.revision, self.recorded_at)
        } else {
            format!("{self:?}")
        })
    }
}

fn digest(text: &str) -> [u8; 16] {
    Sha256::digest(text.as_bytes())[..16].try_into().unwrap()
}
