//! Asking for a token: OAuth 2, the grant for clients (RFC 6749, 4.4).

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;
use url::form_urlencoded;

use super::LoginError;
use super::token::Token;
use crate::clock::{Clock as _, SystemClock};
use crate::config::SecurityConfig;
use crate::http;
use crate::secret::SecretSource;

/// Longest answer that is read, in bytes: a token is a few KiB.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Longest part of a refusal that is told, in characters.
const SAID_MAX: usize = 300;

/// Where tokens are asked for, and by whom.
pub(super) struct Endpoint {
    http: reqwest::Client,
    url: String,
    client_id: String,
    secret: SecretSource,
    scope: String,
    timeout: Duration,
}

impl Endpoint {
    /// Nothing is asked yet.
    pub(super) fn new(security: &SecurityConfig) -> Result<Self, LoginError> {
        let timeout = security.token_timeout();
        let http = http::client("kafka.security.token_ca_file", &security.token_ca_file, timeout)
            .map_err(|reason| LoginError::Settings { reason })?;
        if security.login_without_tls && security.token_url.starts_with("http://") {
            tracing::warn!(url = security.token_url, "the secret for the token endpoint goes there unencrypted");
        }
        Ok(Self {
            http,
            url: security.token_url.clone(),
            client_id: security.token_client_id.clone(),
            secret: SecretSource::new(
                &security.token_client_secret,
                "kafka.security.token_client_secret_file",
                &security.token_client_secret_file,
            ),
            scope: security.token_scope.clone(),
            timeout,
        })
    }

    /// A new token.
    pub(super) async fn ask(&self) -> Result<Token, LoginError> {
        let secret = self.secret.read().map_err(|reason| LoginError::Settings { reason })?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !self.scope.is_empty() {
            form.append_pair("scope", &self.scope);
        }
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self
            .http
            .post(&self.url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            // In a header, which is marked as one not to be shown; encoded first (RFC 6749, 2.3.1).
            .basic_auth(encoded(&self.client_id), Some(encoded(&secret.0)))
            .body(form.finish());
        let now_micros = SystemClock.now_micros();
        let answered = http::exchange(request, ANSWER_BYTES_MAX).await;
        let (status, body) = answered.map_err(|error| self.unavailable(http::why(&error, self.timeout)))?;
        let answer: Option<Value> = body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        self.judge(status, answer.as_ref(), now_micros)
    }

    fn judge(&self, status: StatusCode, answer: Option<&Value>, now_micros: i64) -> Result<Token, LoginError> {
        let url = self.url.clone();
        let reason = answer.map_or_else(|| format!("HTTP {status}"), said);
        match status.as_u16() {
            200..=299 => {
                let token = answer.ok_or_else(|| "an answer that is no JSON".to_owned());
                let token = token.and_then(|answer| Token::of_answer(answer, &self.client_id, now_micros));
                token.map_err(|reason| LoginError::Misdirected { url, reason })
            }
            status @ (400 | 401 | 403) => Err(LoginError::Refused { url, status, reason }),
            status @ (408 | 429 | 500..=599) => Err(self.unavailable(format!("HTTP {status}: {reason}"))),
            status => Err(LoginError::Misdirected { url, reason: format!("HTTP {status}") }),
        }
    }

    fn unavailable(&self, reason: String) -> LoginError {
        LoginError::Unavailable { url: self.url.clone(), reason }
    }
}

/// What a refusal says, as one line of bounded length.
fn said(answer: &Value) -> String {
    let part = |key: &str| answer[key].as_str().unwrap_or_default();
    let both = format!("{} {}", part("error"), part("error_description"));
    let line = both.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_MAX).collect::<String>();
    if line.is_empty() { "no reason given".to_owned() } else { line }
}
