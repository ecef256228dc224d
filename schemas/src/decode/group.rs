//! Messages of one writer schema, held to one record each.

use super::Undecodable;
use super::direct::Direct;
use super::shape::{Fault, Shape};
use crate::avro::model::Schema;
use crate::avro::resolution::compare;
use crate::reason::Reason;
use crate::wire;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use serde_json::Value;

/// Bad messages found by halving before the rest are tried alone.
const HALVINGS_MAX: usize = 8;
/// Messages that are rather tried alone than halved.
const ALONE_MAX: usize = 8;
/// Most rows the decoder is asked to hold.
const BATCH_ROWS_MAX: usize = 1 << 20;

/// A writer schema that can be read as the contract, and its decoder.
pub(super) struct Readable {
    reader_schema: AvroSchema,
    id: u32,
    schema_json: String,
    shape: Shape,
    /// Where the writer schema is the contract itself.
    direct: Option<Direct>,
    decoder: Decoder,
}

impl Readable {
    /// The decoder of schema `id`, or why there is none.
    pub(super) fn new(
        reader_schema: &AvroSchema,
        target: &SchemaRef,
        id: u32,
        schema_json: &str,
    ) -> Result<Self, String> {
        let reader = Schema::parse(&reader_schema.json_string)?;
        let writer = Schema::parse(schema_json)?;
        // The decoder is laxer than Avro in places, and does not say where the two part.
        compare(&reader, &writer)?;
        let schema_json = without_docs(schema_json);
        let decoder = build(reader_schema, id, &schema_json)?;
        let is_contract = writer.writes_like(&reader);
        let direct = is_contract.then(|| Direct::new(&reader_schema.json_string, target)).flatten();
        Ok(Self { reader_schema: reader_schema.clone(), id, schema_json, shape: Shape::new(&writer), direct, decoder })
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

    /// Decodes a message; true where that gave one row of all its bytes.
    fn takes(&mut self, message: &[u8]) -> bool {
        let before = self.decoder.capacity();
        let consumed = self.decoder.decode(message);
        before - self.decoder.capacity() == 1 && matches!(consumed, Ok(consumed) if consumed == message.len())
    }

    /// Whether a whole record cannot be read as the contract, and why.
    fn refuses(&mut self, message: &[u8]) -> Option<String> {
        let decoded = self.decoder.decode(message).and_then(|_| self.decoder.flush());
        match decoded {
            Ok(Some(batch)) if batch.num_rows() == 1 => None,
            Ok(_) => Some("no record in the message".to_owned()),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// Messages of one writer schema, being decoded.
pub(super) struct Group<'a> {
    pub(super) readable: &'a mut Readable,
    pub(super) messages: &'a [Option<&'a [u8]>],
}

/// A batch, and for each of its rows the position of its message.
pub(super) type Rows = Option<(RecordBatch, Vec<u32>)>;

impl Group<'_> {
    /// The rows of `members`, with the position of each row's message, and
    /// the messages that are no record.
    pub(super) fn decode(&mut self, members: &[u32]) -> (Rows, Vec<Undecodable>) {
        // Text that is no UTF-8 shows at the end of the quicker way, and then at once on the stricter.
        [false, true]
            .into_iter()
            .find_map(|strict| self.directly(members, strict))
            .unwrap_or_else(|| self.resolved(members))
    }

    /// The same where the writer schema is the contract, unless a message is
    /// left that is whole all the same.
    fn directly(&mut self, members: &[u32], strict: bool) -> Option<(Rows, Vec<Undecodable>)> {
        let Readable { shape, direct, .. } = &mut *self.readable;
        let direct = direct.as_mut()?;
        let mut good: Vec<u32> = Vec::with_capacity(members.len());
        let mut bad: Vec<Undecodable> = Vec::new();
        for &position in members {
            let body = body(self.messages, position);
            if direct.take(body, strict) {
                good.push(position);
            } else if let Err(fault) = shape.check(body) {
                bad.push(shapeless(position, fault, body.len()));
            } else {
                direct.clear();
                return None;
            }
        }
        let batch = direct.finish().ok()?;
        Some(((!good.is_empty()).then_some((batch, good)), bad))
    }

    /// The same by resolving the writer schema to the contract.
    fn resolved(&mut self, members: &[u32]) -> (Rows, Vec<Undecodable>) {
        let mut good: Vec<u32> = Vec::with_capacity(members.len());
        let mut bad: Vec<Undecodable> = Vec::new();
        for &position in members {
            let body = body(self.messages, position);
            match self.readable.shape.check(body) {
                Ok(()) => good.push(position),
                Err(fault) => bad.push(shapeless(position, fault, body.len())),
            }
        }
        if let Some(batch) = self.together(&good) {
            return (Some((batch, good)), bad);
        }
        if good.is_empty() {
            return (None, bad);
        }
        (self.sifted(&good, &mut bad), bad)
    }

    /// A batch of a row from each of `members`; none where one of them, or
    /// none, cannot be read, which may leave its mark on the decoder.
    fn together(&mut self, members: &[u32]) -> Option<RecordBatch> {
        for &position in members {
            if !self.readable.takes(self.messages[position as usize].unwrap_or_default()) {
                return None;
            }
        }
        self.readable.decoder.flush().ok().flatten().filter(|batch| batch.num_rows() == members.len())
    }

    /// Finds the records that cannot be read as the contract, say for a symbol
    /// that it lacks, and decodes the others together.
    fn sifted(&mut self, members: &[u32], bad: &mut Vec<Undecodable>) -> Rows {
        let mut good = Vec::with_capacity(members.len());
        let found = bad.len();
        self.sift(members, &mut good, bad, found + HALVINGS_MAX);
        self.readable.rebuild();
        if good.is_empty() {
            return None;
        }
        if let Some(batch) = self.together(&good) {
            return Some((batch, good));
        }
        // Each passed alone, so this is the decoder's fault; nothing is lost, all are refused.
        self.readable.rebuild();
        bad.extend(good.iter().map(|&position| malformed(position, "the batch of records cannot be built".to_owned())));
        None
    }

    /// Parts the good from the bad by halves: where one message of a batch is
    /// bad, that costs about three times the batch's decoding. Once `bad` holds
    /// `bad_max`, each is tried alone, which costs the same whatever is in them.
    fn sift(&mut self, members: &[u32], good: &mut Vec<u32>, bad: &mut Vec<Undecodable>, bad_max: usize) {
        if members.len() <= ALONE_MAX || bad.len() > bad_max {
            return self.one_by_one(members, good, bad);
        }
        let (one, other) = members.split_at(members.len() / 2);
        for half in [one, other] {
            if self.readable.rebuild() && self.together(half).is_some() {
                good.extend_from_slice(half);
            } else {
                self.sift(half, good, bad, bad_max);
            }
        }
    }

    fn one_by_one(&mut self, members: &[u32], good: &mut Vec<u32>, bad: &mut Vec<Undecodable>) {
        let mut clean = self.readable.rebuild();
        for &position in members {
            clean = clean || self.readable.rebuild();
            match self.readable.refuses(self.messages[position as usize].unwrap_or_default()) {
                None => good.push(position),
                Some(detail) => {
                    bad.push(malformed(position, detail));
                    clean = false;
                }
            }
        }
    }
}

/// A message without its frame.
fn body<'a>(messages: &[Option<&'a [u8]>], position: u32) -> &'a [u8] {
    messages[position as usize].and_then(|message| message.get(wire::PREFIX_BYTES..)).unwrap_or_default()
}

fn malformed(message: u32, detail: String) -> Undecodable {
    Undecodable { message, reason: Reason::BodyMalformed, detail }
}

fn shapeless(message: u32, fault: Fault, bytes: usize) -> Undecodable {
    Undecodable { message, reason: fault.reason, detail: format!("{}, in a body of {bytes} bytes", fault.detail) }
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
