//! Messages that the brokers deleted before they were read: what is done about
//! them, and that it is told in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::types::RDKafkaErrorCode;

use super::batch::{LostOffsets, PartitionError};
use super::client::Events;
use super::failure;
use super::source::SourceError;
use crate::config::OnLostOffsets;

/// Longest wait for a partition's bounds; asked again with the next poll.
const STEP: Duration = Duration::from_secs(1);

/// Index of a topic, and partition.
type Place = (usize, i32);

/// What was lost and is not told yet.
#[derive(Debug)]
pub(super) struct Losses {
    policy: OnLostOffsets,
    untold: BTreeMap<Place, LostOffsets>,
    /// Whoever reads holds messages of these, which come first.
    paused: BTreeSet<Place>,
    /// Where reading went on behind the last loss of each.
    behind: BTreeMap<Place, i64>,
    /// Paused ones that the client reads no more: begun anew when resumed.
    broken: BTreeSet<Place>,
}

/// What an error about a partition's position comes to.
enum Verdict {
    /// These are gone.
    Lost(LostOffsets),
    /// The brokers do not answer: to be asked again.
    Unknown,
}

/// What is to be done about such an error.
pub(super) enum Remedy {
    /// Nothing: it was dealt with before.
    Nothing,
    /// It is met again later.
    Later,
    /// The client has to be made to read the partition from this offset.
    ReadFrom(i64),
}

impl Losses {
    pub(super) const fn new(policy: OnLostOffsets) -> Self {
        Self {
            policy,
            untold: BTreeMap::new(),
            behind: BTreeMap::new(),
            paused: BTreeSet::new(),
            broken: BTreeSet::new(),
        }
    }

    pub(super) const fn set_policy(&mut self, policy: OnLostOffsets) {
        self.policy = policy;
    }

    /// Says aloud what is gone: `count` of the offsets of `lost`. It is told
    /// with the next batch where reading goes on, else it is an error.
    pub(super) fn meet(&mut self, topic: &str, lost: LostOffsets, count: i64) -> Result<(), SourceError> {
        let LostOffsets { partition, first, next_offset, .. } = lost;
        if self.policy == OnLostOffsets::Stop {
            tracing::error!(topic, partition, first, next_offset, offsets = count, "offsets were deleted unread");
            return Err(SourceError::OffsetLost { topic: topic.to_owned(), partition, first, next_offset, count });
        }
        tracing::warn!(
            topic,
            partition,
            first,
            next_offset,
            offsets = count,
            "offsets were deleted unread; reading goes on behind them"
        );
        let untold = self.untold.entry((lost.topic, partition)).or_insert(lost);
        untold.next_offset = next_offset;
        self.behind.insert((lost.topic, partition), next_offset);
        Ok(())
    }

    /// Finds out what an error about a partition's position comes to, and meets
    /// what was lost.
    ///
    /// # Errors
    /// [`SourceError::OffsetLost`] where the source is to stop at it; the
    /// position lies beyond the end, or the partition was cut off behind it.
    pub(super) fn settle(
        &mut self,
        consumer: &BaseConsumer<Events>,
        topic: &str,
        error: &PartitionError,
    ) -> Result<Remedy, SourceError> {
        match judge(consumer, topic, error)? {
            Verdict::Unknown => Ok(Remedy::Later),
            Verdict::Lost(lost) if self.is_past((error.topic, error.partition), lost.first) => Ok(Remedy::Nothing),
            Verdict::Lost(lost) => {
                self.meet(topic, lost, lost.next_offset - lost.first)?;
                Ok(Remedy::ReadFrom(lost.next_offset))
            }
        }
    }

    /// Whether reading went on behind `offset` already: what is said of it is old.
    fn is_past(&self, place: Place, offset: i64) -> bool {
        self.behind.get(&place).is_some_and(|behind| offset < *behind)
    }

    pub(super) fn pause(&mut self, place: Place) {
        self.paused.insert(place);
    }

    /// Whether a partition is paused; then it is left alone until it is resumed.
    pub(super) fn leaves_for_later(&mut self, place: Place) -> bool {
        let paused = self.paused.contains(&place);
        if paused {
            self.broken.insert(place);
        }
        paused
    }

