//! What a request carries to be let in.

use super::RegistryError;
use crate::config::{RegistryConfig, Secret};
use reqwest::RequestBuilder;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest secret that is taken from a file, in bytes: tokens are a few KiB.
const SECRET_BYTES_MAX: u64 = 64 << 10;

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
        let size = fs::metadata(path).map_err(|error| unusable(format!("cannot be read: {error}")))?.len();
        if size > SECRET_BYTES_MAX {
            return Err(unusable(format!("holds {size} bytes, more than any secret")));
        }
        let text = fs::read_to_string(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
        // Editors and `echo` end a file with a line's end.
        let secret = Secret(text.trim_end_matches(['\r', '\n']).to_owned());
        if secret.0.is_empty() || !secret.is_sendable() {
            return Err(unusable("holds no line of printable ASCII".to_owned()));
        }
        Ok(secret)
    }
}
