//! Messages of one writer schema, held to one record each.

use super::Undecodable;
use crate::reason::Reason;
use crate::wire;
use arrow::array::RecordBatch;
use arrow_avro::errors::AvroError;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use serde_json::Value;

/// Replays before each message is tried alone.
const REPLAYS_MAX: usize = 8;
/// Zero bytes that complete a record cut anywhere: more than it has fields.
const COMPLETING_BYTES: usize = 256;
/// Most rows the decoder is asked to hold.
const BATCH_ROWS_MAX: usize = 1 << 20;

/// A writer schema that can be read as the contract, and its decoder.
pub(super) struct Readable {
    reader_schema: AvroSchema,
    id: u32,
    schema_json: String,
    decoder: Decoder,
    /// A second decoder, to try messages on; kept while nothing is in it.
    probe: Option<Decoder>,
}

impl Readable {
    /// The decoder of schema `id`, or why there is none.
    pub(super) fn new(reader_schema: &AvroSchema, id: u32, schema_json: String) -> Result<Self, String> {
        let decoder = build(reader_schema, id, &schema_json)?;
        Ok(Self { reader_schema: reader_schema.clone(), id, schema_json, decoder, probe: None })
    }

    /// A fresh decoder in place of one that a bad message may have left its
    /// mark on; false where it cannot be built, which it could before.
    fn rebuild(&mut self) -> bool {
        match build(&self.reader_schema, self.id, &self.schema_json) {
            Ok(decoder) => {
                self.decoder = decoder;
                true
            }
            Err(_) => false,
        }
    }

    /// Whether a message that was consumed whole is a record and the prefix of
    /// another. The decoder takes such a prefix and waits for a body, which it
    /// would then find in the next message; it does not tell. So where the
    /// last bytes look like a prefix, the message is tried without them.
    fn ends_in_prefix(&mut self, message: &[u8]) -> bool {
        let [.., 0, a, b, c, d] = *message else { return false };
        u32::from_be_bytes([a, b, c, d]) == self.id && self.holds_record(&message[..message.len() - wire::PREFIX_BYTES])
    }

    /// Whether a message that cannot be decoded is only cut short: the decoder
    /// calls a number that ends too early malformed. Zero bytes are the
    /// shortest value of every type, so they complete what is cut, and nothing
    /// else.
    fn ends_early(&mut self, message: &[u8], error: &AvroError) -> bool {
        if !matches!(error, AvroError::ParseError(text) if text == "bad varint") {
            return false;
        }
        let mut completed = Vec::with_capacity(message.len() + COMPLETING_BYTES);
        completed.extend_from_slice(message);
        completed.resize(message.len() + COMPLETING_BYTES, 0);
        self.holds_record(&completed)
    }

    /// Whether the second decoder finds a whole record at the start of
    /// `message`. What follows it may be refused.
    fn holds_record(&mut self, message: &[u8]) -> bool {
        let probe = self.probe.take().map_or_else(|| build(&self.reader_schema, self.id, &self.schema_json), Ok);
        let Ok(mut probe) = probe else { return false };
        let before = probe.capacity();
        let consumed = probe.decode(message);
        let found = probe.capacity() < before;
        // A record that flushes leaves nothing behind, unless the bytes after
        // it began another, as they can under the id zero.
        if found && (consumed.is_err() || self.id != 0) && probe.flush().is_ok() {
            self.probe = Some(probe);
        }
        found
    }
}

/// Messages of one writer schema, being decoded.
pub(super) struct Group<'a> {
    pub(super) readable: &'a mut Readable,
    pub(super) messages: &'a [Option<&'a [u8]>],
}

struct Bad {
    reason: Reason,
    detail: String,
}

/// A batch, and for each of its rows the position of its message.
pub(super) type Rows = Option<(RecordBatch, Vec<u32>)>;

