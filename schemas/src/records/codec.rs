//! Single typed records to and from the wire.

use crate::avro::Contract;
use crate::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_avro_fast::Schema;

/// A record that could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("schema {contract} does not parse: {message}")]
    Schema { contract: &'static str, message: String },
    #[error("cannot write a {contract} record: {message}")]
    Write { contract: &'static str, message: String },
    #[error("cannot read a {contract} record: {message}")]
    Read { contract: &'static str, message: String },
}

/// Writes and reads the records of one contract under one schema id.
#[derive(Debug)]
pub struct Codec {
    contract: Contract,
    id: u32,
    schema: Schema,
}

impl Codec {
    /// A codec that frames with the compiled-in schema's own id.
    ///
    /// # Errors
    /// [`CodecError::Schema`] where the schema does not parse.
    pub fn embedded(contract: Contract) -> Result<Self, CodecError> {
        Self::with_id(contract, contract.embedded_id())
    }

    /// A codec that frames with an id a registry gave.
    ///
    /// # Errors
    /// [`CodecError::Schema`] where the schema does not parse.
    pub fn with_id(contract: Contract, id: u32) -> Result<Self, CodecError> {
        let schema = contract
            .schema_json()
            .parse::<Schema>()
            .map_err(|error| CodecError::Schema { contract: contract.name(), message: error.to_string() })?;
        Ok(Self { contract, id, schema })
    }

    /// Appends the framed record to `out`.
    ///
    /// # Errors
    /// [`CodecError::Write`] where the value does not fit the schema, such as
    /// a decimal with more than four decimals.
    pub fn write<T: Serialize>(&self, record: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
        wire::write_prefix(self.id, out);
        let mut config = serde_avro_fast::ser::SerializerConfig::new(&self.schema);
        serde_avro_fast::to_datum(record, &mut *out, &mut config)
            .map_err(|error| CodecError::Write { contract: self.contract.name(), message: error.to_string() })?;
        Ok(())
    }

    /// The framed record as a message of its own.
    ///
    /// # Errors
    /// As [`Codec::write`].
    pub fn encode<T: Serialize>(&self, record: &T) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(256);
        self.write(record, &mut out)?;
        Ok(out)
    }

    /// Reads a framed record written with this codec's own schema.
    ///
    /// # Errors
    /// [`CodecError::Read`] where the frame or the body is not of the schema.
    pub fn decode<T: DeserializeOwned>(&self, message: &[u8]) -> Result<T, CodecError> {
        let read = |message: String| CodecError::Read { contract: self.contract.name(), message };
        let id = wire::schema_id(message).map_err(|reason| read(reason.sentence().to_owned()))?;
        if id != self.id {
            return Err(read(format!("written with schema id {id}, expected {}", self.id)));
        }
        serde_avro_fast::from_datum_slice(&message[wire::PREFIX_BYTES..], &self.schema)
            .map_err(|error| read(error.to_string()))
    }
}

impl Codec {
    pub(super) const fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(super) const fn contract(&self) -> Contract {
        self.contract
    }
}

/// Avro `["null", "bytes"]` through serde, which would otherwise write a list.
pub(super) mod optional_bytes {
    use serde::de::{Deserializer, Visitor};
    use serde::ser::Serializer;
    use std::fmt;

    struct Bytes<'a>(&'a [u8]);

    impl serde::Serialize for Bytes<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    #[expect(clippy::ref_option, reason = "the signature serde's `with` calls")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(bytes) => serializer.serialize_some(&Bytes(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        struct Optional;
        impl<'de> Visitor<'de> for Optional {
            type Value = Option<Vec<u8>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null or bytes")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_bytes(Self)
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Some(bytes.to_vec()))
            }
        }
        deserializer.deserialize_option(Optional)
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    /// Proves that a record with every optional field set, and one with none,
    /// come back as they went.
    #[test]
    fn records_round_trip() {
        let codec = Codec::embedded(Contract::Funding).unwrap();
        let full = FundingEvent {
            source: "urn:test".to_owned(),
            event_id: "1".to_owned(),
            revision: 3,
            stage: FundingStage::WrittenOff,
            amount: Some(Decimal::new(123_456, 4)),
            title: Some("a title".to_owned()),
            occurred_on: Some(18_000),
            ..FundingEvent::default()
        };
        for event in [full, FundingEvent::default()] {
            let mut read: FundingEvent = codec.decode(&codec.encode(&event).unwrap()).unwrap();
            if let Some(amount) = &mut read.amount {
                *amount = amount.normalize();
            }
            let mut event = event;
            if let Some(amount) = &mut event.amount {
                *amount = amount.normalize();
            }
            assert_eq!(read, event);
        }
    }

    /// Proves that a dead letter keeps bytes that are no text.
    #[test]
    fn dead_letters_keep_bytes() {
        let codec = Codec::embedded(Contract::DeadLetter).unwrap();
        let letter = DeadLetter {
            payload: Some(vec![0xFF, 0, 0xFE]),
            headers: vec![Header { key: "h".to_owned(), value: Some(vec![0x80]) }],
            payload_bytes: 3,
            ..DeadLetter::default()
        };
        let read: DeadLetter = codec.decode(&codec.encode(&letter).unwrap()).unwrap();
        assert_eq!(read, letter);
    }
}
