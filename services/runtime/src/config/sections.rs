//! The sections of `default.toml`, which says what each setting means, its
//! unit and its bounds.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::SecurityConfig;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    pub dir: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    pub brokers: String,
    pub group_id: String,
    pub group_protocol: GroupProtocol,
    pub client_id: String,
    pub message_bytes_max: usize,
    pub fetch_bytes_max: usize,
    pub prefetch_bytes_max: usize,
    pub produce_bytes_max: usize,
    pub produce_buffer_bytes_max: usize,
    pub compression: Codec,
    pub delivery_timeout_seconds: u64,
    pub connect_timeout_seconds: u64,
    pub topic_wait_seconds: u64,
    pub metadata_refresh_seconds: u64,
    pub on_lost_offsets: OnLostOffsets,
    pub security: SecurityConfig,
    pub properties: Properties,
}

impl KafkaConfig {
    #[must_use]
    pub const fn delivery_timeout(&self) -> Duration {
        Duration::from_secs(self.delivery_timeout_seconds)
    }

    #[must_use]
    pub const fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds)
    }

    #[must_use]
    pub const fn topic_wait(&self) -> Duration {
        Duration::from_secs(self.topic_wait_seconds)
    }

    #[must_use]
    pub const fn metadata_refresh(&self) -> Duration {
        Duration::from_secs(self.metadata_refresh_seconds)
    }
}

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

/// librdkafka properties by their own names. Debug output masks the secret
/// ones; the dump does too.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, String>);

/// Stands where a secret would.
pub(super) const MASK: &str = "********";

impl Properties {
    /// Whether a property's value must never be shown.
    #[must_use]
    pub fn is_secret(name: &str) -> bool {
        const MARKS: [&str; 7] = ["password", "secret", "token", ".pem", "jaas", "oauthbearer.config", "credential"];
        let name = name.to_ascii_lowercase();
        MARKS.iter().any(|mark| name.contains(mark))
    }

    /// The same properties with every secret value masked.
    #[must_use]
    pub fn masked(&self) -> Self {
        let shown = |(name, value): (&String, &String)| {
            (name.clone(), if Self::is_secret(name) { MASK.to_owned() } else { value.clone() })
        };
        Self(self.0.iter().map(shown).collect())
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.masked().0).finish()
    }
}

/// A value that is never shown: debug output masks it, the dump does too.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Secret {
    /// The same with the value masked, where there is one.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self(if self.0.is_empty() { String::new() } else { MASK.to_owned() })
    }

    /// Whether it is printable ASCII, which an HTTP header can carry.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.0.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked().0)
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// Empty: there is none.
    pub url: String,
    pub username: String,
    pub password: Secret,
    pub password_file: PathBuf,
    pub token: Secret,
    pub token_file: PathBuf,
    pub ca_file: PathBuf,
    pub request_timeout_seconds: u64,
    pub start_wait_seconds: u64,
    pub register_on_start: bool,
    pub subject_naming: SubjectNaming,
    pub unknown_id_wait_seconds: u64,
    pub held_rows_max: usize,
    pub held_bytes_max: usize,
}

impl RegistryConfig {
    #[must_use]
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }

    #[must_use]
    pub const fn start_wait(&self) -> Duration {
        Duration::from_secs(self.start_wait_seconds)
    }

    #[must_use]
    pub const fn unknown_id_wait(&self) -> Duration {
        Duration::from_secs(self.unknown_id_wait_seconds)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicsConfig {
    pub funding: String,
    pub employment: String,
    pub dead_letters: String,
    pub validated: String,
    pub enriched: String,
    pub organisations: String,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvisionConfig {
    /// 0: the brokers' default.
    pub replication_factor: i32,
    /// 0: the brokers' default.
    pub min_insync_replicas: i32,
    pub raw_partitions: i32,
    pub dead_letters_partitions: i32,
    pub register_partitions: i32,
    /// 0: for ever, as with the other two.
    pub raw_retention_hours: i64,
    pub internal_retention_hours: i64,
    pub dead_letters_retention_hours: i64,
    pub raw_cleanup: Cleanup,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    pub earliest_day: Day,
    /// Whole units of the event's currency.
    pub amount_max: u64,
    /// Whole units of the measure.
    pub quantity_max: u64,
}

/// A calendar day, written YYYY-MM-DD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub NaiveDate);

impl Day {
    /// Days since 1970-01-01, as in Arrow's Date32.
    #[must_use]
    pub fn days_since_1970(self) -> i32 {
        const DAYS_TO_1970: i32 = 719_163;
        self.0.num_days_from_ce() - DAYS_TO_1970
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .map(Self)
            .map_err(|_error| serde::de::Error::custom(format!("is {text:?}; allowed: a day as YYYY-MM-DD")))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceConfig {
    /// Empty means `reference` in the data directory; see
    /// [`super::Config::reference_dir`].
    pub dir: PathBuf,
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    pub flush_rows: usize,
    pub flush_bytes: usize,
    pub flush_interval_seconds: u64,
    pub queue_batches: usize,
    pub batch_rows: usize,
}

impl LedgerConfig {
    #[must_use]
    pub const fn flush_interval(&self) -> Duration {
        Duration::from_secs(self.flush_interval_seconds)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayConfig {
    pub window_letters: usize,
    pub window_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    pub partitions: i32,
    pub commit_rows: usize,
    pub commit_interval_seconds: u64,
}

impl SplitConfig {
    #[must_use]
    pub const fn commit_interval(&self) -> Duration {
        Duration::from_secs(self.commit_interval_seconds)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishConfig {
    pub interval_seconds: u64,
    pub method: String,
    /// Empty means `method` in the data directory; see
    /// [`super::Config::method_dir`].
    pub method_dir: PathBuf,
    pub label: String,
    /// Empty: none.
    pub store_url: String,
}

impl PublishConfig {
    /// Time between two publications; `None`: at the end alone.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        (self.interval_seconds > 0).then(|| Duration::from_secs(self.interval_seconds))
    }
}

/// Of each text that is empty the environment may say more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    pub listen: SocketAddr,
    /// Empty: nobody needs a key.
    pub keys_file: PathBuf,
    pub connections_max: usize,
    pub in_flight_max: usize,
    pub body_bytes_max: usize,
    pub in_flight_bytes_max: usize,
    pub batch_events_max: usize,
    pub header_timeout_seconds: u64,
    pub body_timeout_seconds: u64,
    pub ack_timeout_seconds: u64,
    pub retry_after_seconds: u64,
}

impl GatewayConfig {
    #[must_use]
    pub const fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds)
    }

    #[must_use]
    pub const fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    #[must_use]
    pub const fn ack_timeout(&self) -> Duration {
        Duration::from_secs(self.ack_timeout_seconds)
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    pub log: String,
    pub log_format: LogFormat,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    pub grace_seconds: u64,
}

impl ShutdownConfig {
    #[must_use]
    pub const fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
}
