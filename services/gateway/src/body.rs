//! A body, read within its bounds, or let go.

use crate::answer::Refusal;
use axum::body::{Body, HttpBody as _};
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use commonweal_runtime::Shutdown;
use http_body_util::BodyExt as _;
use std::time::Duration;

/// A body that is too long is read on for this many times the limit, so that
/// its sender hears the answer instead of a broken connection.
const DISCARD_FACTOR: usize = 4;
/// What a refused request may still be read of, and for how long, so that its
/// connection can serve the next one.
const LEFT_BYTES_MAX: usize = 1 << 20;
const LEFT_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads a body of at most `bytes_max` bytes within `timeout`, and only until
/// shutdown is requested: what has not arrived by then can be sent again.
///
/// # Errors
/// It is too long or too slow, breaks off, or is overtaken by the shutdown.
pub(crate) async fn read(
    body: &mut Body,
    bytes_max: usize,
    timeout: Duration,
    shutdown: &Shutdown,
) -> Result<Bytes, Refusal> {
    tokio::select! {
        biased;
        outcome = tokio::time::timeout(timeout, collect(body, bytes_max)) => match outcome {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Refusal::TooSlow { seconds: timeout.as_secs() }),
        },
        () = shutdown.requested() => Err(Refusal::ending()),
    }
}

async fn collect(body: &mut Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    // Most bodies come in one piece, which then needs no copy.
    let (mut whole, mut rest, mut read) = (Bytes::new(), BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::Malformed(format!("the body breaks off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        read = read.saturating_add(data.len());
        if read > bytes_max {
            (whole, rest) = (Bytes::new(), BytesMut::new());
            if read > bytes_max.saturating_mul(DISCARD_FACTOR) {
                break;
            }
        } else if whole.is_empty() && rest.is_empty() {
            whole = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut whole));
            }
            rest.extend_from_slice(&data);
        }
    }
    if read > bytes_max {
        return Err(Refusal::TooLarge(format!("the body is longer than {bytes_max} bytes; send it in parts")));
    }
    Ok(if rest.is_empty() { whole } else { rest.freeze() })
}

/// Ends a request whose body may stand unread: what is left of it is read and
/// dropped, within bounds. A connection that it still stands in is closed after
/// the answer, which says so; nobody could tell where the next request begins.
pub(crate) async fn let_go(headers: &HeaderMap, body: &mut Body, mut response: Response) -> Response {
    // A sender that waits to be asked for its body has not sent it.
    let awaited = headers.contains_key(EXPECT);
    let gone =
        body.is_end_stream() || (!awaited && tokio::time::timeout(LEFT_TIMEOUT, drop_rest(body)).await == Ok(true));
    if !gone {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the end is reached within [`LEFT_BYTES_MAX`].
async fn drop_rest(body: &mut Body) -> bool {
    let mut left = LEFT_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    body.is_end_stream()
}
