//! `method.toml`: what a book says of itself.

use super::licence::Distribution;
use crate::disclosure::Policy;
use crate::error::MethodError;
use chrono::NaiveDate;
use serde::Deserialize;

pub(super) const FILE: &str = "method.toml";

/// The status of a version that never changes again.
pub(super) const RELEASED: &str = "released";
pub(super) const PROVISIONAL: &str = "provisional";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    pub(super) version: String,
    pub(super) title: String,
    pub(super) status: String,
    pub(super) date: String,
    pub(super) price_base_year: i32,
    pub(super) perspective: String,
    #[serde(default)]
    pub(super) distribution: Distribution,
    pub(super) area_code: String,
    pub(super) area_name: String,
    pub(super) models: Vec<String>,
    pub(super) disclosure: Policy,
}

impl About {
    pub(super) fn read(text: &str) -> Result<Self, MethodError> {
        let about: Self = toml::from_str(text).map_err(|error| MethodError::file(FILE, error.to_string()))?;
        let refused = |what: &str, value: &str, allowed: &str| {
            Err(MethodError::file(FILE, format!("{what} {value:?} is not {allowed}")))
        };
        if NaiveDate::parse_from_str(&about.date, "%Y-%m-%d").is_err() {
            return refused("date", &about.date, "of the form YYYY-MM-DD");
        }
        if !matches!(about.perspective.as_str(), "LCR" | "UK") {
            return refused("perspective", &about.perspective, "LCR or UK");
        }
        if !matches!(about.status.as_str(), PROVISIONAL | RELEASED) {
            return refused("status", &about.status, "provisional or released");
        }
        if let Err(reason) = about.disclosure.check() {
            return Err(MethodError::file(FILE, reason));
        }
        // It names a folder.
        if !is_version(&about.version) {
            return refused("version", &about.version, "1 to 64 letters, digits, dots and dashes, no dot first");
        }
        Ok(about)
    }
}

/// Whether a text can name a version and its folder.
pub(super) fn is_version(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    plain && (1..=64).contains(&text.len()) && !text.starts_with('.')
}
