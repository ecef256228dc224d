//! A JSON object read leniently: publishers put numbers where text belongs,
//! objects where lists belong and nulls anywhere, and none of that may stop
//! the other fields from being read.

use super::scan::{Scan, Step};
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Fields of one object, each as the JSON text it stands as in the file:
/// amounts are read from their digits, which a parsed number would not keep.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a str>);

impl<'a> Fields<'a> {
    /// The fields of the object `bytes` hold; the last of equal names counts.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?.trim();
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())?;
        Self::of_object(text).ok_or_else(|| "not an object".to_owned())
    }

    /// The fields of an object known to be JSON; `None` for anything else.
    fn of_object(text: &'a str) -> Option<Self> {
        let mut members = Members { rest: text.strip_prefix('{')? };
        let mut fields = BTreeMap::new();
        while let Some(key) = members.next() {
            let value = members.next()?;
            fields.insert(unquoted(key), value);
        }
        Some(Self(fields))
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied().filter(|text| *text != "null")
    }

    /// Whether the field holds anything but null, blank text, or an empty list
    /// or object.
    pub(super) fn is_set(&self, name: &str) -> bool {
        match self.raw(name) {
            None => false,
            Some(raw) if raw.starts_with(['[', '{']) => {
                raw.get(1..raw.len() - 1).is_some_and(|inner| !inner.trim().is_empty())
            }
            Some(_) => self.text(name).is_some(),
        }
    }

    /// Text of the field, trimmed. A number is given as its digits stand in
    /// the file. `None` where there is none or it is blank.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        let text = if raw.starts_with('"') { unquoted(raw) } else { raw.to_owned() };
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Objects of the list in the field; an object outside a list is a list
    /// of one, and what is no object is left out.
    pub(super) fn objects(&self, name: &str) -> Vec<Fields<'a>> {
        match self.raw(name) {
            Some(raw) if raw.starts_with('{') => Fields::of_object(raw).into_iter().collect(),
            Some(raw) => match raw.strip_prefix('[') {
                Some(rest) => Members { rest }.filter_map(Fields::of_object).collect(),
                None => Vec::new(),
            },
            None => Vec::new(),
        }
    }

    /// First object of the list in the field, or one without fields.
    pub(super) fn first(&self, name: &str) -> Fields<'a> {
        self.objects(name).into_iter().next().unwrap_or_default()
    }
}

/// Text of a JSON string. What is no Unicode, such as half a surrogate pair,
/// stays as written.
fn unquoted(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
}

/// Values of an array, or keys and values of an object in turn, from text
/// known to be JSON.
struct Members<'a> {
    /// What follows the last value, or the opening bracket.
    rest: &'a str,
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let between = |c: char| c.is_ascii_whitespace() || c == ',' || c == ':';
        let text = self.rest.trim_start_matches(between);
        if text.is_empty() || text.starts_with([']', '}']) {
            return None;
        }
        let (value, rest) = text.split_at_checked(value_length(text))?;
        self.rest = rest;
        Some(value)
    }
}

/// Bytes of the value that `text`, known to be JSON, starts with.
fn value_length(text: &str) -> usize {
    let mut scan = Scan::default();
    for (position, byte) in text.bytes().enumerate() {
        match scan.step(byte) {
            Step::Inside => {}
            Step::Last => return position + 1,
            Step::After => return position,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that each field reads for what it holds, in whatever type it
    /// came, and that numbers keep their digits.
    #[test]
    fn fields_read_whatever_their_type() {
        let text = r#"{"a": " x\u00e9 ", "b": 15000.10, "c": null, "d": "", "e": [{"f": 1}, 2, {"f": "3"}],
            "g": {"f": true}, "h": [], "i": {}, "j": "\ud800", "a": "last", "k": [ ]}"#;
        let fields = Fields::parse(text.as_bytes()).unwrap();
        assert_eq!(fields.text("a").as_deref(), Some("last"));
        assert_eq!(fields.text("b").as_deref(), Some("15000.10"));
        assert_eq!((fields.text("c"), fields.text("d"), fields.text("absent")), (None, None, None));
        assert_eq!(fields.text("j").as_deref(), Some(r#""\ud800""#));
        let texts: Vec<_> = fields.objects("e").iter().map(|object| object.text("f").unwrap()).collect();
        assert_eq!(texts, ["1", "3"]);
        assert_eq!(fields.first("g").text("f").as_deref(), Some("true"));
        assert_eq!(fields.first("b").text("f"), None);
        let set: Vec<_> =
            ["a", "b", "c", "d", "e", "g", "h", "i", "k"].into_iter().filter(|name| fields.is_set(name)).collect();
        assert_eq!(set, ["a", "b", "e", "g"]);
    }

    /// Proves that what is no object is refused with a message.
    #[test]
    fn what_is_no_object_is_refused() {
        for text in [&b"12"[..], b"[]", b"null", b"\"x\"", b"{\"a\":}", b"{\"a\":\"\xFF\"}"] {
            assert!(Fields::parse(text).is_err(), "{text:?}");
        }
    }
}
