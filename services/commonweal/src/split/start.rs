//! Where a worker begins to read the partitions it is given.

use crate::AppError;
use commonweal_runtime::config::OnLostOffsets;
use commonweal_runtime::kafka::{GroupSource, LostOffsets, Place, SourceError};
use std::collections::BTreeMap;

/// Bounds of a partition when it was assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    /// Position to go on from; `None`: nothing was read yet.
    pub(super) wanted: Option<i64>,
    /// First offset that will be read: later than wanted where the broker has
    /// dropped what was wanted.
    pub(super) from: i64,
    /// One past the last that can be read now.
    pub(super) end: i64,
}

/// Where to read `places` from, given the positions wanted.
pub(super) fn starts(
    source: &GroupSource,
    places: &[Place],
    wanted: &BTreeMap<Place, i64>,
) -> Result<BTreeMap<Place, Start>, AppError> {
    let mut starts = BTreeMap::new();
    for &place in places {
        let (log_start, end) = source.bounds(place)?;
        let wanted = wanted.get(&place).copied();
        let (topic, partition) = (source.topics()[place.0].to_string(), place.1);
        if let Some(wanted) = wanted.filter(|wanted| *wanted > end) {
            return Err(SourceError::PositionAhead { topic, partition, wanted, end }.into());
        }
        let from = wanted.map_or(log_start, |wanted| wanted.max(log_start));
        starts.insert(place, Start { wanted, from, end });
    }
    Ok(starts)
}

/// Takes the partitions.
pub(super) fn assign(source: &mut GroupSource, starts: &BTreeMap<Place, Start>) -> Result<(), AppError> {
    let offsets = starts.iter().map(|(place, start)| (*place, start.from)).collect();
    source.assign(&offsets)?;
    tracing::info!(partitions = names(source, starts.keys()), "partitions taken over");
    Ok(())
}

/// Fails where messages between services were deleted before they were passed
/// on, unless the policy is to go on: the raw topics may hold them still.
pub(super) fn check_kept(
    source: &GroupSource,
    starts: &BTreeMap<Place, Start>,
    policy: OnLostOffsets,
) -> Result<(), AppError> {
    for ((topic, partition), start) in starts {
        lost_between(&source.topics()[*topic], *partition, (start.wanted.unwrap_or(start.from), start.from), policy)?;
    }
    Ok(())
}

/// The same for the offsets from one to before the other, if any.
pub(super) fn lost_between(
    topic: &str,
    partition: i32,
    (first, next_offset): (i64, i64),
    policy: OnLostOffsets,
) -> Result<(), AppError> {
    if first >= next_offset {
        return Ok(());
    }
    let error = AppError::LostBetween { topic: topic.to_owned(), partition, first, next_offset };
    if policy == OnLostOffsets::Stop {
        return Err(error);
    }
    tracing::error!(%error, "messages between services are lost; the books lack what they held");
    Ok(())
}

/// Says what it means that reading goes on behind lost messages.
pub(super) fn tell_lost(source: &GroupSource, lost: &LostOffsets) {
    let &LostOffsets { topic, partition, first, next_offset } = lost;
    let told = lost_between(&source.topics()[topic], partition, (first, next_offset), OnLostOffsets::Skip);
    debug_assert!(told.is_ok(), "it only tells");
}

/// What it means that a topic between services cannot be read: where messages
/// were deleted, the raw topics hold them still.
pub(super) fn between(error: SourceError) -> AppError {
    match error {
        SourceError::OffsetLost { topic, partition, first, next_offset, .. } => {
            AppError::LostBetween { topic, partition, first, next_offset }
        }
        error => error.into(),
    }
}

/// Partitions as people read them.
pub(super) fn names<'a>(source: &GroupSource, places: impl IntoIterator<Item = &'a Place>) -> String {
    let name = |(topic, partition): &Place| format!("{}/{partition}", source.topics()[*topic]);
    places.into_iter().map(name).collect::<Vec<_>>().join(" ")
}
