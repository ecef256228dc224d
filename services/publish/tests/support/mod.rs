//! What the tests share: events, a small ledger that posts them as the
//! contract says, and journals of plain Parquet files.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod attack;
pub mod book;
pub mod events;
pub mod history;
pub mod journal;
pub mod ledger;
pub mod read;
pub mod revised;