impl Group<'_> {
    /// The rows of `members`, with the position of each row's message, and
    /// the messages that are no record.
    pub(super) fn decode(&mut self, members: &[u32]) -> (Rows, Vec<Undecodable>) {
        let mut good: Vec<u32> = Vec::with_capacity(members.len());
        let mut bad: Vec<Undecodable> = Vec::new();
        for &position in members {
            match self.one(position) {
                Ok(()) => good.push(position),
                Err(fault) => {
                    bad.push(fault.at(position));
                    if bad.len() > REPLAYS_MAX || !self.replay(&good) {
                        return self.one_by_one(members);
                    }
                }
            }
        }
        match self.readable.decoder.flush() {
            Ok(Some(batch)) if batch.num_rows() == good.len() => (Some((batch, good)), bad),
            Ok(None) if good.is_empty() => (None, bad),
            _ => self.one_by_one(members),
        }
    }

    /// Decodes one message and holds the decoder to exactly one row of exactly
    /// its bytes.
    fn one(&mut self, position: u32) -> Result<(), Bad> {
        let message = self.messages[position as usize].unwrap_or_default();
        let readable = &mut *self.readable;
        let before = readable.decoder.capacity();
        let consumed = readable.decoder.decode(message);
        let rows = before - readable.decoder.capacity();
        match (rows, consumed) {
            (1, Ok(consumed)) if consumed == message.len() && !readable.ends_in_prefix(message) => Ok(()),
            (0, Err(error)) if !readable.ends_early(message, &error) => {
                Err(Bad { reason: Reason::BodyMalformed, detail: error.to_string() })
            }
            (0, _) => {
                let detail = format!("the record does not end within its {} bytes", message.len());
                Err(Bad { reason: Reason::BodyTruncated, detail })
            }
            // Whatever follows the record, well formed or not, does not belong there.
            _ => {
                let detail = format!("more than one record in the {} bytes of the message", message.len());
                Err(Bad { reason: Reason::TrailingBytes, detail })
            }
        }
    }

    fn replay(&mut self, good: &[u32]) -> bool {
        self.readable.rebuild() && good.iter().all(|&position| self.one(position).is_ok())
    }

    /// Tries each message alone, then decodes the good ones together.
    fn one_by_one(&mut self, members: &[u32]) -> (Rows, Vec<Undecodable>) {
        let mut good = Vec::with_capacity(members.len());
        let mut bad = Vec::new();
        let mut clean = self.readable.rebuild();
        for &position in members {
            if !clean {
                clean = self.readable.rebuild();
            }
            let alone = self.one(position).and_then(|()| match self.readable.decoder.flush() {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(Bad { reason: Reason::BodyTruncated, detail: "no record in the message".to_owned() }),
                Err(error) => Err(Bad { reason: Reason::BodyMalformed, detail: error.to_string() }),
            });
            match alone {
                Ok(()) => good.push(position),
                Err(fault) => {
                    bad.push(fault.at(position));
                    clean = false;
                }
            }
        }
        // Also where nothing is good: the last bad message may have left its mark.
        let replayed = self.replay(&good);
        if good.is_empty() {
            return (None, bad);
        }
        match self.readable.decoder.flush() {
            Ok(Some(batch)) if replayed && batch.num_rows() == good.len() => (Some((batch, good)), bad),
            // Each passed alone, so this is the decoder's fault; nothing is lost, all are refused.
            _ => {
                self.readable.rebuild();
                bad.extend(good.iter().map(|&position| {
                    Bad { reason: Reason::BodyMalformed, detail: "the batch of records cannot be built".to_owned() }
                        .at(position)
                }));
                (None, bad)
            }
        }
    }
}

impl Bad {
    fn at(self, message: u32) -> Undecodable {
        Undecodable { message, reason: self.reason, detail: self.detail }
    }
}

/// A schema without its documentation, which would be parsed again with each
/// decoder; as it is where it is no JSON.
pub(super) fn without_docs(schema_json: &str) -> String {
    fn strip(schema: &mut Value) {
        match schema {
            Value::Array(branches) => branches.iter_mut().for_each(strip),
            Value::Object(object) => {
                if object.contains_key("type") {
                    object.remove("doc");
                }
                // A default may hold anything, and is no schema.
                let inner = object.iter_mut().filter(|(key, _)| *key != "default");
                inner.for_each(|(_, value)| strip(value));
            }
            _ => {}
        }
    }
    match serde_json::from_str::<Value>(schema_json) {
        Ok(mut schema) => {
            strip(&mut schema);
            schema.to_string()
        }
        Err(_) => schema_json.to_owned(),
    }
}

fn build(reader_schema: &AvroSchema, id: u32, writer_schema: &str) -> Result<Decoder, String> {
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    store.set(Fingerprint::Id(id), AvroSchema::new(writer_schema.to_owned())).map_err(|error| error.to_string())?;
    ReaderBuilder::new()
        .with_batch_size(BATCH_ROWS_MAX)
        .with_reader_schema(reader_schema.clone())
        .with_writer_schema_store(store)
        .with_active_fingerprint(Fingerprint::Id(id))
        .build_decoder()
        .map_err(|error| error.to_string())
}
