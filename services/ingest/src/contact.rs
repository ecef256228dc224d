//! Contact details struck out of free text.

/// What stands where a contact detail stood.
const STRUCK: &str = "[removed]";
/// Digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 10..=15;

/// `text` without e-mail addresses and telephone numbers, or `None` where it
/// holds none. A telephone number starts with `0` or `+` and has 10 to 15
/// digits, at most two of space, dash, dot or bracket between them.
#[must_use]
pub fn strike(text: &str) -> Option<String> {
    let without_addresses = strike_addresses(text);
    let rest = without_addresses.as_deref().unwrap_or(text);
    strike_phones(rest).or(without_addresses)
}

fn strike_addresses(text: &str) -> Option<String> {
    let mut struck = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices('@') {
        if at < copied {
            continue;
        }
        let local = text[copied..at].rfind(|c: char| !is_local(c)).map_or(copied, |end| next_char(text, copied + end));
        let domain_end = text[at + 1..].find(|c: char| !is_domain(c)).map_or(text.len(), |end| at + 1 + end);
        let domain = text[at + 1..domain_end].trim_end_matches(['.', '-']);
        if local < at && domain.trim_start_matches('.').contains('.') {
            struck.push_str(&text[copied..local]);
            struck.push_str(STRUCK);
            copied = at + 1 + domain.len();
        }
    }
    finish(text, struck, copied)
}

fn is_local(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '%' | '+' | '-' | '\'' | '&')
}

fn is_domain(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '-')
}

fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

fn strike_phones(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.iter().filter(|byte| byte.is_ascii_digit()).count() < *PHONE_DIGITS.start() {
        return None;
    }
    let mut struck = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !starts_number(bytes, at) {
            at += 1;
            continue;
        }
        let (end, digits) = number(bytes, at);
        if PHONE_DIGITS.contains(&digits) {
            struck.push_str(&text[copied..at]);
            struck.push_str(STRUCK);
            copied = end;
        }
        at = end.max(at + 1);
    }
    finish(text, struck, copied)
}

/// A number starts where its first digit or its `+` or bracket stands free.
fn starts_number(bytes: &[u8], at: usize) -> bool {
    let free = at == 0 || matches!(bytes[at - 1], b' ' | b':' | b';' | b'(' | b'[' | b']' | b'\'' | b'"');
    let first = match bytes[at] {
        b'(' | b'+' => bytes.get(at + 1),
        _ => bytes.get(at),
    };
    free && match bytes[at] {
        b'0' => true,
        b'+' => first.is_some_and(u8::is_ascii_digit),
        b'(' => first.is_some_and(|byte| matches!(byte, b'0' | b'+')),
        _ => false,
    }
}

/// End of the number that starts at `at`, and how many digits it has.
fn number(bytes: &[u8], at: usize) -> (usize, usize) {
    let (mut end, mut digits, mut between) = (at, 0, 0);
    for (position, byte) in bytes.iter().enumerate().skip(at) {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                between = 0;
                end = position + 1;
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'+' if between < 2 => between += 1,
            _ => break,
        }
    }
    (end, digits)
}

fn finish(text: &str, mut struck: String, copied: usize) -> Option<String> {
    if copied == 0 {
        return None;
    }
    struck.push_str(&text[copied..]);
    Some(struck)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    /// Proves that contact details go and that what only looks like them stays.
    #[test]
    fn strikes_contact_details_alone() {
        for (text, expected) in [
            ("Write to a.b@example.org.uk today", "Write to [removed] today"),
            ("jo@example.org, al@example.com.", "[removed], [removed]."),
            ("Tel 0151 496 0123", "Tel [removed]"),
            ("Tel: (0151) 496-0123 or +44 (0)151 496 0123!", "Tel: [removed] or [removed]!"),
            ("call 07700900123", "call [removed]"),
            ("é@exämple.org ü", "[removed] ü"),
        ] {
            assert_eq!(strike(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "Youth work 2019-2020, £1,000,000 over 36 months",
            "meet @ the hub",
            "@handle and user@host",
            "charity 1159982 and company 08253562",
            "01/02/2019 to 31/03/2020",
            "reference 000000000000000000000000",
            "",
        ] {
            assert_eq!(strike(text), None, "{text}");
        }
    }

    proptest! {
        /// Proves that striking leaves nothing to strike, on text made of what
        /// contact details are made of.
        #[test]
        fn striking_twice_is_striking_once(text in r"[0-9a@.+() \-\]]{0,40}") {
            if let Some(struck) = strike(&text) {
                prop_assert_eq!(strike(&struck), None, "{} -> {}", text, struck);
            }
        }
    }
}
