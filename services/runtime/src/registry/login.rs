//! What a request carries to be let in.

use super::RegistryError;
use crate::config::{RegistryConfig, Secret};
use reqwest::RequestBuilder;
use std::path::{Path, PathBuf};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Login {
    Nobody,
    User { name: String, password: Source },
    Bearer(Source),
}

/// Where a secret comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Value(Secret),
    /// Read with each request: what issues short-lived secrets renews the file.
    File {
        setting: &'static str,
        path: PathBuf,
    },
}

impl Login {
    /// The login of the settings, which have been checked to state at most one.
    pub(super) fn of(config: &RegistryConfig) -> Self {
        let source = |value: &Secret, setting, path: &Path| {
            if path.as_os_str().is_empty() {
                Source::Value(value.clone())
            } else {
                Source::File { setting, path: path.to_owned() }
            }
        };
        if !config.username.is_empty() {
            let password = source(&config.password, "registry.password_file", &config.password_file);
            return Self::User { name: config.username.clone(), password };
        }
        if config.token.0.is_empty() && config.token_file.as_os_str().is_empty() {
            return Self::Nobody;
        }
        Self::Bearer(source(&config.token, "registry.token_file", &config.token_file))
    }

    pub(super) const fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody)
    }

    /// The request with what lets it in; the header is marked as one not to be
    /// shown.
    pub(super) fn sign(&self, request: RequestBuilder) -> Result<RequestBuilder, RegistryError> {
        Ok(match self {
            Self::Nobody => request,
            Self::User { name, password } => request.basic_auth(name, Some(password.read()?.0)),
            Self::Bearer(token) => request.bearer_auth(token.read()?.0),
        })
    }
}

impl Source {
    fn read(&self) -> Result<Secret, RegistryError> {
        let (setting, path) = match self {
            Self::Value(secret) => return Ok(secret.clone()),
            Self::File { setting, path } => (setting, path),
        };
        let unusable = |reason: String| RegistryError::Settings {
            reason: format!("the file of {setting}, {}, {reason}", path.display()),
        };
        Secret::of_file(path).map_err(unusable)
    }
}
