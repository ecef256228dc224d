//! Decode, validate and enrich one batch of raw messages: the pure middle of
//! the fused pipeline, and without the last step that of `ingest`.

use crate::AppError;
use arrow::array::RecordBatch;
use commonweal_enrich::{Reference, enrich};
use commonweal_ingest::{Rules, validate_employment, validate_funding};
use commonweal_ledger::RejectedMessage;
use commonweal_schemas::avro::WriterSchemas;
use commonweal_schemas::decode::BatchDecoder;
use commonweal_schemas::records::Header;
use commonweal_schemas::{Dataset, Origins, Reason, arrow_schema};
use std::borrow::Cow;
use std::sync::Arc;

/// A message as it was read.
#[derive(Clone, Copy, Debug)]
pub struct RawMessage<'a> {
    pub partition: i32,
    pub offset: i64,
    pub payload: Option<&'a [u8]>,
    pub key: Option<&'a [u8]>,
    /// UTC microseconds.
    pub timestamp: Option<i64>,
}

/// What became of a batch of messages; each is in exactly one of the first two.
#[derive(Debug, Default)]
pub struct Staged {
    /// In the enriched schema, or the validated one where the stage does not enrich.
    pub batches: Vec<RecordBatch>,
    pub rejected: Vec<RejectedMessage>,
    /// Positions, rising, of messages whose schema cannot be told yet. Where
    /// there are any, nothing became of any message.
    pub awaiting: Vec<u32>,
}

/// Where a stage takes the schemas of messages from.
pub type Schemas = Box<dyn WriterSchemas + Send>;

/// The stages before the ledger, for one raw topic.
pub struct Stage {
    dataset: Dataset,
    topic: Arc<str>,
    decoder: BatchDecoder<Schemas>,
    rules: Rules,
    reference: Option<Arc<Reference>>,
}

impl Stage {
    /// A stage for the events of `dataset` in `topic`, written under `schemas`,
    /// which validates them.
    #[must_use]
    pub fn new(dataset: Dataset, topic: Arc<str>, schemas: Schemas, rules: Rules, message_bytes_max: usize) -> Self {
        let decoder = BatchDecoder::new(dataset.contract(), arrow_schema::raw(dataset), schemas, message_bytes_max);
        Self { dataset, topic, decoder, rules, reference: None }
    }

    /// The same that enriches them too.
    #[must_use]
    pub fn enriching(mut self, reference: Arc<Reference>) -> Self {
        self.reference = Some(reference);
        self
    }

    #[must_use]
    pub const fn dataset(&self) -> Dataset {
        self.dataset
    }

    #[must_use]
    pub const fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Whether a message's schema cannot be told yet.
    pub fn awaits(&mut self, payload: Option<&[u8]>) -> bool {
        self.decoder.awaits(payload)
    }

    /// Takes messages through all stages. `headers` fetches the headers of the
    /// message at a position; it is asked for refused messages only.
    ///
    /// # Errors
    /// A stage is at fault, never a message.
    pub fn process(
        &mut self,
        messages: &[RawMessage<'_>],
        headers: &dyn Fn(usize) -> Vec<Header>,
    ) -> Result<Staged, AppError> {
        let payloads: Vec<Option<&[u8]>> = messages.iter().map(|message| message.payload).collect();
        let decoded = self.decoder.decode(&payloads)?;
        let mut staged = Staged { awaiting: decoded.awaiting, ..Staged::default() };
        for bad in decoded.undecodable {
            let position = bad.message as usize;
            let message = self.rejected(messages[position], headers(position), bad.reason, bad.detail);
            staged.rejected.push(message);
        }
        for part in decoded.batches {
            let mut origins = Origins::with_capacity(Arc::clone(&self.topic), part.messages.len());
            for &position in &part.messages {
                let message = messages[position as usize];
                origins.push(message.partition, message.offset);
            }
            let validated = match self.dataset {
                Dataset::Funding => validate_funding(&part.batch, &origins, &self.rules)?,
                Dataset::Employment => validate_employment(&part.batch, &origins, &self.rules)?,
            };
            for rejection in validated.rejected {
                let position = part.messages[rejection.row as usize] as usize;
                let mut message =
                    self.rejected(messages[position], headers(position), rejection.reason, rejection.message);
                message.field = rejection.field.map(Cow::Borrowed);
                message.source = rejection.source;
                message.event_id = rejection.event_id;
                staged.rejected.push(message);
            }
            if validated.valid.num_rows() > 0 {
                staged.batches.push(match &self.reference {
                    Some(reference) => enrich(&validated.valid, reference)?,
                    None => validated.valid,
                });
            }
        }
        Ok(staged)
    }

    fn rejected(
        &self,
        origin: RawMessage<'_>,
        headers: Vec<Header>,
        reason: Reason,
        message: String,
    ) -> RejectedMessage {
        RejectedMessage {
            topic: Arc::clone(&self.topic),
            partition: origin.partition,
            offset: origin.offset,
            dataset: self.dataset,
            reason,
            field: None,
            message,
            source: None,
            event_id: None,
            payload: origin.payload.map(<[u8]>::to_vec),
            key: origin.key.map(<[u8]>::to_vec),
            headers,
            timestamp: origin.timestamp,
        }
    }
}
