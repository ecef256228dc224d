//! Avro's schema resolution as a check: can data written with one schema be
//! read with another? Stricter than the specification where it leaves room:
//! logical types must agree, and so must a decimal's precision and scale.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// Named types of a schema by full name.
type Names<'a> = BTreeMap<String, &'a Value>;

/// A schema with the names defined in it.
pub(crate) struct Schema<'a> {
    root: &'a Value,
    names: Names<'a>,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        let mut names = Names::new();
        collect(root, "", &mut names);
        Self { root, names }
    }

    /// A type with references followed, and its kind.
    fn resolve(&self, schema: &'a Value, namespace: &str) -> (&'a Value, String) {
        let kind = kind_of(schema);
        if PRIMITIVES.contains(&kind) || matches!(kind, "record" | "enum" | "fixed" | "array" | "map" | "union") {
            return (schema, kind.to_owned());
        }
        let named = self.names.get(&full_name(kind, namespace)).or_else(|| self.names.get(kind));
        let named = named.unwrap_or_else(|| panic!("unknown type {kind}"));
        (named, kind_of(named).to_owned())
    }
}

fn kind_of(schema: &Value) -> &str {
    match schema {
        Value::String(name) => name,
        Value::Array(_) => "union",
        Value::Object(fields) => match &fields["type"] {
            Value::String(kind) => kind,
            // {"type": {"type": ...}} is the inner type.
            inner => kind_of(inner),
        },
        other => panic!("no schema: {other}"),
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

fn name_of(schema: &Value, namespace: &str) -> String {
    let namespace = schema["namespace"].as_str().unwrap_or(namespace);
    full_name(schema["name"].as_str().unwrap(), namespace)
}

fn collect<'a>(schema: &'a Value, namespace: &str, names: &mut Names<'a>) {
    let namespace = schema["namespace"].as_str().unwrap_or(namespace);
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect(branch, namespace, names)),
        Value::Object(object) => {
            if matches!(kind_of(schema), "record" | "enum" | "fixed") && object.contains_key("name") {
                names.insert(name_of(schema, namespace), schema);
            }
            for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                collect(&field["type"], namespace, names);
            }
            for inner in ["items", "values", "type"] {
                if let Some(inner) = object.get(inner).filter(|inner| !inner.is_string()) {
                    collect(inner, namespace, names);
                }
            }
        }
        _ => {}
    }
}

/// Whether data written with `writer` can be read with `reader`.
///
/// # Errors
/// The path of the first type that cannot, and why.
pub(crate) fn can_read(reader: &Value, writer: &Value) -> Result<(), String> {
    let (reader, writer) = (Schema::new(reader), Schema::new(writer));
    let mut check = Check { reader: &reader, writer: &writer, assumed: BTreeSet::new() };
    check.types(reader.root, writer.root, "", "$")
}

struct Check<'a> {
    reader: &'a Schema<'a>,
    writer: &'a Schema<'a>,
    /// Pairs of records being compared, for schemas that contain themselves.
    assumed: BTreeSet<(String, String)>,
}

impl<'a> Check<'a> {
    fn types(&mut self, reader: &'a Value, writer: &'a Value, namespace: &str, path: &str) -> Result<(), String> {
        let (reader, reader_kind) = self.reader.resolve(reader, namespace);
        let (writer, writer_kind) = self.writer.resolve(writer, namespace);
        if writer_kind == "union" {
            let branches = writer.as_array().unwrap();
            return branches.iter().try_for_each(|branch| self.types(reader, branch, namespace, path));
        }
        if reader_kind == "union" {
            let branches = reader.as_array().unwrap();
            let readable = branches.iter().any(|branch| self.types(branch, writer, namespace, path).is_ok());
            return if readable { Ok(()) } else { Err(format!("{path}: no branch of {reader} reads {writer}")) };
        }
        match (reader_kind.as_str(), writer_kind.as_str()) {
            ("record", "record") => self.records(reader, writer, namespace, path),
            ("enum", "enum") => enums(reader, writer, namespace, path),
            ("fixed", "fixed") => {
                same(path, "name", &name_of(reader, namespace), &name_of(writer, namespace))?;
                same(path, "size", &reader["size"], &writer["size"])?;
                logical_types(reader, writer, path)
            }
            ("array", "array") => self.types(&reader["items"], &writer["items"], namespace, &format!("{path}[]")),
            ("map", "map") => self.types(&reader["values"], &writer["values"], namespace, &format!("{path}{{}}")),
            (read, written) if read == written => logical_types(reader, writer, path),
            (read, written) if promotes(written, read) => logical_types(reader, writer, path),
            (read, written) => Err(format!("{path}: {read} does not read {written}")),
        }
    }

