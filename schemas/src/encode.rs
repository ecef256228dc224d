//! Record batches into framed Avro messages, one a row.

use crate::avro::Contract;
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_avro::errors::AvroError;
use arrow_avro::schema::{FingerprintStrategy, SCHEMA_METADATA_KEY};
use arrow_avro::writer::format::AvroSoeFormat;
use arrow_avro::writer::{EncodedRows, Encoder, WriterBuilder};
use std::sync::Arc;

/// A batch that could not be written; a fault between stages, never of data.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("a batch does not have the columns of its contract")]
    Schema(#[from] ArrowError),
    #[error("a batch cannot be written as messages of {contract}")]
    Avro {
        contract: &'static str,
        #[source]
        source: AvroError,
    },
}

/// Writes the rows of batches of one contract, under one schema id.
pub struct BatchEncoder {
    contract: Contract,
    /// Columns as Avro has them: text is plain.
    plain: SchemaRef,
    encoder: Encoder,
}

impl BatchEncoder {
    /// An encoder of `contract`, whose batches have the columns of `rows`.
    ///
    /// # Errors
    /// The columns are not those of the contract.
    pub fn new(contract: Contract, rows: &Schema, id: u32) -> Result<Self, EncodeError> {
        let plain = crate::arrow_schema::stored(rows);
        let metadata = [(SCHEMA_METADATA_KEY.to_owned(), contract.schema_json().to_owned())].into();
        let encoder = WriterBuilder::new(Schema::new_with_metadata(plain.fields().clone(), metadata))
            .with_fingerprint_strategy(FingerprintStrategy::Id(id))
            .build_encoder::<AvroSoeFormat>()
            .map_err(|source| EncodeError::Avro { contract: contract.name(), source })?;
        Ok(Self { contract, plain, encoder })
    }

    /// Each row as a message in the wire format, in their order.
    ///
    /// # Errors
    /// The batch is not in the schema the encoder was made for.
    pub fn encode(&mut self, batch: &RecordBatch) -> Result<Frames, EncodeError> {
        let columns = batch.columns().iter().zip(self.plain.fields());
        let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
        let plain = RecordBatch::try_new(Arc::clone(&self.plain), columns)?;
        let contract = self.contract.name();
        self.encoder.encode(&plain).map_err(|source| EncodeError::Avro { contract, source })?;
        Ok(Frames(self.encoder.flush()))
    }
}

/// Messages that lie one behind the other.
#[derive(Debug)]
pub struct Frames(EncodedRows);

impl Frames {
    /// The messages in the order of their rows.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = self.0.bytes();
        self.0.offsets().windows(2).map(|pair| &bytes[pair[0]..pair[1]])
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
