//! What can stop a producer.

use commonweal_schemas::records::CodecError;

/// Why a producer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("{file}: cannot be read: {error}")]
    Read { file: String, error: std::io::Error },
    #[error("{file}: byte {byte}: not JSON as 360Giving packages it: {message}; repair the file at its publisher")]
    Json { file: String, byte: u64, message: String },
    #[error(
        "{file}: element {position} of `grants` (byte {byte}) is not a readable object: {message}; repair it in the file"
    )]
    Grant { file: String, position: u64, byte: u64, message: String },
    #[error("{file}: the header lacks {missing}; it has: {present}")]
    Header { file: String, missing: String, present: String },
    #[error("{file}: line {line}: not CSV: {message}")]
    Csv { file: String, line: u64, message: String },
    #[error("the generator was given no codec of the {0} contract")]
    NoCodec(&'static str),
    #[error("cannot write the register: {0}")]
    Register(#[from] csv::Error),
}
