//! The Arrow schemas beside the Avro ones are those the decoder derives.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use commonweal_schemas::arrow_schema;
use commonweal_schemas::avro::Contract;
use std::sync::Arc;

/// What arrow-avro makes of a contract's schema.
fn derived(contract: Contract) -> SchemaRef {
    let schema = AvroSchema::new(contract.schema_json().to_owned());
    let fingerprint = Fingerprint::Id(contract.embedded_id());
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    store.set(fingerprint, schema.clone()).unwrap();
    let builder = ReaderBuilder::new().with_reader_schema(schema).with_writer_schema_store(store);
    builder.with_active_fingerprint(fingerprint).build_decoder().unwrap().schema()
}

/// A type but for what the two sides name differently: the zone of UTC and the
/// items of a list.
fn bare(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some(Arc::from("UTC"))),
        DataType::List(item) => {
            DataType::List(Arc::new(Field::new("item", bare(item.data_type()), item.is_nullable())))
        }
        other => other.clone(),
    }
}

fn columns(schema: &Schema) -> Vec<(String, DataType, bool)> {
    let fields = schema.fields().iter();
    fields.map(|field| (field.name().clone(), bare(field.data_type()), field.is_nullable())).collect()
}

/// Proves that names, order, types and nullability agree, for each contract
/// that has an Arrow schema. Validated and enriched events keep text of few
/// values as dictionaries in memory, where Avro has plain text.
#[test]
fn arrow_schemas_are_what_the_decoder_derives() {
    for (contract, sibling) in [
        (Contract::Funding, arrow_schema::funding_raw()),
        (Contract::Employment, arrow_schema::employment_raw()),
        (Contract::Validated, arrow_schema::stored(&arrow_schema::validated())),
        (Contract::Enriched, arrow_schema::stored(&arrow_schema::enriched())),
    ] {
        assert_eq!(columns(&sibling), columns(&derived(contract)), "{}", contract.name());
    }
}

/// Proves that enriched events begin with the columns of validated ones, in
/// both schemas, so that a stage only adds.
#[test]
fn enriched_extends_validated() {
    for (short, long) in [
        (columns(&arrow_schema::validated()), columns(&arrow_schema::enriched())),
        (columns(&derived(Contract::Validated)), columns(&derived(Contract::Enriched))),
    ] {
        assert_eq!(short[..], long[..short.len()]);
        assert!(long.len() > short.len());
    }
}
