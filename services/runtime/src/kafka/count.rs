//! Reading without doing anything with what is read: the yardstick that
//! benchmarks are measured against.

use std::time::{Duration, Instant};

use super::batch::{Message, MessageBatch};
use super::source::{Partition, Source, SourceError};
use crate::config::KafkaConfig;
use crate::shutdown::Shutdown;

const BATCH: usize = 8_192;
/// The last batch is never full, so this is added to the time once.
const WAIT: Duration = Duration::from_millis(10);

/// What was there to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    pub messages: u64,
    /// Values and keys.
    pub bytes: u64,
    /// From the first poll to the last message.
    pub seconds: f64,
}

impl Counted {
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is for people: 52 bits are more than enough")]
    pub fn messages_per_second(&self) -> f64 {
        self.messages as f64 / self.seconds.max(f64::EPSILON)
    }
}

/// Reads `topics` from their beginnings to the ends that they have now;
/// messages that arrive meanwhile may count too.
///
/// # Errors
/// As [`Source::connect`] and [`Source::poll`]; [`SourceError::Interrupted`]
/// when `shutdown` is requested on the way.
pub fn count(config: &KafkaConfig, shutdown: &Shutdown, topics: &[&str]) -> Result<Counted, SourceError> {
    let mut source = Source::connect(config, shutdown, topics, |_, _| None)?;
    let begun = Instant::now();
    let mut counted = Counted { messages: 0, bytes: 0, seconds: 0.0 };
    read_to_end(&mut source, shutdown, |message| {
        counted.messages += 1;
        counted.bytes += (message.payload().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len)) as u64;
    })?;
    counted.seconds = begun.elapsed().as_secs_f64();
    Ok(counted)
}

/// Gives each message up to the ends that the partitions had when the source
/// connected; some that arrived meanwhile may be among them.
///
/// # Errors
/// As [`Source::poll`]; [`SourceError::Interrupted`] when `shutdown` is
/// requested on the way.
pub fn read_to_end(
    source: &mut Source,
    shutdown: &Shutdown,
    mut take: impl FnMut(Message<'_>),
) -> Result<(), SourceError> {
    // Partitions still to be finished, with the end of each.
    let mut open: Vec<_> =
        source.partitions().iter().filter(|partition| partition.start < partition.end).copied().collect();
    while !open.is_empty() {
        if shutdown.is_requested() {
            return Err(SourceError::Interrupted);
        }
        let batch = source.poll(BATCH, WAIT)?;
        batch.iter().for_each(&mut take);
        open.retain(|partition| !is_finished(&batch, partition));
    }
    Ok(())
}

/// Whether `batch` reaches the end that `partition` had at the start.
fn is_finished(batch: &MessageBatch, partition: &Partition) -> bool {
    let own = (partition.topic, partition.partition);
    let ended = batch.ends().iter().any(|end| (end.topic, end.partition) == own && end.offset >= partition.end);
    let last = batch.iter().rev().find(|message| (message.topic(), message.partition()) == own);
    ended || last.is_some_and(|message| message.offset() + 1 >= partition.end)
}
