//! What the published files are called and whose they are.

/// For those who find the files elsewhere. Of a text that is empty nothing is
/// said; title, description and publisher's name are never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    pub title: String,
    pub description: String,
    pub publisher_name: String,
    /// An org-id.
    pub publisher_id: String,
    pub publisher_url: String,
    pub contact_name: String,
    pub contact_email: String,
    pub licence_name: String,
    pub licence_url: String,
    /// Where the files can be had; empty: beside whatever tells of them.
    pub address: String,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            title: "Published tables".to_owned(),
            description: "Money, work and social value by quarter and place.".to_owned(),
            publisher_name: "Publisher not stated".to_owned(),
            publisher_id: String::new(),
            publisher_url: String::new(),
            contact_name: String::new(),
            contact_email: String::new(),
            licence_name: String::new(),
            licence_url: String::new(),
            address: String::new(),
        }
    }
}

/// The text, where there is one.
pub(crate) fn given(text: &str) -> Option<&str> {
    (!text.trim().is_empty()).then_some(text)
}

impl Catalogue {
    /// Where a file can be had, absolute or relative to what tells of it.
    pub(crate) fn place_of(&self, file: &str) -> String {
        match given(&self.address) {
            None => file.to_owned(),
            Some(address) => format!("{}/{file}", address.trim_end_matches('/')),
        }
    }
}
