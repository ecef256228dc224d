//! A JSON object taken apart, each value as it stands in the text.

use super::{Fault, JsonMapping, Malformed};
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The members of one object, by the mapping's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// JSON texts.
    values: Vec<Option<Cow<'a, str>>>,
    faults: Vec<Fault>,
}

impl Document<'_> {
    pub(super) fn value(&self, position: usize) -> Option<&str> {
        self.values.get(position)?.as_deref()
    }

    pub(super) fn set(&mut self, position: usize, json: String) {
        self.values[position] = Some(Cow::Owned(json));
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Notes what is wrong with the event beside its members' values.
    pub fn fault(&mut self, field: String, message: String) {
        self.faults.push(Fault { field, message });
    }
}

pub(super) fn read<'a>(mapping: &JsonMapping, json: &'a [u8]) -> Result<Document<'a>, Malformed> {
    let malformed = |error: serde_json::Error| Malformed(error.to_string());
    let mut reader = serde_json::Deserializer::from_slice(json);
    let document = Object { mapping }.deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(document)
}

/// Reads the whole object.
struct Object<'m> {
    mapping: &'m JsonMapping,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Document<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Document<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document<'de>, A::Error> {
        let mut document = Document { values: vec![None; self.mapping.fields.len()], faults: Vec::new() };
        while let Some(member) = map.next_key_seed(Member { mapping: self.mapping })? {
            let value = map.next_value::<&'de RawValue>()?.get();
            match member {
                Known::Field(position) if document.values[position].is_some() => {
                    let name = &self.mapping.fields[position].name;
                    document.fault(name.clone(), format!("{name} stands twice in the object; state it once"));
                }
                Known::Field(position) => document.values[position] = Some(Cow::Borrowed(value)),
                Known::Nothing(name) => {
                    let contract = self.mapping.contract.name();
                    let message = format!("{} is no field of the {contract} contract", super::quoted(&name));
                    document.fault(name, message);
                }
            }
        }
        Ok(document)
    }
}

/// Tells which field a member is.
struct Member<'m> {
    mapping: &'m JsonMapping,
}

enum Known {
    Field(usize),
    Nothing(String),
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Known;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Known, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Member<'_> {
    type Value = Known;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Known, E> {
        Ok(self.mapping.by_name.get(name).map_or_else(|| Known::Nothing(name.to_owned()), |at| Known::Field(*at)))
    }
}
