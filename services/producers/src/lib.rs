//! Producers: what turns files, and seeds, into messages for the raw topics.
//!
//! Each producer is an iterator of [`Message`]s in the Confluent wire format
//! with bounded memory; sending them is somebody else's work. What they yield
//! depends on their input alone, so producing twice yields the same bytes.
//!
//! - [`generator`]: a seeded synthetic Liverpool City Region, and load for
//!   benchmarks;
//! - [`giving`]: grants as published in the 360Giving Data Standard;
//! - [`employment`]: a CSV of employment measures.
//!
//! An importer drops nothing: what it cannot read it passes on under the name
//! of the unreadable field, so that the refusal is on the books.

mod contract;
mod dates;
pub mod employment;
mod error;
pub mod generator;
pub mod giving;
mod input;
mod message;
mod numbers;
mod random;

pub use commonweal_schemas::partitioner::key_of;
pub use employment::{EmploymentImport, EmploymentOptions, import_employment};
pub use error::ProducerError;
pub use generator::{Expectations, Generator, Plan, expectations, register, register_csv};
pub use giving::{GivingImport, GivingOptions, import_360giving};
pub use message::{Codecs, Message};
