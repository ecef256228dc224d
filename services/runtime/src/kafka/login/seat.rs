//! Handing tokens to a client, at any time and from any thread.
//!
//! rust-rdkafka asks for tokens while a client is polled. Clients that manage
//! topics are never polled, others not while they wait for something else, and
//! a token that was not renewed in time is a refused login. librdkafka itself
//! takes a token whenever it is given one. What makes this sound:
//!
//! - A seat holds the client's pointer from [`Seat::take`], which borrows the
//!   living client, to [`Seat::leave`]. Whoever owns both leaves the seat before
//!   the client is dropped: [`super::Keeper`] does so in its own `Drop`, and
//!   [`crate::kafka::client::Kept`] drops the keeper first.
//! - Pointer and call are under one lock, so leaving waits for a call that is
//!   under way; it sets a few fields and does not wait itself.
//! - `rd_kafka_oauthbearer_set_token` may be called from any thread, copies what
//!   it is given, and writes its reason within the buffer's length.
#![expect(unsafe_code, reason = "rust-rdkafka gives no way to hand a token over; see the module's own account")]

use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use rdkafka::client::{Client, ClientContext};
use rdkafka::types::{RDKafka, RDKafkaRespErr};
use rdkafka_sys as native;

use super::LoginError;
use super::token::Token;

/// Room for librdkafka's reason.
const REASON_BYTES: usize = 512;

/// A place for one client.
#[derive(Debug, Default)]
pub(super) struct Seat {
    client: Mutex<Option<Pointer>>,
}

#[derive(Debug)]
struct Pointer(NonNull<RDKafka>);

// SAFETY: librdkafka's client handles may be used from any thread.
unsafe impl Send for Pointer {}

impl Seat {
    /// The client that tokens are for from now on. To be left before it is
    /// dropped.
    pub(super) fn take<C: ClientContext>(&self, client: &Client<C>) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = NonNull::new(client.native_ptr()).map(Pointer);
    }

    pub(super) fn leave(&self) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Hands a token to the client, where there is one.
    ///
    /// # Errors
    /// librdkafka does not take it.
    pub(super) fn give(&self, token: &Token) -> Result<(), LoginError> {
        let not_taken = |reason: String| LoginError::NotTaken { reason };
        let text = |text: &str| CString::new(text).map_err(|error| not_taken(error.to_string()));
        let (value, principal) = (text(&token.value.0)?, text(&token.principal)?);
        let seat = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Pointer(client)) = &*seat else { return Ok(()) };
        let mut reason = [0_u8; REASON_BYTES];
        // SAFETY: the client is alive while it has this seat, and the lock is held; both texts end in a zero and
        // outlive the call; there are no extensions; the buffer is as long as it is said to be.
        let code = unsafe {
            native::rd_kafka_oauthbearer_set_token(
                client.as_ptr(),
                value.as_ptr(),
                token.ends_millis,
                principal.as_ptr(),
                ptr::null_mut(),
                0,
                reason.as_mut_ptr().cast(),
                reason.len(),
            )
        };
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        let reason = CStr::from_bytes_until_nul(&reason).map(|reason| reason.to_string_lossy().into_owned());
        Err(not_taken(reason.unwrap_or_else(|_error| format!("{code:?}"))))
    }
}
