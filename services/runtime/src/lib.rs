//! What every service runs on: configuration, Kafka, the schema registry,
//! telemetry, shutdown, the clock and the exit codes.
//!
//! The edge of the program is here. Stages get time, settings and messages
//! from it as plain values and never reach for them.

pub mod clock;
pub mod config;
pub mod exit;
mod http;
pub mod kafka;
pub mod registry;
mod secret;
pub mod shutdown;
pub mod telemetry;

pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Config, ConfigError, Sources};
pub use exit::Exit;
pub use shutdown::Shutdown;
