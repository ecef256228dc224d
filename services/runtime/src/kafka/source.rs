//! Reading topics from where the journal left off, without a consumer group.

mod discover;
mod error;
mod growth;
mod losses;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

pub(super) use discover::Search;
pub use error::SourceError;
use growth::Growth;

use super::batch::{Intake, MessageBatch, PartitionEnd, PartitionError, TopicTable};
use super::client::{self, ClientError, Events, Isolation, Kept, Lasting};
use super::failure;
use super::lost::Losses;
use crate::config::{KafkaConfig, OnLostOffsets};
use crate::shutdown::Shutdown;

/// A partition as it stood when it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Index of the topic, as in [`Source::topics`].
    pub topic: usize,
    pub partition: i32,
    /// First offset that the broker still has.
    pub log_start: i64,
    /// The next offset that the caller asked for; `None`: from the beginning.
    pub wanted: Option<i64>,
    /// First offset that will be read: the wanted one, or `log_start` where
    /// the broker has dropped what was wanted. Whatever lies between the two
    /// is gone before it was read, and the caller's to book.
    pub start: i64,
    /// One past the last offset that could be read: the last stable offset, or
    /// the end of the log where transactions do not matter.
    pub end: i64,
}

impl Partition {
    /// A partition of a topic's index, its name and number, with the bounds it
    /// has and the position wanted.
    fn begin(
        topic: usize,
        (name, partition): (&str, i32),
        (log_start, end): (i64, i64),
        wanted: Option<i64>,
    ) -> Result<Self, SourceError> {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > end) {
            return Err(SourceError::PositionAhead { topic: name.to_owned(), partition, wanted, end });
        }
        let start = wanted.map_or(log_start, |wanted| wanted.max(log_start));
        Ok(Self { topic, partition, log_start, wanted, start, end })
    }
}

/// A consumer of all partitions of some topics.
///
/// Its calls block, so it belongs on a thread of its own. Only committed
/// transactions are read. Offsets that hold no record show as gaps and, at the
/// end of a partition, as a [`super::PartitionEnd`] beyond the last message.
pub struct Source {
    intake: Arc<Intake>,
    topics: TopicTable,
    partitions: Vec<Partition>,
    errors: Vec<PartitionError>,
    losses: Losses,
    /// Beginnings that nobody was to read, to be told with the next batch.
    passed_over: Vec<PartitionEnd>,
    growth: Option<Growth>,
    config: KafkaConfig,
    shutdown: Shutdown,
}

impl Source {
    /// Finds the partitions of `topics` and starts each at the offset that
    /// `next_offset` gives for topic and partition; `None` starts at the first
    /// one the broker has. Partitions that are added to a topic later are
    /// found by the next connection, or as [`Source::follow_growth`] says.
    ///
    /// Waits `kafka.connect_timeout_seconds` for a broker and
    /// `kafka.topic_wait_seconds` for a topic, and gives up early when
    /// `shutdown` is requested.
    ///
    /// # Errors
    /// No broker, a missing topic, a refused login, a property librdkafka does
    /// not take, or a wanted offset beyond the end of its partition.
    pub fn connect(
        config: &KafkaConfig,
        shutdown: &Shutdown,
        topics: &[&str],
        next_offset: impl FnMut(&str, i32) -> Option<i64>,
    ) -> Result<Self, SourceError> {
        Self::connect_by(Isolation::Committed, config, shutdown, topics, next_offset)
    }

    /// The same with the records of other transactions too.
    ///
    /// # Errors
    /// As [`Source::connect`].
    pub fn connect_by(
        isolation: Isolation,
        config: &KafkaConfig,
        shutdown: &Shutdown,
        topics: &[&str],
        next_offset: impl FnMut(&str, i32) -> Option<i64>,
    ) -> Result<Self, SourceError> {
        let consumer = consumer(config, isolation, shutdown)?;
        let search = Search::new(&consumer, config, shutdown);
        let partitions = search.partitions(topics, next_offset)?;
        let intake = Intake::new(consumer).ok_or_else(|| unwilling("no queue"))?;
        let source = Self {
            intake: Arc::new(intake),
            topics: TopicTable::new(topics.iter().map(|name| Arc::from(*name)).collect()),
            partitions,
            errors: Vec::new(),
            losses: Losses::new(OnLostOffsets::Stop),
            passed_over: Vec::new(),
            growth: None,
            config: config.clone(),
            shutdown: shutdown.clone(),
        };
        source.consumer()?.assign(&source.assignment(&source.partitions)?).map_err(|error| client_error(&error))?;
        tracing::info!(brokers = config.brokers, ?topics, partitions = source.partitions.len(), "reading from kafka");
        Ok(source)
    }

