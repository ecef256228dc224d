//! The sections of `default.toml`, which says what each setting means, its
//! unit and its bounds.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Cleanup, Codec, Day, GroupProtocol, LogFormat, OnLostOffsets, Properties, Secret, SecurityConfig, SubjectNaming,
};

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
    /// Folders of earlier releases, the latest last.
    pub against: Vec<PathBuf>,
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
