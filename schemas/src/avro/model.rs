//! An Avro schema taken apart: what its data and its resolution depend on, and
//! no word besides.

use serde_json::Value;
use std::collections::HashMap;

/// Types within each other, in one schema.
const DEPTH_MAX: usize = 64;

/// A schema as its types, which refer to each other by position.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    types: Vec<Type>,
    root: usize,
}

/// A type. Names are full names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Plain { kind: Plain, logical: Option<Logical> },
    Fixed { name: String, bytes: usize, logical: Option<Logical> },
    Enum { name: String, symbols: Vec<String>, default: Option<String> },
    Union(Vec<usize>),
    Record { name: String, fields: Vec<Field> },
    Array(usize),
    Map(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
}

/// What a type's values mean beyond their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logical {
    pub(crate) name: String,
    /// Of a decimal: precision and scale.
    pub(crate) digits: Option<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) default: Option<Value>,
    pub(crate) of: usize,
}

impl Plain {
    const ALL: [(&'static str, Self); 8] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("int", Self::Int),
        ("long", Self::Long),
        ("float", Self::Float),
        ("double", Self::Double),
        ("bytes", Self::Bytes),
        ("string", Self::Text),
    ];

    /// Avro's name of it.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, plain)| *plain == self).map_or("", |(name, _)| name)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, plain)| plain)
    }
}

impl Schema {
    /// Takes apart a schema as JSON text.
    ///
    /// # Errors
    /// What in it is no Avro.
    pub(crate) fn parse(schema_json: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(schema_json).map_err(|error| error.to_string())?;
        let mut builder = Builder { types: Vec::new(), named: HashMap::new() };
        let root = builder.node(&schema, "", DEPTH_MAX)?;
        Ok(Self { types: builder.types, root })
    }

    pub(crate) const fn root(&self) -> usize {
        self.root
    }

    /// All types, each after or before those within it.
    pub(crate) fn types(&self) -> &[Type] {
        &self.types
    }

    /// Whether data of the one is data of the other, byte by byte and in
    /// meaning: same names, types and logical types in the same order.
    /// Documentation, defaults, aliases and properties that Avro does not know
    /// make no difference, nor does another spelling.
    pub(crate) fn writes_like(&self, other: &Self) -> bool {
        self.root == other.root
            && self.types.len() == other.types.len()
            && self.types.iter().zip(&other.types).all(|(one, other)| one.writes_like(other))
    }
}

impl Type {
    /// As [`Schema::writes_like`], the types within being compared by place:
    /// equal schemas are taken apart in the same order.
    fn writes_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Enum { name, symbols, .. }, Self::Enum { name: other_name, symbols: other_symbols, .. }) => {
                name == other_name && symbols == other_symbols
            }
            (Self::Record { name, fields }, Self::Record { name: other_name, fields: other_fields }) => {
                let same = |(one, other): (&Field, &Field)| one.name == other.name && one.of == other.of;
                name == other_name && fields.len() == other_fields.len() && fields.iter().zip(other_fields).all(same)
            }
            (one, other) => one == other,
        }
    }
}

struct Builder {
    types: Vec<Type>,
    /// By full name.
    named: HashMap<String, usize>,
}

impl Builder {
    fn push(&mut self, of: Type) -> usize {
        self.types.push(of);
        self.types.len() - 1
    }

    fn node(&mut self, schema: &Value, namespace: &str, depth: usize) -> Result<usize, String> {
        let depth = depth.checked_sub(1).ok_or("the schema is nested too deeply")?;
        match schema {
            Value::String(name) => self.by_name(name, namespace, None),
            Value::Array(branches) => {
                let branches = branches.iter().map(|branch| self.node(branch, namespace, depth));
                let branches = branches.collect::<Result<Vec<_>, _>>()?;
                Ok(self.push(Type::Union(branches)))
            }
            Value::Object(_) => self.object(schema, namespace, depth),
            other => Err(format!("{other} is no type")),
        }
    }

    fn by_name(&mut self, name: &str, namespace: &str, logical: Option<Logical>) -> Result<usize, String> {
        if let Some(kind) = Plain::from_name(name) {
            return Ok(self.push(Type::Plain { kind, logical }));
        }
        let full = full_name(name, namespace);
        self.named.get(&full).copied().ok_or_else(|| format!("type {full} is not defined"))
    }

    fn object(&mut self, schema: &Value, namespace: &str, depth: usize) -> Result<usize, String> {
        let kind = schema.get("type").ok_or("a type without its kind")?;
        let Some(kind) = kind.as_str() else { return self.node(kind, namespace, depth) };
        match kind {
            "record" | "error" => self.record(schema, namespace, depth),
            "enum" | "fixed" => {
                let name = name_of(schema, namespace)?;
                let of = if kind == "enum" { symbols(schema, name.clone()) } else { fixed(schema, name.clone())? };
                let at = self.push(of);
                self.named.insert(name, at);
                Ok(at)
            }
            "array" => {
                let items = self.node(schema.get("items").unwrap_or(&Value::Null), namespace, depth)?;
                Ok(self.push(Type::Array(items)))
            }
            "map" => {
                let values = self.node(schema.get("values").unwrap_or(&Value::Null), namespace, depth)?;
                Ok(self.push(Type::Map(values)))
            }
            _ => self.by_name(kind, namespace, logical(schema)),
        }
    }

