//! Framed Avro messages into record batches, such that a bad message harms
//! nobody but itself.
//!
//! The columnar decoder is fast but unforgiving: a bad message may be half
//! decoded, accepted with trailing bytes, or only break the batch's flush. So
//! each body is first held to the shape of its writer schema. Bodies written
//! under the contract itself, which are most, go into its columns on that same
//! walk and never see the decoder. What a whole record of another schema may
//! still hold that the contract cannot (a symbol it lacks) shows when the batch
//! is made; such messages are found by halving, and where many are bad by
//! trying each alone, which bounds the work.

mod column_types;
mod direct;
mod group;
mod shape;

use crate::avro::{Contract, WriterSchema, WriterSchemas};
use crate::reason::Reason;
use crate::wire;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_avro::schema::AvroSchema;
use group::{Group, Readable, without_docs};
use std::collections::HashMap;

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
    /// Positions, rising, of messages whose schema cannot be told yet. Where
    /// there are any, nothing else was done: what came behind them in their
    /// partition must wait with them, and the caller knows what that is.
    pub awaiting: Vec<u32>,
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

/// Messages of one schema id.
struct Members {
    id: u32,
    /// Rising.
    positions: Vec<u32>,
}

/// Writer schemas whose decoders are kept from slice to slice; one more, and
/// all are made anew when they are next met.
const WRITERS_MAX: usize = 256;

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
        let groups = self.group(messages, &mut decoded.undecodable);
        if self.known.len() > WRITERS_MAX {
            self.known.clear();
        }
        let mut unknown = Vec::new();
        for members in &groups {
            match self.meet(members.id) {
                Met::Known => {}
                Met::Unknown(detail) => unknown.push((members.id, detail)),
                Met::Awaited => decoded.awaiting.extend(&members.positions),
            }
        }
        if !decoded.awaiting.is_empty() {
            decoded.awaiting.sort_unstable();
            return Ok(Decoded { awaiting: decoded.awaiting, ..Decoded::default() });
        }
        for members in &groups {
            match unknown.iter().find(|(id, _)| *id == members.id) {
                Some((_, detail)) => refuse(members, Reason::SchemaUnknown, detail, &mut decoded),
                None => self.decode_group(members, messages, &mut decoded)?,
            }
        }
        Ok(decoded)
    }

    /// Whether a message's schema cannot be told yet.
    pub fn awaits(&mut self, message: Option<&[u8]>) -> bool {
        let bytes = message.unwrap_or_default();
        bytes.len() <= self.message_bytes_max
            && wire::schema_id(bytes).is_ok_and(|id| matches!(self.meet(id), Met::Awaited))
    }

    /// Positions of the readable frames by schema id, first seen first.
    fn group(&self, messages: &[Option<&[u8]>], undecodable: &mut Vec<Undecodable>) -> Vec<Members> {
        let mut groups: Vec<Members> = Vec::new();
        for (position, message) in (0_u32..).zip(messages) {
            let bytes = message.unwrap_or_default();
            let id = if bytes.len() > self.message_bytes_max {
                Err(Reason::PayloadTooLarge)
            } else {
                wire::schema_id(bytes)
            };
            match id {
                Ok(id) => match groups.iter_mut().find(|members| members.id == id) {
                    Some(members) => members.positions.push(position),
                    None => groups.push(Members { id, positions: vec![position] }),
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

    /// Looks a schema id up, unless its decoder is there already.
    fn meet(&mut self, id: u32) -> Met {
        if self.known.contains_key(&id) {
            return Met::Known;
        }
        let writer = match self.schemas.writer_schema(id) {
            WriterSchema::Found(schema_json) => {
                match Readable::new(&self.reader_schema, &self.target, id, &schema_json) {
                    Ok(readable) => Writer::Readable(Box::new(readable)),
                    Err(detail) => Writer::Incompatible(detail),
                }
            }
            WriterSchema::Unusable(detail) => Writer::Incompatible(detail),
            WriterSchema::Unknown(detail) => {
                let hint = "register the schema or correct the producer";
                return Met::Unknown(format!("schema id {id} is not known: {detail}; {hint}"));
            }
            WriterSchema::Awaited => return Met::Awaited,
        };
        self.known.insert(id, writer);
        Met::Known
    }

    fn decode_group(
        &mut self,
        members: &Members,
        messages: &[Option<&[u8]>],
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        match self.known.get_mut(&members.id) {
            Some(Writer::Readable(readable)) => {
                let mut group = Group { readable, messages };
                let (rows, bad) = group.decode(&members.positions);
                decoded.undecodable.extend(bad);
                if let Some((batch, messages)) = rows {
                    let batch = column_types::conform(&batch, &self.target)?;
                    decoded.batches.push(DecodedBatch { batch, messages });
                }
            }
            Some(Writer::Incompatible(detail)) => {
                let detail = format!("schema id {} cannot be read as this contract: {detail}", members.id);
                refuse(members, Reason::SchemaIncompatible, &detail, decoded);
            }
            None => {}
        }
        Ok(())
    }
}

/// What came of looking a schema id up.
enum Met {
    /// It has its place among the known.
    Known,
    Unknown(String),
    Awaited,
}

fn refuse(members: &Members, reason: Reason, detail: &str, decoded: &mut Decoded) {
    let refused = members.positions.iter();
    let refused = refused.map(|&message| Undecodable { message, reason, detail: detail.to_owned() });
    decoded.undecodable.extend(refused);
}
