//! Batches to messages and back.

use crate::round_trip;
use crate::support::{decoder, encode, values};
use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::Schema;
use arrow_avro::schema::{FingerprintStrategy, SCHEMA_METADATA_KEY};
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroSoeFormat;
use commonweal_schemas::Dataset;
use commonweal_schemas::arrow_schema;
use commonweal_schemas::avro::{Contract, EmbeddedSchemas};
use commonweal_schemas::decode::BatchDecoder;
use commonweal_schemas::encode::BatchEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

/// Each row as a message in the wire format, under the contract's own schema.
fn messages(contract: Contract, batch: &RecordBatch) -> Vec<Vec<u8>> {
    let metadata = [(SCHEMA_METADATA_KEY.to_owned(), contract.schema_json().to_owned())].into();
    let schema = Schema::new_with_metadata(batch.schema().fields().clone(), metadata);
    let mut encoder = WriterBuilder::new(schema)
        .with_fingerprint_strategy(FingerprintStrategy::Id(contract.embedded_id()))
        .build_encoder::<AvroSoeFormat>()
        .unwrap();
    encoder.encode(batch).unwrap();
    encoder.flush().iter().map(|row| row.to_vec()).collect()
}

fn there_and_back(dataset: Dataset, written: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let decoded = decoder(dataset).decode(&values(written)).unwrap();
    let batch = &decoded.batches[0].batch;
    let framed = messages(dataset.contract(), batch);
    prop_assert_eq!(framed.len(), written.len());
    let again = decoder(dataset).decode(&values(&framed)).unwrap();
    prop_assert!(again.undecodable.is_empty());
    prop_assert_eq!(&again.batches[0].batch, batch);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Proves that decoded funding batches, encoded again, decode to the same.
    #[test]
    fn funding_batches(events in vec(round_trip::funding(), 1..8)) {
        let written: Vec<_> = events.iter().map(|event| encode(Dataset::Funding, event)).collect();
        there_and_back(Dataset::Funding, &written)?;
    }

    /// Proves the same of employment batches.
    #[test]
    fn employment_batches(events in vec(round_trip::employment(), 1..8)) {
        let written: Vec<_> = events.iter().map(|event| encode(Dataset::Employment, event)).collect();
        there_and_back(Dataset::Employment, &written)?;
    }
}

/// Two validated rows: one with every text field set, one with none.
fn validated() -> RecordBatch {
    let schema = arrow_schema::stored(&arrow_schema::validated());
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let text = || StringArray::from(vec![Some("text"), (!field.is_nullable()).then_some("other")]);
        match field.name().as_str() {
            "origin_offset" => Arc::new(Int64Array::from(vec![i64::MAX, 0])),
            "revision" | "origin_partition" => Arc::new(Int32Array::from(vec![0, i32::MAX])),
            "cancel" | "onward_grant" => Arc::new(BooleanArray::from(vec![true, false])),
            "content_digest" => Arc::new(BinaryArray::from_vec(vec![&[0xFF; 16], &[0; 16]])),
            "recorded_at" => Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN, i64::MAX]).with_timezone("UTC")),
            _ if field.data_type() == &arrow::datatypes::DataType::Utf8 => Arc::new(text()),
            _ => new_null_array(field.data_type(), 2),
        }
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Proves that validated events, which travel between services as plain Avro
/// text, come back as the dictionaries that stages work on, from plain text
/// and from dictionaries alike, batch after batch of one encoder.
#[test]
fn validated_batches_regain_their_dictionaries() {
    let plain = validated();
    let target = arrow_schema::validated();
    let mut encoder = BatchEncoder::new(Contract::Validated, &target, Contract::Validated.embedded_id()).unwrap();
    let columns = plain.columns().iter().zip(target.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()).unwrap()).collect();
    let symbols = RecordBatch::try_new(Arc::clone(&target), columns).unwrap();
    let [framed, again] = [&plain, &symbols].map(|batch| {
        let frames = encoder.encode(batch).unwrap();
        assert_eq!(frames.len(), batch.num_rows());
        frames.iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    });
    assert_eq!(framed, again);
    let mut decoder = BatchDecoder::new(Contract::Validated, Arc::clone(&target), EmbeddedSchemas, 1 << 20);
    let decoded = decoder.decode(&values(&framed)).unwrap();
    assert!(decoded.undecodable.is_empty());
    let batch = &decoded.batches[0].batch;
    assert_eq!(batch.schema(), target);
    for (column, field) in batch.columns().iter().zip(plain.schema().fields()) {
        let expected = plain.column_by_name(field.name()).unwrap();
        assert_eq!(&cast(column, expected.data_type()).unwrap(), expected, "{}", field.name());
    }
}
