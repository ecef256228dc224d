//! `CloudEvents` 1.0 over HTTP: the envelope around an event.
//!
//! | attribute | what it is here |
//! | --- | --- |
//! | `id` | `event_id` |
//! | `source` | `source` |
//! | `time` | `recorded_at` |
//! | `type` | the contract's full name, such as `commonweal.v1.FundingEvent` |
//! | `specversion` | `1.0` |
//!
//! What an attribute states need not stand in the data; where it does, it must
//! be the same, and so must the headers of binary mode beside an envelope. Other attributes, extensions too, are read over.

use axum::http::HeaderMap;
use commonweal_schemas::json::{Document, JsonMapping, Malformed};
use percent_encoding::percent_decode;
use serde::Deserialize;
use serde_json::value::RawValue;

const PREFIX: &str = "ce-";
const VERSION: &str = "1.0";

/// The attributes that mean something here, as they were stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) specversion: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) time: Option<String>,
    /// A header that cannot be read.
    pub(crate) unreadable: Option<String>,
}

/// The attributes of binary mode; `None` where a request has none.
pub(crate) fn attributes(headers: &HeaderMap) -> Option<Attributes> {
    let mut attributes = Attributes::default();
    let mut stated = false;
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else { continue };
        stated = true;
        let slot = match name {
            "specversion" => &mut attributes.specversion,
            "type" => &mut attributes.kind,
            "id" => &mut attributes.id,
            "source" => &mut attributes.source,
            "time" => &mut attributes.time,
            _ => continue,
        };
        let Ok(text) = percent_decode(value.as_bytes()).decode_utf8() else {
            attributes.unreadable = Some(name.to_owned());
            continue;
        };
        if slot.replace(text.into_owned()).is_some() {
            attributes.unreadable = Some(name.to_owned());
        }
    }
    stated.then_some(attributes)
}

/// Structured mode.
#[derive(Deserialize)]
struct Envelope<'a> {
    specversion: Option<String>,
    r#type: Option<String>,
    id: Option<String>,
    source: Option<String>,
    time: Option<String>,
    datacontenttype: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    data_base64: Option<&'a RawValue>,
}

/// The event within an envelope; `beside` is what the request's headers state.
///
/// # Errors
/// The body is no envelope, or its data no object.
pub(crate) fn open<'a>(
    mapping: &JsonMapping,
    beside: Option<&Attributes>,
    body: &'a [u8],
) -> Result<Document<'a>, Malformed> {
    let envelope: Envelope<'a> =
        serde_json::from_slice(body).map_err(|error| Malformed::new(format!("no CloudEvent: {error}")))?;
    let data = envelope.data.map_or("{}", RawValue::get);
    let mut document = mapping.read(data.as_bytes())?;
    if envelope.data_base64.is_some() {
        document.fault("data_base64".to_owned(), "data_base64 is given; send the event as JSON in data".to_owned());
    } else if envelope.data.is_none() {
        document.fault("data".to_owned(), "data is not given; it holds the event".to_owned());
    }
    let is_json = |media: &String| matches!(media.split(';').next(), Some("application/json" | "text/json"));
    if let Some(other) = envelope.datacontenttype.filter(|media| !is_json(media)) {
        let message = format!("datacontenttype is {other:?}, expected application/json");
        document.fault("datacontenttype".to_owned(), message);
    }
    let Envelope { specversion, r#type: kind, id, source, time, .. } = envelope;
    let attributes = Attributes { specversion, kind, id, source, time, unreadable: None };
    attributes.state(mapping, &mut document);
    if let Some(beside) = beside {
        beside.agree(&attributes, &mut document);
    }
    Ok(document)
}

impl Attributes {
    /// Has the document say what the attributes say.
    pub(crate) fn state(&self, mapping: &JsonMapping, document: &mut Document<'_>) {
        let kind = mapping.contract().record_name();
        for (name, stated, expected) in [("specversion", &self.specversion, VERSION), ("type", &self.kind, kind)] {
            match stated {
                Some(stated) if stated == expected => {}
                Some(stated) => {
                    let stated: String = stated.chars().take(80).collect();
                    document.fault(name.to_owned(), format!("{name} is {stated:?}, expected {expected:?}"));
                }
                None => document.fault(name.to_owned(), format!("{name} is not given, expected {expected:?}")),
            }
        }
        for (name, stated, field) in [("id", &self.id, "event_id"), ("source", &self.source, "source")] {
            match stated {
                Some(stated) => mapping.state(document, field, stated),
                None => {
                    document.fault(name.to_owned(), format!("the attribute {name} is not given; a CloudEvent has it"));
                }
            }
        }
        if let Some(time) = &self.time {
            mapping.state(document, "recorded_at", time);
        }
        self.readable(document);
    }

    fn readable(&self, document: &mut Document<'_>) {
        if let Some(name) = &self.unreadable {
            document.fault(name.clone(), format!("the attribute {name} stands twice, or is no UTF-8"));
        }
    }

