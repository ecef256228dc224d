//! Laying sources over each other. Each value keeps where it came from, so
//! that an error can say so.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

use config::{File, FileFormat, Source, Value, ValueKind};

use super::{Config, ConfigError, DEFAULTS, Sources};

type Table = HashMap<String, Value>;

const PREFIX: &str = "COMMONWEAL__";
const PROPERTIES: &str = "kafka.properties";
/// The other section within a section.
const SECURITY: &str = "kafka.security";
const DEFAULT_ORIGIN: &str = "the defaults";

/// One source, read and checked against the names that exist.
#[derive(Clone, Debug)]
struct Layer(Table);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Table, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// Everything in `sources` over the defaults.
pub(super) fn merge(sources: &Sources) -> Result<config::Config, ConfigError> {
    let known = File::from_str(DEFAULTS, FileFormat::Toml)
        .collect()
        .map_err(|error| ConfigError::Malformed { origin: DEFAULT_ORIGIN.to_owned(), reason: error.to_string() })?;
    let mut builder = config::Config::builder().add_source(Layer(known.clone()));
    for path in &sources.files {
        let table = std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| parse(&text))
            .map_err(|reason| ConfigError::File { path: path.clone(), reason })?;
        let table = with_origin(table, &path.display().to_string());
        check_names(&table, &known, &path.display().to_string())?;
        builder = builder.add_source(Layer(table));
    }
    for (name, value) in &sources.environment {
        if let Some(setting) = variable(name, value)? {
            builder = builder.add_source(setting.layer(&known)?);
        }
    }
    for text in &sources.overrides {
        builder = builder.add_source(argument(text)?.layer(&known)?);
    }
    builder.build().map_err(|error| foreign(&error))
}

/// The table of a file. What is wrong with it is told by its line's number: the
/// line itself may hold a secret.
fn parse(text: &str) -> Result<Table, String> {
    text.parse::<toml::Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {}: {}", before.matches('\n').count() + 1, error.message())
    })?;
    File::from_str(text, FileFormat::Toml).collect().map_err(|error| error.to_string())
}

/// The merged settings as the typed struct.
pub(super) fn typed(merged: &config::Config) -> Result<Config, ConfigError> {
    merged.clone().try_deserialize().map_err(|error| {
        let ConfigError::Type { key, reason, .. } = foreign(&error) else {
            return foreign(&error);
        };
        let origin = origin_of(&key, merged);
        ConfigError::Type { key, origin, reason }
    })
}

/// The same error, with the source that the value came from.
pub(super) fn located(error: ConfigError, merged: &config::Config) -> ConfigError {
    match error {
        ConfigError::Invalid { key, value, allowed, .. } => {
            let origin = origin_of(&key, merged);
            ConfigError::Invalid { key, value, allowed, origin }
        }
        other => other,
    }
}

/// One setting given as text.
struct Setting {
    /// Section, a section within it where there is one, and key: a librdkafka
    /// property may be a key.
    path: Vec<String>,
    value: String,
    origin: String,
}

impl Setting {
    fn layer(self, known: &Table) -> Result<Layer, ConfigError> {
        let mut value = Value::new(Some(&self.origin), ValueKind::String(self.value));
        let mut path = self.path.into_iter().rev();
        let mut name = path.next().unwrap_or_default();
        for outer in path {
            value = Value::new(Some(&self.origin), ValueKind::Table(Table::from([(name, value)])));
            name = outer;
        }
        let table = Table::from([(name, value)]);
        check_names(&table, known, &self.origin)?;
        Ok(Layer(table))
    }
}

/// The setting a variable gives; `None` for one that is not ours.
fn variable(name: &OsString, value: &OsStr) -> Result<Option<Setting>, ConfigError> {
    let Some(setting) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
        return Ok(None);
    };
    let origin = format!("environment variable {PREFIX}{setting}");
    let Some(value) = value.to_str() else {
        return Err(ConfigError::Malformed { origin, reason: "its value is not UTF-8".to_owned() });
    };
    let mut path: Vec<String> = setting.split("__").map(str::to_lowercase).collect();
    match path.as_slice() {
        [_, _] => {}
        // librdkafka's names hold dots, which a shell cannot write.
        [outer, inner, property] if format!("{outer}.{inner}") == PROPERTIES => path[2] = property.replace('_', "."),
        [outer, inner, _] if format!("{outer}.{inner}") == SECURITY => {}
        _ => {
            return Err(ConfigError::Malformed { origin, reason: format!("it has not the form {PREFIX}SECTION__KEY") });
        }
    }
    Ok(Some(Setting { path, value: value.to_owned(), origin }))
}

