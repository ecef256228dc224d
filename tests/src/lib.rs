//! What the tests of the whole system stand on: brokers, the program as a
//! child process, and readers of what it leaves behind that share no code with
//! it: the journal by its Delta log and Parquet files alone, Kafka by
//! librdkafka, grants by a naive reading of their JSON.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "support of tests: a test fails by panicking"
)]
#![allow(clippy::missing_panics_doc, clippy::must_use_candidate, reason = "support of tests, called by tests alone")]

pub mod broker;
pub mod dead_letters;
pub mod environment;
pub mod events;
pub mod gatekeeper;
pub mod http;
pub mod issuer;
pub mod journal;
pub mod kafka;
pub mod load;
pub mod naive_grants;
pub mod process;
pub mod published;
pub mod registry;
pub mod rejections;
pub mod s3;
pub mod secure;
pub mod steady;
pub mod system;
pub mod wire;
