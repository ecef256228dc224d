//! Reading a topic between services: events in batches, notes one by one.

use super::Worker;
use super::notes::{self, Note};
use crate::AppError;
use crate::books::DeadLetterTopic;
use crate::fused;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use commonweal_runtime::Shutdown;
use commonweal_runtime::kafka::Message;
use commonweal_runtime::registry::RegistrySchemas;
use commonweal_schemas::avro::{Contract, EmbeddedSchemas, WriterSchemas};
use commonweal_schemas::decode::{BatchDecoder, Decoded};
use commonweal_schemas::records::{Codec, DeadLetter};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the registry before a shutdown is noticed.
const ANSWER_WAIT: Duration = Duration::from_millis(100);

pub(super) struct InternalReader {
    topic: Arc<str>,
    decoder: BatchDecoder<Box<dyn WriterSchemas + Send>>,
    letters: Codec,
    /// For what nobody of this program wrote.
    dead_letters: DeadLetterTopic,
    registry: Option<RegistrySchemas>,
    shutdown: Shutdown,
}

/// What messages hold, each in exactly one place.
#[derive(Default)]
pub(super) struct Contents {
    /// Batches, and for each row the position of its message.
    pub(super) events: Vec<(RecordBatch, Vec<usize>)>,
    /// Notes with the position of their message.
    pub(super) notes: Vec<(usize, Note)>,
}

impl InternalReader {
    /// A reader of `topic`, whose events are of `contract`, in batches with
    /// the columns of `target`.
    pub(super) fn new(
        worker: &Worker<'_>,
        topic: &str,
        contract: Contract,
        target: SchemaRef,
    ) -> Result<Self, AppError> {
        let (config, contracts) = (worker.config(), worker.contracts);
        let registry = contracts.schemas()?;
        let schemas: Box<dyn WriterSchemas + Send> = match &registry {
            Some(schemas) => Box::new(schemas.clone()),
            None => Box::new(EmbeddedSchemas),
        };
        Ok(Self {
            topic: Arc::from(topic),
            decoder: BatchDecoder::new(contract, target, schemas, config.kafka.produce_bytes_max),
            letters: contracts.codec(Contract::DeadLetter)?,
            dead_letters: fused::dead_letters(config, &worker.shutdown, contracts.codec(Contract::DeadLetter)?)?,
            registry,
            shutdown: worker.shutdown.clone(),
        })
    }

    /// Takes messages apart; `None` where a shutdown was requested meanwhile.
    /// What is neither event nor note becomes a dead letter, acknowledged.
    pub(super) fn read(&mut self, messages: &[Message<'_>]) -> Result<Option<Contents>, AppError> {
        let mut contents = Contents::default();
        let (mut positions, mut payloads) = (Vec::with_capacity(messages.len()), Vec::with_capacity(messages.len()));
        let mut refused = false;
        for (position, message) in messages.iter().enumerate() {
            let Some(headers) = notes::headers_of_note(message) else {
                positions.push(position);
                payloads.push(message.payload());
                continue;
            };
            match notes::read(&self.letters, message, &headers) {
                Ok(note) => contents.notes.push((position, note)),
                Err(error) => {
                    self.refuse(message, "SCHEMA_INCOMPATIBLE", &format!("a note between services: {error}"))?;
                    refused = true;
                }
            }
        }
        let Some(decoded) = self.decode(&payloads)? else { return Ok(None) };
        for bad in decoded.undecodable {
            self.refuse(&messages[positions[bad.message as usize]], bad.reason.code(), &bad.detail)?;
            refused = true;
        }
        if refused {
            self.dead_letters.flush()?;
        }
        let place = |message: &u32| positions[*message as usize];
        contents.events =
            decoded.batches.into_iter().map(|part| (part.batch, part.messages.iter().map(place).collect())).collect();
        Ok(Some(contents))
    }

    /// Decodes once every schema is known: they are few, and this program's own.
    fn decode(&mut self, payloads: &[Option<&[u8]>]) -> Result<Option<Decoded>, AppError> {
        loop {
            let decoded = self.decoder.decode(payloads)?;
            match &self.registry {
                Some(registry) if !decoded.awaiting.is_empty() => {
                    if self.shutdown.is_requested() {
                        return Ok(None);
                    }
                    registry.next_answer(ANSWER_WAIT);
                }
                _ => return Ok(Some(decoded)),
            }
        }
    }

    /// Lays aside a message that this program did not write. It is of no raw
    /// topic, so no receipt counts it.
    fn refuse(&mut self, message: &Message<'_>, reason: &str, detail: &str) -> Result<(), AppError> {
        let (topic, partition, offset) = (&self.topic, message.partition(), message.offset());
        tracing::error!(
            topic = &**topic,
            partition,
            offset,
            reason,
            detail,
            "a stranger's message between services goes to the dead letters"
        );
        let letter = DeadLetter {
            origin_topic: topic.to_string(),
            origin_partition: partition,
            origin_offset: offset,
            origin_timestamp: message.timestamp_millis().map(|millis| millis.saturating_mul(1_000)),
            dataset: "unknown".to_owned(),
            stage: "decode".to_owned(),
            reason: reason.to_owned(),
            message: detail.to_owned(),
            key: message.key().map(<[u8]>::to_vec),
            headers: message.headers(),
            payload: message.payload().map(<[u8]>::to_vec),
            payload_bytes: i64::try_from(message.payload().map_or(0, <[u8]>::len)).unwrap_or(i64::MAX),
            ..DeadLetter::default()
        };
        let key = format!("{topic}/{partition}/{offset}");
        let value = self.letters.encode(&letter)?;
        let dead_letters = &mut self.dead_letters;
        Ok(dead_letters.sink.send(&dead_letters.topic, Some(key.as_bytes()), Some(&value), &[])?)
    }
}
