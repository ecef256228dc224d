//! The section of what the published files are called and whose they are.

use serde::{Deserialize, Serialize};

/// Of a text that is empty nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueConfig {
    pub title: String,
    pub description: String,
    pub publisher_name: String,
    pub publisher_id: String,
    pub publisher_url: String,
    pub contact_name: String,
    pub contact_email: String,
    pub licence_name: String,
    pub licence_url: String,
    pub address: String,
}

impl CatalogueConfig {
    /// Every text under its name.
    pub(super) fn texts(&self) -> [(&'static str, &str); 10] {
        [
            ("catalogue.title", &self.title),
            ("catalogue.description", &self.description),
            ("catalogue.publisher_name", &self.publisher_name),
            ("catalogue.publisher_id", &self.publisher_id),
            ("catalogue.publisher_url", &self.publisher_url),
            ("catalogue.contact_name", &self.contact_name),
            ("catalogue.contact_email", &self.contact_email),
            ("catalogue.licence_name", &self.licence_name),
            ("catalogue.licence_url", &self.licence_url),
            ("catalogue.address", &self.address),
        ]
    }
}
