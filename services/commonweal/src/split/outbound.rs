//! What a service passes on: sent, acknowledged, and only then are the
//! positions that it stands for committed.

use super::notes::Parcel;
use super::{POLL_WAIT, Worker};
use crate::AppError;
use commonweal_runtime::kafka::{GroupSource, Place, Record, Sink};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(super) struct Outbound {
    sink: Sink,
    topic: String,
    delivery_timeout: Duration,
    rows_max: usize,
    interval: Duration,
    /// Next offset to read of what was passed on since the last commit.
    positions: BTreeMap<Place, i64>,
    rows: usize,
    due: Option<Instant>,
    total: u64,
}

impl Outbound {
    /// To `topic`, which is keyed by identity.
    pub(super) fn new(worker: &Worker<'_>, topic: &str) -> Result<Self, AppError> {
        let config = worker.config();
        Ok(Self {
            sink: Sink::new(&config.kafka)?,
            topic: topic.to_owned(),
            delivery_timeout: config.kafka.delivery_timeout(),
            rows_max: config.split.commit_rows,
            interval: config.split.commit_interval(),
            positions: BTreeMap::new(),
            rows: 0,
            due: None,
            total: 0,
        })
    }

    /// Sends a message in the background.
    pub(super) fn send(&mut self, key: &[u8], value: &[u8]) -> Result<(), AppError> {
        Ok(self.sink.send(&self.topic, Some(key), Some(value), &[])?)
    }

    /// Sends a note in the background.
    pub(super) fn send_note(&mut self, parcel: &Parcel) -> Result<(), AppError> {
        Ok(self.sink.send(&self.topic, Some(&parcel.key), Some(&parcel.value), &parcel.headers)?)
    }

    /// Sends a message on in the background, untouched but for its place.
    pub(super) fn forward(&mut self, record: &Record<'_>) -> Result<(), AppError> {
        Ok(self.sink.send_record(&Record { topic: &self.topic, ..*record })?)
    }

    /// Notes that all below `next_offset` was passed on, with `rows` messages.
    pub(super) fn passed(&mut self, place: Place, next_offset: i64, rows: usize) {
        self.positions.insert(place, next_offset);
        self.rows += rows;
        self.total += rows as u64;
        self.due.get_or_insert_with(|| Instant::now() + self.interval);
    }

    /// Messages passed on so far.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// How long to wait for messages before it is time to commit.
    pub(super) fn wait(&self) -> Duration {
        self.due.map_or(POLL_WAIT, |due| due.saturating_duration_since(Instant::now()).min(POLL_WAIT))
    }

    pub(super) fn is_due(&self) -> bool {
        self.rows >= self.rows_max || self.due.is_some_and(|due| Instant::now() >= due)
    }

    /// Waits until everything sent is acknowledged, and commits its positions.
    /// Where the group has moved on, whoever has the partitions now repeats it.
    pub(super) fn settle(&mut self, source: &GroupSource) -> Result<(), AppError> {
        self.sink.flush(self.delivery_timeout)?;
        source.commit(&self.positions)?;
        self.positions.clear();
        (self.rows, self.due) = (0, None);
        Ok(())
    }

    /// Forgets the positions of partitions that are lost.
    pub(super) fn forget(&mut self, places: &[Place]) {
        self.positions.retain(|place, _| !places.contains(place));
    }
}