    fn record(&mut self, schema: &Value, namespace: &str, depth: usize) -> Result<usize, String> {
        let name = name_of(schema, namespace)?;
        let within = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        // Known before its fields are read, since they may refer to it.
        let record = self.push(Type::Record { name: name.clone(), fields: Vec::new() });
        self.named.insert(name.clone(), record);
        let fields = schema.get("fields").and_then(Value::as_array).ok_or("a record without fields")?;
        let fields = fields
            .iter()
            .map(|field| {
                Ok(Field {
                    name: field.get("name").and_then(Value::as_str).ok_or("a field without its name")?.to_owned(),
                    aliases: texts(field, "aliases"),
                    default: field.get("default").cloned(),
                    of: self.node(field.get("type").unwrap_or(&Value::Null), &within, depth)?,
                })
            })
            .collect::<Result<_, String>>()?;
        self.types[record] = Type::Record { name, fields };
        Ok(record)
    }
}

fn symbols(schema: &Value, name: String) -> Type {
    let default = schema.get("default").and_then(Value::as_str).map(str::to_owned);
    Type::Enum { name, symbols: texts(schema, "symbols"), default }
}

fn fixed(schema: &Value, name: String) -> Result<Type, String> {
    let bytes = schema.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    Ok(Type::Fixed { name, bytes: bytes.ok_or("a fixed without its size")?, logical: logical(schema) })
}

fn logical(schema: &Value) -> Option<Logical> {
    let name = schema.get("logicalType")?.as_str()?.to_owned();
    let digits = |key: &str| schema.get(key).and_then(Value::as_u64);
    let digits = (name == "decimal").then(|| (digits("precision").unwrap_or(0), digits("scale").unwrap_or(0)));
    Some(Logical { name, digits })
}

fn texts(schema: &Value, key: &str) -> Vec<String> {
    let texts = schema.get(key).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn name_of(schema: &Value, namespace: &str) -> Result<String, String> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let name = text("name").ok_or("a named type without its name")?;
    Ok(full_name(name, text("namespace").unwrap_or(namespace)))
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Schema::parse(one).unwrap().writes_like(&Schema::parse(other).unwrap())
    }

    /// Proves that words, defaults, foreign properties and other spellings
    /// leave a schema what it is.
    #[test]
    fn spelling_makes_no_difference() {
        let plain = r#"{"type":"record","name":"R","namespace":"a.b","fields":[
            {"name":"t","type":"string"},
            {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"],"default":"X"},"default":"X"},
            {"name":"again","type":"E"},{"name":"next","type":["null","R"],"default":null}]}"#;
        let spelt = r#"{"name":"a.b.R","doc":"words","type":"record","aliases":["S"],"remark":1,"fields":[
            {"type":{"avro.java.string":"String","type":"string"},"name":"t","doc":"words","order":"ignore"},
            {"name":"e","type":{"name":"a.b.E","symbols":["X","Y"],"type":"enum"}},
            {"name":"again","type":"a.b.E"},{"name":"next","type":["null",{"type":"a.b.R"}]}]}"#;
        assert!(same(plain, spelt));
    }

    /// Proves that whatever changes the bytes, or what they mean, is a
    /// difference.
    #[test]
    fn data_makes_the_difference() {
        let schema = |of: &str| {
            format!(
                r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{of}}},{{"name":"g","type":"int"}}]}}"#
            )
        };
        let types = [
            r#""int""#,
            r#""long""#,
            r#"{"type":"int","logicalType":"date"}"#,
            r#"["null","int"]"#,
            r#"["int","null"]"#,
            r#"{"type":"enum","name":"E","symbols":["X","Y"]}"#,
            r#"{"type":"enum","name":"E","symbols":["Y","X"]}"#,
            r#"{"type":"enum","name":"F","symbols":["X","Y"]}"#,
            r#"{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}"#,
            r#"{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}"#,
            r#"{"type":"array","items":"int"}"#,
            r#"{"type":"map","values":"int"}"#,
        ];
        for (at, one) in types.iter().enumerate() {
            for (other_at, other) in types.iter().enumerate() {
                assert_eq!(same(&schema(one), &schema(other)), at == other_at, "{one} and {other}");
            }
        }
        let renamed = schema(types[0]).replace(r#""g""#, r#""h""#);
        assert!(!same(&schema(types[0]), &renamed));
    }

    /// Proves that a schema nested without end is refused, not followed.
    #[test]
    fn endless_nesting_is_refused() {
        let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(100), "}".repeat(100));
        assert!(Schema::parse(&deep).is_err());
        for broken in ["{}", "7", r#"{"type":"record","name":"R"}"#, r#"{"type":"fixed","name":"F"}"#, r#""Nobody""#] {
            assert!(Schema::parse(broken).is_err(), "{broken}");
        }
    }
}
