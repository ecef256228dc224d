//! The section of the object store.

use super::Secret;
use crate::secret::SecretSource;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Of each text that is empty the environment may say more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    pub endpoint: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub secret_access_key_file: PathBuf,
    pub allow_http: bool,
    pub virtual_hosted_style: bool,
    pub request_timeout_seconds: u64,
    pub retry_seconds: u64,
    pub parallel: usize,
}

impl StoreConfig {
    #[must_use]
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }

    #[must_use]
    pub const fn retry(&self) -> Duration {
        Duration::from_secs(self.retry_seconds)
    }

    /// The secret of the login, where there is one.
    ///
    /// # Errors
    /// What is wrong with its file.
    pub fn secret(&self) -> Result<Secret, String> {
        let (value, file) = (&self.secret_access_key, &self.secret_access_key_file);
        SecretSource::new(value, "store.secret_access_key_file", file).read()
    }
}
