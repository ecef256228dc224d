//! Full-transitive compatibility: every version reads every other.

use commonweal_schemas::avro::{self, Contract};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn history() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("avro/history")
}

/// Versions kept, oldest first: `v1`, `v2`, ...
fn versions() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(history())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let number = name.strip_prefix('v').and_then(|number| number.parse().ok());
            (number.unwrap_or_else(|| panic!("{name} is no version; name it v1, v2, ...")), path.clone())
        })
        .collect();
    versions.sort();
    versions.into_iter().map(|(_, path)| path).collect()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn can_read(reader: &Value, writer: &Value) -> Result<(), String> {
    avro::can_read(&reader.to_string(), &writer.to_string())
}

/// The schema of `contract` in each version that has it, then the current one.
fn lineage(contract: Contract) -> Vec<(String, Value)> {
    let mut lineage = Vec::new();
    for version in versions() {
        let file = version.join(format!("{}.avsc", contract.name()));
        if file.exists() {
            lineage.push((file.display().to_string(), parse(&std::fs::read_to_string(&file).unwrap())));
        }
    }
    lineage.push(("the current schema".to_owned(), parse(contract.schema_json())));
    lineage
}

/// Proves that each contract's current schema and every version kept read each
/// other's data, in both directions and over any number of steps.
#[test]
fn every_version_reads_every_other() {
    for contract in Contract::ALL {
        let lineage = lineage(contract);
        assert!(lineage.len() > 1, "no version of {} is kept under {}", contract.name(), history().display());
        for (reader_name, reader) in &lineage {
            for (writer_name, writer) in &lineage {
                if let Err(fault) = can_read(reader, writer) {
                    panic!("{}: {reader_name} cannot read {writer_name}: {fault}", contract.name());
                }
            }
        }
    }
}

fn without_docs(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| *key != "doc");
            Value::Object(kept.map(|(key, value)| (key.clone(), without_docs(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_docs).collect(),
        other => other.clone(),
    }
}

/// Proves that the newest version kept is the current schema but for its
/// words, so that no change can be made without being kept.
#[test]
fn newest_version_is_the_current_one() {
    for contract in Contract::ALL {
        let mut lineage = lineage(contract);
        let (_, current) = lineage.pop().unwrap();
        let (name, newest) = lineage.pop().unwrap();
        assert!(
            without_docs(&newest) == without_docs(&current),
            "{} differs from {name}: keep the current schemas as the next version under {}",
            contract.name(),
            history().display()
        );
    }
}

/// The funding contract with one change made to it.
fn changed(change: impl FnOnce(&mut Vec<Value>)) -> Value {
    let mut schema = parse(Contract::Funding.schema_json());
    change(schema["fields"].as_array_mut().unwrap());
    schema
}

fn field<'a>(fields: &'a mut [Value], name: &str) -> &'a mut Value {
    fields.iter_mut().find(|field| field["name"] == name).unwrap()
}

fn compatible(changed: &Value) -> bool {
    let current = parse(Contract::Funding.schema_json());
    can_read(changed, &current).is_ok() && can_read(&current, changed).is_ok()
}

/// Proves that the check lets through what keeps data readable.
#[test]
fn harmless_changes_pass() {
    let same = changed(|_| {});
    assert!(compatible(&same));
    let added = changed(|fields| fields.push(json!({"name": "new", "type": ["null", "string"], "default": null})));
    assert!(compatible(&added));
    let removed = changed(|fields| fields.retain(|field| field["name"] != "title"));
    assert!(compatible(&removed));
    let symbol = changed(|fields| {
        let symbols = &mut field(fields, "instrument")["type"]["symbols"];
        symbols.as_array_mut().unwrap().push(json!("TOKEN"));
    });
    assert!(compatible(&symbol));
    let reordered = changed(|fields| fields.reverse());
    assert!(compatible(&reordered));
}

type Change = fn(&mut Vec<Value>);

