//! Events as JSON: what is stated comes out of the columnar decoder, and what
//! cannot be taken is told by its field.

use crate::round_trip::{employment, funding};
use crate::support::{decoder, outcomes, record, values};
use chrono::{DateTime, NaiveDate};
use commonweal_schemas::Dataset;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::json::JsonMapping;
use commonweal_schemas::records::{EmploymentEvent, FundingEvent};
use commonweal_schemas::wire::write_prefix;
use proptest::prelude::*;
use serde_json::{Value, json};

const DATES: [&str; 6] = ["occurred_on", "as_of", "period_start", "period_end", "planned_start", "planned_end"];
/// 9999-12-31, and the last instant of that day: the end of four-digit years.
const LAST_DAY: i64 = 2_932_896;
const MICROS_A_DAY: i64 = 86_400_000_000;

fn mapping(dataset: Dataset) -> JsonMapping {
    JsonMapping::new(dataset.contract()).unwrap()
}

/// The event as JSON by serde, its days and instants brought into the years
/// that their text can name; and in that text.
fn texts<T: serde::Serialize + serde::de::DeserializeOwned>(event: &T) -> (T, Value) {
    let mut plain = serde_json::to_value(event).unwrap();
    let mut written = plain.clone();
    let micros = plain["recorded_at"].as_i64().unwrap().rem_euclid(LAST_DAY * MICROS_A_DAY);
    plain["recorded_at"] = micros.into();
    written["recorded_at"] = DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339().into();
    for name in DATES {
        let Some(day) = plain.get(name).and_then(Value::as_i64) else { continue };
        let day = i32::try_from(day.rem_euclid(LAST_DAY)).unwrap();
        plain[name] = day.into();
        written[name] = NaiveDate::from_epoch_days(day).unwrap().to_string().into();
    }
    (serde_json::from_value(plain).unwrap(), written)
}

fn framed(dataset: Dataset, json: &[u8]) -> Vec<u8> {
    let mapping = mapping(dataset);
    let mut message = Vec::new();
    write_prefix(dataset.contract().embedded_id(), &mut message);
    let faults = mapping.write(&mapping.read(json).unwrap(), &mut message);
    assert!(faults.is_empty(), "{faults:?}");
    message
}

fn arrives<T>(dataset: Dataset, event: &T) -> Result<(), TestCaseError>
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let (event, written) = texts(event);
    let messages = [framed(dataset, written.to_string().as_bytes())];
    let decoded = decoder(dataset).decode(&values(&messages)).unwrap();
    let read = outcomes(&decoded, 1).remove(0).map(|row| record::<T>(&row, 0));
    prop_assert_eq!(read.as_ref(), Ok(&event));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves that funding events of any content, written as JSON, come out of
    /// the columnar decoder as they went.
    #[test]
    fn funding_events_arrive(event in funding()) {
        arrives(Dataset::Funding, &event)?;
    }

    /// Proves the same of employment events.
    #[test]
    fn employment_events_arrive(event in employment()) {
        arrives(Dataset::Employment, &event)?;
    }

    /// Proves that no text makes the mapping panic, and that whatever it
    /// writes, faults or none, is one whole body of the contract.
    #[test]
    fn any_object_makes_a_body(
        members in prop::collection::vec((0_usize..30, ".{0,12}", 0_usize..6), 0..30),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        for dataset in Dataset::ALL {
            let mapping = mapping(dataset);
            let _survived = mapping.read(&bytes);
            let schema = mapping.json_schema(&[]);
            let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let value = |text: &str, kind: usize| match kind {
                0 => Value::Null,
                1 => text.into(),
                2 => json!([text, "CREATED"]),
                3 => json!({"within": text}),
                4 => json!(text.len()),
                _ => true.into(),
            };
            let object: serde_json::Map<String, Value> = members
                .iter()
                .map(|(at, text, kind)| (names.get(*at).map_or("stranger", |name| name.as_str()).to_owned(), value(text, *kind)))
                .collect();
            let json = Value::Object(object).to_string();
            let mut message = Vec::new();
            write_prefix(dataset.contract().embedded_id(), &mut message);
            let _faults = mapping.write(&mapping.read(json.as_bytes()).unwrap(), &mut message);
            let messages = [message];
            let decoded = decoder(dataset).decode(&values(&messages)).unwrap();
            prop_assert!(decoded.undecodable.is_empty(), "{:?} of {}", decoded.undecodable, json);
        }
    }
}

