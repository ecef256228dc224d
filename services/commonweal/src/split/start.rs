//! Where a worker begins to read the partitions it is given.

use crate::AppError;
use commonweal_runtime::kafka::{GroupSource, Place, SourceError};
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
/// on: the raw topics hold them still.
pub(super) fn check_kept(source: &GroupSource, starts: &BTreeMap<Place, Start>) -> Result<(), AppError> {
    for ((topic, partition), start) in starts {
        let wanted = start.wanted.unwrap_or(start.from);
        if start.from > wanted {
            return Err(deleted(&source.topics()[*topic], *partition, wanted, start.from));
        }
    }
    Ok(())
}

/// Offsets from `wanted` to `from` of a topic between services are gone.
pub(super) fn deleted(topic: &str, partition: i32, wanted: i64, from: i64) -> AppError {
    AppError::Check(format!(
        "offsets {wanted} to {} of {topic} [{partition}] were deleted before they were read; have ingest and enrich \
         read everything anew under another kafka.group_id: what is in the books already is passed over",
        from - 1,
    ))
}

/// Partitions as people read them.
pub(super) fn names<'a>(source: &GroupSource, places: impl IntoIterator<Item = &'a Place>) -> String {
    let name = |(topic, partition): &Place| format!("{}/{partition}", source.topics()[*topic]);
    places.into_iter().map(name).collect::<Vec<_>>().join(" ")
}
