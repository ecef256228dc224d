//! Each field of each contract is documented.

use commonweal_schemas::avro::Contract;
use serde_json::Value;

/// Fields of all records in `schema`, nested ones too, by path.
fn fields(path: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| fields(path, branch, found)),
        Value::Object(object) => {
            if object.get("type") == Some(&Value::from("record")) {
                found.push((path.to_owned(), schema.clone()));
            }
            for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                let path = format!("{path}.{}", field["name"].as_str().unwrap());
                found.push((path.clone(), field.clone()));
                fields(&path, &field["type"], found);
            }
            for inner in ["items", "values", "type"].iter().filter_map(|key| object.get(*key)) {
                fields(path, inner, found);
            }
        }
        _ => {}
    }
}

/// Proves that every record and every field says what it is, in a sentence.
#[test]
fn every_field_has_a_sentence() {
    let mut documented = 0;
    for contract in Contract::ALL {
        let schema: Value = serde_json::from_str(contract.schema_json()).unwrap();
        let mut found = Vec::new();
        fields(contract.name(), &schema, &mut found);
        assert!(found.len() > 5, "{} has too few fields to be true", contract.name());
        for (path, field) in found {
            let sentence = field["doc"].as_str().unwrap_or_default().trim();
            assert!(sentence.len() > 5 && sentence.ends_with('.'), "{path} has no sentence: {sentence:?}");
            documented += 1;
        }
    }
    println!("{documented} records and fields are documented");
}
