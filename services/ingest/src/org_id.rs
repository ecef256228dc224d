//! Organisation identifiers in canonical form.
//!
//! An org-id is `LIST-IDENTIFIER`, where the list is a country or region code,
//! a dash and a register's code (`GB-CHC`, `US-EIN`, `XI-GRID`). Identifiers of
//! the registers below have their register's form; others are letters, digits
//! and `. _ / : -`.
//!
//! | list | identifier | brought into form |
//! | --- | --- | --- |
//! | GB-CHC | 6 or 7 digits, perhaps `-n` for a linked charity | leading zeros, `-0` |
//! | GB-COH | 8: digits; a letter and 7 digits; two letters, digits, perhaps letters | zeros added to 8 |
//! | GB-SC | `SC` and 6 digits | `SC` added, spaces dropped, letter O as zero, zeros added |
//! | GB-NIC | 6 digits | `NIC` or `NI` and leading zeros dropped |
//! | GB-MPR | up to 8 letters and digits, a digit among them | |
//! | GB-EDU | 6 digits | |
//! | GB-NHS | 3 to 8 letters and digits | |
//! | GB-LAE | 2 to 4 letters | |
//! | GB-GOR | 1 to 3 letters and digits | |
//!
//! `360G-PUBLISHER` and `360G-PUBLISHER-IDENTIFIER` are identifiers of 360Giving
//! publishers: anything without white space. Words that say there is none
//! (`N/A`, `NONE`, `DUMMY...`) are no identifiers.

use std::borrow::Cow;

/// Longest identifier, in bytes.
const BYTES_MAX: usize = 256;
/// Identifiers that stand for none.
const PLACEHOLDERS: [&str; 6] = ["N/A", "NA", "NONE", "NULL", "TBC", "UNKNOWN"];

/// The canonical form of an org-id, or `None` where it has no such shape.
/// Blank text is returned as an empty one.
#[must_use]
pub fn canonical(text: &str) -> Option<Cow<'_, str>> {
    if is_common(text.as_bytes()) {
        return Some(Cow::Borrowed(text));
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Some(Cow::Borrowed(""));
    }
    if trimmed.len() > BYTES_MAX {
        return None;
    }
    let (region, rest) = trimmed.split_once('-')?;
    if region.eq_ignore_ascii_case("360G") {
        return publisher(trimmed, region, rest);
    }
    let (register, identifier) = rest.split_once('-')?;
    let shaped = region.len() == 2
        && region.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (2..=16).contains(&register.len())
        && register.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !shaped {
        return None;
    }
    let list = &trimmed[..region.len() + 1 + register.len()];
    let upper = list.bytes().all(|byte| !byte.is_ascii_lowercase());
    let form = if region.eq_ignore_ascii_case("GB") { british(register, identifier)? } else { other(identifier)? };
    match form {
        Cow::Borrowed(same) if upper && same.len() == identifier.len() => Some(Cow::Borrowed(trimmed)),
        form => Some(Cow::Owned(format!("{}-{form}", list.to_ascii_uppercase()))),
    }
}

/// Whether this is a charity's or a company's number in its register's form,
/// as most are: told without taking it apart.
fn is_common(text: &[u8]) -> bool {
    let (number, sound) = match text {
        [b'G', b'B', b'-', b'C', b'H', b'C', b'-', number @ ..] => {
            (number, matches!(number.len(), 6 | 7) && number.first() != Some(&b'0'))
        }
        [b'G', b'B', b'-', b'C', b'O', b'H', b'-', number @ ..] => (number, number.len() == 8 && number != b"00000000"),
        _ => return false,
    };
    sound && number.iter().all(u8::is_ascii_digit)
}

fn publisher<'a>(text: &'a str, region: &str, rest: &str) -> Option<Cow<'a, str>> {
    let (publisher, identifier) = rest.split_once('-').map_or((rest, None), |(name, id)| (name, Some(id)));
    let named = !publisher.is_empty() && publisher.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let sound = identifier.is_none_or(|identifier| {
        !identifier.contains(|c: char| c.is_whitespace() || c.is_control())
            && identifier.contains(char::is_alphanumeric)
            && !is_placeholder(identifier)
    });
    if !(named && sound) {
        return None;
    }
    Some(if region == "360G" { Cow::Borrowed(text) } else { Cow::Owned(format!("360G-{rest}")) })
}

