//! `[kafka.security]`: how this program is let in by the brokers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Secret;
use super::choices::choice;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityConfig {
    pub tls: bool,
    pub ca_file: PathBuf,
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
    pub key_password: Secret,
    pub key_password_file: PathBuf,
    pub sasl_mechanism: SaslMechanism,
    pub username: String,
    pub password: Secret,
    pub password_file: PathBuf,
    /// A token from a file that somebody else renews.
    pub token_file: PathBuf,
    /// Where tokens are asked for; empty: nowhere.
    pub token_url: String,
    pub token_client_id: String,
    pub token_client_secret: Secret,
    pub token_client_secret_file: PathBuf,
    pub token_scope: String,
    pub token_ca_file: PathBuf,
    pub token_timeout_seconds: u64,
    pub login_without_tls: bool,
}

/// How a client says who it is, beyond a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub enum SaslMechanism {
    #[serde(rename = "")]
    None,
    #[serde(rename = "plain")]
    Plain,
    #[serde(rename = "scram_sha_256")]
    ScramSha256,
    #[serde(rename = "scram_sha_512")]
    ScramSha512,
    #[serde(rename = "oauthbearer")]
    Oauthbearer,
}

impl SaslMechanism {
    /// Kafka's name; `None` where there is no login.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Plain => Some("PLAIN"),
            Self::ScramSha256 => Some("SCRAM-SHA-256"),
            Self::ScramSha512 => Some("SCRAM-SHA-512"),
            Self::Oauthbearer => Some("OAUTHBEARER"),
        }
    }

    /// Whether it takes a user's name and password.
    #[must_use]
    pub const fn is_by_password(self) -> bool {
        matches!(self, Self::Plain | Self::ScramSha256 | Self::ScramSha512)
    }
}

choice!(SaslMechanism: "" => None, "plain" => Plain, "scram_sha_256" => ScramSha256, "scram_sha_512" => ScramSha512, "oauthbearer" => Oauthbearer);

impl SecurityConfig {
    /// Whether this section says how clients connect; otherwise
    /// `kafka.properties` may.
    #[must_use]
    pub const fn is_used(&self) -> bool {
        self.tls || self.sasl_mechanism.name().is_some()
    }

    #[must_use]
    pub const fn token_timeout(&self) -> Duration {
        Duration::from_secs(self.token_timeout_seconds)
    }

    /// The same with every secret masked.
    pub(super) fn masked(&self) -> Self {
        Self {
            key_password: self.key_password.masked(),
            password: self.password.masked(),
            token_client_secret: self.token_client_secret.masked(),
            ..self.clone()
        }
    }

    /// Each secret with the file that may hold it instead, and their names.
    pub(super) fn secrets(&self) -> [(&'static str, &Secret, &'static str, &Path); 3] {
        [
            (
                "kafka.security.key_password",
                &self.key_password,
                "kafka.security.key_password_file",
                &self.key_password_file,
            ),
            ("kafka.security.password", &self.password, "kafka.security.password_file", &self.password_file),
            (
                "kafka.security.token_client_secret",
                &self.token_client_secret,
                "kafka.security.token_client_secret_file",
                &self.token_client_secret_file,
            ),
        ]
    }
}