    /// Where each partition is to be read from; its messages flow into the intake.
    fn assignment(&self, partitions: &[Partition]) -> Result<TopicPartitionList, SourceError> {
        let mut assignment = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let name = self.name(partition.topic)?;
            if !self.intake.redirect(name, partition.partition) {
                return Err(unwilling("no queue for a partition"));
            }
            let start = Offset::Offset(partition.start);
            assignment.add_partition_offset(name, partition.partition, start).map_err(|error| client_error(&error))?;
        }
        Ok(assignment)
    }

    fn name(&self, topic: usize) -> Result<&Arc<str>, SourceError> {
        self.topics.names().get(topic).ok_or_else(|| unwilling("no such topic"))
    }

    /// Names of the topics, in the order asked for.
    #[must_use]
    pub fn topics(&self) -> &[Arc<str>] {
        self.topics.names()
    }

    /// All partitions as they stood when they were found: those of the start
    /// first, by topic and number.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// Reads up to `max` messages (and ends of partitions, which count too).
    /// Returns once it has them or `timeout` has passed, so a quiet topic
    /// costs that much delay and a busy one none.
    ///
    /// # Errors
    /// What does not pass by itself: a topic that is gone, messages that were
    /// deleted before they were read, a refused login; all that was read before
    /// it was given then. Trouble that passes, as when no broker answers, is
    /// logged and the batch comes back empty.
    pub fn poll(&mut self, max: usize, timeout: Duration) -> Result<MessageBatch, SourceError> {
        self.serve()?;
        for error in std::mem::take(&mut self.errors) {
            self.meet(error)?;
        }
        self.find_added()?;
        let (ends, lost) = (std::mem::take(&mut self.passed_over), self.losses.take());
        if !ends.is_empty() || !lost.is_empty() {
            return Ok(MessageBatch::telling(Arc::clone(&self.intake), ends, lost));
        }
        Ok(self.intake.consume(&mut self.topics, max, timeout, &mut self.errors))
    }

    /// Handles what the client has to say apart from messages.
    fn serve(&self) -> Result<(), SourceError> {
        let consumer = self.consumer()?;
        // Messages flow into the intake's own queue: here are events alone,
        // which the context has seen by the time they are returned.
        while consumer.poll(Duration::ZERO).is_some() {}
        consumer.context().take().map_or(Ok(()), |lasting| Err(SourceError::of_client(&lasting)))
    }

    /// Reads no more of a partition for now: the next poll gives nothing of it.
    /// What it would have given is fetched again by [`Source::resume`].
    ///
    /// # Errors
    /// The client refuses.
    pub fn pause(&mut self, topic: usize, partition: i32) -> Result<(), SourceError> {
        let partitions = self.one(topic, partition)?;
        self.losses.pause((topic, partition));
        self.consumer()?.pause(&partitions).map_err(|error| client_error(&error))
    }

    /// Reads a paused partition again, from `next_offset` on: one past the last
    /// offset that a poll has given of it.
    ///
    /// # Errors
    /// The client refuses.
    pub fn resume(&mut self, topic: usize, partition: i32, next_offset: i64) -> Result<(), SourceError> {
        let partitions = self.one(topic, partition)?;
        let (next_offset, broken) = self.losses.resume((topic, partition), next_offset);
        self.consumer()?.resume(&partitions).map_err(|error| client_error(&error))?;
        if broken {
            return self.read_anew((topic, partition), next_offset);
        }
        // By itself the client goes on one offset behind an end that it reported, and would leave a message out.
        let (name, next_offset) = (self.name(topic)?, Offset::Offset(next_offset));
        self.consumer()?.seek(name, partition, next_offset, Duration::ZERO).map_err(|error| client_error(&error))
    }

    fn one(&self, topic: usize, partition: i32) -> Result<TopicPartitionList, SourceError> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(self.name(topic)?, partition);
        Ok(list)
    }

    /// Commits positions to Kafka in the background, for lag tools alone:
    /// whether it succeeds changes nothing here. Positions are topic index,
    /// partition and the next offset to read.
    pub fn commit(&self, positions: &[(usize, i32, i64)]) {
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for (topic, partition, next_offset) in positions {
            let Some(name) = self.topics.names().get(*topic) else {
                continue;
            };
            if let Err(error) = list.add_partition_offset(name, *partition, Offset::Offset(*next_offset)) {
                tracing::debug!(%error, topic = &**name, partition, "failed to note a position for lag tools");
            }
        }
        let committed = self.consumer().map(|consumer| consumer.commit(&list, CommitMode::Async));
        if let Ok(Err(error)) = committed {
            tracing::debug!(%error, "failed to commit positions to kafka; lag tools show old ones");
        }
    }

    /// Stops reading. Batches that are still held stay valid; the connection
    /// closes when the last is dropped, within five seconds.
    pub fn close(self) {
        drop(self);
    }

    fn consumer(&self) -> Result<&BaseConsumer<Events>, SourceError> {
        self.intake.consumer().ok_or_else(|| unwilling("closed"))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.intake.consumer().map(Consumer::unassign) {
            tracing::debug!(%error, "failed to stop fetching before closing");
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("topics", &self.topics.names())
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

/// The partitions of `topics` as they stand now; nothing is read. Waits and
/// fails as [`Source::connect`] does.
///
/// # Errors
/// No broker, a missing topic, a refused login, or a property librdkafka does
/// not take.
pub fn bounds(
    isolation: Isolation,
    config: &KafkaConfig,
    shutdown: &Shutdown,
    topics: &[&str],
) -> Result<Vec<Partition>, SourceError> {
    let consumer = consumer(config, isolation, shutdown)?;
    discover::Search::new(&consumer, config, shutdown).partitions(topics, |_, _| None)
}

fn consumer(
    config: &KafkaConfig,
    isolation: Isolation,
    shutdown: &Shutdown,
) -> Result<Kept<BaseConsumer<Events>>, SourceError> {
    Ok(client::make(config, client::consumer(config, isolation), Some(shutdown), |events| events)?)
}

/// Waits for topics that are written to, as [`Source::connect`] does for those
/// that are read.
///
/// # Errors
/// No broker, a missing topic, a refused login, or a property librdkafka does
/// not take.
pub fn await_topics(config: &KafkaConfig, shutdown: &Shutdown, topics: &[&str]) -> Result<(), SourceError> {
    let consumer = consumer(config, Isolation::Committed, shutdown)?;
    let search = Search::new(&consumer, config, shutdown);
    for topic in topics {
        search.count(topic)?;
    }
    Ok(())
}

pub(super) fn client_error(error: &rdkafka::error::KafkaError) -> SourceError {
    SourceError::Client { reason: failure::describe(error) }
}

pub(super) fn unwilling(what: &str) -> SourceError {
    SourceError::Client { reason: what.to_owned() }
}

impl From<ClientError> for SourceError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Settings { reason } => Self::Settings { reason },
            ClientError::Login(error) => Self::Login(error),
        }
    }
}

impl SourceError {
    pub(super) fn of_client(lasting: &Lasting) -> Self {
        if failure::is_refusal(lasting.code) {
            Self::Refused { reason: lasting.reason.clone() }
        } else {
            Self::Client { reason: lasting.reason.clone() }
        }
    }

    pub(super) fn of_partition(topic: &str, error: &PartitionError) -> Self {
        let topic = topic.to_owned();
        let (partition, offset) = (error.partition, error.offset);
        match error.code {
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition => Self::TopicMissing { topic, seconds: 0 },
            code if failure::is_refusal(code) => Self::Refused { reason: error.reason.clone() },
            code => {
                Self::Partition { topic, partition, offset, code: format!("{code:?}"), reason: error.reason.clone() }
            }
        }
    }
}
