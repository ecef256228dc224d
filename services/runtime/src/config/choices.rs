//! Settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// What is done where messages were deleted before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum OnLostOffsets {
    /// Nothing more is read.
    Stop,
    /// They are booked as lost, and reading goes on behind them.
    Skip,
}

impl TryFrom<String> for OnLostOffsets {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "stop" => Ok(Self::Stop),
            "skip" => Ok(Self::Skip),
            _ => Err(format!("is {text:?}; allowed: stop, skip")),
        }
    }
}

/// How the members of a consumer group share out partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum GroupProtocol {
    /// By one of the members, cooperatively.
    Classic,
    /// By the broker (KIP-848).
    Consumer,
}

impl TryFrom<String> for GroupProtocol {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "classic" => Ok(Self::Classic),
            "consumer" => Ok(Self::Consumer),
            _ => Err(format!("is {text:?}; allowed: classic, consumer")),
        }
    }
}

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

impl TryFrom<String> for Codec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "none" => Ok(Self::None),
            "lz4" => Ok(Self::Lz4),
            "zstd" => Ok(Self::Zstd),
            _ => Err(format!("is {text:?}; allowed: none, lz4, zstd")),
        }
    }
}

/// Where a topic's schema is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub enum SubjectNaming {
    /// The topic's name and `-value`.
    TopicName,
    /// The record's full name.
    RecordName,
}

impl TryFrom<String> for SubjectNaming {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "topic_name" => Ok(Self::TopicName),
            "record_name" => Ok(Self::RecordName),
            _ => Err(format!("is {text:?}; allowed: topic_name, record_name")),
        }
    }
}

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

impl TryFrom<String> for Cleanup {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "delete" => Ok(Self::Delete),
            "compact" => Ok(Self::Compact),
            "compact_delete" => Ok(Self::CompactDelete),
            _ => Err(format!("is {text:?}; allowed: delete, compact, compact_delete")),
        }
    }
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("is {text:?}; allowed: text, json")),
        }
    }
}
