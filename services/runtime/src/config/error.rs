use std::path::PathBuf;

/// A setting that cannot be used: which, where it stands, what is allowed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A configuration file that cannot be read or is not TOML.
    #[error("failed to read configuration file {}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    /// An override without the form `section.key=value`, or a variable that
    /// names no setting or is not UTF-8.
    #[error("failed to understand {origin}: {reason}")]
    Malformed { origin: String, reason: String },
    /// A name that is no setting.
    #[error("unknown setting {key} in {origin}; known there: {known}")]
    Unknown { key: String, origin: String, known: String },
    /// A value of the wrong type.
    #[error("setting {key} in {origin}: {reason}")]
    Type { key: String, origin: String, reason: String },
    /// A value of the right type that is not allowed.
    #[error("setting {key} in {origin} is {value}; allowed: {allowed}")]
    Invalid { key: String, value: String, allowed: String, origin: String },
    /// Sound settings that this build of the program cannot follow.
    #[error(
        "the settings under kafka ask for {what}, which this build of the program lacks; build it with `cargo build --release --features tls` (docs/kafka-security.md)"
    )]
    Build { what: &'static str },
    /// Settings that have no TOML form.
    #[error("failed to write the settings as TOML: {reason}")]
    Dump { reason: String },
}
