use crate::exit::Exit;
use crate::kafka::LoginError;

/// Why reading cannot go on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No broker answered in time.
    #[error("no kafka broker answers at {brokers} after {seconds} s: {reason}; check kafka.brokers and the network")]
    Unavailable { brokers: String, seconds: u64, reason: String },
    /// A topic is not there, or is no longer.
    #[error(
        "topic {topic} does not exist (waited {seconds} s); create it, as with `commonweal topics apply`, or name the right one in the settings under topics"
    )]
    TopicMissing { topic: String, seconds: u64 },
    /// A partition has no leader that answers.
    #[error("topic {topic} is there, but not all of its partitions have a leader after {seconds} s: {reason}")]
    TopicUnready { topic: String, seconds: u64, reason: String },
    /// The login or a right is refused.
    #[error("kafka refuses: {reason}; check kafka.security and the rights of this user")]
    Refused { reason: String },
    /// There is nothing to be let in with.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The brokers have deleted messages before they were read.
    #[error(
        "offsets {first} to {} of {topic} [{partition}] were deleted, {count} of them before they were read; with kafka.on_lost_offsets=skip these are booked as lost, and what is left is read", .next_offset - 1
    )]
    OffsetLost { topic: String, partition: i32, first: i64, next_offset: i64, count: i64 },
    /// The position lies beyond the end: another topic of the same name, or one
    /// that was deleted and made again.
    #[error(
        "the next offset to read from {topic} [{partition}] is {wanted}, but the partition ends at {end}: this is not the topic that was read before"
    )]
    PositionAhead { topic: String, partition: i32, wanted: i64, end: i64 },
    /// A partition reports an error that does not pass.
    #[error("reading {topic} [{partition}] at offset {offset} failed with {code}: {reason}")]
    Partition { topic: String, partition: i32, offset: i64, code: String, reason: String },
    /// A property that librdkafka does not take.
    #[error("the kafka client cannot be made: {reason}; check kafka.security and kafka.properties")]
    Settings { reason: String },
    /// The client reports an error that does not pass.
    #[error("the kafka client fails: {reason}")]
    Client { reason: String },
    /// A shutdown was requested before a connection was made.
    #[error("stopped before kafka was reached")]
    Interrupted,
}

impl SourceError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Unavailable { .. }
            | Self::TopicMissing { .. }
            | Self::TopicUnready { .. }
            | Self::Refused { .. }
            | Self::Partition { .. }
            | Self::Client { .. } => Exit::KafkaUnavailable,
            Self::OffsetLost { .. } => Exit::OffsetsLost,
            Self::PositionAhead { .. } => Exit::CheckFailed,
            Self::Settings { .. } => Exit::Config,
            Self::Login(error) => error.exit(),
            Self::Interrupted => Exit::Ok,
        }
    }
}
