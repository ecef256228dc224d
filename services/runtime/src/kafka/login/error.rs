use crate::exit::Exit;

/// Why a client has nothing to be let in with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// A setting, or a file it names, cannot be used.
    #[error("the login to kafka cannot be used: {reason}")]
    Settings { reason: String },
    /// No answer, or one that says to come again later.
    #[error(
        "the token endpoint at {url} does not answer: {reason}; check kafka.security.token_url, token_ca_file and the network"
    )]
    Unavailable { url: String, reason: String },
    /// The client is not known there, its secret is wrong, or it may not have
    /// what it asks for.
    #[error(
        "the token endpoint at {url} refuses with {status}: {reason}; check kafka.security.token_client_id, token_client_secret and token_scope"
    )]
    Refused { url: String, status: u16, reason: String },
    /// Whatever answers there gives no token.
    #[error("what answers at {url} gives no token: {reason}; check kafka.security.token_url")]
    Misdirected { url: String, reason: String },
    /// The file holds something else than a token that still holds.
    #[error("the file of kafka.security.token_file, {path}, holds no token that is good: {reason}")]
    File { path: String, reason: String },
    /// librdkafka does not take the token.
    #[error("the kafka client does not take the token: {reason}")]
    NotTaken { reason: String },
    /// A shutdown was requested before there was a token.
    #[error("stopped before there was a token to log in to kafka with")]
    Interrupted,
}

impl LoginError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } => Exit::Config,
            Self::Interrupted => Exit::Ok,
            _ => Exit::KafkaUnavailable,
        }
    }

    /// Whether asking again later may help, with nothing changed here.
    pub(super) const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