    fn records(&mut self, reader: &'a Value, writer: &'a Value, namespace: &str, path: &str) -> Result<(), String> {
        let (reader_name, writer_name) = (name_of(reader, namespace), name_of(writer, namespace));
        same(path, "name", &reader_name, &writer_name)?;
        if !self.assumed.insert((reader_name, writer_name)) {
            return Ok(());
        }
        let namespace = reader["namespace"].as_str().unwrap_or(namespace);
        let written = writer["fields"].as_array().unwrap();
        for field in reader["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let path = format!("{path}.{name}");
            let aliases = field["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let known: Vec<&str> = std::iter::once(name).chain(aliases).collect();
            let counterpart = written.iter().find(|field| known.contains(&field["name"].as_str().unwrap()));
            match (counterpart, field.get("default")) {
                (Some(counterpart), _) => self.types(&field["type"], &counterpart["type"], namespace, &path)?,
                (None, Some(default)) => self.default(&field["type"], default, namespace, &path)?,
                (None, None) => return Err(format!("{path}: not written, and without a default")),
            }
        }
        Ok(())
    }

    /// A union's default is of its first branch.
    fn default(&self, schema: &'a Value, default: &Value, namespace: &str, path: &str) -> Result<(), String> {
        let (schema, kind) = self.reader.resolve(schema, namespace);
        let fits = match kind.as_str() {
            "union" => return self.default(&schema[0], default, namespace, path),
            "null" => default.is_null(),
            "boolean" => default.is_boolean(),
            "int" | "long" => default.is_i64(),
            "float" | "double" => default.is_number(),
            "bytes" | "string" | "fixed" => default.is_string(),
            "enum" => schema["symbols"].as_array().unwrap().contains(default),
            "array" => default.is_array(),
            _ => default.is_object(),
        };
        if fits { Ok(()) } else { Err(format!("{path}: the default {default} is not of its type {kind}")) }
    }
}

fn enums(reader: &Value, writer: &Value, namespace: &str, path: &str) -> Result<(), String> {
    same(path, "name", &name_of(reader, namespace), &name_of(writer, namespace))?;
    let known = reader["symbols"].as_array().unwrap();
    let unknown = writer["symbols"].as_array().unwrap().iter().find(|symbol| !known.contains(symbol));
    match (unknown, reader.get("default")) {
        (None, _) => Ok(()),
        (Some(_), Some(default)) if known.contains(default) => Ok(()),
        (Some(symbol), _) => Err(format!("{path}: symbol {symbol} is not known, and there is no default")),
    }
}

fn promotes(written: &str, read: &str) -> bool {
    matches!(
        (written, read),
        ("int", "long" | "float" | "double")
            | ("long", "float" | "double")
            | ("float", "double")
            | ("string", "bytes")
            | ("bytes", "string")
    )
}

fn logical_types(reader: &Value, writer: &Value, path: &str) -> Result<(), String> {
    ["logicalType", "precision", "scale"]
        .iter()
        .try_for_each(|attribute| same(path, attribute, &reader[*attribute], &writer[*attribute]))
}

fn same<T: PartialEq + std::fmt::Display>(path: &str, what: &str, read: &T, written: &T) -> Result<(), String> {
    if read == written { Ok(()) } else { Err(format!("{path}: {what} {read} does not read {written}")) }
}
