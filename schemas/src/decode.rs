//! Framed Avro messages into record batches, such that a bad message harms
//! nobody but itself.
//!
//! The columnar decoder is fast but unforgiving: a bad message may be half
//! decoded, accepted with trailing bytes, or only break the batch's flush. So
//! each message is decoded by itself and checked for having been consumed
//! whole as exactly one row. After a bad one the decoder is rebuilt and the
//! good ones replayed; when many are bad, or the flush fails, every message is
//! tried alone first, which bounds the work to two passes.

mod column_types;

use crate::avro::{Contract, WriterSchemas};
use crate::reason::Reason;
use crate::wire;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use serde_json::Value;
use std::collections::HashMap;

/// Replays before each message is tried alone.
const REPLAYS_MAX: usize = 8;
/// Zero bytes that complete a record cut anywhere: more than it has fields.
const COMPLETING_BYTES: usize = 256;
/// Most rows the decoder is asked to hold.
const BATCH_ROWS_MAX: usize = 1 << 20;

/// A message that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// Position in the slice of messages.
    pub message: u32,
    pub reason: Reason,
    pub detail: String,
}

/// Rows decoded from messages of one writer schema.
#[derive(Debug)]
pub struct DecodedBatch {
    /// In the contract's raw schema.
    pub batch: RecordBatch,
    /// For each row, the position of its message.
    pub messages: Vec<u32>,
}

/// Everything made of one slice of messages.
#[derive(Debug, Default)]
pub struct Decoded {
    pub batches: Vec<DecodedBatch>,
    pub undecodable: Vec<Undecodable>,
}

/// The decoder itself is at fault, not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("a decoded batch does not have the contract's columns: {0}")]
    Schema(#[from] arrow::error::ArrowError),
}

/// Decodes the messages of one raw topic.
pub struct BatchDecoder<S> {
    reader_schema: AvroSchema,
    target: SchemaRef,
    schemas: S,
    message_bytes_max: usize,
    known: HashMap<u32, Writer>,
}

/// A writer schema: its decoder, or why it cannot have one.
enum Writer {
    Readable(Box<Readable>),
    Incompatible(String),
}

struct Readable {
    schema_json: String,
    decoder: Decoder,
}

struct Bad {
    reason: Reason,
    detail: String,
}

impl<S: WriterSchemas> BatchDecoder<S> {
    /// A decoder of `contract`, whose rows get the columns of `target`.
    /// Messages longer than `message_bytes_max` are refused unread.
    pub fn new(contract: Contract, target: SchemaRef, schemas: S, message_bytes_max: usize) -> Self {
        Self {
            reader_schema: AvroSchema::new(without_docs(contract.schema_json())),
            target,
            schemas,
            message_bytes_max,
            known: HashMap::new(),
        }
    }

    /// Decodes `messages` (`None` is a message without a value). Rows of one
    /// writer schema stay in the order of their messages.
    ///
    /// # Errors
    /// Only where the decoder itself is at fault; bad messages are listed in
    /// [`Decoded::undecodable`].
    pub fn decode(&mut self, messages: &[Option<&[u8]>]) -> Result<Decoded, DecodeError> {
        let mut decoded = Decoded::default();
        for (id, members) in self.group(messages, &mut decoded.undecodable) {
            self.decode_group(id, &members, messages, &mut decoded)?;
        }
        Ok(decoded)
    }

    /// Positions of the readable frames by schema id, first seen first.
    fn group(&self, messages: &[Option<&[u8]>], undecodable: &mut Vec<Undecodable>) -> Vec<(u32, Vec<u32>)> {
        let mut groups: Vec<(u32, Vec<u32>)> = Vec::new();
        for (position, message) in (0_u32..).zip(messages) {
            let bytes = message.unwrap_or_default();
            let id = if bytes.len() > self.message_bytes_max {
                Err(Reason::PayloadTooLarge)
            } else {
                wire::schema_id(bytes)
            };
            match id {
                Ok(id) => match groups.iter_mut().find(|(known, _)| *known == id) {
                    Some((_, members)) => members.push(position),
                    None => groups.push((id, vec![position])),
                },
                Err(reason) => undecodable.push(Undecodable {
                    message: position,
                    reason,
                    detail: format!("{} ({} bytes)", reason.sentence(), bytes.len()),
                }),
            }
        }
        groups
    }

