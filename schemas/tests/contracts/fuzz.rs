//! Bytes of any kind: never a panic, and each message as it would be alone.

use crate::round_trip;
use crate::support::{decoder, decoder_with, encode, message, outcomes, values};
use commonweal_schemas::avro::{EmbeddedSchemas, WriterSchema, WriterSchemas};
use commonweal_schemas::{Dataset, wire};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// What happens to a message on its way.
#[derive(Clone, Debug)]
enum Mutation {
    None,
    Cut(Index),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Append(Vec<u8>),
    Glue,
    Prefix,
    Replace(Vec<u8>),
    Body(Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        6 => Just(Mutation::None),
        2 => any::<Index>().prop_map(Mutation::Cut),
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Flip(at, byte)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        1 => vec(any::<u8>(), 1..12).prop_map(Mutation::Append),
        1 => Just(Mutation::Glue),
        1 => Just(Mutation::Prefix),
        1 => vec(any::<u8>(), 0..64).prop_map(Mutation::Replace),
        2 => vec(any::<u8>(), 0..64).prop_map(Mutation::Body),
    ]
}

fn mutate(mut message: Vec<u8>, mutation: &Mutation, dataset: Dataset) -> Vec<u8> {
    let mut prefix = Vec::new();
    wire::write_prefix(dataset.contract().embedded_id(), &mut prefix);
    match mutation {
        Mutation::None => {}
        Mutation::Cut(at) => message.truncate(at.index(message.len())),
        Mutation::Flip(at, byte) => {
            let at = at.index(message.len());
            message[at] = *byte;
        }
        Mutation::Insert(at, bytes) => {
            let at = at.index(message.len());
            message.splice(at..at, bytes.iter().copied());
        }
        Mutation::Append(bytes) => message.extend(bytes),
        Mutation::Glue => message.extend(message.clone()),
        Mutation::Prefix => message.extend(prefix),
        Mutation::Replace(bytes) => message.clone_from(bytes),
        Mutation::Body(bytes) => {
            message = prefix;
            message.extend(bytes);
        }
    }
    message
}

/// The contracts with a logical type more, which means nothing but makes each
/// another schema: bodies are resolved to the contract, not taken directly.
struct Annotated;

impl WriterSchemas for Annotated {
    fn writer_schema(&self, id: u32) -> WriterSchema {
        let WriterSchema::Found(schema_json) = EmbeddedSchemas.writer_schema(id) else {
            return EmbeddedSchemas.writer_schema(id);
        };
        let mut schema: serde_json::Value = serde_json::from_str(&schema_json).unwrap();
        schema["fields"][0]["type"] = serde_json::json!({"type": "string", "logicalType": "remark"});
        WriterSchema::Found(schema.to_string())
    }
}

/// Decodes messages together and each alone with a new decoder, and by both
/// ways; the outcomes must agree, and the decoder must be sound afterwards.
fn together_as_alone(dataset: Dataset, messages: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut shared = decoder(dataset);
    let directly = shared.decode(&values(messages)).unwrap();
    let resolved = decoder_with(dataset, Annotated).decode(&values(messages)).unwrap();
    prop_assert_eq!(&directly.undecodable, &resolved.undecodable);
    let together = outcomes(&directly, messages.len());
    prop_assert_eq!(&together, &outcomes(&resolved, messages.len()));
    for (message, outcome) in messages.iter().zip(together) {
        let alone = decoder(dataset).decode(&[Some(message)]).unwrap();
        prop_assert_eq!(outcome, outcomes(&alone, 1).remove(0));
    }
    let after = shared.decode(&values(messages)).unwrap();
    let before = decoder(dataset).decode(&values(messages)).unwrap();
    prop_assert_eq!(outcomes(&after, messages.len()), outcomes(&before, messages.len()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves that mutated funding messages neither fail the decoder nor
    /// change a neighbour.
    #[test]
    fn mutated_funding(events in vec((round_trip::funding(), mutation()), 1..8)) {
        let messages: Vec<Vec<u8>> = events.iter()
            .map(|(event, mutation)| mutate(encode(Dataset::Funding, event), mutation, Dataset::Funding)).collect();
        together_as_alone(Dataset::Funding, &messages)?;
    }

    /// Proves the same of employment messages, which hold an array.
    #[test]
    fn mutated_employment(events in vec((round_trip::employment(), mutation()), 1..8)) {
        let dataset = Dataset::Employment;
        let messages: Vec<Vec<u8>> = events.iter()
            .map(|(event, mutation)| mutate(encode(dataset, event), mutation, dataset)).collect();
        together_as_alone(dataset, &messages)?;
    }

    /// Proves that more bad messages than are replayed one at a time, in any
    /// pattern, are told from the good ones exactly.
    #[test]
    fn patterns_of_bad_messages(bad in vec(any::<bool>(), 1..60), kind in 0_usize..3) {
        let messages: Vec<Vec<u8>> = bad.iter().enumerate().map(|(number, &bad)| {
            let mut message = message(number);
            match (bad, kind) {
                (false, _) => {}
                // Found while decoding, found at the flush, found by its length.
                (true, 0) => message.truncate(message.len() - 1),
                (true, 1) => message[wire::PREFIX_BYTES + 1] = 0xFF,
                (true, _) => message.push(0),
            }
            message
        }).collect();
        let decoded = decoder(Dataset::Funding).decode(&values(&messages)).unwrap();
        let found: Vec<bool> = outcomes(&decoded, messages.len()).iter().map(Result::is_err).collect();
        prop_assert_eq!(found, bad);
    }
}
