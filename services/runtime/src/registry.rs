//! The schema registry, through its Confluent-compatible API: what a producer
//! asks at its start, and schemas by id for whoever reads.

mod client;
mod error;
mod inquiry;
mod login;
mod schemas;
mod subjects;

pub use client::{Client, Fetched};
pub use error::RegistryError;
pub use schemas::RegistrySchemas;
pub use subjects::{Registry, subject};
