//! A body, read within its bounds.

use crate::answer::Refusal;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use commonweal_runtime::Shutdown;
use http_body_util::BodyExt as _;
use std::time::Duration;

/// A body that is too long is read on for this many times the limit, so that
/// its sender hears the answer instead of a broken connection.
const DISCARD_FACTOR: usize = 4;

/// Reads a body of at most `bytes_max` bytes within `timeout`, and only until
/// shutdown is requested: what has not arrived by then can be sent again.
///
/// # Errors
/// It is too long or too slow, breaks off, or is overtaken by the shutdown.
pub(crate) async fn read(
    body: Body,
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

async fn collect(mut body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
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
