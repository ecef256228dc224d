use crate::exit::Exit;

/// Why the registry did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// A setting, or a file it names, cannot be used.
    #[error("the registry's settings cannot be used: {reason}")]
    Settings { reason: String },
    /// No answer, or one that says to come again later.
    #[error("the schema registry at {url} does not answer: {reason}; check registry.url and the network")]
    Unavailable { url: String, reason: String },
    /// The login or a right is refused.
    #[error("the schema registry at {url} refuses with {status}: {reason}; check the login under registry")]
    Refused { url: String, status: u16, reason: String },
    /// Whatever answers there is no registry, or none with this API.
    #[error(
        "what answers at {url} is no schema registry: {reason}; registry.url ends with the path of its Confluent-compatible API"
    )]
    Misdirected { url: String, reason: String },
    /// There is no such schema id.
    #[error("the registry does not know schema id {id}: {reason}")]
    UnknownId { id: u32, reason: String },
    /// A subject is not there, or none of its schemas is the contract.
    #[error(
        "subject {subject} has no schema like the {contract} contract: {reason}; register it (`commonweal schemas register`, or registry.register_on_start = true)"
    )]
    NotRegistered { subject: String, contract: &'static str, reason: String },
    /// The registry does not take the contract beside what the subject has.
    #[error("subject {subject} does not take the {contract} contract: {reason}")]
    NotTaken { subject: String, contract: &'static str, reason: String },
    /// A shutdown was requested before there was an answer.
    #[error("stopped before the schema registry answered")]
    Interrupted,
}

impl RegistryError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } => Exit::Config,
            Self::Interrupted => Exit::Ok,
            _ => Exit::RegistryUnavailable,
        }
    }

    /// Whether asking again later may help, with nothing changed here.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
