//! What a request carries to be let in.

use super::RegistryError;
use crate::config::RegistryConfig;
use crate::secret::SecretSource;
use reqwest::RequestBuilder;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Login {
    Nobody,
    User { name: String, password: SecretSource },
    Bearer(SecretSource),
}

impl Login {
    /// The login of the settings, which have been checked to state at most one.
    pub(super) fn of(config: &RegistryConfig) -> Self {
        if !config.username.is_empty() {
            let password = SecretSource::new(&config.password, "registry.password_file", &config.password_file);
            return Self::User { name: config.username.clone(), password };
        }
        if config.token.0.is_empty() && config.token_file.as_os_str().is_empty() {
            return Self::Nobody;
        }
        Self::Bearer(SecretSource::new(&config.token, "registry.token_file", &config.token_file))
    }

    pub(super) const fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody)
    }

    /// The request with what lets it in; the header is marked as one not to be
    /// shown.
    pub(super) fn sign(&self, request: RequestBuilder) -> Result<RequestBuilder, RegistryError> {
        let unusable = |reason| RegistryError::Settings { reason };
        Ok(match self {
            Self::Nobody => request,
            Self::User { name, password } => request.basic_auth(name, Some(password.read().map_err(unusable)?.0)),
            Self::Bearer(token) => request.bearer_auth(token.read().map_err(unusable)?.0),
        })
    }
}
