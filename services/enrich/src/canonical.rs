//! Canonical forms of the keys that reference data are joined on, and their
//! packed forms for lookups.

use chrono::NaiveDate;

/// A postcode as `L8 1TH`; `None` where it has not the shape of one.
pub(crate) fn postcode(text: &str) -> Option<String> {
    let mut compact: Vec<u8> = Vec::with_capacity(7);
    for byte in text.bytes().filter(|byte| *byte != b' ') {
        if !byte.is_ascii_alphanumeric() || compact.len() == 7 {
            return None;
        }
        compact.push(byte.to_ascii_uppercase());
    }
    let split = compact.len().checked_sub(3)?;
    let (outward, inward) = compact.split_at(split);
    let inward_ok = inward[0].is_ascii_digit() && inward[1..].iter().all(u8::is_ascii_alphabetic);
    if !inward_ok || !is_outward(outward) {
        return None;
    }
    compact.insert(split, b' ');
    String::from_utf8(compact).ok()
}

/// The outward code of a postcode (its postcode district) in capitals.
pub(crate) fn postcode_district(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    is_outward(upper.as_bytes()).then_some(upper)
}

/// One or two letters, a digit, and at most one digit or letter more.
fn is_outward(code: &[u8]) -> bool {
    let letters = code.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let rest = &code[letters..];
    (1..=2).contains(&letters)
        && (1..=2).contains(&rest.len())
        && rest[0].is_ascii_digit()
        && rest.iter().all(u8::is_ascii_alphanumeric)
}

/// Whether the text is a GSS code: a letter and eight digits.
pub(crate) fn is_gss(text: &str) -> bool {
    pack_gss(text).is_some()
}

/// An org-id in canonical form: list code in capitals, company numbers of
/// digits alone padded to eight. `None` where there is no list code before, or
/// no identifier behind the last dash, or a blank inside.
pub(crate) fn org_id(text: &str) -> Option<String> {
    let (list, identifier) = text.rsplit_once('-')?;
    if list.is_empty() || identifier.is_empty() || text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    if !upper.starts_with("GB-") {
        return Some(text.to_owned());
    }
    match upper.strip_prefix("GB-COH-") {
        Some(number) if number.len() < 8 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("GB-COH-{number:0>8}"))
        }
        _ => Some(upper),
    }
}

/// A date as `2020-01-31`, given so or as `31/01/2020`.
pub(crate) fn date(text: &str) -> Option<String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%d/%m/%Y"));
    date.ok().map(|date| date.format("%Y-%m-%d").to_string())
}

/// A month as `2020-01`, given as `202001`, `2020-01` or a date.
pub(crate) fn month(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|character| *character != '-').collect();
    let all_digits = compact.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits || !matches!(compact.len(), 6 | 8) {
        return None;
    }
    let (year, month) = (&compact[..4], &compact[4..6]);
    matches!(month.parse::<u8>(), Ok(1..=12)).then(|| format!("{year}-{month}"))
}

/// Bits of a packed postcode behind its outward code: three characters.
const INWARD_BITS: u32 = 24;

/// A postcode's seven characters or fewer, spaces left out, in one word.
/// `None` where there are more, or none.
#[inline]
pub(crate) fn pack_postcode(text: &str) -> Option<u64> {
    let mut packed = 0_u64;
    let mut length = 0_u32;
    for byte in text.bytes() {
        if byte != b' ' {
            packed = (packed << 8) | u64::from(byte);
            length += 1;
        }
    }
    (1..=7).contains(&length).then_some(packed)
}

/// The packed outward code of a packed postcode.
#[inline]
pub(crate) const fn outward_of(packed: u64) -> u64 {
    packed >> INWARD_BITS
}

/// A GSS code in one word; `None` where the text is not a letter and eight digits.
#[inline]
pub(crate) fn pack_gss(text: &str) -> Option<u64> {
    let bytes: &[u8; 9] = text.as_bytes().try_into().ok()?;
    if !bytes[0].is_ascii_uppercase() {
        return None;
    }
    let mut packed = u64::from(bytes[0]);
    for byte in &bytes[1..] {
        if !byte.is_ascii_digit() {
            return None;
        }
        packed = (packed << 4) | u64::from(byte - b'0');
    }
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Proves that keys found in the real files come out in one form each.
    #[test]
    fn keys_have_one_form() {
        assert_eq!(postcode("l81th").as_deref(), Some("L8 1TH"));
        assert_eq!(postcode("CH41 6 AB").as_deref(), Some("CH41 6AB"));
        assert_eq!(postcode("EC1A1BB").as_deref(), Some("EC1A 1BB"));
        for wrong in ["", "L8", "1TH", "L8 ITH", "LIVERPOOL", "L8-1TH", "É8 1TH"] {
            assert_eq!(postcode(wrong), None, "{wrong}");
        }
        assert_eq!(org_id("gb-coh-1234567").as_deref(), Some("GB-COH-01234567"));
        assert_eq!(org_id("GB-COH-CE008706").as_deref(), Some("GB-COH-CE008706"));
        assert_eq!(org_id("360G-ptc-A.1").as_deref(), Some("360G-ptc-A.1"));
        assert_eq!(org_id("DUMMY01"), None);
        assert_eq!(date("31/01/2020").as_deref(), Some("2020-01-31"));
        assert_eq!(date("2020-02-30"), None);
        assert_eq!(month("200610").as_deref(), Some("2006-10"));
        assert_eq!(month("200613"), None);
        assert!(is_gss("E08000012"));
        assert!(!is_gss("E0800012"));
        assert!(!is_gss("e08000012"));
    }

    proptest! {
        /// Proves that packing keeps different keys apart and that the outward
        /// code can be had from the packed postcode.
        #[test]
        fn packing_is_exact(
            a in "[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}",
            b in "[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}",
            c in "[EW][0-9]{8}",
            d in "[EW][0-9]{8}",
        ) {
            let (pa, pb) = (pack_postcode(&a).unwrap(), pack_postcode(&b).unwrap());
            prop_assert_eq!(pa == pb, a.replace(' ', "") == b.replace(' ', ""));
            let outward = a.split(' ').next().unwrap();
            prop_assert_eq!(outward_of(pa), pack_postcode(outward).unwrap());
            prop_assert_eq!(pack_gss(&c) == pack_gss(&d), c == d);
        }
    }
}
