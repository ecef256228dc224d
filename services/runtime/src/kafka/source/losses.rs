//! What the brokers deleted before this source read it.

use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{Partition, Source, SourceError, client_error, unwilling};
use crate::config::OnLostOffsets;
use crate::kafka::batch::{LostOffsets, PartitionEnd, PartitionError};
use crate::kafka::failure;
use crate::kafka::lost::{self, Remedy};

impl Partition {
    /// Offsets that were deleted before they were read.
    pub(super) fn deleted(&self) -> Option<LostOffsets> {
        let first = self.wanted.unwrap_or(0);
        let lost = LostOffsets { topic: self.topic, partition: self.partition, first, next_offset: self.start };
        (self.start > first).then_some(lost)
    }
}

impl Source {
    /// Has what was deleted unread, and what will be, dealt with by `policy`;
    /// by default the source stops at it. `unread` tells how many offsets of a
    /// topic's partition, from the first to before the last, were to be read:
    /// where that is none, they are passed over. To be called before the first
    /// poll.
    ///
    /// # Errors
    /// [`SourceError::OffsetLost`] for the first partition with a loss, where
    /// the source is to stop at it; all are logged.
    pub fn mind_losses(
        &mut self,
        policy: OnLostOffsets,
        unread: impl Fn(&str, i32, i64, i64) -> i64,
    ) -> Result<(), SourceError> {
        self.losses.set_policy(policy);
        let mut outcome = Ok(());
        for lost in self.partitions.iter().filter_map(Partition::deleted) {
            let name = self.topics.names().get(lost.topic).ok_or_else(|| unwilling("no such topic"))?;
            let LostOffsets { topic, partition, first, next_offset } = lost;
            match unread(name, partition, first, next_offset) {
                0 => {
                    tracing::info!(topic = &**name, partition, first, next_offset, "begins behind deleted offsets");
                    self.passed_over.push(PartitionEnd { topic, partition, offset: next_offset });
                }
                count => outcome = outcome.and(self.losses.meet(name, lost, count)),
            }
        }
        outcome
    }

    /// Deals with an error of a partition.
    pub(super) fn meet(&mut self, error: PartitionError) -> Result<(), SourceError> {
        let topic = self.topics.names().get(error.topic).map_or("(unknown)", |name| name);
        if failure::is_transient(error.code) {
            tracing::warn!(topic, partition = error.partition, code = ?error.code, reason = error.reason, "kafka is in trouble; the client tries again");
            return Ok(());
        }
        if !lost::is_of_position(error.code) {
            return Err(SourceError::of_partition(topic, &error));
        }
        let place = (error.topic, error.partition);
        if self.losses.leaves_for_later(place) {
            return Ok(());
        }
        let consumer = self.intake.consumer().ok_or_else(|| unwilling("closed"))?;
        match self.losses.settle(consumer, topic, &error)? {
            Remedy::Nothing => Ok(()),
            Remedy::Later => {
                self.errors.push(error);
                Ok(())
            }
            Remedy::ReadFrom(next_offset) => self.read_anew(place, next_offset),
        }
    }

    /// Has the client read a partition again that it gave up.
    pub(super) fn read_anew(&self, (topic, partition): (usize, i32), next_offset: i64) -> Result<(), SourceError> {
        let name = self.name(topic)?;
        self.consumer()?.incremental_unassign(&self.one(topic, partition)?).map_err(|error| client_error(&error))?;
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(name, partition, Offset::Offset(next_offset))
            .map_err(|error| client_error(&error))?;
        self.consumer()?.incremental_assign(&list).map_err(|error| client_error(&error))?;
        // Giving it up has cut its queue off; that is over once it is assigned.
        if self.intake.redirect(name, partition) { Ok(()) } else { Err(unwilling("no queue for a partition")) }
    }
}
