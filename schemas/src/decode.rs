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

use crate::avro::{Contract, WriterSchemas};
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
            let writer = match Readable::new(&self.reader_schema, &self.target, id, schema_json) {
                Ok(readable) => Writer::Readable(Box::new(readable)),
                Err(detail) => Writer::Incompatible(detail),
            };
            self.known.insert(id, writer);
        }
        match self.known.get_mut(&id) {
            Some(Writer::Readable(readable)) => {
                let mut group = Group { readable, messages };
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
