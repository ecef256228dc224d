//! Requests to the registry, one at a time, each within its limit of time.
//!
//! The HTTP library is asynchronous and the callers are threads, hence a small
//! runtime of its own.

use super::RegistryError;
use super::login::Login;
use crate::config::RegistryConfig;
use crate::http;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Longest answer that is read, in bytes: schemas are some KiB.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// What the API speaks.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A schema as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Avro schema as JSON text.
    Avro(String),
    /// One that no message of ours can be read with; why.
    Unusable(String),
}

/// A registry to ask. Its calls wait, so not on an async runtime's threads.
pub struct Client {
    http: reqwest::Client,
    runtime: Option<Runtime>,
    /// Without a slash at its end.
    url: String,
    login: Login,
    timeout: Duration,
}

impl Client {
    /// A client of the configured registry. Nothing is asked yet.
    ///
    /// # Errors
    /// [`RegistryError::Settings`] where the file of certificates cannot be
    /// used.
    pub fn new(config: &RegistryConfig) -> Result<Self, RegistryError> {
        let unusable = |reason: String| RegistryError::Settings { reason };
        let http = http::client("registry.ca_file", &config.ca_file, config.request_timeout()).map_err(unusable)?;
        let login = Login::of(config);
        if !login.is_nobody() && config.url.starts_with("http://") {
            tracing::warn!(url = config.url, "the registry's login goes over the network unencrypted");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            http,
            runtime: Some(runtime.map_err(|error| unusable(error.to_string()))?),
            url: config.url.trim_end_matches('/').to_owned(),
            login,
            timeout: config.request_timeout(),
        })
    }

    /// The schema behind `id`.
    ///
    /// # Errors
    /// [`RegistryError::UnknownId`], or why there was no answer.
    pub fn fetch(&self, id: u32) -> Result<Fetched, RegistryError> {
        let answer = self.call(&Method::GET, &format!("/schemas/ids/{id}"), None);
        let answer = answer.map_err(|error| error.of(|reason| RegistryError::UnknownId { id, reason }))?;
        let kind = answer["schemaType"].as_str().unwrap_or("AVRO");
        if !kind.eq_ignore_ascii_case("AVRO") {
            return Ok(Fetched::Unusable(format!("it is a {kind} schema, not an Avro one")));
        }
        if answer["references"].as_array().is_some_and(|references| !references.is_empty()) {
            let reason = "it refers to schemas of other subjects, which are not followed; register it as one schema";
            return Ok(Fetched::Unusable(reason.to_owned()));
        }
        Ok(Fetched::Avro(self.text(&answer, "schema")?))
    }

    /// Registers a schema under a subject, unless it is there already; its id.
    ///
    /// # Errors
    /// [`Absence::NotTaken`] where the subject's compatibility rule, or the
    /// registry, does not take it; or why there was no answer.
    pub(super) fn register(&self, subject: &str, schema_json: &str) -> Result<u32, Absence> {
        let body = json!({ "schema": schema_json });
        self.call(&Method::POST, &format!("/subjects/{subject}/versions"), Some(&body))
            .and_then(|answer| Ok(self.id(&answer)?))
    }

    /// The id of a schema under a subject.
    pub(super) fn find(&self, subject: &str, schema_json: &str) -> Result<u32, Absence> {
        let body = json!({ "schema": schema_json });
        let answer = self.call(&Method::POST, &format!("/subjects/{subject}"), Some(&body))?;
        Ok(self.id(&answer)?)
    }

    /// Versions of a subject, oldest first.
    pub(super) fn versions(&self, subject: &str) -> Result<Vec<u64>, Absence> {
        let answer = self.call(&Method::GET, &format!("/subjects/{subject}/versions"), None)?;
        Ok(answer.as_array().into_iter().flatten().filter_map(Value::as_u64).collect())
    }

    /// Id and text of a version of a subject.
    pub(super) fn version(&self, subject: &str, version: u64) -> Result<(u32, String), Absence> {
        let answer = self.call(&Method::GET, &format!("/subjects/{subject}/versions/{version}"), None)?;
        Ok((self.id(&answer)?, self.text(&answer, "schema")?))
    }

    fn id(&self, answer: &Value) -> Result<u32, RegistryError> {
        let id = answer["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| self.misdirected("an answer without a schema id"))
    }

    fn text(&self, answer: &Value, key: &str) -> Result<String, RegistryError> {
        let text = answer[key].as_str().map(str::to_owned);
        text.ok_or_else(|| self.misdirected(&format!("an answer without {key}")))
    }

    fn misdirected(&self, reason: &str) -> RegistryError {
        RegistryError::Misdirected { url: self.url.clone(), reason: reason.to_owned() }
    }

    fn unavailable(&self, reason: String) -> RegistryError {
        RegistryError::Unavailable { url: self.url.clone(), reason }
    }

    /// One request. Subjects are topic and record names, which need no
    /// escaping in a path.
    fn call(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, Absence> {
        let Some(runtime) = &self.runtime else { return Err(self.unavailable("closed".to_owned()).into()) };
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        request = request.header(reqwest::header::ACCEPT, format!("{MEDIA_TYPE}, application/json"));
        if let Some(body) = body {
            request = request.header(reqwest::header::CONTENT_TYPE, MEDIA_TYPE).body(body.to_string());
        }
        let request = self.login.sign(request)?;
        let answered = runtime.block_on(http::exchange(request, ANSWER_BYTES_MAX));
        let (status, bytes) = answered.map_err(|error| self.unavailable(http::why(&error, self.timeout)))?;
        let answer: Option<Value> = bytes.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
        self.judge(status, answer)
    }

    fn judge(&self, status: StatusCode, answer: Option<Value>) -> Result<Value, Absence> {
        let said = |answer: &Option<Value>| {
            let message = answer.as_ref().and_then(|answer| answer["message"].as_str());
            message.map_or_else(|| format!("HTTP {status}"), str::to_owned)
        };
        let url = self.url.clone();
        match status.as_u16() {
            200..=299 => answer.ok_or_else(|| self.misdirected("an answer that is no JSON").into()),
            // A path that is not there is answered with 404 too, but not with a registry's own code.
            404 if code(answer.as_ref()).is_some_and(|code| (40_400..40_500).contains(&code)) => {
                Err(Absence::NotFound(said(&answer)))
            }
            409 | 422 => Err(Absence::NotTaken(said(&answer))),
            status @ (401 | 403) => Err(RegistryError::Refused { url, status, reason: said(&answer) }.into()),
            408 | 429 | 500..=599 => Err(self.unavailable(format!("HTTP {status}: {}", said(&answer))).into()),
            _ => Err(self.misdirected(&format!("HTTP {status}")).into()),
        }
    }
}

fn code(answer: Option<&Value>) -> Option<u64> {
    answer?["error_code"].as_u64()
}

impl Drop for Client {
    fn drop(&mut self) {
        // The plain way would wait, which it must not where it is dropped on a runtime's thread.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why a call did not give what it was to give: what depends on the question,
/// and what does not.
#[derive(Debug)]
pub(super) enum Absence {
    NotFound(String),
    NotTaken(String),
    Failed(RegistryError),
}

impl Absence {
    /// The error, where the question makes `missing` of a reason.
    pub(super) fn of(self, missing: impl FnOnce(String) -> RegistryError) -> RegistryError {
        match self {
            Self::NotFound(reason) | Self::NotTaken(reason) => missing(reason),
            Self::Failed(error) => error,
        }
    }
}

impl From<RegistryError> for Absence {
    fn from(error: RegistryError) -> Self {
        Self::Failed(error)
    }
}
