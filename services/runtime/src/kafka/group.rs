//! Reading topics as one of several members of a consumer group.
//!
//! What the group wants (take these partitions, give those up) comes as a
//! [`Change`] beside the messages and waits for an answer: so whoever reads can
//! make safe what he has before he gives a partition up, and find out where to
//! begin before he takes one. What he keeps is read meanwhile.

mod losses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::batch::{Intake, MessageBatch, PartitionEnd, PartitionError, TopicTable};
use super::client::{self, Events, Kept, Rebalance};
use super::failure;
use super::lost::Losses;
use super::source::{Search, SourceError, client_error, unwilling};
use crate::config::{KafkaConfig, OnLostOffsets};
use crate::shutdown::Shutdown;

/// Index of a topic, as in [`GroupSource::topics`], and partition.
pub type Place = (usize, i32);

/// What the group wants. Each is answered once, in the order they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Take these: answer by [`GroupSource::assign`].
    Assigned(Vec<Place>),
    /// Give these up: answer by [`GroupSource::release`]. No message of them
    /// comes any more.
    Revoked(Vec<Place>),
    /// These are gone, others may have them already: answer likewise.
    Lost(Vec<Place>),
}

/// Events waiting in the client that are served at a time.
const EVENTS_PER_POLL: usize = 16;
/// Longest single question, so that a shutdown is noticed in between.
const STEP: Duration = Duration::from_secs(1);

/// A member of a consumer group. Its calls block, so it belongs on a thread of
/// its own. Only committed transactions are read; offsets that hold no record
/// show as with [`super::Source`].
pub struct GroupSource {
    intake: Arc<Intake>,
    topics: TopicTable,
    /// Partitions each topic had at the start.
    counts: Vec<i32>,
    /// Partitions that are read.
    owned: BTreeSet<Place>,
    /// How far each of them is known to be read.
    reached: BTreeMap<Place, i64>,
    errors: Vec<PartitionError>,
    /// One past the offset of the last error of each: the client counts an
    /// error as read (`rd_kafka_q_serve_rkmessages`, 2.12.1), so that position
    /// proves nothing.
    misled: BTreeMap<Place, i64>,
    losses: Losses,
    /// Changes that were handed out and not answered yet.
    unanswered: usize,
    config: KafkaConfig,
    shutdown: Shutdown,
}

impl GroupSource {
    /// Joins `group` to read `topics`.
    ///
    /// Waits `kafka.connect_timeout_seconds` for a broker and
    /// `kafka.topic_wait_seconds` for a topic, and gives up early when
    /// `shutdown` is requested.
    ///
    /// # Errors
    /// No broker, a missing topic, a refused login, or a property librdkafka
    /// does not take.
    pub fn join(config: &KafkaConfig, shutdown: &Shutdown, group: &str, topics: &[&str]) -> Result<Self, SourceError> {
        let consumer: Kept<BaseConsumer<Events>> =
            client::make(config, client::member(config, group), Some(shutdown), |events| events)?;
        let search = Search::new(&consumer, config, shutdown);
        let mut counts = Vec::with_capacity(topics.len());
        for topic in topics {
            counts.push(search.count(topic)?);
        }
        consumer.subscribe(topics).map_err(|error| client_error(&error))?;
        let intake = Intake::new(consumer).ok_or_else(|| unwilling("no queue"))?;
        tracing::info!(brokers = config.brokers, group, ?topics, "joining a group");
        Ok(Self {
            intake: Arc::new(intake),
            topics: TopicTable::new(topics.iter().map(|name| Arc::from(*name)).collect()),
            counts,
            owned: BTreeSet::new(),
            reached: BTreeMap::new(),
            errors: Vec::new(),
            misled: BTreeMap::new(),
            losses: Losses::new(OnLostOffsets::Stop),
            unanswered: 0,
            config: config.clone(),
            shutdown: shutdown.clone(),
        })
    }

    /// Names of the topics, in the order asked for.
    #[must_use]
    pub fn topics(&self) -> &[Arc<str>] {
        self.topics.names()
    }

    /// Partitions a topic has now.
    ///
    /// # Errors
    /// As [`GroupSource::join`].
    pub fn partitions(&self, topic: usize) -> Result<i32, SourceError> {
        let name = self.topics.names().get(topic).ok_or_else(|| unwilling("no such topic"))?;
        Search::new(self.consumer()?, &self.config, &self.shutdown).count(name)
    }

    /// Partitions each topic had when the group was joined.
    #[must_use]
    pub fn counts(&self) -> &[i32] {
        &self.counts
    }

