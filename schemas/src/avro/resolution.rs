//! Avro's schema resolution as a check: can data written with one schema be
//! read with another? Stricter than the specification where it leaves room:
//! logical types must agree, a decimal's precision and scale too, and every
//! branch that a writer's union has must be readable.

use super::model::{Field, Logical, Plain, Schema, Type};
use serde_json::Value;
use std::collections::BTreeSet;

/// Logical types that Avro knows; others mean nothing, and are passed over.
const LOGICAL: [&str; 13] = [
    "decimal",
    "big-decimal",
    "uuid",
    "date",
    "time-millis",
    "time-micros",
    "timestamp-millis",
    "timestamp-micros",
    "timestamp-nanos",
    "local-timestamp-millis",
    "local-timestamp-micros",
    "local-timestamp-nanos",
    "duration",
];

/// Whether data written with the schema `writer` can be read with `reader`,
/// both as JSON text.
///
/// # Errors
/// Where the two part and how, such as `$.amount: written as string, read as
/// bytes`; or what in one of them is no Avro.
pub fn can_read(reader: &str, writer: &str) -> Result<(), String> {
    compare(&Schema::parse(reader)?, &Schema::parse(writer)?)
}

/// The same for schemas that are taken apart already.
pub(crate) fn compare(reader: &Schema, writer: &Schema) -> Result<(), String> {
    let mut check = Check { reader: reader.types(), writer: writer.types(), assumed: BTreeSet::new() };
    check.types(reader.root(), writer.root(), "$")
}

struct Check<'a> {
    reader: &'a [Type],
    writer: &'a [Type],
    /// Pairs of records being compared, for schemas that contain themselves.
    assumed: BTreeSet<(usize, usize)>,
}

impl Check<'_> {
    fn types(&mut self, reader: usize, writer: usize, path: &str) -> Result<(), String> {
        let (read, written) = (&self.reader[reader], &self.writer[writer]);
        match (read, written) {
            (_, Type::Union(branches)) => branches.iter().try_for_each(|branch| self.types(reader, *branch, path)),
            (Type::Union(branches), _) => {
                let readable = branches.iter().any(|branch| self.types(*branch, writer, path).is_ok());
                let read =
                    || branches.iter().map(|branch| name(&self.reader[*branch])).collect::<Vec<_>>().join(" or ");
                if readable { Ok(()) } else { Err(unlike(path, &name(written), &read())) }
            }
            (Type::Record { name, fields }, Type::Record { name: written, fields: written_fields }) => {
                same(path, "record", written, name)?;
                if !self.assumed.insert((reader, writer)) {
                    return Ok(());
                }
                let readable = fields.iter().try_for_each(|field| self.field(field, written_fields, path));
                if readable.is_err() {
                    self.assumed.remove(&(reader, writer));
                }
                readable
            }
            (Type::Enum { name, symbols, default }, Type::Enum { name: written, symbols: written_symbols, .. }) => {
                same(path, "enum", written, name)?;
                known_symbols(path, written_symbols, symbols, default.as_ref())
            }
            (
                Type::Fixed { name, bytes, logical },
                Type::Fixed { name: name_w, bytes: bytes_w, logical: logical_w },
            ) => {
                same(path, "fixed", name_w, name)?;
                same(path, "bytes", bytes_w, bytes)?;
                logical_types(logical.as_ref(), logical_w.as_ref(), path)
            }
            (Type::Array(items), Type::Array(written)) => self.types(*items, *written, &format!("{path}[]")),
            (Type::Map(values), Type::Map(written)) => self.types(*values, *written, &format!("{path}{{}}")),
            (Type::Plain { kind, logical }, Type::Plain { kind: written, logical: logical_w })
                if kind == written || promotes(*written, *kind) =>
            {
                logical_types(logical.as_ref(), logical_w.as_ref(), path)
            }
            (read, written) => Err(unlike(path, &name(written), &name(read))),
        }
    }

    fn field(&mut self, field: &Field, written: &[Field], path: &str) -> Result<(), String> {
        let path = format!("{path}.{}", field.name);
        let counterpart = written.iter().find(|other| other.name == field.name || field.aliases.contains(&other.name));
        match (counterpart, &field.default) {
            (Some(counterpart), _) => self.types(field.of, counterpart.of, &path),
            (None, Some(default)) => self.default(field.of, default, &path),
            (None, None) => Err(format!("{path}: not written, and the reader has no default for it")),
        }
    }

    /// A union's default is of its first branch.
    fn default(&self, of: usize, default: &Value, path: &str) -> Result<(), String> {
        let fits = match &self.reader[of] {
            Type::Union(branches) => match branches.first() {
                Some(first) => return self.default(*first, default, path),
                None => false,
            },
            Type::Plain { kind, .. } => match kind {
                Plain::Null => default.is_null(),
                Plain::Boolean => default.is_boolean(),
                Plain::Int | Plain::Long => default.is_i64(),
                Plain::Float | Plain::Double => default.is_number(),
                Plain::Bytes | Plain::Text => default.is_string(),
            },
            Type::Fixed { .. } => default.is_string(),
            Type::Enum { symbols, .. } => {
                default.as_str().is_some_and(|text| symbols.iter().any(|known| known == text))
            }
            Type::Array(_) => default.is_array(),
            Type::Record { .. } | Type::Map(_) => default.is_object(),
        };
        let kind = || name(&self.reader[of]);
        if fits { Ok(()) } else { Err(format!("{path}: the default {default} is not of its type {}", kind())) }
    }
}

