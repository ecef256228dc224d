//! Where a grant goes.
//!
//! The finest usable code of the beneficiary locations counts: an LSOA, else a
//! district, the first of equals. Without one the recipient's postcode counts,
//! unless its address is plainly outside the United Kingdom. Any other code
//! (ward, county, country) is passed only where there is nothing else.

use super::fields::Fields;

const LSOA: [&str; 2] = ["E01", "W01"];
const DISTRICT: [&str; 7] = ["E06", "E07", "E08", "E09", "W06", "S12", "N09"];
/// Ways of writing the United Kingdom that are met in published files.
const UNITED_KINGDOM: [&str; 12] = [
    "uk",
    "unitedkingdom",
    "unitedkingdon",
    "gb",
    "gbr",
    "greatbritain",
    "england",
    "scotland",
    "wales",
    "cymru",
    "northernireland",
    "london",
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) place_code: Option<String>,
    pub(super) postcode: Option<String>,
}

/// Place of `grant`, whose receiver is `recipient`.
pub(super) fn place(grant: &Fields<'_>, recipient: &Fields<'_>) -> Place {
    let codes: Vec<String> = grant.objects("beneficiaryLocation").iter().filter_map(code).collect();
    let finest = [&LSOA[..], &DISTRICT[..]]
        .into_iter()
        .find_map(|kinds| codes.iter().find(|code| is_gss(code) && starts_with_any(code, kinds)));
    if let Some(code) = finest {
        return Place { place_code: Some(code.clone()), postcode: None };
    }
    match recipient.text("postalCode").filter(|_| !is_abroad(recipient)) {
        Some(postcode) => Place { place_code: None, postcode: Some(postcode) },
        None => Place { place_code: codes.into_iter().next(), postcode: None },
    }
}

/// Code of one location; some publishers swap `geoCode` and `geoCodeType`.
fn code(location: &Fields<'_>) -> Option<String> {
    let (code, kind) = (location.text("geoCode"), location.text("geoCodeType"));
    match (code, kind) {
        (Some(code), Some(kind)) if !is_gss(&code) && is_gss(&kind) => Some(kind),
        (code, _) => code,
    }
}

fn is_gss(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 9 && bytes[0].is_ascii_alphabetic() && bytes[1..].iter().all(u8::is_ascii_digit)
}

fn starts_with_any(code: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| code.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(kind)))
}

fn is_abroad(recipient: &Fields<'_>) -> bool {
    recipient.text("addressCountry").is_some_and(|country| {
        let letters: String = country.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        !letters.is_empty() && !UNITED_KINGDOM.contains(&letters.as_str())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves which of a grant's codes and postcodes is taken, in each case
    /// the published files show.
    #[test]
    fn the_finest_usable_place_is_taken() {
        let cases = [
            (r#"[{"geoCode": "E08000012"}, {"geoCode": "E01006512", "geoCodeType": "LSOA"}]"#, "{}", "E01006512", ""),
            (r#"[{"geoCode": "MD", "geoCodeType": "E08000012"}]"#, r#"{"postalCode": "L8 1TH"}"#, "E08000012", ""),
            (r#"[{"geoCode": "E05000886"}]"#, r#"{"postalCode": "L8 1TH"}"#, "", "L8 1TH"),
            (r#"[{"geoCode": "E05000886"}]"#, "{}", "E05000886", ""),
            (r#"[{"geoCode": "E92000001"}, {"geoCode": "E06000006"}]"#, "{}", "E06000006", ""),
            (r#"[{"geoCodeType": "LSOA"}]"#, r#"{"postalCode": " l81th "}"#, "", "l81th"),
            ("[]", r#"{"postalCode": "L8 1TH", "addressCountry": "United Kingdon"}"#, "", "L8 1TH"),
            ("[]", r#"{"postalCode": "L8 1TH", "addressCountry": "England "}"#, "", "L8 1TH"),
            ("[]", r#"{"postalCode": "00100", "addressCountry": "Kenya"}"#, "", ""),
            (r#"[{"name": "UK"}]"#, "{}", "", ""),
            (r#"[{"geoCode": "Liverpool"}]"#, "{}", "Liverpool", ""),
        ];
        for (locations, recipient, code, postcode) in cases {
            let grant = format!(r#"{{"beneficiaryLocation": {locations}}}"#);
            let found = place(&Fields::parse(grant.as_bytes()).unwrap(), &Fields::parse(recipient.as_bytes()).unwrap());
            let found = (found.place_code.unwrap_or_default(), found.postcode.unwrap_or_default());
            assert_eq!(found, (code.to_owned(), postcode.to_owned()), "{locations} {recipient}");
        }
    }
}
