//! Kafka: a source that reads in batches, sinks that lose nothing, topics, and
//! a broker in the process for demonstrations and tests.

pub mod admin;
mod async_sink;
pub mod batch;
mod client;
pub mod count;
pub mod embedded;
mod failure;
pub mod group;
mod login;
mod lost;
pub mod remake;
pub mod sink;
pub mod source;
pub mod topics;

pub use admin::{AdminError, ensure_internal_topics, ensure_topics};
pub use async_sink::{AsyncSink, Delivered, Delivery, DeliveryError};
pub use batch::{LostOffsets, Message, MessageBatch, PartitionEnd};
pub use client::Isolation;
pub use count::{Counted, count, read_to_end};
pub use embedded::{EMBEDDED_PARTITION_BYTES_MAX, EmbeddedBroker};
pub use group::{Change, GroupSource, Place};
pub use login::{LoginError, beyond_this_build};
pub use sink::{Record, Sink, SinkError};
pub use source::{Partition, Source, SourceError, await_topics, bounds};
pub use topics::{TopicAdmin, TopicFound, TopicSpec};
