//! Postcodes and place codes in canonical form.
//!
//! A postcode is an outward code (`L8`, `CH41`, `EC1A`) and an inward code
//! (`1TH`). White space is dropped and letters are put in upper case; a letter
//! O where the inward code must have a digit is read as the zero it can only
//! be. An outward code alone, without inner white space, is a postcode
//! district and stays one.

use std::borrow::Cow;

/// Letters and digits of the longest postcode.
const POSTCODE_CHARS_MAX: usize = 7;

/// A postcode as `L8 1TH`, or a postcode district as `L8`; `None` where it has
/// neither shape. Blank text is returned as an empty one.
#[must_use]
pub fn canonical_postcode(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    if let Some((outward, [b' ', inward @ ..])) = bytes.len().checked_sub(4).map(|at| bytes.split_at(at))
        && is_outward(outward)
        && is_inward(inward)
    {
        return Some(Cow::Borrowed(text));
    }
    rebuilt_postcode(text)
}

/// The outward code of a canonical postcode.
#[must_use]
pub fn outward(postcode: &str) -> &str {
    postcode.split_once(' ').map_or(postcode, |(outward, _)| outward)
}

fn rebuilt_postcode(text: &str) -> Option<Cow<'_, str>> {
    let trimmed = text.trim();
    let mut code = [0_u8; POSTCODE_CHARS_MAX];
    let mut length = 0;
    for character in trimmed.chars().filter(|character| !character.is_whitespace()) {
        let slot = code.get_mut(length)?;
        *slot = u8::try_from(character).ok().filter(u8::is_ascii_alphanumeric)?.to_ascii_uppercase();
        length += 1;
    }
    let code = &mut code[..length];
    if code.is_empty() || (is_outward(code) && !trimmed.contains(char::is_whitespace)) {
        return Some(if code == text.as_bytes() { Cow::Borrowed(text) } else { owned(code, &[]) });
    }
    let (outward, inward) = code.split_at_mut_checked(length.checked_sub(3)?)?;
    if let [first @ b'O', ..] = inward {
        *first = b'0';
    }
    (is_outward(outward) && is_inward(inward)).then(|| owned(outward, inward))
}

fn owned(outward: &[u8], inward: &[u8]) -> Cow<'static, str> {
    let mut text = String::with_capacity(outward.len() + inward.len() + 1);
    text.extend(outward.iter().copied().map(char::from));
    if !inward.is_empty() {
        text.push(' ');
    }
    text.extend(inward.iter().copied().map(char::from));
    Cow::Owned(text)
}

/// One or two letters, a digit, and perhaps a letter or digit more; or `GIR`.
fn is_outward(code: &[u8]) -> bool {
    let rest = match code {
        b"GIR" => return true,
        [b'A'..=b'Z', b'A'..=b'Z', rest @ ..] | [b'A'..=b'Z', rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [b'0'..=b'9'] | [b'0'..=b'9', b'A'..=b'Z' | b'0'..=b'9'])
}

/// A digit and two letters.
fn is_inward(code: &[u8]) -> bool {
    matches!(code, [b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z'])
}

/// A GSS code (a letter and eight digits, as `E08000012`), or `None` where it
/// has not that shape. Blank text is returned as an empty one.
#[must_use]
pub fn canonical_place_code(text: &str) -> Option<Cow<'_, str>> {
    if is_gss(text) {
        return Some(Cow::Borrowed(text));
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Some(Cow::Borrowed(""));
    }
    let upper = trimmed.to_ascii_uppercase();
    is_gss(&upper).then_some(Cow::Owned(upper))
}

fn is_gss(text: &str) -> bool {
    matches!(text.as_bytes(), [b'A'..=b'Z', digits @ ..] if digits.len() == 8 && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    /// Proves each form of a postcode on what real records hold.
    #[test]
    fn postcodes() {
        for (text, expected) in [
            ("L8 1TH", "L8 1TH"),
            ("l81th", "L8 1TH"),
            (" EC1A  1BB\u{a0}", "EC1A 1BB"),
            ("A 99 9AA", "A99 9AA"),
            ("SP11 ORQ", "SP11 0RQ"),
            ("gir0aa", "GIR 0AA"),
            ("L8", "L8"),
            ("ch41 ", "CH41"),
            ("", ""),
            ("  ", ""),
        ] {
            assert_eq!(canonical_postcode(text).as_deref(), Some(expected), "{text:?}");
        }
        for text in ["NN1 LH", "NE4 8X", "NN1 5LRL", "ECIM 4XA", "S014 3FR", "CA 94129", "PE1 2RA.", "DN5 9", "02211"] {
            assert_eq!(canonical_postcode(text), None, "{text:?}");
        }
        assert_eq!((outward("CH41 5AA"), outward("L8")), ("CH41", "L8"));
    }

    /// Proves that GSS codes pass in either case and nothing else does.
    #[test]
    fn place_codes() {
        assert!(matches!(canonical_place_code("E01006513").unwrap(), Cow::Borrowed("E01006513")));
        assert_eq!(canonical_place_code(" e08000012 ").as_deref(), Some("E08000012"));
        assert_eq!(canonical_place_code(" ").as_deref(), Some(""));
        for text in ["UA", "E0800001", "E080000123", "08000012E", "E08 000012", "Liverpool"] {
            assert_eq!(canonical_place_code(text), None, "{text:?}");
        }
    }

    proptest! {
        /// Proves that a canonical postcode is its own canonical form, and is
        /// recognised without being built anew.
        #[test]
        fn canonical_postcodes_stay(text in "[a-zA-Z]{1,2}[0-9]{1,2}[A-Z]?[ ]{0,2}([0-9oO][a-z]{2})?") {
            if let Some(canonical) = canonical_postcode(&text) {
                prop_assert!(matches!(canonical_postcode(&canonical), Some(Cow::Borrowed(same)) if same == canonical));
            }
        }
    }
}