/// The setting an argument `section.key=value` gives.
fn argument(text: &str) -> Result<Setting, ConfigError> {
    // The value may be a secret, so a malformed argument is not shown whole.
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    let origin = format!("command line setting {name}");
    let malformed = |reason: &str| ConfigError::Malformed { origin: origin.clone(), reason: reason.to_owned() };
    let (name, value) = text.split_once('=').ok_or_else(|| malformed("it has not the form section.key=value"))?;
    let path = match name.strip_prefix(PROPERTIES).and_then(|rest| rest.strip_prefix('.')) {
        Some(property) => vec!["kafka".to_owned(), "properties".to_owned(), property.to_owned()],
        None => name.split('.').map(str::to_owned).collect(),
    };
    if path.len() < 2 || path.iter().any(String::is_empty) {
        return Err(malformed("it has not the form section.key=value"));
    }
    Ok(Setting { path, value: value.to_owned(), origin })
}

/// The same table, each of its values marked with `origin`.
fn with_origin(table: Table, origin: &str) -> Table {
    let mark = |(name, value): (String, Value)| {
        let kind = match value.kind {
            ValueKind::Table(inner) => ValueKind::Table(with_origin(inner, origin)),
            other => other,
        };
        (name, Value::new(Some(&origin.to_owned()), kind))
    };
    table.into_iter().map(mark).collect()
}

/// Refuses names that the defaults do not have; properties are free.
fn check_names(table: &Table, known: &Table, origin: &str) -> Result<(), ConfigError> {
    check_level(table, known, origin, "")
}

fn check_level(table: &Table, known: &Table, origin: &str, prefix: &str) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let Some(default) = known.get(name) else {
            let mut names: Vec<_> = known.keys().map(String::as_str).collect();
            names.sort_unstable();
            return Err(ConfigError::Unknown { key, origin: origin.to_owned(), known: names.join(", ") });
        };
        match (&value.kind, &default.kind) {
            _ if key == PROPERTIES && matches!(value.kind, ValueKind::Table(_)) => {}
            (ValueKind::Table(inner), ValueKind::Table(known)) => {
                check_level(inner, known, origin, &key)?;
            }
            (ValueKind::Table(_), _) => {
                return Err(kind_error(key, origin, "is one setting, not a section"));
            }
            (_, ValueKind::Table(_)) => {
                return Err(kind_error(key, origin, "is a section, not one setting"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn kind_error(key: String, origin: &str, reason: &str) -> ConfigError {
    ConfigError::Type { key, origin: origin.to_owned(), reason: reason.to_owned() }
}

fn origin_of(key: &str, merged: &config::Config) -> String {
    let Ok(table) = merged.collect() else {
        return DEFAULT_ORIGIN.to_owned();
    };
    let mut value = None;
    let mut level = Some(&table);
    // A property's own name holds dots: it is one step, not several.
    let steps: Vec<&str> = match key.strip_prefix(PROPERTIES).and_then(|rest| rest.strip_prefix('.')) {
        Some(property) => vec!["kafka", "properties", property],
        None => key.split('.').collect(),
    };
    for step in steps {
        value = level.and_then(|table| table.get(step));
        level = match value.map(|value| &value.kind) {
            Some(ValueKind::Table(inner)) => Some(inner),
            _ => None,
        };
    }
    value.and_then(Value::origin).unwrap_or(DEFAULT_ORIGIN).to_owned()
}

/// What the layering library says, in our words and without its origin, which
/// [`origin_of`] finds.
fn foreign(error: &config::ConfigError) -> ConfigError {
    match error {
        config::ConfigError::Type { unexpected, expected, key, .. } => {
            let key = key.clone().unwrap_or_default();
            // A number in quotes is a string to the library and to people.
            ConfigError::Type { key, origin: String::new(), reason: format!("is {unexpected}, expected {expected}") }
        }
        config::ConfigError::At { error, key, .. } => {
            ConfigError::Type { key: key.clone().unwrap_or_default(), origin: String::new(), reason: error.to_string() }
        }
        other => ConfigError::Malformed { origin: "the configuration".to_owned(), reason: other.to_string() },
    }
}
