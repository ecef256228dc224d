//! Events as JSON: one mapping a contract, made from its Avro schema, so that a
//! field added there is a field here.
//!
//! An event is an object whose members have the names of the contract's fields:
//!
//! | Avro | JSON |
//! | --- | --- |
//! | `string` | text |
//! | `int` | whole number of 32 bits |
//! | `int` as `date` | text, `YYYY-MM-DD` |
//! | `long` as `timestamp-micros` | text, date and time in RFC 3339; what is finer than a microsecond is cut off |
//! | `bytes` as `decimal` | number, or its digits as text; read exactly, never by way of a float |
//! | `boolean` | `true` or `false` |
//! | `enum` | text, one of its symbols |
//! | `array` of `enum` | list of symbols |
//! | union with `null` | the same, or `null` |
//!
//! A field that has a default may be left out. A member that is no field, or
//! that stands twice, is a fault: nothing said is passed over.

mod document;
mod json_schema;
mod kind;
mod number;

pub use document::Document;

use crate::avro::Contract;
use crate::avro::model::{self, Schema};
use kind::Kind;
use serde_json::Value;
use std::collections::HashMap;

/// Longest piece of a value that a message quotes, in characters.
const QUOTED_CHARS_MAX: usize = 80;

/// The JSON form of one contract's events.
#[derive(Debug)]
pub struct JsonMapping {
    contract: Contract,
    fields: Vec<Field>,
    by_name: HashMap<String, usize>,
}

#[derive(Debug)]
struct Field {
    name: String,
    doc: String,
    kind: Kind,
    /// Index of `null` in the field's union, where it is one.
    null: Option<u8>,
    default: Option<Value>,
}

/// A contract that has no JSON form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("contract {contract} cannot be mapped to JSON: {reason}")]
pub struct MappingError {
    pub contract: &'static str,
    pub reason: String,
}

/// A text that is no JSON object at all.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    /// Of a text around the object, with why it is none that holds one.
    #[must_use]
    pub const fn new(reason: String) -> Self {
        Self(reason)
    }
}

/// A member of an object that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name as sent.
    pub field: String,
    /// What is wrong, with the value and what is expected.
    pub message: String,
}

impl JsonMapping {
    /// The mapping of `contract`.
    ///
    /// # Errors
    /// The contract has a field of a type that events do not have, such as a
    /// record within the record.
    pub fn new(contract: Contract) -> Result<Self, MappingError> {
        let unmapped = |reason: String| MappingError { contract: contract.name(), reason };
        let schema = Schema::parse(contract.schema_json()).map_err(unmapped)?;
        let model::Type::Record { fields, .. } = &schema.types()[schema.root()] else {
            return Err(unmapped("it is no record".to_owned()));
        };
        let documented: Value =
            serde_json::from_str(contract.schema_json()).map_err(|error| unmapped(error.to_string()))?;
        let mut mapped = Vec::with_capacity(fields.len());
        for (position, field) in fields.iter().enumerate() {
            let (of, null) = optional(&schema, field.of);
            let kind = Kind::new(&schema, of)
                .ok_or_else(|| unmapped(format!("field {} is of a type without a JSON form", field.name)))?;
            let doc = documented["fields"][position]["doc"].as_str().unwrap_or_default().to_owned();
            mapped.push(Field { name: field.name.clone(), doc, kind, null, default: field.default.clone() });
        }
        let by_name = mapped.iter().enumerate().map(|(position, field)| (field.name.clone(), position)).collect();
        Ok(Self { contract, fields: mapped, by_name })
    }

    #[must_use]
    pub const fn contract(&self) -> Contract {
        self.contract
    }