fn british<'a>(register: &str, identifier: &'a str) -> Option<Cow<'a, str>> {
    let known: fn(&str) -> Option<Cow<'_, str>> = match register.as_bytes() {
        list if list.eq_ignore_ascii_case(b"CHC") => charity,
        list if list.eq_ignore_ascii_case(b"COH") => company,
        list if list.eq_ignore_ascii_case(b"SC") => scottish_charity,
        list if list.eq_ignore_ascii_case(b"NIC") => northern_irish_charity,
        list if list.eq_ignore_ascii_case(b"MPR") => mutual,
        list if list.eq_ignore_ascii_case(b"EDU") => school,
        list if list.eq_ignore_ascii_case(b"NHS") => health_body,
        list if list.eq_ignore_ascii_case(b"LAE") => local_authority,
        list if list.eq_ignore_ascii_case(b"GOR") => government_body,
        _ => other,
    };
    known(identifier.trim())
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn all_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn upper(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn charity(text: &str) -> Option<Cow<'_, str>> {
    let (number, linked) = text.split_once('-').map_or((text, None), |(number, linked)| (number, Some(linked)));
    let plain = number.trim_start_matches('0');
    let main = linked.is_none_or(|linked| !linked.is_empty() && linked.bytes().all(|byte| byte == b'0'));
    let sound = (6..=7).contains(&plain.len())
        && number.len() <= 8
        && all_digits(number)
        && linked.is_none_or(|linked| (1..=4).contains(&linked.len()) && all_digits(linked));
    if !sound {
        return None;
    }
    Some(match linked {
        Some(linked) if !main && plain.len() < number.len() => Cow::Owned(format!("{plain}-{linked}")),
        Some(_) if !main => Cow::Borrowed(text),
        _ => Cow::Borrowed(plain),
    })
}

fn company(text: &str) -> Option<Cow<'_, str>> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters > 2 || letters == text.len() || text.len() > 8 || !all_alphanumeric(text) {
        return None;
    }
    let number = &text[letters..];
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let suffixed = digits < number.len();
    let sound = if suffixed {
        // Registered societies: IP28755R, SP2531RS.
        letters == 2 && text.len() == 8 && number[digits..].bytes().all(|byte| byte.is_ascii_alphabetic())
    } else {
        number.bytes().any(|byte| byte != b'0')
    };
    if !sound {
        return None;
    }
    if text.len() == 8 {
        return Some(upper(text));
    }
    let prefix = text[..letters].to_ascii_uppercase();
    Some(Cow::Owned(format!("{prefix}{number:0>width$}", width = 8 - letters)))
}

fn scottish_charity(text: &str) -> Option<Cow<'_, str>> {
    if let [b'S', b'C', digits @ ..] = text.as_bytes()
        && digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
    {
        return Some(Cow::Borrowed(text));
    }
    let packed: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let packed = packed.to_ascii_uppercase();
    let number = packed.strip_prefix("SC").unwrap_or(&packed);
    let number = number.strip_prefix('O').unwrap_or(number).trim_start_matches('0');
    ((1..=6).contains(&number.len()) && all_digits(number)).then(|| Cow::Owned(format!("SC{number:0>6}")))
}

fn northern_irish_charity(text: &str) -> Option<Cow<'_, str>> {
    let head = text.get(..3).filter(|head| head.eq_ignore_ascii_case("NIC"));
    let head = head.or_else(|| text.get(..2).filter(|head| head.eq_ignore_ascii_case("NI")));
    let number = text[head.map_or(0, str::len)..].trim_start().trim_start_matches('0');
    (number.len() == 6 && all_digits(number)).then_some(Cow::Borrowed(number))
}

fn mutual(text: &str) -> Option<Cow<'_, str>> {
    let sound = (1..=8).contains(&text.len()) && all_alphanumeric(text) && text.bytes().any(|b| b.is_ascii_digit());
    sound.then(|| upper(text))
}

fn school(text: &str) -> Option<Cow<'_, str>> {
    (text.len() == 6 && all_digits(text)).then_some(Cow::Borrowed(text))
}

fn health_body(text: &str) -> Option<Cow<'_, str>> {
    ((3..=8).contains(&text.len()) && all_alphanumeric(text)).then(|| upper(text))
}

fn local_authority(text: &str) -> Option<Cow<'_, str>> {
    let sound = (2..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    (sound && !is_placeholder(text)).then(|| upper(text))
}

fn government_body(text: &str) -> Option<Cow<'_, str>> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let sound = (1..=3).contains(&letters) && (1..=6).contains(&(text.len() - letters));
    (sound && all_digits(&text[letters..])).then(|| upper(text))
}

fn other(text: &str) -> Option<Cow<'_, str>> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b':' | b'-');
    let sound = text.bytes().all(allowed) && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    (sound && !is_placeholder(text)).then_some(Cow::Borrowed(text))
}

/// `NA` stands for none and so does `DUMMY01`; `NA12` may be an identifier.
fn is_placeholder(text: &str) -> bool {
    let word = text.trim_end_matches(|character: char| character.is_ascii_digit());
    word.eq_ignore_ascii_case("DUMMY") || PLACEHOLDERS.iter().any(|placeholder| text.eq_ignore_ascii_case(placeholder))
}

#[cfg(test)]
mod tests;
