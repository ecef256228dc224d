//! What keeps the gateway from running.

use commonweal_runtime::Exit;
use commonweal_runtime::kafka::SinkError;
use commonweal_schemas::json::MappingError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("failed to listen on gateway.listen = {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error("failed to read gateway.keys_file {}: {error}", path.display())]
    KeysFile { path: PathBuf, error: std::io::Error },
    #[error("gateway.keys_file {}: {reason}", path.display())]
    Keys { path: PathBuf, reason: String },
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Mapping(#[from] MappingError),
    #[error("the system gives no randomness to make a key from: {0}")]
    Randomness(String),
    #[error("a key's name has 1 to 64 letters, digits, dots, dashes and underscores, and {0:?} has not")]
    KeyName(String),
}

impl GatewayError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Listen { .. } | Self::KeysFile { .. } => Exit::Io,
            Self::Keys { .. } => Exit::Config,
            Self::Sink(error) => error.exit(),
            Self::Mapping(_) | Self::Randomness(_) => Exit::Internal,
            Self::KeyName(_) => Exit::Usage,
        }
    }
}