/// Proves that left-out fields take the contract's defaults.
#[test]
fn defaults_are_those_of_the_contract() {
    let least = br#"{"source": "s", "event_id": "e", "recorded_at": "2021-01-04T00:00:00Z"}"#;
    let messages = [framed(Dataset::Funding, least)];
    let decoded = decoder(Dataset::Funding).decode(&values(&messages)).unwrap();
    let read = outcomes(&decoded, 1).remove(0).map(|row| record::<FundingEvent>(&row, 0));
    let expected = FundingEvent {
        source: "s".to_owned(),
        event_id: "e".to_owned(),
        recorded_at: 1_609_718_400_000_000,
        ..FundingEvent::default()
    };
    assert_eq!(read, Ok(expected));
    let messages = [framed(Dataset::Employment, least)];
    let decoded = decoder(Dataset::Employment).decode(&values(&messages)).unwrap();
    let read = outcomes(&decoded, 1).remove(0).map(|row| record::<EmploymentEvent>(&row, 0));
    assert_eq!(read.unwrap().job_basis, []);
}

/// Proves for each kind of field which values are taken and which are told as
/// faults of that field, with the value and what is expected.
#[test]
fn values_are_taken_or_named() {
    let taken = [
        ("amount", "12.34"),
        ("amount", "\"12.34\""),
        ("amount", "1e3"),
        ("amount", "null"),
        ("revision", "3"),
        ("revision", "3.0"),
        ("occurred_on", "\"2020-02-29\""),
        ("recorded_at", "\"2020-02-29T23:59:59.123456789+01:00\""),
        ("stage", "\"DISBURSED\""),
        ("onward_grant", "true"),
        ("title", r#""\u00e9 \"quoted\"""#),
    ];
    let refused = [
        ("amount", "\"ten\"", "14 digits before the point and 4"),
        ("amount", "\"1e3\"", "a number"),
        ("amount", "0.00001", "a number"),
        ("amount", "123456789012345", "a number"),
        ("amount", "true", "a number"),
        ("revision", "3.5", "whole number"),
        ("revision", "2147483648", "whole number"),
        ("revision", "null", "whole number"),
        ("revision", "\"3\"", "whole number"),
        ("occurred_on", "\"2021-02-29\"", "YYYY-MM-DD"),
        ("occurred_on", "\"29/02/2020\"", "YYYY-MM-DD"),
        ("occurred_on", "\"+202-02-29\"", "YYYY-MM-DD"),
        ("occurred_on", "18321", "YYYY-MM-DD"),
        ("recorded_at", "\"2020-02-29\"", "RFC 3339"),
        ("recorded_at", "\"2020-02-29 10:00:00Z\"", "RFC 3339"),
        ("recorded_at", "1582934400", "RFC 3339"),
        ("stage", "\"PROMISED\"", "COMMITTED, DISBURSED"),
        ("stage", "1", "COMMITTED"),
        ("onward_grant", "\"true\"", "true or false"),
        ("title", "7", "a text"),
        ("title", r#""\ud800""#, "a text"),
        ("stranger", "1", "no field of the funding contract"),
    ];
    let mapping = mapping(Dataset::Funding);
    let faults = |field: &str, value: &str| {
        let others = r#""source": "s", "event_id": "e""#;
        let recorded = if field == "recorded_at" { "" } else { r#", "recorded_at": "2021-01-04T00:00:00Z""# };
        let json = format!(r#"{{{others}{recorded}, "{field}": {value}}}"#);
        mapping.write(&mapping.read(json.as_bytes()).unwrap(), &mut Vec::new())
    };
    for (field, value) in taken {
        assert_eq!(faults(field, value), [], "{field} {value}");
    }
    for (field, value, expected) in refused {
        let told = faults(field, value);
        assert_eq!(told.len(), 1, "{field} {value}");
        assert_eq!(told[0].field, field);
        assert!(told[0].message.contains(expected), "{}", told[0].message);
    }
    let bases = |value: &str| {
        let mapping = self::mapping(Dataset::Employment);
        let json = format!(r#"{{"recorded_at": "2021-01-04T00:00:00Z", "job_basis": {value}}}"#);
        mapping.write(&mapping.read(json.as_bytes()).unwrap(), &mut Vec::new()).len()
    };
    assert_eq!([bases("[]"), bases(r#"["CREATED", "SUPPORTED"]"#)], [0, 0]);
    assert_eq!([bases("\"CREATED\""), bases(r#"["MADE"]"#), bases("null")], [1, 1, 1]);
}

/// Proves that what stands twice, is missing, or is said otherwise outside the
/// object is told, and that a text which is no object is refused with a place.
#[test]
fn contradictions_are_named() {
    let mapping = mapping(Dataset::Funding);
    let faults = |json: &str, outside: &[(&str, &str)]| {
        let mut document = mapping.read(json.as_bytes()).unwrap();
        for (name, text) in outside {
            mapping.state(&mut document, name, text);
        }
        let told = mapping.write(&document, &mut Vec::new());
        told.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("; ")
    };
    assert!(faults(r#"{"title": "a", "title": "b"}"#, &[]).contains("title stands twice"));
    assert!(faults("{}", &[]).contains("recorded_at is not given"));
    let time = ("recorded_at", "2021-01-04T00:00:00Z");
    assert_eq!(faults("{}", &[("source", "s"), time]), "");
    // Another spelling of the same is no contradiction.
    assert_eq!(faults(r#"{"recorded_at": "2021-01-04T01:00:00+01:00"}"#, &[time]), "");
    let told = faults(r#"{"source": "a"}"#, &[("source", "b"), time]);
    assert!(told.contains(r#"source is "b" outside the data and "a" in it"#), "{told}");
    for (json, place) in [("[]", "column"), ("{", "EOF"), ("{} {}", "trailing"), ("", "EOF"), ("\u{1}", "column")] {
        let told = mapping.read(json.as_bytes()).unwrap_err().to_string();
        assert!(told.contains(place), "{json:?}: {told}");
    }
    assert!(mapping.read(b"{\"title\": \"\xff\"}").is_err());
}

/// Proves that the JSON Schema names each field of the contract once, with its
/// words, and asks for those without a default unless they are stated
/// elsewhere.
#[test]
fn the_schema_is_the_contracts() {
    for dataset in Dataset::ALL {
        let schema = mapping(dataset).json_schema(&[]);
        let avro: Value = serde_json::from_str(dataset.contract().schema_json()).unwrap();
        let fields = avro["fields"].as_array().unwrap();
        assert_eq!(schema["properties"].as_object().unwrap().len(), fields.len());
        for field in fields {
            let property = &schema["properties"][field["name"].as_str().unwrap()];
            assert_eq!(property["description"], field["doc"]);
            assert_eq!(property.get("default"), field.get("default"));
            let nullable = property["type"].as_array().is_some_and(|types| types.contains(&"null".into()));
            assert_eq!(nullable, field["type"][0] == "null", "{property}");
            assert!(property.get("enum").is_none_or(Value::is_array), "{property}");
        }
        assert_eq!(schema["required"], json!(["source", "event_id", "recorded_at"]));
        assert_eq!(mapping(dataset).json_schema(&["source", "event_id", "recorded_at"]).get("required"), None);
    }
    assert!(JsonMapping::new(Contract::DeadLetter).is_err(), "its headers are records");
}
