//! Dead letters on their way to their topic.

use crate::AppError;
use commonweal_ledger::RejectedMessage;
use commonweal_schemas::records::{Codec, DeadLetter};

/// Room for everything in a dead letter but the payload.
const ENVELOPE_BYTES: usize = 16 * 1024;

/// Makes dead letters that fit their topic.
pub struct DeadLetters {
    codec: Codec,
    message_bytes_max: usize,
}

impl DeadLetters {
    /// Letters of at most `message_bytes_max` bytes, written with the codec of
    /// the dead-letter contract.
    #[must_use]
    pub const fn new(codec: Codec, message_bytes_max: usize) -> Self {
        Self { codec, message_bytes_max }
    }

    /// Key and value of the letter for a refused message. The key names the
    /// origin, so that the copies an interrupted run may leave can be told as
    /// one. A payload that is too long for the topic stays in the journal.
    ///
    /// # Errors
    /// The letter does not fit its schema.
    pub fn letter(&self, message: &RejectedMessage) -> Result<(Vec<u8>, Vec<u8>), AppError> {
        let payload_bytes = message.payload.as_ref().map_or(0, Vec::len);
        let key = format!("{}/{}/{}", message.topic, message.partition, message.offset);
        let fits = payload_bytes + ENVELOPE_BYTES <= self.message_bytes_max;
        let letter = letter(message, message.payload.clone().filter(|_| fits));
        Ok((key.into_bytes(), self.codec.encode(&letter)?))
    }
}

/// The letter for a refused message, with as much of its payload.
pub(crate) fn letter(message: &RejectedMessage, payload: Option<Vec<u8>>) -> DeadLetter {
    DeadLetter {
        origin_topic: message.topic.to_string(),
        origin_partition: message.partition,
        origin_offset: message.offset,
        origin_timestamp: message.timestamp,
        dataset: message.dataset.name().to_owned(),
        stage: message.reason.stage().name().to_owned(),
        reason: message.reason.code().to_owned(),
        field: message.field.as_deref().map(str::to_owned),
        message: message.message.clone(),
        key: message.key.clone(),
        headers: message.headers.clone(),
        payload,
        payload_bytes: i64::try_from(message.payload.as_ref().map_or(0, Vec::len)).unwrap_or(i64::MAX),
    }
}
