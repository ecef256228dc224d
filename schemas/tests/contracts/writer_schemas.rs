//! Messages of several writer schemas in one topic.

use crate::support::{decoder_with, funding, message, outcomes, record, values};
use commonweal_schemas::avro::{Contract, EmbeddedSchemas, WriterSchemas};
use commonweal_schemas::records::{FundingEvent, FundingStage};
use commonweal_schemas::{Dataset, wire};
use serde::Serialize;
use serde_json::Value;
use std::cell::Cell;

const OLD_ID: u32 = 100;
const UNREADABLE_ID: u32 = 101;
const OLD_FIELDS: [&str; 4] = ["source", "event_id", "recorded_at", "stage"];

/// An event as a producer wrote it before most fields were there.
#[derive(Serialize)]
struct OldFundingEvent {
    source: String,
    event_id: String,
    recorded_at: i64,
    stage: FundingStage,
}

fn old_schema() -> String {
    let mut schema: Value = serde_json::from_str(Contract::Funding.schema_json()).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    fields.retain(|field| OLD_FIELDS.contains(&field["name"].as_str().unwrap()));
    schema.to_string()
}

fn old_message(number: usize) -> Vec<u8> {
    let schema: serde_avro_fast::Schema = old_schema().parse().unwrap();
    let FundingEvent { source, event_id, recorded_at, stage, .. } = funding(number);
    let event = OldFundingEvent { source, event_id, recorded_at, stage };
    let mut message = Vec::new();
    wire::write_prefix(OLD_ID, &mut message);
    let mut config = serde_avro_fast::ser::SerializerConfig::new(&schema);
    serde_avro_fast::to_datum(&event, &mut message, &mut config).unwrap();
    message
}

/// A registry that knows an older schema and one of no such contract, and
/// counts how often it is asked.
#[derive(Default)]
struct Registry {
    asked: Cell<usize>,
}

impl WriterSchemas for &Registry {
    fn writer_schema(&self, id: u32) -> Option<String> {
        self.asked.set(self.asked.get() + 1);
        match id {
            OLD_ID => Some(old_schema()),
            UNREADABLE_ID => Some("{\"type\": \"no schema\"".to_owned()),
            id => EmbeddedSchemas.writer_schema(id),
        }
    }
}

/// Proves that alternating writer schemas are decoded as one batch each, not
/// one a message, that fields the older one lacks take their defaults, that a
/// schema nobody can read refuses its own messages alone, and that a known id
/// is asked for once.
#[test]
fn alternating_schemas_are_grouped() {
    let registry = Registry::default();
    let mut decoder = decoder_with(Dataset::Funding, &registry);
    let messages: Vec<Vec<u8>> = (0..3_000)
        .map(|number| match number % 3 {
            0 => message(number),
            1 => old_message(number),
            _ => {
                let mut message = message(number);
                message[1..5].copy_from_slice(&UNREADABLE_ID.to_be_bytes());
                message
            }
        })
        .collect();
    for _ in 0..2 {
        let decoded = decoder.decode(&values(&messages)).unwrap();
        assert_eq!(decoded.batches.len(), 2);
        assert_eq!(decoded.undecodable.len(), 1_000);
        for (number, outcome) in outcomes(&decoded, messages.len()).into_iter().enumerate() {
            let expected = match number % 3 {
                0 => Ok(funding(number)),
                1 => Ok(FundingEvent { title: None, ..funding(number) }),
                _ => Err(commonweal_schemas::Reason::SchemaIncompatible),
            };
            assert_eq!(outcome.map(|row| record::<FundingEvent>(&row, 0)), expected);
        }
        for batch in &decoded.batches {
            assert!(batch.messages.is_sorted());
        }
    }
    assert_eq!(registry.asked.get(), 3);
}

/// Proves that an id nobody knew is asked for again, since a registry may know
/// it by then.
#[test]
fn unknown_ids_are_asked_again() {
    let registry = Registry::default();
    let mut decoder = decoder_with(Dataset::Funding, &registry);
    let mut message = message(0);
    message[1..5].copy_from_slice(&777_u32.to_be_bytes());
    for round in 1..=2 {
        let decoded = decoder.decode(&[Some(&message)]).unwrap();
        assert_eq!(decoded.undecodable[0].reason, commonweal_schemas::Reason::SchemaUnknown);
        assert_eq!(registry.asked.get(), round);
    }
}
