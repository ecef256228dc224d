//! One CSV row to canonical lines: the values of the kind's columns
//! ([`crate::table`]) between unit separators, empty for null. Sorting, digests
//! and Parquet all work on these lines, so they define what a version holds.

use crate::{Kind, canonical};

/// Between the fields of a canonical line. Below every printable character, so
/// that lines sort as their fields do.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// What became of a well-formed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// Its lines were added.
    Lines,
    /// It says nothing of this kind, such as a pair that is not of equals.
    Ignored,
}

/// Why a row cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub column: &'static str,
    pub message: String,
}

pub(super) fn refuse<T>(column: &'static str, message: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed { column, message: message.into() })
}

pub(super) fn push_line(lines: &mut String, fields: &[&str]) {
    for (position, field) in fields.iter().enumerate() {
        if position > 0 {
            lines.push(SEPARATOR);
        }
        lines.push_str(field);
    }
    lines.push('\n');
}

/// Adds the lines of a row (fields as in [`super::headers::headers`], trimmed,
/// free of control characters, empty where missing), each ended by a newline.
pub(crate) fn parse(kind: Kind, row: &[&str], lines: &mut String) -> Result<Parsed, Malformed> {
    match kind {
        Kind::Postcodes => postcodes(row, lines)?,
        Kind::PostcodeDistricts => postcode_districts(row, lines)?,
        Kind::Lsoa => {
            let fields = [gss("lsoa11", row[0])?, gss_or_none("msoa11", row[1])?, gss("district", row[2])?, row[3]];
            push_line(lines, &fields);
        }
        Kind::Lsoa21 => push_line(lines, &[gss("lsoa21", row[0])?, gss("lsoa11", row[1])?, row[2]]),
        Kind::Authorities => {
            push_line(lines, &[gss("district", row[0])?, row[1], gss("combined_authority", row[2])?, name(row[3])?]);
        }
        Kind::Regions => push_line(lines, &[gss("district", row[0])?, row[1], gss("region", row[2])?, name(row[3])?]),
        Kind::Imd2019 => {
            if row[1].is_empty() {
                return refuse("imd2019_decile", "the decile is missing");
            }
            push_line(lines, &[gss("lsoa11", row[0])?, decile(row[1])?]);
        }
        Kind::Sic => sic(row, lines)?,
        Kind::Icnptso => icnptso(row, lines)?,
        Kind::OrgIds => return org_ids(row, lines),
        Kind::Organisations => super::register::organisation(row, lines)?,
    }
    Ok(Parsed::Lines)
}

fn gss<'a>(column: &'static str, text: &'a str) -> Result<&'a str, Malformed> {
    if canonical::is_gss(text) {
        Ok(text)
    } else {
        refuse(column, format!("'{text}' is not a GSS code (a capital letter and eight digits)"))
    }
}

fn gss_or_none<'a>(column: &'static str, text: &'a str) -> Result<&'a str, Malformed> {
    if text.is_empty() { Ok(text) } else { gss(column, text) }
}

fn name(text: &str) -> Result<&str, Malformed> {
    if text.is_empty() { refuse("name", "the name is missing") } else { Ok(text) }
}

/// A decile without leading zeros, or none.
fn decile(text: &str) -> Result<&str, Malformed> {
    let trimmed = text.trim_start_matches('0');
    match trimmed.parse::<u8>() {
        Ok(1..=10) => Ok(trimmed),
        _ if text.is_empty() => Ok(""),
        _ => refuse("imd2019_decile", format!("'{text}' is not a decile (1 to 10)")),
    }
}

