//! Nanoseconds that decoding an event costs, by the schema it was written
//! with: the contract, an older and a newer version, and two of them taking
//! turns message by message, beside what the two cost apart.
//!
//!     cargo run --release --workspace --example versions_speed
#![allow(clippy::pedantic, reason = "a measurement for people: rates are rounded, and nobody calls it")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot run fails by panicking")]

use commonweal_schemas::avro::{Contract, WriterSchema, WriterSchemas};
use commonweal_schemas::decode::BatchDecoder;
use commonweal_schemas::records::{Codec, FundingEvent, FundingStage, Instrument};
use commonweal_schemas::wire::{PREFIX_BYTES, write_prefix};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

const EVENTS: usize = 400_000;
const BATCH_MESSAGES: usize = 8_192;
const ROUNDS: usize = 8;

const OLDER: u32 = 101;
const CONTRACT: u32 = 102;
const NEWER: u32 = 103;

struct Versions;

impl WriterSchemas for Versions {
    fn writer_schema(&self, id: u32) -> WriterSchema {
        let mut schema: Value = serde_json::from_str(Contract::Funding.schema_json()).unwrap();
        let fields = schema["fields"].as_array_mut().unwrap();
        match id {
            OLDER => fields.truncate(fields.len() - 2),
            NEWER => fields.push(json!({"name": "added", "type": ["null", "string"], "default": null})),
            _ => {}
        }
        WriterSchema::Found(schema.to_string())
    }
}

/// Event `number`, written under the version.
fn message(number: usize, id: u32, codec: &Codec) -> Vec<u8> {
    let event = FundingEvent {
        source: "urn:test:speed".to_owned(),
        event_id: format!("event/{number}"),
        recorded_at: 1_609_718_400_000_000,
        stage: FundingStage::Committed,
        instrument: Instrument::Grant,
        funder_name: Some("A funder".to_owned()),
        recipient_id: Some("GB-CHC-1159982".to_owned()),
        recipient_name: Some("A charity of some name".to_owned()),
        amount: Some(Decimal::from(number)),
        currency: Some("GBP".to_owned()),
        occurred_on: Some(18_628),
        postcode: Some("L8 1TH".to_owned()),
        title: Some("What the money is for, in one line".to_owned()),
        ..FundingEvent::default()
    };
    let mut body = codec.encode(&event).unwrap().split_off(PREFIX_BYTES);
    match id {
        // The last two fields are null, a byte each.
        OLDER => body.truncate(body.len() - 2),
        NEWER => body.push(0),
        _ => {}
    }
    let mut message = Vec::new();
    write_prefix(id, &mut message);
    message.extend(body);
    message
}

/// Messages of some versions in turns, and what they cost at best.
struct Case {
    name: &'static str,
    messages: Vec<Vec<u8>>,
    decoder: BatchDecoder<Versions>,
    nanoseconds: f64,
}

impl Case {
    fn new(name: &'static str, ids: &[u32]) -> Self {
        let codec = Codec::embedded(Contract::Funding).unwrap();
        let target = commonweal_schemas::arrow_schema::funding_raw();
        Self {
            name,
            messages: (0..EVENTS).map(|number| message(number, ids[number % ids.len()], &codec)).collect(),
            decoder: BatchDecoder::new(Contract::Funding, target, Versions, 1 << 20),
            nanoseconds: f64::INFINITY,
        }
    }

    fn round(&mut self) {
        let mut nanoseconds = 0;
        for batch in self.messages.chunks(BATCH_MESSAGES) {
            let batch: Vec<Option<&[u8]>> = batch.iter().map(|message| Some(message.as_slice())).collect();
            let start = Instant::now();
            let decoded = black_box(self.decoder.decode(&batch).unwrap());
            let rows: usize = decoded.batches.iter().map(|part| part.batch.num_rows()).sum();
            assert_eq!(rows, batch.len(), "every message is a row");
            drop(decoded);
            nanoseconds += start.elapsed().as_nanos();
        }
        self.nanoseconds = self.nanoseconds.min(nanoseconds as f64 / EVENTS as f64);
    }
}

fn main() {
    let mut cases = [
        Case::new("older", &[OLDER]),
        Case::new("contract", &[CONTRACT]),
        Case::new("newer", &[NEWER]),
        Case::new("contract and older", &[CONTRACT, OLDER]),
        Case::new("contract and newer", &[CONTRACT, NEWER]),
        Case::new("older and newer", &[OLDER, NEWER]),
    ];
    // Round by round, so that whatever else the machine does meets all alike.
    for _ in 0..ROUNDS {
        cases.iter_mut().for_each(Case::round);
    }
    let [older, contract, newer, mixed @ ..] = &cases;
    for Case { name, nanoseconds, .. } in [older, contract, newer] {
        println!("{name:<22} {nanoseconds:>7.1} ns an event");
    }
    let pairs = [(contract, older), (contract, newer), (older, newer)];
    for (Case { name, nanoseconds, .. }, (one, other)) in mixed.iter().zip(pairs) {
        let apart = (one.nanoseconds + other.nanoseconds) / 2.0;
        println!(
            "{name:<22} {nanoseconds:>7.1} ns an event in turns, {apart:.1} apart: {:.2} times",
            nanoseconds / apart
        );
    }
}
