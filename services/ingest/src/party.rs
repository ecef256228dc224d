//! Parties, free text and places: the columns both contracts share.

use crate::columns::{Columns, Symbols};
use crate::error::IngestError;
use crate::findings::{Findings, quoted};
use crate::{contact, org_id, place, programme, text};
use arrow::array::{Array, StringArray};
use commonweal_schemas::Reason;
use std::borrow::Cow;

/// Canonical org-ids of a column. `exempt` rows name no organisation and are
/// left alone.
///
/// # Errors
/// As [`text::rewrite`].
pub(crate) fn org_ids(
    columns: &Columns<'_>,
    field: &'static str,
    findings: &mut Findings<'_>,
    exempt: impl Fn(usize) -> bool,
) -> Result<StringArray, IngestError> {
    let rewritten = text::rewrite(columns.text(field)?, |row, text| {
        org_id::canonical(text).unwrap_or_else(|| {
            if !exempt(row) {
                findings.content(row, Reason::OrgIdMalformed, field, || {
                    format!(
                        "{field} is {}, expected an org-id such as GB-CHC-1159982 in its register's form",
                        quoted(text)
                    )
                });
            }
            Cow::Borrowed(text)
        })
    })?;
    Ok(rewritten)
}

/// Tidy text of a column, no longer than the rules allow.
///
/// # Errors
/// As [`text::rewrite`].
pub(crate) fn texts(
    columns: &Columns<'_>,
    field: &'static str,
    bytes_max: usize,
    findings: &mut Findings<'_>,
) -> Result<StringArray, IngestError> {
    let rewritten = text::rewrite_untidy(columns.text(field)?, bytes_max, |row, text| {
        limit(row, text, field, bytes_max, findings);
        text::tidy(text)
    })?;
    Ok(rewritten)
}

/// Source documents: lineage, so cancellations are held to the limit too.
///
/// # Errors
/// As [`text::rewrite`].
pub(crate) fn source_documents(
    columns: &Columns<'_>,
    bytes_max: usize,
    findings: &mut Findings<'_>,
) -> Result<StringArray, IngestError> {
    let field = "source_document";
    let rewritten = text::rewrite_untidy(columns.text(field)?, bytes_max, |row, text| {
        if text.len() > bytes_max {
            findings.always(row, Reason::TextTooLong, field, || too_long(field, text, bytes_max));
        }
        text::tidy(text)
    })?;
    Ok(rewritten)
}

/// Tidy titles without contact details; none for persons, whom a title may name.
///
/// # Errors
/// As [`text::rewrite`].
pub(crate) fn titles(
    columns: &Columns<'_>,
    bytes_max: usize,
    findings: &mut Findings<'_>,
    is_person: impl Fn(usize) -> bool,
) -> Result<StringArray, IngestError> {
    let rewritten = text::rewrite(columns.text("title")?, |row, text| {
        limit(row, text, "title", bytes_max, findings);
        if is_person(row) {
            return Cow::Borrowed("");
        }
        let tidy = text::tidy(text);
        match contact::strike(&tidy) {
            // What was struck may leave the text's ends to be tidied.
            Some(struck) => Cow::Owned(text::tidy(&struck).into_owned()),
            None => tidy,
        }
    })?;
    Ok(rewritten)
}

/// Canonical postcodes; of a person's only the outward code.
///
/// # Errors
/// As [`text::rewrite`].
pub(crate) fn postcodes(
    columns: &Columns<'_>,
    findings: &mut Findings<'_>,
    is_person: impl Fn(usize) -> bool,
) -> Result<StringArray, IngestError> {
    let rewritten = text::rewrite(columns.text("postcode")?, |row, text| match place::canonical_postcode(text) {
        Some(form) if is_person(row) => Cow::Owned(place::outward(&form).to_owned()),
        Some(form) => form,
        None => {
            findings.content(row, Reason::PostcodeMalformed, "postcode", || {
                format!("postcode is {}, expected a form such as L8 1TH", quoted(text))
            });
            Cow::Borrowed(text)
        }
    })?;
    Ok(rewritten)
}

/// Canonical place codes.
///
/// # Errors
/// As [`text::rewrite`].
pub(crate) fn place_codes(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<StringArray, IngestError> {
    let rewritten = text::rewrite(columns.text("place_code")?, |row, text| {
        place::canonical_place_code(text).unwrap_or_else(|| {
            findings.content(row, Reason::PlaceCodeMalformed, "place_code", || {
                format!("place_code is {}, expected a GSS code such as E08000012", quoted(text))
            });
            Cow::Borrowed(text)
        })
    })?;
    Ok(rewritten)
}

/// Canonical programme codes, `unknown` where none is given.
///
/// # Errors
/// As [`crate::intern::intern`].
pub(crate) fn programmes(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<Symbols, IngestError> {
    let column = columns.text("programme")?;
    let symbols = crate::intern::intern(column, Some(programme::UNKNOWN), programme::canonical, |row, text| {
        findings.content(row, Reason::ProgrammeMalformed, "programme", || {
            format!(
                "programme is {} ({} bytes), expected letters or digits and at most 128 bytes",
                quoted(text),
                text.len()
            )
        });
    })?;
    Ok(symbols)
}

/// Refuses rows that give neither id nor name of a party they need.
pub(crate) fn require(
    (ids, id_field): (&StringArray, &'static str),
    names: &StringArray,
    reason: Reason,
    findings: &mut Findings<'_>,
    exempt: impl Fn(usize) -> bool,
) {
    if ids.null_count() == 0 || names.null_count() == 0 {
        return;
    }
    for row in (0..ids.len()).filter(|&row| ids.is_null(row) && names.is_null(row) && !exempt(row)) {
        findings.content(row, reason, id_field, || format!("neither {id_field} nor a name is given"));
    }
}

fn limit(row: usize, text: &str, field: &'static str, bytes_max: usize, findings: &mut Findings<'_>) {
    if text.len() > bytes_max {
        findings.content(row, Reason::TextTooLong, field, || too_long(field, text, bytes_max));
    }
}

fn too_long(field: &str, text: &str, bytes_max: usize) -> String {
    format!("{field} is {} bytes long, at most {bytes_max} are allowed", text.len())
}