    /// Has the document say where these attributes are others than the
    /// envelope's.
    fn agree(&self, envelope: &Self, document: &mut Document<'_>) {
        for (name, header, within) in [
            ("specversion", &self.specversion, &envelope.specversion),
            ("type", &self.kind, &envelope.kind),
            ("id", &self.id, &envelope.id),
            ("source", &self.source, &envelope.source),
            ("time", &self.time, &envelope.time),
        ] {
            if header.is_some() && header != within {
                document.fault(name.to_owned(), format!("header ce-{name} and the body's {name} are not the same"));
            }
        }
        self.readable(document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};
    use commonweal_schemas::avro::Contract;

    const DATA: &str = r#"{"stage": "COMMITTED"}"#;

    fn mapping() -> JsonMapping {
        JsonMapping::new(Contract::Funding).unwrap()
    }

    /// The body and the faults of a document.
    fn written(document: &Document<'_>) -> (Vec<u8>, Vec<String>) {
        let mut body = Vec::new();
        let faults = mapping().write(document, &mut body);
        (body, faults.into_iter().map(|fault| fault.field).collect())
    }

    fn binary(pairs: &[(&'static str, &'static [u8])], data: &str) -> (Vec<u8>, Vec<String>) {
        let pair = |(name, value): &(&'static str, &'static [u8])| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
        };
        let attributes = attributes(&pairs.iter().map(pair).collect()).unwrap();
        let mapping = mapping();
        let mut document = mapping.read(data.as_bytes()).unwrap();
        attributes.state(&mapping, &mut document);
        written(&document)
    }

    fn structured(envelope: &str) -> (Vec<u8>, Vec<String>) {
        written(&open(&mapping(), None, envelope.as_bytes()).unwrap())
    }

    /// Proves that plain, structured and binary mode of one event come to one
    /// body, text beyond ASCII included.
    #[test]
    fn modes_come_to_one_body() {
        let mapping = mapping();
        let plain =
            r#"{"source": "urn:é", "event_id": "1 a", "recorded_at": "2021-01-04T00:00:00Z", "stage": "COMMITTED"}"#;
        let plain = written(&mapping.read(plain.as_bytes()).unwrap());
        assert_eq!(plain.1, [""; 0]);
        let one = structured(&format!(
            r#"{{"specversion": "1.0", "type": "commonweal.v1.FundingEvent", "id": "1 a", "source": "urn:é",
            "time": "2021-01-04T01:00:00+01:00", "extension": {{"any": 1}}, "datacontenttype": "application/json",
            "data": {DATA}}}"#
        ));
        let other = binary(
            &[
                ("ce-specversion", b"1.0"),
                ("ce-type", b"commonweal.v1.FundingEvent"),
                ("ce-id", b"1%20a"),
                ("ce-source", b"urn:%C3%A9"),
                ("ce-time", b"2021-01-04T00:00:00Z"),
                ("ce-traceparent", b"00-ab"),
            ],
            DATA,
        );
        assert_eq!(one, plain);
        assert_eq!(other, plain);
    }

    /// Proves that what an envelope lacks, or says otherwise than its data, is
    /// named.
    #[test]
    fn incomplete_envelopes_are_named() {
        let (_, faults) = structured(r#"{"data": {}}"#);
        assert_eq!(faults, ["specversion", "type", "id", "source", "recorded_at"]);
        let sound = r#""specversion": "1.0", "type": "commonweal.v1.FundingEvent", "id": "1", "source": "s""#;
        let time = r#""time": "2021-01-04T00:00:00Z""#;
        for (rest, expected) in [
            (format!(r#"{time}, "data": {{"source": "other"}}"#), "source"),
            (format!(r#"{time}, "data": {{"event_id": 7}}"#), "event_id"),
            (r#""time": "yesterday", "data": {}"#.to_owned(), "recorded_at"),
            (time.to_owned(), "data"),
            (format!(r#"{time}, "data_base64": "e30=""#), "data_base64"),
            (format!(r#"{time}, "datacontenttype": "text/xml", "data": {{}}"#), "datacontenttype"),
        ] {
            assert_eq!(structured(&format!("{{{sound}, {rest}}}")).1, [expected], "{rest}");
        }
        for malformed in ["[]", "{", r#"{"id": 5}"#, r#"{"data": []}"#, r#"{"id": "1", "id": "2"}"#] {
            assert!(open(&mapping(), None, malformed.as_bytes()).is_err(), "{malformed}");
        }
        let beside = Attributes { id: Some("1".to_owned()), source: Some("t".to_owned()), ..Attributes::default() };
        let envelope = format!(r#"{{{sound}, {time}, "data": {{}}}}"#);
        let document = open(&mapping(), Some(&beside), envelope.as_bytes()).unwrap();
        assert_eq!(written(&document).1, ["source"], "a header says another source");
        let (_, faults) = binary(&[("ce-id", b"%FF"), ("ce-source", b"s"), ("ce-source", b"t")], DATA);
        assert_eq!(faults, ["specversion", "type", "id", "source", "recorded_at"]);
        assert_eq!(attributes(&HeaderMap::new()), None);
    }
}
