//! The contracts: compatibility over versions, the Arrow schemas beside the
//! Avro ones, and decoding that no message can harm.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::similar_names,
    reason = "a test fails by panicking; a decoder makes something decoded"
)]

mod arrow_siblings;
mod bad_messages;
mod compatibility;
mod documentation;
mod encoding;
mod fuzz;
mod json;
mod round_trip;
mod support;
mod writer_schemas;
