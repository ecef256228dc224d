//! The gateway: events over HTTP to the raw topics.
//!
//! An event is taken when Kafka has acknowledged it, and not before: 202 means
//! that it lies in the topic. It is read by the contract's own mapping
//! ([`commonweal_schemas::json`]) and held to the rules that ingest applies,
//! through [`Judge`], so that what is refused later would have been refused
//! here, with the same reason. Whatever is not answered with 202 may be sent
//! again as it is: the ledger posts an identity once.
//!
//! | module | what it does |
//! | --- | --- |
//! | `media`, `cloud_events` | which form a request has |
//! | `prepare` | bodies into framed messages, or what is wrong with them |
//! | `keys`, `pace` | who may send what, and how much |
//! | `admission` | the bounds of what is in flight |
//! | `intake` | one request from head to answer |
//! | `server` | connections, and their end |
//! | `openapi` | what is served, in words |

mod admission;
mod answer;
mod body;
mod cloud_events;
mod error;
mod intake;
mod keys;
mod media;
mod openapi;
mod pace;
mod prepare;
mod server;

pub use error::GatewayError;
pub use keys::{NewKey, new_key};
pub use server::run;

use commonweal_runtime::config::{GatewayConfig, KafkaConfig};
use commonweal_schemas::{Dataset, Reason, Rejection};
use std::time::Duration;

/// What the gateway runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    pub gateway: GatewayConfig,
    pub kafka: KafkaConfig,
    /// How long finishing may take.
    pub grace: Duration,
    /// Topics that are written to, one a dataset.
    pub topics: Vec<RawTopic>,
}

/// A raw topic and the schema id that its messages name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTopic {
    pub dataset: Dataset,
    pub topic: String,
    pub schema_id: u32,
}

/// Holds events to the rules of the stage that will read them.
pub trait Judge: Send + Sync {
    /// Every broken rule of `messages`, framed as they are to be sent; a
    /// rejection's `row` is the position among them. Does not wait.
    ///
    /// # Errors
    /// The rules themselves are at fault, never a message.
    fn judge(&self, dataset: Dataset, messages: &[&[u8]]) -> Result<Vec<Rejection>, JudgeError>;

    /// Reason under which a field that cannot be read is refused.
    fn unreadable(&self, field: &str) -> Reason;
}

/// The rules could not be applied: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("the rules cannot be applied: {0}")]
pub struct JudgeError(pub String);
