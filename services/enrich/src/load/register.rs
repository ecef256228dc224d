//! Rows of the organisation register.

use super::parse::{Malformed, is_icnptso, is_sic, push_line, refuse};
use crate::canonical;

/// An org-id in canonical form.
pub(super) fn org_id(column: &'static str, text: &str) -> Result<String, Malformed> {
    match canonical::org_id(text) {
        Some(id) => Ok(id),
        None => refuse(column, format!("'{text}' is not an org-id (list code, dash, identifier)")),
    }
}

/// Adds the line of a register row; fields as in [`super::headers::headers`].
pub(super) fn organisation(row: &[&str], lines: &mut String) -> Result<(), Malformed> {
    let [id, name, aliases, legal_form, sic, icnptso, postcode, valid_from, valid_to] = *row else {
        return refuse("organisation_id", "the row has not the columns of the register");
    };
    let id = org_id("organisation_id", id)?;
    if name.is_empty() {
        return refuse("name", "the name is missing");
    }
    let aliases = alias_list(&id, aliases)?;
    if !sic.is_empty() && !is_sic(sic) {
        return refuse("sic", format!("'{sic}' is not a code of the SIC 2007"));
    }
    if !icnptso.is_empty() && !is_icnptso(icnptso) {
        return refuse("icnptso", format!("'{icnptso}' is not a code of the ICNP/TSO"));
    }
    let postcode = match postcode {
        "" => String::new(),
        text => match canonical::postcode(text) {
            Some(postcode) => postcode,
            None => {
                return refuse("postcode", format!("'{text}' has not the shape of a postcode"));
            }
        },
    };
    let from = day("valid_from", valid_from)?;
    let to = day("valid_to", valid_to)?;
    if !from.is_empty() && !to.is_empty() && from > to {
        return refuse("valid_to", format!("the row ends on {to}, before it starts on {from}"));
    }
    push_line(lines, &[&id, &from, &to, name, &aliases, legal_form, sic, icnptso, &postcode]);
    Ok(())
}

/// The other ids of a body, sorted, each once, between semicolons.
fn alias_list(id: &str, text: &str) -> Result<String, Malformed> {
    let mut aliases = Vec::new();
    for alias in text.split(';').map(str::trim).filter(|alias| !alias.is_empty()) {
        let alias = org_id("aliases", alias)?;
        if alias != id {
            aliases.push(alias);
        }
    }
    aliases.sort_unstable();
    aliases.dedup();
    Ok(aliases.join(";"))
}

/// A day in ISO form, or none.
fn day(column: &'static str, text: &str) -> Result<String, Malformed> {
    if text.is_empty() {
        return Ok(String::new());
    }
    match canonical::date(text) {
        Some(date) => Ok(date),
        None => refuse(column, format!("'{text}' is not a date (YYYY-MM-DD)")),
    }
}