fn known_symbols(path: &str, written: &[String], symbols: &[String], default: Option<&String>) -> Result<(), String> {
    let unknown = written.iter().find(|symbol| !symbols.contains(symbol));
    match (unknown, default) {
        (None, _) => Ok(()),
        (Some(_), Some(default)) if symbols.contains(default) => Ok(()),
        (Some(symbol), _) => {
            Err(format!("{path}: symbol {symbol} is not known to the reader, which has no default for it"))
        }
    }
}

const fn promotes(written: Plain, read: Plain) -> bool {
    matches!(
        (written, read),
        (Plain::Int, Plain::Long | Plain::Float | Plain::Double)
            | (Plain::Long, Plain::Float | Plain::Double)
            | (Plain::Float, Plain::Double)
            | (Plain::Text, Plain::Bytes)
            | (Plain::Bytes, Plain::Text)
    )
}

fn logical_types(reader: Option<&Logical>, writer: Option<&Logical>, path: &str) -> Result<(), String> {
    let known = |logical: Option<&Logical>| logical.filter(|logical| LOGICAL.contains(&logical.name.as_str())).cloned();
    let (reader, writer) = (known(reader), known(writer));
    let text = |logical: Option<Logical>| match logical {
        None => "no logical type".to_owned(),
        Some(Logical { name, digits: Some((precision, scale)) }) => {
            format!("{name} of {precision} digits, {scale} of them decimals")
        }
        Some(Logical { name, digits: None }) => name,
    };
    if reader == writer { Ok(()) } else { Err(unlike(path, &text(writer), &text(reader))) }
}

/// A type as people name it.
fn name(of: &Type) -> String {
    match of {
        Type::Plain { kind, .. } => kind.name().to_owned(),
        Type::Fixed { name, .. } => format!("fixed {name}"),
        Type::Enum { name, .. } => format!("enum {name}"),
        Type::Union(_) => "a union".to_owned(),
        Type::Record { name, .. } => format!("record {name}"),
        Type::Array(_) => "an array".to_owned(),
        Type::Map(_) => "a map".to_owned(),
    }
}

fn unlike(path: &str, written: &str, read: &str) -> String {
    format!("{path}: written as {written}, read as {read}")
}

fn same<T: PartialEq + std::fmt::Display>(path: &str, what: &str, written: &T, read: &T) -> Result<(), String> {
    if read == written { Ok(()) } else { Err(unlike(path, &format!("{what} {written}"), &format!("{what} {read}"))) }
}
