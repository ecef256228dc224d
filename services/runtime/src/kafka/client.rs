//! librdkafka clients as this project sets them up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::failure;
use crate::config::{GroupProtocol, KafkaConfig};

/// Room in an answer beyond `fetch.max.bytes`: a broker always sends one whole
/// batch, however long.
const ANSWER_HEADROOM_BYTES: usize = 128 << 20;

/// A client with what all share. The user's properties go over `defaults`;
/// what the caller sets afterwards goes over both.
pub(crate) fn common(config: &KafkaConfig, defaults: &[(&str, &str)]) -> ClientConfig {
    let mut client = ClientConfig::new();
    for (name, value) in defaults {
        client.set(*name, *value);
    }
    for (name, value) in &config.properties.0 {
        client.set(name, value);
    }
    client.set("bootstrap.servers", &config.brokers).set("client.id", &config.client_id);
    client
}

/// Which records of transactions a consumer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Those of committed ones, and nothing behind one that is open: what
    /// events are read by.
    Committed,
    /// All, to the end of the partition's log: for looking at what is there.
    Uncommitted,
}

impl Isolation {
    const fn level(self) -> &'static str {
        match self {
            Self::Committed => "read_committed",
            Self::Uncommitted => "read_uncommitted",
        }
    }
}

pub(crate) fn consumer(config: &KafkaConfig, isolation: Isolation) -> ClientConfig {
    // By default the fetcher sleeps a second whenever its queue is full, which
    // halves the rate.
    let mut client = common(config, &[("fetch.queue.backoff.ms", "5"), ("fetch.wait.max.ms", "100")]);
    client
        .set("group.id", &config.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", isolation.level())
        .set("allow.auto.create.topics", "false")
        .set("topic.metadata.refresh.interval.ms", (config.metadata_refresh_seconds * 1_000).to_string())
        .set("fetch.max.bytes", config.fetch_bytes_max.to_string())
        .set("receive.message.max.bytes", (config.fetch_bytes_max + ANSWER_HEADROOM_BYTES).to_string())
        .set("queued.max.messages.kbytes", (config.prefetch_bytes_max >> 10).to_string());
    client
}

/// A consumer that shares its topics with the other members of `group`.
pub(crate) fn member(config: &KafkaConfig, group: &str) -> ClientConfig {
    let mut client = consumer(config, Isolation::Committed);
    // Reported ends would have the client go on one offset too late after a rebalance or a pause, and leave a
    // message out: it counts them as read (rd_kafka_q_serve_rkmessages, up to 2.12.1 at least).
    client.set("group.id", group).set("enable.partition.eof", "false");
    match config.group_protocol {
        GroupProtocol::Classic => {
            client.set("group.protocol", "classic").set("partition.assignment.strategy", "cooperative-sticky")
        }
        GroupProtocol::Consumer => client.set("group.protocol", "consumer"),
    };
    client
}

pub(crate) fn producer(config: &KafkaConfig) -> ClientConfig {
    let mut client = common(config, &[("linger.ms", "5"), ("queue.buffering.max.messages", "100000")]);
    client
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("message.max.bytes", config.produce_bytes_max.to_string())
        .set("queue.buffering.max.kbytes", (config.produce_buffer_bytes_max >> 10).to_string())
        .set("delivery.timeout.ms", (config.delivery_timeout_seconds * 1_000).to_string());
    client
}

/// An error that does not pass by itself.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    pub(crate) code: RDKafkaErrorCode,
    pub(crate) reason: String,
}

/// What a client says on its own account: logs are passed on, lasting errors
/// are kept until somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Events {
    lasting: Mutex<Option<Lasting>>,
    /// What the group wants, until it is answered.
    rebalances: Mutex<VecDeque<Rebalance>>,
    /// Nobody answers any more: what the group wants is done at once.
    leaving: AtomicBool,
}

/// A change of assignment that waits to be answered.
#[derive(Debug)]
pub(crate) enum Rebalance {
    Assigned(TopicPartitionList),
    Revoked {
        partitions: TopicPartitionList,
        /// Others may have them already.
        lost: bool,
    },
}

impl Events {
    /// The first lasting error since the last call.
    pub(crate) fn take(&self) -> Option<Lasting> {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What the group wants, first come first.
    pub(crate) fn rebalances(&self) -> VecDeque<Rebalance> {
        std::mem::take(&mut *self.rebalances.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the group wants something that was not handed out yet.
    pub(crate) fn is_rebalancing(&self) -> bool {
        !self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// From now on nobody answers.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    /// Notes an error of a client, one of its partitions or one of its sends.
    pub(crate) fn note(&self, code: RDKafkaErrorCode, reason: &str) {
        if failure::is_transient(code) {
            tracing::warn!(code = ?code, reason, "kafka is in trouble; the client tries again");
            return;
        }
        tracing::error!(code = ?code, reason, "kafka reports an error that does not pass");
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.get_or_insert_with(|| Lasting { code, reason: reason.to_owned() });
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(target: "librdkafka", facility, text, "client log");
            }
            RDKafkaLogLevel::Warning => {
                tracing::warn!(target: "librdkafka", facility, text, "client log");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, text, "client log");
            }
            RDKafkaLogLevel::Debug => {
                tracing::debug!(target: "librdkafka", facility, text, "client log");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::NoError) => {}
            code => self.note(code.unwrap_or(RDKafkaErrorCode::Fail), reason),
        }
    }
}

impl ConsumerContext for Events {
    /// Only notes what the group wants: whoever reads answers, once what he
    /// has of a partition is safe.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigns = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.leaving.load(Ordering::SeqCst) {
            let answered = if assigns {
                consumer.incremental_assign(&TopicPartitionList::new())
            } else {
                consumer.incremental_unassign(partitions)
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "failed to answer the group while leaving it");
            }
            return;
        }
        let partitions = partitions.clone();
        let rebalance = if assigns {
            Rebalance::Assigned(partitions)
        } else {
            Rebalance::Revoked { partitions, lost: consumer.assignment_lost() }
        };
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).push_back(rebalance);
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        // Positions in Kafka serve lag tools alone: losing one harms nobody.
        match result {
            Ok(()) => tracing::trace!(partitions = offsets.count(), "positions committed to kafka"),
            Err(error) => {
                tracing::debug!(%error, "failed to commit positions to kafka; lag tools show old ones");
            }
        }
    }
}