    /// Takes a JSON object apart. Its members are not looked into yet.
    ///
    /// # Errors
    /// The text is no JSON, or no object.
    pub fn read<'a>(&self, json: &'a [u8]) -> Result<Document<'a>, Malformed> {
        document::read(self, json)
    }

    /// States a text field from outside the object, as a CloudEvents
    /// attribute does. Where the object states something else, that is a fault.
    pub fn state(&self, document: &mut Document<'_>, name: &str, text: &str) {
        let Some(&position) = self.by_name.get(name) else { return };
        let stated = Value::from(text).to_string();
        let Some(value) = document.value(position) else { return document.set(position, stated) };
        let kind = &self.fields[position].kind;
        let (mut within, mut outside) = (Vec::new(), Vec::new());
        let message = if kind.write(&stated, &mut outside).is_err() {
            format!("{name} is {} outside the data, expected {}", quoted(&stated), kind.expected())
        } else if kind.write(value, &mut within).is_ok() && within != outside {
            format!("{name} is {} outside the data and {} in it; state it once", quoted(&stated), quoted(value))
        } else {
            return;
        };
        document.fault(name.to_owned(), message);
    }

    /// The text of a field, where the document states one.
    #[must_use]
    pub fn text(&self, document: &Document<'_>, name: &str) -> Option<String> {
        let position = *self.by_name.get(name)?;
        kind::text(document.value(position)?).map(std::borrow::Cow::into_owned)
    }

    /// Appends the document as an Avro body of the contract to `out`, and tells
    /// what of it could not be taken. A field with a fault holds its default,
    /// or else a placeholder, so that the rules can be asked about the others;
    /// such a body is not to be sent.
    pub fn write(&self, document: &Document<'_>, out: &mut Vec<u8>) -> Vec<Fault> {
        let mut faults = document.faults().to_vec();
        for (position, field) in self.fields.iter().enumerate() {
            let value = document.value(position);
            let begun = out.len();
            if let Err(expected) = field.write(value, out) {
                out.truncate(begun);
                field.write_placeholder(out);
                let message = match value {
                    Some(value) => format!("{} is {}, expected {expected}", field.name, quoted(value)),
                    None => format!("{} is not given, expected {expected}", field.name),
                };
                faults.push(Fault { field: field.name.clone(), message });
            }
        }
        faults
    }

    /// The object's JSON Schema (2020-12). A member counts as required where
    /// the contract has no default for it, unless `elsewhere` names it: then it
    /// may be stated outside the object.
    #[must_use]
    pub fn json_schema(&self, elsewhere: &[&str]) -> Value {
        json_schema::of(&self.fields, elsewhere)
    }
}

impl Field {
    /// # Errors
    /// What was expected in place of the value.
    fn write(&self, value: Option<&str>, out: &mut Vec<u8>) -> Result<(), String> {
        match (value, self.null) {
            (None, _) if self.default.is_some() => {
                self.write_default(out);
                Ok(())
            }
            // An identity that is not there is for the rules to name.
            (None, None) if matches!(self.kind, Kind::Text) => self.kind.write("\"\"", out),
            (None, _) => Err(self.kind.expected()),
            (Some("null"), Some(null)) => {
                kind::write_long(i64::from(null), out);
                Ok(())
            }
            (Some(value), null) => {
                if let Some(null) = null {
                    kind::write_long(i64::from(1 - null), out);
                }
                self.kind.write(value, out)
            }
        }
    }

    fn write_default(&self, out: &mut Vec<u8>) {
        match (self.null, &self.default) {
            (Some(null), Some(Value::Null)) => kind::write_long(i64::from(null), out),
            (null, Some(default)) => {
                if let Some(null) = null {
                    kind::write_long(i64::from(1 - null), out);
                }
                let begun = out.len();
                if self.kind.write(&default.to_string(), out).is_err() {
                    out.truncate(begun);
                    self.kind.write_nothing(out);
                }
            }
            (_, None) => {}
        }
    }

    fn write_placeholder(&self, out: &mut Vec<u8>) {
        match self.null {
            Some(null) => kind::write_long(i64::from(null), out),
            None if self.default.is_some() => self.write_default(out),
            None => self.kind.write_nothing(out),
        }
    }
}

/// The type within a union with null, and null's place there.
fn optional(schema: &Schema, of: usize) -> (usize, Option<u8>) {
    let is_null = |branch: usize| matches!(schema.types()[branch], model::Type::Plain { kind: model::Plain::Null, .. });
    match &schema.types()[of] {
        model::Type::Union(branches) => match branches.as_slice() {
            [null, within] if is_null(*null) => (*within, Some(0)),
            [within, null] if is_null(*null) => (*within, Some(1)),
            _ => (of, None),
        },
        _ => (of, None),
    }
}

/// A value as sent, cut to a length fit for a message.
fn quoted(value: &str) -> String {
    match value.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{} and {} bytes more", &value[..end], value.len() - end),
        None => value.to_owned(),
    }
}
