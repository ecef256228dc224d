//! Topics deleted and made anew, where nobody is at work on them.

use std::time::{Duration, Instant};

use futures::executor::block_on;
use rdkafka::admin::AdminOptions;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::admin::{Admin, AdminError, ensure_internal_topics};
use super::client::{self, Events, Kept};
use super::failure;
use super::source::{Search, SourceError};
use crate::config::KafkaConfig;
use crate::shutdown::Shutdown;

/// Longest single question to the brokers.
const STEP: Duration = Duration::from_secs(5);
/// Pause between two looks: nothing tells when all brokers know.
const PAUSE: Duration = Duration::from_millis(50);

/// Why topics could not be made anew.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemakeError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The brokers refuse to delete something.
    #[error("failed to delete {what}: {reason}")]
    Delete { what: String, reason: String },
    /// What was deleted is still there.
    #[error("topic {topic} was deleted, but is still there after {seconds} s")]
    Lingers { topic: String, seconds: u64 },
}

impl RemakeError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> crate::exit::Exit {
        match self {
            Self::Source(error) => error.exit(),
            Self::Admin(error) => error.exit(),
            Self::Delete { .. } | Self::Lingers { .. } => crate::exit::Exit::KafkaUnavailable,
        }
    }
}

fn outsider(config: &KafkaConfig, group: &str) -> Result<Kept<BaseConsumer<Events>>, SourceError> {
    Ok(client::make(config, client::member(config, group), None, |events| events)?)
}

/// Number of a topic's partitions.
///
/// # Errors
/// No broker, or no such topic.
pub fn partitions(config: &KafkaConfig, topic: &str) -> Result<i32, RemakeError> {
    let consumer = outsider(config, &config.group_id)?;
    Ok(Search::new(&consumer, config, &Shutdown::new()).count(topic)?)
}

/// One past the last offset of each partition of a topic.
///
/// # Errors
/// No broker, or no such topic.
pub fn ends(config: &KafkaConfig, topic: &str) -> Result<Vec<i64>, RemakeError> {
    let consumer = outsider(config, &config.group_id)?;
    let shutdown = Shutdown::new();
    let search = Search::new(&consumer, config, &shutdown);
    let count = search.count(topic)?;
    let ends = (0..count).map(|partition| Ok(search.range(topic, partition)?.1));
    ends.collect()
}

/// Whether a group has no members. A broker lets an outsider commit a position
/// to a group without members alone, whichever protocol it has: so the one that
/// is committed for the first partition of `topic` is committed once more.
///
/// # Errors
/// No broker, or no right to the group.
pub fn is_idle(config: &KafkaConfig, group: &str, topic: &str) -> Result<bool, RemakeError> {
    let consumer = outsider(config, group)?;
    let asked = Instant::now();
    loop {
        match commit_again(&consumer, topic) {
            Ok(()) => return Ok(true),
            Err(error) => match error.rdkafka_error_code() {
                Some(
                    RDKafkaErrorCode::UnknownMemberId
                    | RDKafkaErrorCode::IllegalGeneration
                    | RDKafkaErrorCode::RebalanceInProgress
                    | RDKafkaErrorCode::StaleMemberEpoch,
                ) => return Ok(false),
                Some(code) if failure::is_transient(code) && asked.elapsed() < config.connect_timeout() => {}
                _ => return Err(SourceError::Client { reason: failure::describe(&error) }.into()),
            },
        }
    }
}

fn commit_again(consumer: &BaseConsumer<Events>, topic: &str) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition(topic, 0);
    let committed = consumer.committed_offsets(list, STEP)?;
    let offset = match committed.elements().first().map(rdkafka::topic_partition_list::TopicPartitionListElem::offset) {
        Some(Offset::Offset(offset)) => offset,
        // Nothing is committed: reading begins at the first offset anyway.
        _ => 0,
    };
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition_offset(topic, 0, Offset::Offset(offset))?;
    consumer.commit(&list, CommitMode::Sync)
}

/// Deletes topics (name and partitions to have) with what the group that reads
/// the first of them has committed, and makes them anew as
/// [`ensure_internal_topics`] does.
///
/// # Errors
/// No broker, or a refusal.
pub fn remake_internal_topics(config: &KafkaConfig, topics: &[(&str, i32)], group: &str) -> Result<(), RemakeError> {
    let admin = Admin::connect(config)?;
    let timeout = Some(config.connect_timeout());
    let options = AdminOptions::new().request_timeout(timeout).operation_timeout(timeout);
    let names: Vec<&str> = topics.iter().map(|(name, _)| *name).collect();
    let refused = |what: String| move |reason: String| RemakeError::Delete { what, reason };

    // A position beyond the end of the new topic would stop whoever reads it.
    let outcomes = block_on(admin.client().delete_groups(&[group], &options))
        .map_err(|error| refused(format!("group {group}"))(failure::describe(&error)))?;
    for outcome in outcomes {
        if let Err((group, code)) = outcome
            && code != RDKafkaErrorCode::GroupIdNotFound
        {
            return Err(refused(format!("group {group}"))(code.to_string()));
        }
    }
    let outcomes = block_on(admin.client().delete_topics(&names, &options))
        .map_err(|error| refused(names.join(", "))(failure::describe(&error)))?;
    for outcome in outcomes {
        match outcome {
            Ok(topic) => tracing::info!(topic, "topic deleted"),
            Err((_, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)) => {}
            Err((topic, code)) => return Err(refused(topic)(code.to_string())),
        }
    }
    let deadline = Instant::now() + config.connect_timeout();
    for topic in &names {
        while exists(&admin, topic)? {
            if Instant::now() >= deadline {
                let seconds = config.connect_timeout_seconds;
                return Err(RemakeError::Lingers { topic: (*topic).to_owned(), seconds });
            }
            std::thread::sleep(PAUSE);
        }
    }
    Ok(ensure_internal_topics(config, topics)?)
}

fn exists(admin: &Admin<'_>, topic: &str) -> Result<bool, RemakeError> {
    let metadata = admin.cluster()?;
    Ok(metadata.topics().iter().any(|found| found.name() == topic && found.error().is_none()))
}
