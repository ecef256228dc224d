//! Records as a file of their own: an Avro object container file, which holds
//! its schema and is read by every Avro library.

use super::{Codec, CodecError};
use serde::Serialize;
use serde_avro_fast::object_container_file_encoding::{Writer, WriterBuilder};
use serde_avro_fast::ser::{SerError, SerializerConfig};
use std::io::Write;
use xxhash_rust::xxh3::xxh3_128;

/// Writes records of one contract to an object container file. A block is
/// written whenever about 64 KiB are gathered.
pub struct Container<'a, W: Write> {
    codec: &'a Codec,
    writer: Writer<'a, 'a, W>,
}

impl<'a, W: Write> Container<'a, W> {
    /// Begins the file with its header. Equal records make equal files.
    ///
    /// # Errors
    /// [`CodecError::Write`] where `out` cannot be written.
    pub fn begin(codec: &'a Codec, out: W) -> Result<Self, CodecError> {
        let marker = xxh3_128(codec.contract().schema_json().as_bytes()).to_be_bytes();
        let builder = WriterBuilder::with_owned_config(SerializerConfig::new(codec.schema())).sync_marker(marker);
        let writer = builder.build(out).map_err(|error| fault(codec, &error))?;
        Ok(Self { codec, writer })
    }

    /// Writes one record.
    ///
    /// # Errors
    /// [`CodecError::Write`] where the value does not fit the schema, or the
    /// file cannot be written.
    pub fn write<T: Serialize>(&mut self, record: &T) -> Result<(), CodecError> {
        self.writer.serialize(record).map_err(|error| fault(self.codec, &error))
    }

    /// Writes what is gathered and gives back what was written to.
    ///
    /// # Errors
    /// [`CodecError::Write`] where it cannot be written.
    pub fn finish(self) -> Result<W, CodecError> {
        let codec = self.codec;
        self.writer.into_inner().map_err(|error| fault(codec, &error))
    }
}

impl<W: Write> std::fmt::Debug for Container<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Container").field("contract", &self.codec.contract()).finish_non_exhaustive()
    }
}

fn fault(codec: &Codec, error: &SerError) -> CodecError {
    CodecError::Write { contract: codec.contract().name(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avro::Contract;
    use crate::records::{DeadLetter, Header};
    use serde_avro_fast::object_container_file_encoding::Reader;

    /// Proves that letters come back from the file byte for byte, whatever
    /// they hold and however many blocks they fill, and that the file is the
    /// same each time.
    #[test]
    fn letters_round_trip_through_a_file() {
        let codec = Codec::embedded(Contract::DeadLetter).unwrap();
        let header = |value: Option<&[u8]>| Header { key: "h".to_owned(), value: value.map(<[u8]>::to_vec) };
        let letters: Vec<DeadLetter> = (0..2_000_usize)
            .map(|number| DeadLetter {
                origin_topic: "t".to_owned(),
                origin_offset: i64::try_from(number).unwrap(),
                key: (number % 3 > 0).then(|| vec![0xFF; number % 3]),
                headers: vec![header(None), header(Some(&[0, 0x80])), header(Some(&[]))],
                payload: (number % 5 > 0).then(|| vec![u8::try_from(number % 256).unwrap(); (number % 5 - 1) * 100]),
                ..DeadLetter::default()
            })
            .collect();
        let write = || {
            let mut file = Container::begin(&codec, Vec::new()).unwrap();
            for letter in &letters {
                file.write(letter).unwrap();
            }
            file.finish().unwrap()
        };
        let file = write();
        assert_eq!(file, write());
        let mut reader = Reader::from_slice(&file).unwrap();
        let read: Vec<DeadLetter> = reader.deserialize::<DeadLetter>().map(Result::unwrap).collect();
        assert_eq!(read, letters);
    }
}