fn postcodes(row: &[&str], lines: &mut String) -> Result<(), Malformed> {
    let Some(postcode) = canonical::postcode(row[0]) else {
        return refuse("postcode", format!("'{}' has not the shape of a postcode", row[0]));
    };
    let terminated = if row[5].is_empty() { Some(String::new()) } else { canonical::month(row[5]) };
    let Some(terminated) = terminated else {
        return refuse("doterm", format!("'{}' is not a month (YYYYMM)", row[5]));
    };
    let codes = [
        gss_or_none("oa11", row[1])?,
        gss_or_none("lsoa11", row[2])?,
        gss_or_none("msoa11", row[3])?,
        gss_or_none("district", row[4])?,
    ];
    if !codes[1].is_empty() && codes[3].is_empty() {
        return refuse("district", "the postcode has an LSOA and no district");
    }
    push_line(lines, &[&postcode, codes[0], codes[1], codes[2], codes[3], &terminated]);
    Ok(())
}

fn postcode_districts(row: &[&str], lines: &mut String) -> Result<(), Malformed> {
    let Some(outward) = canonical::postcode_district(row[0]) else {
        return refuse("postcode_district", format!("'{}' is not an outward code such as L8", row[0]));
    };
    let share = row[3].trim_start_matches('0');
    if !row[3].is_empty() && !matches!(share.parse::<u8>(), Ok(1..=100)) {
        return refuse("share_percent", format!("'{}' is not a percentage (1 to 100)", row[3]));
    }
    push_line(lines, &[&outward, gss("district", row[1])?, decile(row[2])?, share]);
    Ok(())
}

/// Whether the text is a section, division, group or class of the SIC 2007,
/// written without dots.
pub(crate) fn is_sic(code: &str) -> bool {
    match code.as_bytes() {
        [letter] => (b'A'..=b'U').contains(letter),
        digits => (2..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
    }
}

/// Whether the text is a section, group or sub-group of the ICNP/TSO.
pub(crate) fn is_icnptso(code: &str) -> bool {
    match code.as_bytes() {
        [letter, digits @ ..] => {
            letter.is_ascii_uppercase() && matches!(digits.len(), 0 | 2) && digits.iter().all(u8::is_ascii_digit)
        }
        [] => false,
    }
}

fn sic(row: &[&str], lines: &mut String) -> Result<(), Malformed> {
    let [code, title, parent, division, division_name, section, section_name] = *row else {
        return refuse("code", "the row has not the columns of a classification");
    };
    for (column, code) in [("division_code", division), ("section_code", section)] {
        if !code.is_empty() && !is_sic(code) {
            return refuse(column, format!("'{code}' is not a code of the SIC 2007"));
        }
    }
    if !is_sic(code) {
        return refuse("code", format!("'{code}' is not a code of the SIC 2007"));
    }
    push_line(lines, &[code, name(title)?, if parent.is_empty() { division } else { parent }]);
    if !division.is_empty() && !division_name.is_empty() {
        push_line(lines, &[division, division_name, section]);
    }
    if !section.is_empty() && !section_name.is_empty() {
        push_line(lines, &[section, section_name, ""]);
    }
    Ok(())
}

fn icnptso(row: &[&str], lines: &mut String) -> Result<(), Malformed> {
    let [section, title, parent, group, sub_group] = *row else {
        return refuse("code", "the row has not the columns of a classification");
    };
    let (code, above) = match (group, sub_group) {
        ("", _) => (section, parent),
        (group, "") => (group, section),
        (group, sub_group) => (sub_group, group),
    };
    if !is_icnptso(code) {
        return refuse("code", format!("'{code}' is not a code of the ICNP/TSO"));
    }
    push_line(lines, &[code, name(title)?, above]);
    Ok(())
}

fn org_ids(row: &[&str], lines: &mut String) -> Result<Parsed, Malformed> {
    if !row[2].is_empty() && !row[2].eq_ignore_ascii_case("sameas") {
        return Ok(Parsed::Ignored);
    }
    let a = super::register::org_id("org_id_a", row[0])?;
    let b = super::register::org_id("org_id_b", row[1])?;
    match a.cmp(&b) {
        std::cmp::Ordering::Equal => return Ok(Parsed::Ignored),
        std::cmp::Ordering::Less => push_line(lines, &[&a, &b]),
        std::cmp::Ordering::Greater => push_line(lines, &[&b, &a]),
    }
    Ok(Parsed::Lines)
}
