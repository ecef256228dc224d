//! What is answered: 202 with where the events lie, or a problem in the form
//! of RFC 9457.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use commonweal_schemas::Reason;
use serde::Serialize;
use std::time::Duration;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
/// Errors that one answer lists.
pub(crate) const ERRORS_MAX: usize = 100;

/// Where an event lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Receipt {
    pub(crate) partition: i32,
    /// `None` where the broker had it already, from a try whose answer was lost.
    pub(crate) offset: Option<i64>,
}

/// All events of a request are acknowledged.
#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    pub(crate) accepted: usize,
    pub(crate) topic: String,
    /// In the order of the events.
    pub(crate) receipts: Vec<Receipt>,
}

/// One thing that is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// Line of the batch, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// `None`: the event as a whole.
    pub(crate) field: Option<String>,
    #[serde(serialize_with = "code")]
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde's `serialize_with` calls")]
fn code<S: serde::Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.code())
}

/// Why a request is not taken. Nothing of it is sent, except where Kafka itself
/// is the reason: then a part may have arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No JSON, or not whole.
    Malformed(String),
    Unauthenticated,
    Forbidden(String),
    NoSuchPath,
    NoSuchMethod,
    TooSlow {
        seconds: u64,
    },
    TooLarge(String),
    /// Not a form of event that is read here.
    Unsupported(String),
    /// Events break rules.
    Broken(Vec<FieldError>),
    TooMany {
        wait: Duration,
    },
    Unavailable {
        detail: String,
        retry_after_seconds: u64,
    },
    /// A fault of the program, which the log describes.
    Fault,
}

impl Refusal {
    /// The gateway is finishing; another one may be there at once.
    pub(crate) fn ending() -> Self {
        Self::Unavailable { detail: "the gateway is ending".to_owned(), retry_after_seconds: 1 }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Malformed(detail)
            | Self::Forbidden(detail)
            | Self::TooLarge(detail)
            | Self::Unsupported(detail)
            | Self::Unavailable { detail, .. } => detail.clone(),
            Self::Unauthenticated => "send a known key as Authorization: Bearer KEY".to_owned(),
            Self::NoSuchPath => "there is nothing here; /openapi.json says what there is".to_owned(),
            Self::NoSuchMethod => "the path is not for this method; /openapi.json says for which it is".to_owned(),
            Self::TooSlow { seconds } => format!("the body did not arrive within {seconds} s"),
            Self::Broken(errors) => match errors.len() {
                1 => "1 error; nothing was taken".to_owned(),
                count => format!("{count} errors; nothing was taken"),
            },
            Self::TooMany { .. } => "this key has sent as many events as it may for now".to_owned(),
            Self::Fault => "a fault of the gateway; its log says more".to_owned(),
        }
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::TooMany { wait } => Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            Self::Unavailable { retry_after_seconds, .. } => Some(*retry_after_seconds),
            _ => None,
        }
    }
}

/// RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    /// How many more there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_omitted: Option<usize>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let errors: &[FieldError] = if let Self::Broken(errors) = &self { errors } else { &[] };
        let listed = &errors[..errors.len().min(ERRORS_MAX)];
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.detail(),
            errors: listed,
            errors_omitted: (errors.len() > listed.len()).then(|| errors.len() - listed.len()),
        };
        let mut response = json(status, PROBLEM, &problem);
        if let Some(seconds) = self.retry_after_seconds() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if self == Self::Unauthenticated {
            response.headers_mut().insert(WWW_AUTHENTICATE, BEARER);
        }
        response
    }
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, JSON, &self)
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, content_type: HeaderValue, body: &impl Serialize) -> Response {
    // What is answered has text keys alone, so it has a JSON form.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
