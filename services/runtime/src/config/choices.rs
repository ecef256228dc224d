//! Settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// Reads a setting from its word, and names those allowed where it is another.
macro_rules! choice {
    ($choice:ident: $($word:literal => $variant:ident),+) => {
        impl TryFrom<String> for $choice {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => {
                        let allowed = [$($word),+].map(|word| if word.is_empty() { "empty" } else { word });
                        Err(format!("is {text:?}; allowed: {}", allowed.join(", ")))
                    }
                }
            }
        }
    };
}
pub(super) use choice;

/// What is done where messages were deleted before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum OnLostOffsets {
    /// Nothing more is read.
    Stop,
    /// They are booked as lost, and reading goes on behind them.
    Skip,
}

choice!(OnLostOffsets: "stop" => Stop, "skip" => Skip);

/// How the members of a consumer group share out partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum GroupProtocol {
    /// By one of the members, cooperatively.
    Classic,
    /// By the broker (KIP-848).
    Consumer,
}

choice!(GroupProtocol: "classic" => Classic, "consumer" => Consumer);

/// How producers pack a batch of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum Codec {
    None,
    Lz4,
    Zstd,
}

impl Codec {
    /// Kafka's `compression.type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

choice!(Codec: "none" => None, "lz4" => Lz4, "zstd" => Zstd);

/// Where a topic's schema is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub enum SubjectNaming {
    /// The topic's name and `-value`.
    TopicName,
    /// The record's full name.
    RecordName,
}

choice!(SubjectNaming: "topic_name" => TopicName, "record_name" => RecordName);

/// What brokers delete of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub enum Cleanup {
    /// What is older than the retention.
    Delete,
    /// All but the last message of a key.
    Compact,
    CompactDelete,
}

impl Cleanup {
    /// Kafka's `cleanup.policy`.
    #[must_use]
    pub const fn policy(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
            Self::CompactDelete => "compact,delete",
        }
    }
}

choice!(Cleanup: "delete" => Delete, "compact" => Compact, "compact_delete" => CompactDelete);

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

choice!(LogFormat: "text" => Text, "json" => Json);