    fn decode_group(
        &mut self,
        id: u32,
        members: &[u32],
        messages: &[Option<&[u8]>],
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let refuse_all = |reason: Reason, detail: &str, decoded: &mut Decoded| {
            decoded.undecodable.extend(members.iter().map(|&message| Undecodable {
                message,
                reason,
                detail: detail.to_owned(),
            }));
        };
        if !self.known.contains_key(&id) {
            let Some(schema_json) = self.schemas.writer_schema(id) else {
                let detail = format!("schema id {id} is not known; register the schema or correct the producer");
                refuse_all(Reason::SchemaUnknown, &detail, decoded);
                return Ok(());
            };
            let schema_json = without_docs(&schema_json);
            let writer = match build(&self.reader_schema, id, &schema_json) {
                Ok(decoder) => Writer::Readable(Box::new(Readable { schema_json, decoder })),
                Err(detail) => Writer::Incompatible(detail),
            };
            self.known.insert(id, writer);
        }
        match self.known.get_mut(&id) {
            Some(Writer::Readable(readable)) => {
                let reader_schema = &self.reader_schema;
                let mut group = Group { readable, id, reader_schema, messages };
                let (rows, bad) = group.decode(members);
                decoded.undecodable.extend(bad);
                if let Some((batch, messages)) = rows {
                    let batch = column_types::conform(&batch, &self.target)?;
                    decoded.batches.push(DecodedBatch { batch, messages });
                }
            }
            Some(Writer::Incompatible(detail)) => {
                let detail = format!("schema id {id} cannot be read as this contract: {detail}");
                refuse_all(Reason::SchemaIncompatible, &detail, decoded);
            }
            None => {}
        }
        Ok(())
    }
}

/// A schema without its documentation, which would be parsed again with each
/// decoder; as it is where it is no JSON.
fn without_docs(schema_json: &str) -> String {
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
    store
        .set(Fingerprint::Id(id), AvroSchema::new(writer_schema.to_owned()))
        .map_err(|error| error.to_string())?;
    ReaderBuilder::new()
        .with_batch_size(BATCH_ROWS_MAX)
        .with_reader_schema(reader_schema.clone())
        .with_writer_schema_store(store)
        .with_active_fingerprint(Fingerprint::Id(id))
        .build_decoder()
        .map_err(|error| error.to_string())
}

/// Messages of one writer schema, being decoded.
struct Group<'a> {
    readable: &'a mut Readable,
    id: u32,
    reader_schema: &'a AvroSchema,
    messages: &'a [Option<&'a [u8]>],
}

type Rows = Option<(RecordBatch, Vec<u32>)>;

impl Group<'_> {
    fn decode(&mut self, members: &[u32]) -> (Rows, Vec<Undecodable>) {
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
        let decoder = &mut self.readable.decoder;
        let before = decoder.capacity();
        let consumed = decoder.decode(message);
        let rows = before - decoder.capacity();
        match (rows, consumed) {
            (1, Ok(consumed)) if consumed == message.len() && !self.ends_in_prefix(message) => Ok(()),
            (0, Err(error)) if !self.ends_early(message) => {
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

    /// Whether a message that was consumed whole is a record and the prefix of
    /// another. The decoder takes such a prefix and waits for a body, which it
    /// would then find in the next message; it does not tell. So where the
    /// last bytes look like a prefix, the message is tried without them.
    fn ends_in_prefix(&self, message: &[u8]) -> bool {
        let mut prefix = Vec::with_capacity(wire::PREFIX_BYTES);
        wire::write_prefix(self.id, &mut prefix);
        message.strip_suffix(prefix.as_slice()).is_some_and(|rest| self.holds_record(rest))
    }

    /// Whether a message that cannot be decoded is only cut short. The decoder
    /// calls a number that ends too early malformed. Zero bytes are the
    /// shortest value of every type, so they complete what is cut, and nothing
    /// else.
    fn ends_early(&self, message: &[u8]) -> bool {
        let mut completed = Vec::with_capacity(message.len() + COMPLETING_BYTES);
        completed.extend_from_slice(message);
        completed.resize(message.len() + COMPLETING_BYTES, 0);
        self.holds_record(&completed)
    }

    /// Whether a decoder of its own finds a whole record at the start of
    /// `message`.
    fn holds_record(&self, message: &[u8]) -> bool {
        let Ok(mut probe) = build(self.reader_schema, self.id, &self.readable.schema_json) else { return false };
        let before = probe.capacity();
        // What follows the record may be refused; that there is one is enough.
        let _consumed = probe.decode(message);
        probe.capacity() < before
    }

    /// A fresh decoder; false where it cannot be built, which it could before.
    fn rebuild(&mut self) -> bool {
        match build(self.reader_schema, self.id, &self.readable.schema_json) {
            Ok(decoder) => {
                self.readable.decoder = decoder;
                true
            }
            Err(_) => false,
        }
    }

    fn replay(&mut self, good: &[u32]) -> bool {
        self.rebuild() && good.iter().all(|&position| self.one(position).is_ok())
    }

    /// Tries each message alone, then decodes the good ones together.
    fn one_by_one(&mut self, members: &[u32]) -> (Rows, Vec<Undecodable>) {
        let mut good = Vec::with_capacity(members.len());
        let mut bad = Vec::new();
        let mut clean = self.rebuild();
        for &position in members {
            if !clean {
                clean = self.rebuild();
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
                self.rebuild();
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
