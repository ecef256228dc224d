//! The rules of ingest, asked before an event is sent: on the very bytes, by
//! the decoder and the validation that will read them.

use commonweal_gateway::{Judge, JudgeError, RawTopic};
use commonweal_ingest::{Rules, breaches, unreadable_reason};
use commonweal_schemas::avro::{Contract, WriterSchema, WriterSchemas};
use commonweal_schemas::decode::BatchDecoder;
use commonweal_schemas::{Dataset, Reason, Rejection, arrow_schema};
use std::sync::{Mutex, PoisonError};

/// Judges by what ingest would say.
pub(crate) struct IngestJudge {
    rules: Rules,
    message_bytes_max: usize,
    desks: Vec<Desk>,
}

/// What messages of one dataset are judged with.
struct Desk {
    own: OwnSchema,
    dataset: Dataset,
    /// Decoders at rest; there are as many as were ever busy at once.
    decoders: Mutex<Vec<BatchDecoder<OwnSchema>>>,
}

/// The one schema that is written with.
#[derive(Clone, Copy)]
struct OwnSchema {
    contract: Contract,
    id: u32,
}

impl WriterSchemas for OwnSchema {
    fn writer_schema(&self, id: u32) -> WriterSchema {
        if id == self.id {
            WriterSchema::Found(self.contract.schema_json().to_owned())
        } else {
            WriterSchema::Unknown("it is not the one that is written with".to_owned())
        }
    }
}

impl IngestJudge {
    pub(crate) fn new(rules: Rules, message_bytes_max: usize, topics: &[RawTopic]) -> Self {
        let desk = |raw: &RawTopic| Desk {
            own: OwnSchema { contract: raw.dataset.contract(), id: raw.schema_id },
            dataset: raw.dataset,
            decoders: Mutex::new(Vec::new()),
        };
        Self { rules, message_bytes_max, desks: topics.iter().map(desk).collect() }
    }
}

impl Judge for IngestJudge {
    fn judge(&self, dataset: Dataset, messages: &[&[u8]]) -> Result<Vec<Rejection>, JudgeError> {
        let fault = |error: &dyn std::error::Error| JudgeError(error.to_string());
        let desk = self.desks.iter().find(|desk| desk.dataset == dataset);
        let desk = desk.ok_or_else(|| JudgeError(format!("nothing is known of {dataset} events")))?;
        let mut decoder = desk.take(self.message_bytes_max);
        let messages: Vec<Option<&[u8]>> = messages.iter().map(|message| Some(*message)).collect();
        let decoded = decoder.decode(&messages).map_err(|error| fault(&error))?;
        desk.give_back(decoder);

        let unread = decoded.undecodable.into_iter().map(|bad| Rejection {
            row: bad.message,
            reason: bad.reason,
            field: None,
            message: bad.detail,
            source: None,
            event_id: None,
        });
        let mut rejections: Vec<Rejection> = unread.collect();
        for part in &decoded.batches {
            let broken = breaches(dataset, &part.batch, &self.rules).map_err(|error| fault(&error))?;
            rejections.extend(broken.into_iter().filter_map(|rejection| {
                let row = *part.messages.get(rejection.row as usize)?;
                Some(Rejection { row, ..rejection })
            }));
        }
        Ok(rejections)
    }

    fn unreadable(&self, field: &str) -> Reason {
        unreadable_reason(field)
    }
}

impl Desk {
    fn take(&self, message_bytes_max: usize) -> BatchDecoder<OwnSchema> {
        let rested = self.decoders.lock().unwrap_or_else(PoisonError::into_inner).pop();
        rested.unwrap_or_else(|| {
            let target = arrow_schema::raw(self.dataset);
            BatchDecoder::new(self.own.contract, target, self.own, message_bytes_max)
        })
    }

    fn give_back(&self, decoder: BatchDecoder<OwnSchema>) {
        self.decoders.lock().unwrap_or_else(PoisonError::into_inner).push(decoder);
    }
}
