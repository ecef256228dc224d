//! The mapping as a JSON Schema, for whoever writes events.

use super::Field;
use super::kind::Kind;
use serde_json::{Map, Value, json};

pub(super) fn of(fields: &[Field], elsewhere: &[&str]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|field| (field.name.clone(), property(field))).collect();
    let required = fields.iter().filter(|field| field.default.is_none());
    let required: Vec<&str> =
        required.map(|field| field.name.as_str()).filter(|name| !elsewhere.contains(name)).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn property(field: &Field) -> Value {
    let mut schema = match &field.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
        Kind::Decimal { precision, scale } => {
            let whole = precision.saturating_sub(*scale);
            let end = 10_i64.saturating_pow(whole);
            json!({
                "type": ["number", "string"],
                "exclusiveMinimum": -end, "exclusiveMaximum": end,
                "pattern": format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{scale}}})?$"),
            })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Symbol(symbols) => json!({ "type": "string", "enum": symbols }),
        Kind::Symbols(symbols) => json!({ "type": "array", "items": { "type": "string", "enum": symbols } }),
    };
    if field.null.is_some() {
        allow_null(&mut schema);
    }
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    schema["description"] = field.doc.clone().into();
    schema
}

fn allow_null(schema: &mut Value) {
    let mut types = match schema["type"].take() {
        Value::Array(types) => types,
        one => vec![one],
    };
    types.push("null".into());
    schema["type"] = types.into();
    if let Some(symbols) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        symbols.push(Value::Null);
    }
}
