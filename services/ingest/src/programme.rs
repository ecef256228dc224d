//! Programme codes.

use crate::rules::PROGRAMME_BYTES_MAX;
use std::borrow::Cow;

/// Code of an event that names no programme.
pub(crate) const UNKNOWN: &str = "unknown";

/// The canonical code of a programme: upper case, each run of characters that
/// are neither letter nor digit one dash, none at either end; [`UNKNOWN`] for
/// blank text and for the word itself. `None` where nothing remains or the code
/// is longer than 128 bytes.
#[must_use]
pub fn canonical(text: &str) -> Option<Cow<'_, str>> {
    if crate::text::is_blank_text(text) {
        return Some(Cow::Borrowed(UNKNOWN));
    }
    if is_canonical(text) {
        return Some(Cow::Borrowed(text));
    }
    let mut code = String::with_capacity(text.len());
    let mut gap = false;
    for character in text.chars().flat_map(char::to_uppercase) {
        if !character.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !code.is_empty() {
            code.push('-');
        }
        gap = false;
        code.push(character);
    }
    match code.as_str() {
        "" => None,
        "UNKNOWN" => Some(Cow::Borrowed(UNKNOWN)),
        _ => (code.len() <= PROGRAMME_BYTES_MAX).then_some(Cow::Owned(code)),
    }
}

fn is_canonical(text: &str) -> bool {
    if text == UNKNOWN {
        return true;
    }
    let mut after_dash = true;
    for byte in text.bytes() {
        match byte {
            b'-' if after_dash => return false,
            b'-' => after_dash = true,
            b'A'..=b'Z' | b'0'..=b'9' => after_dash = false,
            _ => return false,
        }
    }
    !after_dash && text.len() <= PROGRAMME_BYTES_MAX && text != "UNKNOWN"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    /// Proves the forms that one programme is written in come to one code.
    #[test]
    fn codes() {
        for (text, expected) in [
            ("LCR-CARES", "LCR-CARES"),
            (" lcr cares!", "LCR-CARES"),
            ("LCR — Cares (2020)", "LCR-CARES-2020"),
            ("Café", "CAFÉ"),
            ("", UNKNOWN),
            (" \t", UNKNOWN),
            ("Unknown", UNKNOWN),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text:?}");
        }
        assert_eq!(canonical("- —"), None);
        assert_eq!(canonical(&"A".repeat(129)), None);
        assert!(canonical(&"a".repeat(128)).is_some());
    }

    proptest! {
        /// Proves that a code is its own code, for any text at all.
        #[test]
        fn codes_stay(text in any::<String>()) {
            if let Some(code) = canonical(&text) {
                prop_assert_eq!(canonical(&code), Some(code.clone()));
            }
        }
    }
}
