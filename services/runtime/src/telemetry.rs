//! Logs: lowercase text with fields, to standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, TelemetryConfig};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The directives of `telemetry.log` cannot be read.
    #[error(
        "telemetry.log = {directives:?} is no log filter: {reason}; try \"info\" or \"warn,commonweal_ledger=debug\""
    )]
    Filter { directives: String, reason: String },
    /// The process logs somewhere already.
    #[error("logging is set up already; it is done once, at the start of the process")]
    AlreadySet,
}

/// Reads the directives of `telemetry.log`.
///
/// # Errors
/// [`TelemetryError::Filter`] where they are malformed.
pub fn filter(directives: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(directives)
        .map_err(|error| TelemetryError::Filter { directives: directives.to_owned(), reason: error.to_string() })
}

/// Sends the process's logs to standard error, as configured; colours only
/// where a person reads.
///
/// # Errors
/// A malformed filter, or a process that logs already.
pub fn init(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&config.log)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let outcome = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    outcome.map_err(|_already| TelemetryError::AlreadySet)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that a filter is read, and that one that cannot be read is
    /// refused with its text and an example.
    #[test]
    fn filters_are_read_or_refused() {
        assert_eq!(filter("warn,commonweal_ledger=debug").unwrap().max_level_hint().unwrap(), tracing::Level::DEBUG);
        let message = filter("commonweal=loud").unwrap_err().to_string();
        assert!(message.contains("commonweal=loud") && message.contains("try"), "{message}");
    }

    /// Proves that logging is set up once: a second attempt says so instead of
    /// replacing what the first set up.
    #[test]
    fn init_happens_once() {
        let config = TelemetryConfig { log: "off".into(), log_format: LogFormat::Json };
        init(&config).unwrap();
        assert!(matches!(init(&config), Err(TelemetryError::AlreadySet)));
    }
}
