//! What the published files are called: texts of one line, and addresses that
//! are addresses.

use super::require;
use crate::config::{CatalogueConfig, ConfigError};

const BYTES_MAX: usize = 1_024;

pub(super) fn catalogue(catalogue: &CatalogueConfig) -> Result<(), ConfigError> {
    for (name, text) in catalogue.texts() {
        let one_line = text.len() <= BYTES_MAX && !text.chars().any(char::is_control);
        require(one_line, name, &text, "up to 1,024 bytes in one line")?;
    }
    let words = [
        ("catalogue.title", &catalogue.title),
        ("catalogue.description", &catalogue.description),
        ("catalogue.publisher_name", &catalogue.publisher_name),
    ];
    for (name, text) in words {
        require(!text.trim().is_empty(), name, text, "some words")?;
    }
    let addresses = [
        ("catalogue.publisher_url", &catalogue.publisher_url),
        ("catalogue.licence_url", &catalogue.licence_url),
        ("catalogue.address", &catalogue.address),
    ];
    for (name, text) in addresses {
        require(text.is_empty() || is_address(text), name, text, "empty, or an address such as https://example.org/")?;
    }
    let (name, url) = (&catalogue.licence_name, &catalogue.licence_url);
    require(name.is_empty() || !url.is_empty(), "catalogue.licence_name", name, "only with catalogue.licence_url")?;
    let email = &catalogue.contact_email;
    require(email.is_empty() || is_email(email), "catalogue.contact_email", email, "empty, or an e-mail address")
}

/// Whether it can stand in a document as a web address: nothing in it needs
/// to be escaped.
fn is_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    host.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(plain)
}

fn is_email(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte);
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && name.bytes().all(plain) && host.bytes().all(plain)
    })
}