/// Proves that a refusal names the place and both sides of the difference.
#[test]
fn differences_are_named() {
    let current = parse(Contract::Funding.schema_json());
    let changes: [(Change, &str); 5] = [
        (
            |fields| fields.retain(|field| field["name"] != "source"),
            "$.source: not written, and the reader has no default for it",
        ),
        (|fields| field(fields, "source")["type"] = json!("long"), "$.source: written as long, read as string"),
        (|fields| field(fields, "title")["type"] = json!("int"), "$.title: written as int, read as null or string"),
        (
            |fields| field(fields, "recorded_at")["type"] = json!("long"),
            "$.recorded_at: written as no logical type, read as timestamp-micros",
        ),
        (
            |fields| field(fields, "stage")["type"]["name"] = json!("Stage"),
            "$.stage: written as enum commonweal.v1.Stage, read as enum commonweal.v1.FundingStage",
        ),
    ];
    for (change, named) in changes {
        assert_eq!(can_read(&current, &changed(change)), Err(named.to_owned()));
    }
}

/// Proves that the check refuses each change that would make data unreadable.
#[test]
fn harmful_changes_are_refused() {
    let changes: [(&str, Change); 12] = [
        ("a field without default removed", |fields| fields.retain(|field| field["name"] != "source")),
        ("a field without default added", |fields| fields.push(json!({"name": "new", "type": "string"}))),
        ("a default of another type", |fields| {
            fields.push(json!({"name": "new", "type": ["string", "null"], "default": null}));
        }),
        ("a type changed", |fields| field(fields, "source")["type"] = json!("long")),
        ("a type promoted, which reads back no more", |fields| field(fields, "revision")["type"] = json!("long")),
        ("null no longer allowed", |fields| field(fields, "title")["type"] = json!("string")),
        ("a logical type dropped", |fields| field(fields, "recorded_at")["type"] = json!("long")),
        ("another scale", |fields| field(fields, "amount")["type"][1]["scale"] = json!(2)),
        ("another precision", |fields| field(fields, "amount")["type"][1]["precision"] = json!(38)),
        ("a field renamed", |fields| field(fields, "source")["name"] = json!("origin")),
        ("an enum renamed", |fields| field(fields, "stage")["type"]["name"] = json!("Stage")),
        ("a symbol added to an enum without default", |fields| {
            let stage = &mut field(fields, "stage")["type"];
            stage["symbols"].as_array_mut().unwrap().push(json!("PROMISED"));
            stage.as_object_mut().unwrap().remove("default");
        }),
    ];
    for (what, change) in changes {
        // Enums lose their default on both sides where that is what is tried.
        let mut changed = changed(change);
        let mut current = parse(Contract::Funding.schema_json());
        if what.contains("without default") && what.contains("enum") {
            let fields = current["fields"].as_array_mut().unwrap();
            field(fields, "stage")["type"].as_object_mut().unwrap().remove("default");
        }
        let verdict = can_read(&changed, &current).and_then(|()| can_read(&current, &changed));
        assert!(verdict.is_err(), "{what} was let through");
        changed["name"] = json!("Another");
        assert!(can_read(&changed, &current).is_err(), "another record was let through");
    }
}

/// Proves the rest of the resolution rules on small schemas: unions, arrays,
/// maps, fixed, promotions, and a record that contains itself.
#[test]
fn resolution_rules() {
    let list = json!({"type": "record", "name": "n.List", "fields": [
        {"name": "next", "type": ["null", "n.List"], "default": null}]});
    let fixed = |size| json!({"type": "fixed", "name": "F", "size": size});
    let array = |items| json!({"type": "array", "items": items});
    let map = |values| json!({"type": "map", "values": values});
    for (reader, writer, readable) in [
        (json!("long"), json!("int"), true),
        (json!("int"), json!("long"), false),
        (json!("double"), json!("long"), true),
        (json!("string"), json!("bytes"), true),
        (json!("boolean"), json!("int"), false),
        (json!(["null", "long"]), json!("int"), true),
        (json!(["null", "string"]), json!("int"), false),
        (json!("int"), json!(["null", "int"]), false),
        (json!(["int", "null"]), json!(["null", "int"]), true),
        (array(json!("long")), array(json!("int")), true),
        (array(json!("int")), array(json!("string")), false),
        (map(json!("long")), map(json!("int")), true),
        (map(json!("int")), array(json!("int")), false),
        (fixed(16), fixed(16), true),
        (fixed(16), fixed(8), false),
        (list.clone(), list, true),
    ] {
        assert_eq!(can_read(&reader, &writer).is_ok(), readable, "{reader} reads {writer}");
    }
}