    /// Reads up to `max` messages of the partitions that are assigned; see
    /// [`super::Source::poll`]. Its ends say how far each partition was read
    /// that was read any further, at the end of the log or not.
    ///
    /// # Errors
    /// As [`super::Source::poll`].
    pub fn poll(&mut self, max: usize, timeout: Duration) -> Result<MessageBatch, SourceError> {
        self.serve()?;
        for error in std::mem::take(&mut self.errors) {
            self.meet(error)?;
        }
        let lost = self.losses.take();
        if !lost.is_empty() {
            let mut batch = MessageBatch::telling(Arc::clone(&self.intake), Vec::new(), lost);
            batch.retain(|topic, partition| self.owned.contains(&(topic, partition)));
            return Ok(batch);
        }
        let mut batch = self.intake.consume(&mut self.topics, max, timeout, &mut self.errors);
        self.misled.extend(self.errors.iter().map(|error| ((error.topic, error.partition), error.offset + 1)));
        for (place, offset) in self.positions()? {
            if self.misled.get(&place) != Some(&offset) && self.reached.insert(place, offset) != Some(offset) {
                batch.add_end(PartitionEnd { topic: place.0, partition: place.1, offset });
            }
        }
        let owned = &self.owned;
        batch.retain(|topic, partition| owned.contains(&(topic, partition)));
        Ok(batch)
    }

    /// Where the client has got to in the partitions that are read, beyond
    /// offsets that hold no record.
    fn positions(&self) -> Result<Vec<(Place, i64)>, SourceError> {
        let list = self.consumer()?.position().map_err(|error| client_error(&error))?;
        let mut positions = Vec::with_capacity(self.owned.len());
        for (place, element) in self.places(&list)?.into_iter().zip(list.elements()) {
            if let Offset::Offset(offset) = element.offset()
                && self.owned.contains(&place)
            {
                positions.push((place, offset));
            }
        }
        Ok(positions)
    }

    /// Handles what the client has to say apart from messages.
    fn serve(&self) -> Result<(), SourceError> {
        let consumer = self.consumer()?;
        for _ in 0..EVENTS_PER_POLL {
            // Messages flow into the intake's own queue: here are events alone.
            let _event = consumer.poll(Duration::ZERO);
        }
        match consumer.context().take() {
            None => Ok(()),
            // The group sees to it by itself: the partitions are lost, and new ones come.
            Some(lasting) if is_of_the_group(lasting.code) => Ok(()),
            Some(lasting) => Err(SourceError::of_client(&lasting)),
        }
    }

    /// What the group wants since the last call. From then on no message
    /// comes of what has to be given up.
    ///
    /// # Errors
    /// The group names a topic that was not asked for.
    pub fn changes(&mut self) -> Result<Vec<Change>, SourceError> {
        let rebalances = self.consumer()?.context().rebalances();
        let mut changes = Vec::with_capacity(rebalances.len());
        for rebalance in rebalances {
            changes.push(match rebalance {
                Rebalance::Assigned(partitions) => Change::Assigned(self.places(&partitions)?),
                Rebalance::Revoked { partitions, lost } => {
                    let places = self.places(&partitions)?;
                    for place in &places {
                        self.owned.remove(place);
                    }
                    if lost { Change::Lost(places) } else { Change::Revoked(places) }
                }
            });
        }
        self.unanswered += changes.len();
        Ok(changes)
    }

    fn places(&self, partitions: &TopicPartitionList) -> Result<Vec<Place>, SourceError> {
        let place = |name: &str, partition| {
            let topic = self.topics.names().iter().position(|known| &**known == name);
            topic.map(|topic| (topic, partition)).ok_or_else(|| unwilling("a partition of a strange topic"))
        };
        partitions.elements().iter().map(|element| place(element.topic(), element.partition())).collect()
    }

