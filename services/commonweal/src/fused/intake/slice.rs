//! The messages of one topic in a polled batch.

use super::PartitionRead;
use crate::AppError;
use crate::fused::held::{Held, HeldMessage, Place};
use crate::fused::stage::{RawMessage, Stage, Staged};
use commonweal_runtime::kafka::MessageBatch;
use std::collections::BTreeMap;

pub(super) struct Slice<'a> {
    batch: &'a MessageBatch,
    topic: usize,
    /// Where each message lies in the batch.
    positions: Vec<usize>,
    pub(super) messages: Vec<RawMessage<'a>>,
    pub(super) read: BTreeMap<i32, PartitionRead>,
}

impl<'a> Slice<'a> {
    pub(super) fn of(batch: &'a MessageBatch, topic: usize) -> Self {
        let mut positions = Vec::with_capacity(batch.len());
        let mut messages = Vec::with_capacity(batch.len());
        let mut read: BTreeMap<i32, PartitionRead> = BTreeMap::new();
        for (position, message) in batch.iter().enumerate().filter(|(_, message)| message.topic() == topic) {
            let (partition, offset) = (message.partition(), message.offset());
            let of_partition = read.entry(partition).or_default();
            of_partition.seen.push(offset);
            of_partition.next_offset = offset + 1;
            positions.push(position);
            messages.push(RawMessage {
                partition,
                offset,
                payload: message.payload(),
                key: message.key(),
                timestamp: message.timestamp_millis().map(|millis| millis.saturating_mul(1_000)),
            });
        }
        for end in batch.ends().iter().filter(|end| end.topic == topic) {
            let of_partition = read.entry(end.partition).or_default();
            of_partition.next_offset = of_partition.next_offset.max(end.offset);
        }
        for lost in batch.lost().iter().filter(|lost| lost.topic == topic) {
            let of_partition = read.entry(lost.partition).or_default();
            (of_partition.lost, of_partition.next_offset) = (Some(lost.first), lost.next_offset);
        }
        Self { batch, topic, positions, messages, read }
    }

    /// Nothing was read, not even an end.
    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    pub(super) fn process(&self, stages: &mut [Stage]) -> Result<Staged, AppError> {
        stages[self.topic].process(&self.messages, &|position| {
            self.batch.get(self.positions[position]).map(|message| message.headers()).unwrap_or_default()
        })
    }

    /// Moves what came of partitions that wait already behind what is held of
    /// them.
    pub(super) fn hold_behind(&mut self, held: &mut Held) {
        let waiting: BTreeMap<i32, i64> = self.read.keys().map(|&partition| (partition, i64::MIN)).collect();
        let waiting = waiting.into_iter().filter(|(partition, _)| held.holds((self.topic, *partition)));
        self.part(&waiting.collect(), held);
    }

    /// Moves the messages at `awaiting`, and what came behind them in their
    /// partitions, to what is held. The partitions that begin to wait by this.
    pub(super) fn hold(&mut self, awaiting: &[u32], held: &mut Held) -> Vec<Place> {
        let mut from: BTreeMap<i32, i64> = BTreeMap::new();
        for message in awaiting.iter().map(|&position| self.messages[position as usize]) {
            from.entry(message.partition).or_insert(message.offset);
        }
        self.part(&from, held);
        from.into_keys().map(|partition| (self.topic, partition)).collect()
    }

    /// Moves each partition's messages from its offset in `from` on.
    fn part(&mut self, from: &BTreeMap<i32, i64>, held: &mut Held) {
        if from.is_empty() {
            return;
        }
        let waits = |partition: i32, offset: i64| from.get(&partition).is_some_and(|&first| offset >= first);
        let (mut positions, mut messages) = (Vec::new(), Vec::new());
        for (&position, message) in self.positions.iter().zip(&self.messages) {
            if waits(message.partition, message.offset) {
                held.push(self.topic, HeldMessage::copy_of(message, self.batch.get(position)));
            } else {
                positions.push(position);
                messages.push(*message);
            }
        }
        (self.positions, self.messages) = (positions, messages);
        for &partition in from.keys() {
            let Some(mut read) = self.read.remove(&partition) else { continue };
            held.read_up_to((self.topic, partition), read.next_offset);
            read.seen.retain(|&offset| !waits(partition, offset));
            if let Some(&last) = read.seen.last() {
                read.next_offset = last + 1;
                self.read.insert(partition, read);
            }
        }
    }
}
