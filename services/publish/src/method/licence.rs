//! Licences of a book's numbers: whether they may be passed on with it.

use super::rows::Row;
use crate::error::MethodError;
use serde::Deserialize;

/// Licences, by their SPDX names, under which a number may be shipped as part
/// of a book. Those that forbid changed or commercial copies are not among
/// them: a book is changed by every new version, and sold by whoever likes.
const FREE: [&str; 10] = [
    "Apache-2.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "ODC-By-1.0",
    "OGL-2.0",
    "OGL-3.0",
    "OGL-UK-2.0",
    "OGL-UK-3.0",
    // A single number that was made known, which is nobody's work.
    "fact",
];

/// Who may have the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Anybody: each number's licence lets it be passed on.
    #[default]
    Open,
    /// Its owner alone, who may use numbers that must not be passed on.
    Private,
}

impl Distribution {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Private => "private",
        }
    }
}

/// Whether numbers under this licence may be passed on.
pub(super) fn is_free(licence: &str) -> bool {
    FREE.iter().any(|free| free.eq_ignore_ascii_case(licence))
}

/// The licence of a row of a book.
///
/// # Errors
/// There is none, or it forbids what the book is for.
pub(super) fn of<'a>(row: &'a Row<'_>, distribution: Distribution) -> Result<&'a str, MethodError> {
    let licence = row.required("licence")?;
    if distribution == Distribution::Open && !is_free(licence) {
        return Err(row.fault(format!(
            "licence {licence} does not let the value be passed on (those that do: {}); \
             keep it in a book of your own with distribution = \"private\" in {}",
            FREE.join(", "),
            super::about::FILE
        )));
    }
    Ok(licence)
}
