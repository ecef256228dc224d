//! Events as Rust values, one at a time: for producers, importers and tests.
//! The hot path never builds these; it decodes straight into record batches.

mod codec;
mod container;

pub use codec::{Codec, CodecError};
pub use container::Container;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What an event does to the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    #[default]
    Record,
    Cancel,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FundingStage {
    #[default]
    Unspecified,
    Committed,
    Disbursed,
    Repaid,
    WrittenOff,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Instrument {
    #[default]
    Unspecified,
    Grant,
    Loan,
    Equity,
    QuasiEquity,
    Guarantee,
    Contract,
    InKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecipientKind {
    #[default]
    Organisation,
    Individual,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EmploymentMeasure {
    #[default]
    Unspecified,
    Headcount,
    Fte,
    Volunteers,
    ApprenticeshipsInLearning,
    Hires,
    Leavers,
    VolunteerHours,
    TrainingHours,
    ApprenticeshipStarts,
    ApprenticeshipAchievements,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unit {
    #[default]
    Unspecified,
    Persons,
    Fte,
    Hours,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobBasis {
    #[default]
    Unspecified,
    Created,
    Safeguarded,
    Supported,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriorStatus {
    #[default]
    Unspecified,
    Unemployed,
    Inactive,
    Education,
    Employed,
}

/// `funding.avsc`. Instants are UTC microseconds since 1970, dates are days
/// since 1970, amounts are in units of `currency` with at most four decimals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingEvent {
    pub source: String,
    pub event_id: String,
    pub revision: i32,
    pub action: Action,
    pub recorded_at: i64,
    pub stage: FundingStage,
    pub instrument: Instrument,
    pub programme: Option<String>,
    pub funder_id: Option<String>,
    pub funder_name: Option<String>,
    pub recipient_kind: RecipientKind,
    pub recipient_id: Option<String>,
    pub recipient_name: Option<String>,
    pub amount: Option<Decimal>,
    pub currency: Option<String>,
    pub occurred_on: Option<i32>,
    pub award_id: Option<String>,
    pub onward_grant: bool,
    pub postcode: Option<String>,
    pub place_code: Option<String>,
    pub title: Option<String>,
    pub source_document: Option<String>,
    pub unreadable_field: Option<String>,
    pub unreadable_text: Option<String>,
    pub planned_start: Option<i32>,
    pub planned_end: Option<i32>,
}

/// `employment.avsc`; units as in [`FundingEvent`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmploymentEvent {
    pub source: String,
    pub event_id: String,
    pub revision: i32,
    pub action: Action,
    pub recorded_at: i64,
    pub measure: EmploymentMeasure,
    pub quantity: Option<Decimal>,
    pub unit: Unit,
    pub as_of: Option<i32>,
    pub period_start: Option<i32>,
    pub period_end: Option<i32>,
    pub job_basis: Vec<JobBasis>,
    pub prior_status: PriorStatus,
    pub programme: Option<String>,
    pub funder_id: Option<String>,
    pub funder_name: Option<String>,
    pub award_id: Option<String>,
    pub employer_id: Option<String>,
    pub employer_name: Option<String>,
    pub postcode: Option<String>,
    pub place_code: Option<String>,
    pub source_document: Option<String>,
    pub unreadable_field: Option<String>,
    pub unreadable_text: Option<String>,
}

/// `organisation.avsc`; dates are days since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationEvent {
    pub organisation_id: String,
    pub name: String,
    pub aliases: Vec<String>,
    pub legal_form: Option<String>,
    pub sic: Option<String>,
    pub icnptso: Option<String>,
    pub postcode: Option<String>,
    pub valid_from: Option<i32>,
    pub valid_to: Option<i32>,
}

/// One Kafka header, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub key: String,
    #[serde(with = "codec::optional_bytes")]
    pub value: Option<Vec<u8>>,
}

/// `dead-letter.avsc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub origin_topic: String,
    pub origin_partition: i32,
    pub origin_offset: i64,
    pub origin_timestamp: Option<i64>,
    pub dataset: String,
    pub stage: String,
    pub reason: String,
    pub field: Option<String>,
    pub message: String,
    #[serde(with = "codec::optional_bytes")]
    pub key: Option<Vec<u8>>,
    pub headers: Vec<Header>,
    #[serde(with = "codec::optional_bytes")]
    pub payload: Option<Vec<u8>>,
    pub payload_bytes: i64,
}
