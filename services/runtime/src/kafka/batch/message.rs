//! Reading one message in place.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::raw::c_char;
use std::ptr::{self, NonNull};
use std::slice;

use commonweal_schemas::records::Header;
use rdkafka::types::{RDKafkaMessage, RDKafkaRespErr};
use rdkafka_sys as native;

use super::{MessageBatch, Slot};

/// One message, borrowed from its batch.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    raw: NonNull<RDKafkaMessage>,
    topic: u32,
    batch: PhantomData<&'a MessageBatch>,
}

impl<'a> Message<'a> {
    pub(super) const fn of(slot: &'a Slot) -> Self {
        Self { raw: slot.message, topic: slot.topic, batch: PhantomData }
    }

    /// The plain fields; librdkafka does not write to them any more.
    const fn fields(&self) -> &RDKafkaMessage {
        // SAFETY: the message lives as long as the batch that it is borrowed
        // from.
        unsafe { self.raw.as_ref() }
    }

    /// Index of the topic, as in [`super::Source::topics`].
    #[must_use]
    pub const fn topic(&self) -> usize {
        self.topic as usize
    }

    #[must_use]
    pub const fn partition(&self) -> i32 {
        self.fields().partition
    }

    #[must_use]
    pub const fn offset(&self) -> i64 {
        self.fields().offset
    }

    /// The value; `None` for a null, which is not the same as empty.
    #[must_use]
    pub fn payload(&self) -> Option<&'a [u8]> {
        // SAFETY: librdkafka gives the pointer's length beside it.
        unsafe { bytes(self.fields().payload.cast(), self.fields().len) }
    }

    /// The key; `None` for a null.
    #[must_use]
    pub fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: as for the payload.
        unsafe { bytes(self.fields().key.cast(), self.fields().key_len) }
    }

    /// Milliseconds since 1970, set by the producer or the broker.
    #[must_use]
    pub fn timestamp_millis(&self) -> Option<i64> {
        // SAFETY: the message is alive; the kind of timestamp is not asked for.
        let millis = unsafe { native::rd_kafka_message_timestamp(self.raw.as_ptr(), ptr::null_mut()) };
        (millis >= 0).then_some(millis)
    }

    /// The headers in their order, copied; names that are not UTF-8 have the
    /// offending bytes replaced. Read from the message when first asked for.
    #[must_use]
    pub fn headers(&self) -> Vec<Header> {
        let mut found = Vec::new();
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive and on this thread alone.
        let code = unsafe { native::rd_kafka_message_headers(self.raw.as_ptr(), &raw mut headers) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || headers.is_null() {
            return found;
        }
        loop {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers belong to the message; the out-pointers are
            // locals.
            let code = unsafe {
                native::rd_kafka_header_get_all(headers, found.len(), &raw mut name, &raw mut value, &raw mut size)
            };
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return found;
            }
            // SAFETY: name is a C string and value has `size` bytes, both alive
            // as long as the message.
            found.push(unsafe { Header { key: text(name), value: bytes(value.cast(), size).map(<[u8]>::to_vec) } });
        }
    }
}

/// # Safety
/// `pointer` is null or has `length` bytes that live for `'a`.
unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> Option<&'a [u8]> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { slice::from_raw_parts(pointer, length) })
}

/// A C string as text.
///
/// # Safety
/// `pointer` is null or a C string alive during the call.
pub(super) unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}
