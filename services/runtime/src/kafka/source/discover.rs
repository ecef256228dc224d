//! Finding partitions and their bounds, within a limit of time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::{Partition, SourceError};
use crate::config::KafkaConfig;
use crate::kafka::client::Events;
use crate::kafka::failure;
use crate::shutdown::Shutdown;

/// Longest single question, so that a shutdown is noticed in between.
const STEP: Duration = Duration::from_secs(1);
/// Pause between two questions that were answered in the negative.
const PAUSE: Duration = Duration::from_millis(100);

pub(in crate::kafka) struct Search<'a> {
    consumer: &'a BaseConsumer<Events>,
    config: &'a KafkaConfig,
    shutdown: &'a Shutdown,
    begun: Instant,
}

/// What a question to the brokers came to.
enum Answer<T> {
    Found(T),
    /// Worth asking again; should the time be up, this is the error.
    NotYet(SourceError),
}

impl<'a> Search<'a> {
    pub(in crate::kafka) fn new(
        consumer: &'a BaseConsumer<Events>,
        config: &'a KafkaConfig,
        shutdown: &'a Shutdown,
    ) -> Self {
        Self { consumer, config, shutdown, begun: Instant::now() }
    }

    /// All partitions of `topics`, by topic and number.
    pub(super) fn partitions(
        &self,
        topics: &[&str],
        mut next_offset: impl FnMut(&str, i32) -> Option<i64>,
    ) -> Result<Vec<Partition>, SourceError> {
        let mut found = Vec::new();
        for (topic, name) in topics.iter().enumerate() {
            let mut numbers = self.ask(|| self.numbers(name))?;
            numbers.sort_unstable();
            for partition in numbers {
                let bounds = self.ask(|| self.bounds(name, partition))?;
                found.push(Partition::begin(topic, (name, partition), bounds, next_offset(name, partition))?);
            }
        }
        Ok(found)
    }

    /// Partitions of `topics` that are not `known`, as far as the brokers tell
    /// at once; where one of them is not ready, it is for the next time.
    pub(super) fn added(
        &self,
        topics: &[Arc<str>],
        known: impl Fn(usize, i32) -> bool,
        mut next_offset: impl FnMut(&str, i32) -> Option<i64>,
    ) -> Result<Vec<Partition>, SourceError> {
        let mut found = Vec::new();
        for (topic, name) in topics.iter().enumerate() {
            let Answer::Found(mut numbers) = self.numbers(name)? else { continue };
            numbers.retain(|partition| !known(topic, *partition));
            numbers.sort_unstable();
            for partition in numbers {
                let Answer::Found(bounds) = self.bounds(name, partition)? else { continue };
                found.push(Partition::begin(topic, (name, partition), bounds, next_offset(name, partition))?);
            }
        }
        Ok(found)
    }

    /// Number of a topic's partitions.
    pub(in crate::kafka) fn count(&self, topic: &str) -> Result<i32, SourceError> {
        let numbers = self.ask(|| self.numbers(topic))?;
        Ok(i32::try_from(numbers.len()).unwrap_or(i32::MAX))
    }

    /// First offset of a partition, and one past the last.
    pub(in crate::kafka) fn range(&self, topic: &str, partition: i32) -> Result<(i64, i64), SourceError> {
        self.ask(|| self.bounds(topic, partition))
    }