    /// Where a paused partition goes on that was read up to `next_offset`, and
    /// whether the client has to be made to read it.
    pub(super) fn resume(&mut self, place: Place, next_offset: i64) -> (i64, bool) {
        self.paused.remove(&place);
        let behind = self.untold.get(&place).map_or(next_offset, |lost| lost.next_offset.max(next_offset));
        (behind, self.broken.remove(&place))
    }

    /// Forgets partitions that somebody else reads now.
    pub(super) fn forget(&mut self, places: &[Place]) {
        for place in places {
            self.untold.remove(place);
            self.behind.remove(place);
            self.paused.remove(place);
            self.broken.remove(place);
        }
    }

    /// What is to be told now.
    pub(super) fn take(&mut self) -> Vec<LostOffsets> {
        let of_all = std::mem::take(&mut self.untold).into_iter();
        let (wait, told): (BTreeMap<_, _>, BTreeMap<_, _>) = of_all.partition(|(place, _)| self.paused.contains(place));
        self.untold = wait;
        told.into_values().collect()
    }
}

/// Whether an error says that there is nothing at a partition's position.
pub(super) const fn is_of_position(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
}

/// What such an error comes to.
///
/// # Errors
/// The position lies beyond the end, or the partition was cut off behind it:
/// nothing that reading on could mend.
fn judge(consumer: &BaseConsumer<Events>, topic: &str, error: &PartitionError) -> Result<Verdict, SourceError> {
    let (partition, wanted) = (error.partition, error.offset);
    let (log_start, end) = match consumer.fetch_watermarks(topic, partition, STEP) {
        Ok(bounds) => bounds,
        Err(error) if error.rdkafka_error_code().is_some_and(failure::is_transient) => return Ok(Verdict::Unknown),
        Err(error) => return Err(SourceError::Client { reason: failure::describe(&error) }),
    };
    if wanted > end {
        return Err(SourceError::PositionAhead { topic: topic.to_owned(), partition, wanted, end });
    }
    if !(0..log_start).contains(&wanted) {
        return Err(SourceError::of_partition(topic, error));
    }
    Ok(Verdict::Lost(LostOffsets { topic: error.topic, partition, first: wanted, next_offset: log_start }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const LOST: LostOffsets = LostOffsets { topic: 1, partition: 2, first: 5, next_offset: 9 };

    /// Proves that what is lost is an error where reading stops at it, and is
    /// told once where it goes on; two losses in a row are told as one.
    #[test]
    fn losses_are_told_once() {
        let mut losses = Losses::new(OnLostOffsets::Stop);
        let error = losses.meet("t", LOST, 4).unwrap_err();
        let topic = "t".to_owned();
        assert_eq!(error, SourceError::OffsetLost { topic, partition: 2, first: 5, next_offset: 9, count: 4 });
        assert!(losses.take().is_empty() && !losses.is_past((1, 2), 5));
        losses.set_policy(OnLostOffsets::Skip);
        losses.meet("t", LOST, 4).unwrap();
        losses.meet("t", LostOffsets { first: 9, next_offset: 12, ..LOST }, 3).unwrap();
        assert_eq!(losses.take(), [LostOffsets { next_offset: 12, ..LOST }]);
        assert!(losses.take().is_empty() && losses.is_past((1, 2), 11) && !losses.is_past((1, 2), 12));
    }

    /// Proves that a loss waits for what is held of its partition, which then
    /// goes on behind it, and that other partitions do not wait.
    #[test]
    fn losses_wait_for_what_is_held() {
        let mut losses = Losses::new(OnLostOffsets::Skip);
        losses.pause((1, 2));
        losses.meet("t", LOST, 4).unwrap();
        let other = LostOffsets { partition: 3, ..LOST };
        losses.meet("t", other, 4).unwrap();
        assert_eq!(losses.take(), [other]);
        assert!(losses.leaves_for_later((1, 2)) && !losses.leaves_for_later((1, 3)));
        assert_eq!(losses.resume((1, 2), 5), (9, true));
        assert_eq!(losses.take(), [LOST]);
        losses.pause((1, 2));
        assert_eq!(losses.resume((1, 2), 11), (11, false));
    }
}
