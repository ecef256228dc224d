//! Which form a request has, by its headers.

use crate::answer::Refusal;
use crate::cloud_events::{self, Attributes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};

pub(crate) const JSON: &str = "application/json";
pub(crate) const LINES: &str = "application/x-ndjson";
pub(crate) const CLOUD_EVENT: &str = "application/cloudevents+json";

/// How events stand in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One event: the body.
    Plain,
    /// One event a line; whether the headers of binary mode are there, which no
    /// batch can have.
    Lines(bool),
    /// A `CloudEvent` in structured mode: the event is its data. The headers of
    /// binary mode may stand beside it, and then say the same.
    Structured(Option<Attributes>),
    /// A `CloudEvent` in binary mode: the body is its data.
    Binary(Attributes),
}

impl Form {
    /// How many events a body of this form holds, sound or not.
    pub(crate) fn events(&self, body: &[u8]) -> usize {
        match self {
            Self::Lines(_) => lines(body).count(),
            Self::Plain | Self::Structured(_) | Self::Binary(_) => 1,
        }
    }
}

/// The lines of a batch that are not blank, by number from 1.
pub(crate) fn lines(body: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)).filter(|(_, line)| !line.is_empty())
}

/// The form of a request.
///
/// # Errors
/// It is none that is read here.
pub(crate) fn form(headers: &HeaderMap) -> Result<Form, Refusal> {
    let forms = format!("{JSON}, {LINES} or {CLOUD_EVENT}");
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::Unsupported("a compressed body is not read; send it as it is".to_owned()));
    }
    let unsupported = |found: &str| Refusal::Unsupported(format!("the content type is {found}, expected {forms}"));
    let Some(stated) = headers.get(CONTENT_TYPE) else { return Err(unsupported("not stated")) };
    let (media, charset) = parse(stated).ok_or_else(|| unsupported("no media type"))?;
    if charset.is_some_and(|charset| charset != "utf-8") {
        return Err(Refusal::Unsupported("the character set is not UTF-8; JSON is sent in it".to_owned()));
    }
    let attributes = cloud_events::attributes(headers);
    match (media.as_str(), attributes) {
        (JSON, Some(attributes)) => Ok(Form::Binary(attributes)),
        (JSON, None) => Ok(Form::Plain),
        (LINES, attributes) => Ok(Form::Lines(attributes.is_some())),
        (CLOUD_EVENT, attributes) => Ok(Form::Structured(attributes)),
        (other, _) => Err(unsupported(other)),
    }
}

/// Type and character set, in lower case.
fn parse(value: &HeaderValue) -> Option<(String, Option<String>)> {
    let text = value.to_str().ok()?.to_ascii_lowercase();
    let mut parts = text.split(';');
    let media = parts.next()?.trim().to_owned();
    let charset = parts.filter_map(|part| part.trim().strip_prefix("charset=")).next_back();
    Some((media, charset.map(|charset| charset.trim_matches('"').to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, StatusCode};

    fn form_of(pairs: &[(&'static str, &'static str)]) -> Result<Form, StatusCode> {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        form(&pairs.collect()).map_err(|refusal| refusal.status())
    }

    /// Proves that each form is known by its headers, and that what is none is
    /// refused.
    #[test]
    fn forms_are_told_apart() {
        let content = |media| ("content-type", media);
        assert_eq!(form_of(&[content("application/json")]), Ok(Form::Plain));
        assert_eq!(form_of(&[content("Application/JSON; charset=\"UTF-8\"")]), Ok(Form::Plain));
        assert_eq!(form_of(&[content("application/x-ndjson")]), Ok(Form::Lines(false)));
        assert_eq!(form_of(&[content("application/x-ndjson"), ("ce-id", "1")]), Ok(Form::Lines(true)));
        let structured = content("application/cloudevents+json; charset=utf-8");
        assert_eq!(form_of(&[structured]), Ok(Form::Structured(None)));
        assert!(matches!(form_of(&[structured, ("ce-id", "1")]), Ok(Form::Structured(Some(_)))));
        assert!(matches!(form_of(&[content("application/json"), ("ce-id", "1")]), Ok(Form::Binary(_))));
        let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        for refused in [
            &[][..],
            &[content("text/plain")],
            &[content("application/cloudevents-batch+json")],
            &[content("application/json; charset=latin1")],
            &[content("application/json"), ("content-encoding", "gzip")],
        ] {
            assert_eq!(form_of(refused), Err(unsupported), "{refused:?}");
        }
    }
}
