//! Messages of several writer schemas in one topic.

use crate::support::{decoder_with, funding, message, outcomes, record, values};
use commonweal_schemas::avro::{Contract, EmbeddedSchemas, WriterSchema, WriterSchemas};
use commonweal_schemas::records::{FundingEvent, FundingStage};
use commonweal_schemas::{Dataset, wire};
use serde::Serialize;
use serde_json::Value;
use std::cell::Cell;

const OLD_ID: u32 = 100;
const UNREADABLE_ID: u32 = 101;
const AWAITED_ID: u32 = 102;
const FOREIGN_ID: u32 = 103;
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
    fn writer_schema(&self, id: u32) -> WriterSchema {
        self.asked.set(self.asked.get() + 1);
        match id {
            OLD_ID => WriterSchema::Found(old_schema()),
            UNREADABLE_ID => WriterSchema::Found("{\"type\": \"no schema\"".to_owned()),
            AWAITED_ID => WriterSchema::Awaited,
            FOREIGN_ID => WriterSchema::Unusable("it is a PROTOBUF schema".to_owned()),
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

fn under(mut message: Vec<u8>, id: u32) -> Vec<u8> {
    message[1..5].copy_from_slice(&id.to_be_bytes());
    message
}

/// Proves that nothing of a slice is decoded while the schema of one of its
/// messages cannot be told, that all such messages are named, and that the
/// others go through once the caller leaves those out.
#[test]
fn awaited_schemas_hold_their_slice() {
    let registry = Registry::default();
    let mut decoder = decoder_with(Dataset::Funding, &registry);
    let mut messages: Vec<Vec<u8>> = (0..6).map(message).collect();
    messages[4] = under(message(4), AWAITED_ID);
    messages[1] = under(message(1), AWAITED_ID);
    messages[2] = Vec::new();
    let decoded = decoder.decode(&values(&messages)).unwrap();
    assert_eq!(decoded.awaiting, [1, 4]);
    assert!(decoded.batches.is_empty() && decoded.undecodable.is_empty());
    assert!(decoder.awaits(Some(&messages[1])) && !decoder.awaits(Some(&messages[0])));
    assert!(!decoder.awaits(Some(&[])) && !decoder.awaits(None));
    let decoded = decoder.decode(&values(&messages[2..4])).unwrap();
    assert!(decoded.awaiting.is_empty());
    assert_eq!((decoded.batches[0].messages.len(), decoded.undecodable.len()), (1, 1));
}

/// Proves that a schema that is no Avro, and one that parts from the contract,
/// refuse their messages with the reason in words.
#[test]
fn refusals_name_the_difference() {
    struct Incompatible;
    impl WriterSchemas for Incompatible {
        fn writer_schema(&self, _: u32) -> WriterSchema {
            let source = r#"{"name": "source", "type": "string""#;
            let contract = Contract::Funding.schema_json();
            assert!(contract.contains(source));
            WriterSchema::Found(contract.replacen(source, r#"{"name": "source", "type": "long""#, 1))
        }
    }
    let refused = decoder_with(Dataset::Funding, Incompatible).decode(&[Some(&message(0))]).unwrap().undecodable;
    assert_eq!(refused[0].reason, commonweal_schemas::Reason::SchemaIncompatible);
    assert!(refused[0].detail.ends_with("$.source: written as long, read as string"), "{}", refused[0].detail);
    let foreign = under(message(0), FOREIGN_ID);
    let registry = Registry::default();
    let refused = decoder_with(Dataset::Funding, &registry).decode(&[Some(&foreign)]).unwrap().undecodable;
    assert_eq!(refused[0].reason, commonweal_schemas::Reason::SchemaIncompatible);
    assert!(refused[0].detail.contains("PROTOBUF"), "{}", refused[0].detail);
}

/// Proves that the contract is known by its content: under any id and in
/// another spelling it is decoded, and whichever way a writer schema takes,
/// rows come out alike.
#[test]
fn the_contract_is_known_by_its_content() {
    struct Spelt;
    impl WriterSchemas for Spelt {
        fn writer_schema(&self, id: u32) -> WriterSchema {
            let contract = Contract::Funding.schema_json();
            let spelt =
                contract.replace(r#""type": "string""#, r#""type": {"type": "string", "avro.java.string": "String"}"#);
            assert!(commonweal_schemas::avro::writes_like(&spelt, contract) && spelt != contract);
            WriterSchema::Found(if id == Contract::Funding.embedded_id() { contract.to_owned() } else { spelt })
        }
    }
    let plain = decoder_with(Dataset::Funding, Spelt).decode(&[Some(&message(3))]).unwrap();
    let spelt = decoder_with(Dataset::Funding, Spelt).decode(&[Some(&under(message(3), 40_000))]).unwrap();
    assert_eq!(plain.batches[0].batch, spelt.batches[0].batch);
}

/// Proves that without a registry a message under the number of an earlier
/// schema is still read by that schema, beside those of the present one.
#[test]
fn embedded_numbers_keep_their_meaning() {
    // What came after the first version stands last, and is null here: one byte a field.
    let later = ["planned_start", "planned_end"];
    let mut earlier = under(message(1), 1);
    earlier.truncate(earlier.len() - later.len());
    let present = FundingEvent { planned_start: Some(18_000), planned_end: Some(18_364), ..funding(2) };
    let messages = [earlier, crate::support::encode(Dataset::Funding, &present)];
    assert!(messages[0][1..5] != messages[1][1..5]);
    let decoded = decoder_with(Dataset::Funding, EmbeddedSchemas).decode(&values(&messages)).unwrap();
    let read: Vec<FundingEvent> =
        outcomes(&decoded, 2).into_iter().map(|outcome| record(&outcome.unwrap(), 0)).collect();
    assert_eq!(read, [funding(1), present]);
}