    /// Asks until there is an answer or the time is up: the time for a broker
    /// runs from the connection's beginning, the time for a topic from the
    /// first answer without it.
    fn ask<T>(&self, mut question: impl FnMut() -> Result<Answer<T>, SourceError>) -> Result<T, SourceError> {
        let mut missing_since = None;
        loop {
            let error = match question()? {
                Answer::Found(found) => return Ok(found),
                Answer::NotYet(error) => error,
            };
            if self.shutdown.is_requested() {
                return Err(SourceError::Interrupted);
            }
            let over = match &error {
                SourceError::TopicMissing { topic, .. } => {
                    let (wait, seconds) = (self.config.topic_wait(), self.config.topic_wait_seconds);
                    if missing_since.is_none() && !wait.is_zero() {
                        tracing::warn!(topic, seconds, "topic does not exist; waiting for it to be created");
                    }
                    missing_since.get_or_insert_with(Instant::now).elapsed() >= wait
                }
                _ => self.begun.elapsed() >= self.config.connect_timeout(),
            };
            if over {
                return Err(error);
            }
            // Waits for whatever the client has to say, so that a refused
            // login ends the search at once; the rest the answers will tell.
            let _event = self.consumer.poll(PAUSE);
            let refusal = self.consumer.context().take().filter(|lasting| failure::is_refusal(lasting.code));
            if let Some(lasting) = refusal {
                return Err(SourceError::of_client(&lasting));
            }
        }
    }

    fn numbers(&self, topic: &str) -> Result<Answer<Vec<i32>>, SourceError> {
        let metadata = match self.consumer.fetch_metadata(Some(topic), STEP) {
            Ok(metadata) => metadata,
            Err(error) => return self.not_yet(&error),
        };
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
            return Ok(Answer::NotYet(self.missing(topic)));
        };
        if let Some(code) = found.error().or_else(|| first_error(found)) {
            return self.unready(topic, code);
        }
        if found.partitions().is_empty() {
            return Ok(Answer::NotYet(self.missing(topic)));
        }
        Ok(Answer::Found(found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect()))
    }

    fn bounds(&self, topic: &str, partition: i32) -> Result<Answer<(i64, i64)>, SourceError> {
        let answer: KafkaResult<(i64, i64)> = self.consumer.fetch_watermarks(topic, partition, STEP);
        match answer {
            Ok(bounds) => Ok(Answer::Found(bounds)),
            // A group may hand out a partition that was just added, before its leader is told.
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownPartition) => {
                Ok(Answer::NotYet(SourceError::TopicUnready {
                    topic: topic.to_owned(),
                    seconds: self.config.connect_timeout_seconds,
                    reason: format!("partition {partition}: {}", self.consumer.context().explain(&error)),
                }))
            }
            Err(error) => self.not_yet(&error),
        }
    }

    fn not_yet<T>(&self, error: &KafkaError) -> Result<Answer<T>, SourceError> {
        let reason = self.consumer.context().explain(error);
        match error.rdkafka_error_code() {
            Some(code) if failure::is_refusal(code) => Err(SourceError::Refused { reason }),
            Some(code) if failure::is_transient(code) => Ok(Answer::NotYet(SourceError::Unavailable {
                brokers: self.config.brokers.clone(),
                seconds: self.config.connect_timeout_seconds,
                reason,
            })),
            _ => Err(SourceError::Client { reason }),
        }
    }

    fn unready<T>(&self, topic: &str, code: RDKafkaRespErr) -> Result<Answer<T>, SourceError> {
        let code = RDKafkaErrorCode::from(code);
        match code {
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                Ok(Answer::NotYet(self.missing(topic)))
            }
            code if failure::is_transient(code) => Ok(Answer::NotYet(SourceError::TopicUnready {
                topic: topic.to_owned(),
                seconds: self.config.connect_timeout_seconds,
                reason: code.to_string(),
            })),
            code => Err(SourceError::Refused { reason: format!("topic {topic}: {code}") }),
        }
    }

    fn missing(&self, topic: &str) -> SourceError {
        SourceError::TopicMissing { topic: topic.to_owned(), seconds: self.config.topic_wait_seconds }
    }
}

fn first_error(topic: &MetadataTopic) -> Option<RDKafkaRespErr> {
    // A partition whose replica is down can be read from its leader.
    topic
        .partitions()
        .iter()
        .filter_map(rdkafka::metadata::MetadataPartition::error)
        .find(|code| !matches!(code, RDKafkaRespErr::RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE))
}
