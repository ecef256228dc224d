//! The ledger against a naive model, and verification against planted faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod adopt;
mod invariants;
mod planted;
mod shares;
mod support;
mod writers;
