//! Funding events as messages, under schemas a version older or newer than the
//! contract.

use commonweal_schemas::avro::Contract;
use commonweal_schemas::partitioner::key_of;
use commonweal_schemas::records::{Codec, FundingEvent, FundingStage, Instrument};
use commonweal_schemas::wire::{PREFIX_BYTES, write_prefix};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::ops::Range;

use crate::wire::Wire;

const SOURCE: &str = "urn:test:events";
/// When sound events are recorded, UTC microseconds: 2021-01-04.
pub const RECORDED_AT: i64 = 1_609_718_400_000_000;
/// The day they tell of, in days since 1970: 2021-01-01.
pub const DAY: i32 = 18_628;

/// A sound event of number `number`, of as many pounds and one.
pub fn sound(number: usize) -> FundingEvent {
    FundingEvent {
        source: SOURCE.to_owned(),
        event_id: format!("event-{number}"),
        recorded_at: RECORDED_AT,
        stage: FundingStage::Committed,
        instrument: Instrument::Grant,
        funder_name: Some("A funder".to_owned()),
        recipient_name: Some("A charity".to_owned()),
        amount: Some(Decimal::from(number + 1)),
        currency: Some("GBP".to_owned()),
        occurred_on: Some(DAY),
        ..FundingEvent::default()
    }
}

/// A version of the funding contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Without the two last fields.
    Older,
    Contract,
    /// With a field more.
    Newer,
}

impl Version {
    /// The schema, told from others of the same version by `words`, which make
    /// it another content to a registry.
    pub fn schema(self, words: &str) -> String {
        let mut schema: Value = serde_json::from_str(Contract::Funding.schema_json()).expect("JSON");
        schema["doc"] = words.into();
        let fields = schema["fields"].as_array_mut().expect("fields");
        match self {
            Self::Older => fields.truncate(fields.len() - 2),
            Self::Contract => {}
            Self::Newer => fields.push(json!({"name": "added", "type": ["null", "string"], "default": null})),
        }
        schema.to_string()
    }

    /// Event `number`, written under the schema, which has `id`.
    pub fn message(self, number: usize, id: u32) -> Wire {
        let event = sound(number);
        let codec = Codec::embedded(Contract::Funding).expect("a codec");
        let mut body = codec.encode(&event).expect("a record").split_off(PREFIX_BYTES);
        match self {
            // Each of the two is null, a byte of its own.
            Self::Older => body.truncate(body.len() - 2),
            Self::Contract => {}
            // The second branch, and a text of three bytes.
            Self::Newer => body.extend([2, 6, b'n', b'e', b'w']),
        }
        let mut value = Vec::new();
        write_prefix(id, &mut value);
        value.extend(body);
        Wire::new(&key_of(&event.source, &event.event_id), Some(value))
    }
}

/// Sound events of these numbers, as messages under the contract.
pub fn messages(numbers: Range<usize>) -> Vec<Wire> {
    numbers.map(|number| Version::Contract.message(number, Contract::Funding.embedded_id())).collect()
}

/// The funding contract with a `source` of another type.
pub fn incompatible(words: &str) -> String {
    let mut schema: Value = serde_json::from_str(&Version::Contract.schema(words)).expect("JSON");
    schema["fields"][0]["type"] = "long".into();
    schema.to_string()
}