    fn list(&self, offsets: impl IntoIterator<Item = (Place, Offset)>) -> Result<TopicPartitionList, SourceError> {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), offset) in offsets {
            let name = self.topics.names().get(topic).ok_or_else(|| unwilling("no such topic"))?;
            list.add_partition_offset(name, partition, offset).map_err(|error| client_error(&error))?;
        }
        Ok(list)
    }

    /// Takes partitions, each from its offset on.
    ///
    /// # Errors
    /// The client refuses.
    pub fn assign(&mut self, starts: &BTreeMap<Place, i64>) -> Result<(), SourceError> {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.read(starts)
    }

    fn read(&mut self, starts: &BTreeMap<Place, i64>) -> Result<(), SourceError> {
        for (topic, partition) in starts.keys() {
            let name = self.topics.names().get(*topic).ok_or_else(|| unwilling("no such topic"))?;
            if !self.intake.redirect(name, *partition) {
                return Err(unwilling("no queue for a partition"));
            }
        }
        let list = self.list(starts.iter().map(|(place, offset)| (*place, Offset::Offset(*offset))))?;
        self.consumer()?.incremental_assign(&list).map_err(|error| client_error(&error))?;
        self.owned.extend(starts.keys());
        self.reached.retain(|place, _| !starts.contains_key(place));
        self.misled.retain(|place, _| !starts.contains_key(place));
        Ok(())
    }

    /// Gives partitions up.
    ///
    /// # Errors
    /// The client refuses.
    pub fn release(&mut self, places: &[Place]) -> Result<(), SourceError> {
        self.unanswered = self.unanswered.saturating_sub(1);
        for place in places {
            self.owned.remove(place);
        }
        self.losses.forget(places);
        let list = self.list(places.iter().map(|place| (*place, Offset::Invalid)))?;
        self.consumer()?.incremental_unassign(&list).map_err(|error| client_error(&error))
    }

    /// The positions committed to the group, where there are any.
    ///
    /// # Errors
    /// No answer in time.
    pub fn committed(&self, places: &[Place]) -> Result<BTreeMap<Place, i64>, SourceError> {
        let asked = Instant::now();
        let found = loop {
            let list = self.list(places.iter().map(|place| (*place, Offset::Invalid)))?;
            match self.consumer()?.committed_offsets(list, STEP) {
                Ok(found) => break found,
                Err(error) => self.may_ask_again(&error, asked)?,
            }
        };
        let mut committed = BTreeMap::new();
        for (place, element) in self.places(&found)?.into_iter().zip(found.elements()) {
            if let Offset::Offset(offset) = element.offset() {
                committed.insert(place, offset);
            }
        }
        Ok(committed)
    }

    fn may_ask_again(&self, error: &rdkafka::error::KafkaError, asked: Instant) -> Result<(), SourceError> {
        let passes = error.rdkafka_error_code().is_some_and(failure::is_transient);
        if self.shutdown.is_requested() {
            return Err(SourceError::Interrupted);
        }
        if passes && asked.elapsed() < self.config.connect_timeout() {
            return Ok(());
        }
        Err(client_error(error))
    }

    /// First offset that the broker still has of a partition, and one past the
    /// last that can be read.
    ///
    /// # Errors
    /// As [`GroupSource::join`].
    pub fn bounds(&self, (topic, partition): Place) -> Result<(i64, i64), SourceError> {
        let name = self.topics.names().get(topic).ok_or_else(|| unwilling("no such topic"))?;
        Search::new(self.consumer()?, &self.config, &self.shutdown).range(name, partition)
    }

    /// Commits positions (the next offset to read) to the group, and waits for
    /// the answer. False where the group has given the partitions to others:
    /// they begin at the position before.
    ///
    /// # Errors
    /// The group's coordinator does not answer in time, or refuses.
    pub fn commit(&self, positions: &BTreeMap<Place, i64>) -> Result<bool, SourceError> {
        if positions.is_empty() {
            return Ok(true);
        }
        let list = self.list(positions.iter().map(|(place, offset)| (*place, Offset::Offset(*offset))))?;
        let asked = Instant::now();
        loop {
            match self.consumer()?.commit(&list, CommitMode::Sync) {
                Ok(()) => return Ok(true),
                Err(error) if error.rdkafka_error_code().is_some_and(is_of_the_group) => {
                    tracing::info!(%error, "positions are not committed: the group has moved on");
                    return Ok(false);
                }
                Err(error) => self.may_ask_again(&error, asked)?,
            }
        }
    }

    /// Reads no more of a partition for now; see [`super::Source::pause`].
    ///
    /// # Errors
    /// The client refuses.
    pub fn pause(&mut self, place: Place) -> Result<(), SourceError> {
        self.losses.pause(place);
        let list = self.list([(place, Offset::Invalid)])?;
        self.consumer()?.pause(&list).map_err(|error| client_error(&error))
    }

    /// Reads a paused partition again; `next_offset` is one past the last
    /// offset that a poll has given of it.
    ///
    /// # Errors
    /// The client refuses.
    pub fn resume(&mut self, place: Place, next_offset: i64) -> Result<(), SourceError> {
        let list = self.list([(place, Offset::Invalid)])?;
        self.consumer()?.resume(&list).map_err(|error| client_error(&error))?;
        let (next_offset, broken) = self.losses.resume(place, next_offset);
        if broken { self.read_anew(place, next_offset) } else { Ok(()) }
    }

    fn consumer(&self) -> Result<&BaseConsumer<Events>, SourceError> {
        self.intake.consumer().ok_or_else(|| unwilling("closed"))
    }
}

/// Leaves the group, so that the others need not wait for it to be missed.
/// What is not committed then is not committed. Batches that are still held
/// stay valid; the connection closes when the last is dropped, within five
/// seconds.
impl Drop for GroupSource {
    fn drop(&mut self) {
        if let Some(consumer) = self.intake.consumer() {
            consumer.context().leave();
            // What waits unanswered would keep the group waiting.
            for rebalance in consumer.context().rebalances() {
                let answered = match rebalance {
                    Rebalance::Assigned(_) => consumer.incremental_assign(&TopicPartitionList::new()),
                    Rebalance::Revoked { partitions, .. } => consumer.incremental_unassign(&partitions),
                };
                if let Err(error) = answered {
                    tracing::debug!(%error, "failed to answer the group while leaving it");
                }
            }
        }
    }
}

impl std::fmt::Debug for GroupSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupSource")
            .field("topics", &self.topics.names())
            .field("owned", &self.owned)
            .finish_non_exhaustive()
    }
}

/// Whether an error says that the group has other members or another
/// generation than this member thinks.
const fn is_of_the_group(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::RebalanceInProgress
            | RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::FencedInstanceId
            | RDKafkaErrorCode::StaleMemberEpoch
            | RDKafkaErrorCode::FencedMemberEpoch
            | RDKafkaErrorCode::AssignmentLost
            | RDKafkaErrorCode::NoOffset
            | RDKafkaErrorCode::PollExceeded
    )
}
