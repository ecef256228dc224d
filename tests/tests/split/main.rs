//! The split topology over Apache Kafka: services as processes of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod crew;
mod identity;
mod idle;
mod rebalance;
mod repartition;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
