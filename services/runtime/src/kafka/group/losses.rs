//! What the brokers deleted before a member of a group read it.

use std::collections::BTreeMap;

use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::Offset;

use super::{GroupSource, Place, client_error};
use crate::config::OnLostOffsets;
use crate::kafka::batch::{LostOffsets, PartitionError};
use crate::kafka::failure;
use crate::kafka::lost::{self, Remedy};
use crate::kafka::source::{SourceError, unwilling};

impl GroupSource {
    /// Has what will be deleted unread dealt with by `policy`; by default the
    /// source stops at it.
    #[must_use]
    pub fn minding_losses(mut self, policy: OnLostOffsets) -> Self {
        self.losses.set_policy(policy);
        self
    }

    /// Whether the group has committed a position of any partition of a topic,
    /// so that what was deleted since was to be read.
    ///
    /// # Errors
    /// As [`GroupSource::committed`].
    pub fn has_begun(&self, topic: usize) -> Result<bool, SourceError> {
        let places: Vec<Place> = (0..self.partitions(topic)?).map(|partition| (topic, partition)).collect();
        Ok(!self.committed(&places)?.is_empty())
    }

    /// Deals with what was deleted of a partition before it was assigned: says
    /// it aloud, and stops at it where the policy is to.
    ///
    /// # Errors
    /// [`SourceError::OffsetLost`] where the source is to stop.
    pub fn meet_loss(&mut self, lost: LostOffsets) -> Result<(), SourceError> {
        let topic = self.topics.names().get(lost.topic).ok_or_else(|| unwilling("no such topic"))?;
        self.losses.meet(topic, lost, lost.next_offset - lost.first)
    }

    /// Deals with an error of a partition.
    pub(super) fn meet(&mut self, error: PartitionError) -> Result<(), SourceError> {
        let place = (error.topic, error.partition);
        if !self.owned.contains(&place) {
            return Ok(());
        }
        let topic = self.topics.names().get(error.topic).map_or("(unknown)", |name| name);
        if failure::is_transient(error.code) {
            tracing::warn!(topic, partition = error.partition, code = ?error.code, reason = error.reason, "kafka is in trouble; the client tries again");
            return Ok(());
        }
        if !lost::is_of_position(error.code) {
            return Err(SourceError::of_partition(topic, &error));
        }
        if self.losses.leaves_for_later(place) {
            return Ok(());
        }
        // While the group waits for an answer, what is done to the assignment would pass for it.
        if self.unanswered > 0 || self.consumer()?.context().is_rebalancing() {
            self.errors.push(error);
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
    pub(super) fn read_anew(&mut self, place: Place, next_offset: i64) -> Result<(), SourceError> {
        let list = self.list([(place, Offset::Invalid)])?;
        self.consumer()?.incremental_unassign(&list).map_err(|error| client_error(&error))?;
        self.read(&BTreeMap::from([(place, next_offset)]))?;
        // Giving it up has cut its queue off; that is over once it is assigned.
        let name = self.topics.names().get(place.0).ok_or_else(|| unwilling("no such topic"))?;
        if self.intake.redirect(name, place.1) { Ok(()) } else { Err(unwilling("no queue for a partition")) }
    }
}
