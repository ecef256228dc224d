//! Messages of partitions that wait for a schema, in their order.
//!
//! A partition waits as a whole from its first message whose schema cannot be
//! told: were what comes behind posted at once, a stop would have it read and
//! decided a second time, for no position may pass a message without an
//! outcome. The partition is paused, so what is held is what was polled already.

use commonweal_runtime::kafka::Message;
use commonweal_schemas::records::Header;
use std::collections::{BTreeMap, VecDeque};

use super::stage::RawMessage;

/// Topic number and partition.
pub(crate) type Place = (usize, i32);

/// A message by itself, no longer in the memory of the Kafka client.
#[derive(Debug)]
pub(crate) struct HeldMessage {
    partition: i32,
    pub(crate) offset: i64,
    payload: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    timestamp: Option<i64>,
    pub(crate) headers: Vec<Header>,
}

impl HeldMessage {
    pub(crate) fn copy_of(raw: &RawMessage<'_>, message: Option<Message<'_>>) -> Self {
        Self {
            partition: raw.partition,
            offset: raw.offset,
            payload: raw.payload.map(<[u8]>::to_vec),
            key: raw.key.map(<[u8]>::to_vec),
            timestamp: raw.timestamp,
            headers: message.map(|message| message.headers()).unwrap_or_default(),
        }
    }

    pub(crate) fn raw(&self) -> RawMessage<'_> {
        RawMessage {
            partition: self.partition,
            offset: self.offset,
            payload: self.payload.as_deref(),
            key: self.key.as_deref(),
            timestamp: self.timestamp,
        }
    }

    fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers = self.headers.iter().map(|header| header.key.len() + length(&header.value));
        size_of::<Self>() + length(&self.payload) + length(&self.key) + headers.sum::<usize>()
    }
}

/// What is held of one partition.
#[derive(Debug, Default)]
pub(crate) struct HeldPartition {
    messages: VecDeque<HeldMessage>,
    /// One past the last offset read, whether it held a message or not.
    next_offset: i64,
}

/// All that is held.
#[derive(Debug)]
pub(crate) struct Held {
    partitions: BTreeMap<Place, HeldPartition>,
    rows: usize,
    bytes: usize,
    rows_max: usize,
    bytes_max: usize,
}

impl Held {
    /// Full once it holds `rows_max` messages or `bytes_max` bytes.
    pub(crate) const fn new(rows_max: usize, bytes_max: usize) -> Self {
        Self { partitions: BTreeMap::new(), rows: 0, bytes: 0, rows_max, bytes_max }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Nothing further may be read, lest more come to be held.
    pub(crate) const fn is_full(&self) -> bool {
        self.rows >= self.rows_max || self.bytes >= self.bytes_max
    }

    /// Messages held.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn holds(&self, place: Place) -> bool {
        self.partitions.contains_key(&place)
    }

    /// Partitions that wait.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.partitions.keys().copied().collect()
    }

    /// Holds a message behind those of its partition that are held already.
    pub(crate) fn push(&mut self, topic: usize, message: HeldMessage) {
        self.rows += 1;
        self.bytes += message.bytes();
        let held = self.partitions.entry((topic, message.partition)).or_default();
        held.next_offset = held.next_offset.max(message.offset + 1);
        held.messages.push_back(message);
    }

    /// Notes that a partition that waits was read up to `next_offset`.
    pub(crate) fn read_up_to(&mut self, place: Place, next_offset: i64) {
        if let Some(held) = self.partitions.get_mut(&place) {
            held.next_offset = held.next_offset.max(next_offset);
        }
    }

    /// The longest run from the front, of at most `rows_max` messages, in
    /// which none is one that `awaits`. With the last message goes the
    /// partition. The number is how far it is then read.
    pub(crate) fn take(
        &mut self,
        place: Place,
        rows_max: usize,
        mut awaits: impl FnMut(Option<&[u8]>) -> bool,
    ) -> Option<(Vec<HeldMessage>, i64)> {
        let held = self.partitions.get_mut(&place)?;
        let run = held.messages.iter().take(rows_max).take_while(|message| !awaits(message.payload.as_deref())).count();
        let taken: Vec<HeldMessage> = held.messages.drain(..run).collect();
        self.rows -= taken.len();
        self.bytes -= taken.iter().map(HeldMessage::bytes).sum::<usize>();
        let next_offset = match held.messages.front() {
            // Between the run and it there may be offsets without a record; they go with it.
            Some(_) => taken.last()?.offset + 1,
            None => held.next_offset,
        };
        if held.messages.is_empty() {
            self.partitions.remove(&place);
        }
        Some((taken, next_offset))
    }

    /// Forgets what is held of a partition: somebody else reads it now.
    pub(crate) fn forget(&mut self, place: Place) {
        let Some(held) = self.partitions.remove(&place) else { return };
        self.rows -= held.messages.len();
        self.bytes -= held.messages.iter().map(HeldMessage::bytes).sum::<usize>();
    }

    /// Puts back what was taken and could not be used after all.
    pub(crate) fn put_back(&mut self, place: Place, messages: Vec<HeldMessage>, next_offset: i64) {
        self.rows += messages.len();
        self.bytes += messages.iter().map(HeldMessage::bytes).sum::<usize>();
        let held = self.partitions.entry(place).or_default();
        held.next_offset = held.next_offset.max(next_offset);
        for message in messages.into_iter().rev() {
            held.messages.push_front(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(offset: i64) -> HeldMessage {
        let payload = [u8::try_from(offset).unwrap()];
        let raw = RawMessage { partition: 3, offset, payload: Some(&payload), key: None, timestamp: None };
        HeldMessage::copy_of(&raw, None)
    }

    fn offsets(messages: &[HeldMessage]) -> Vec<i64> {
        messages.iter().map(|message| message.offset).collect()
    }

    /// Proves that messages leave in their order up to the first that waits,
    /// that a partition goes with its last one and tells how far it was read,
    /// and that the bounds count what is there.
    #[test]
    fn messages_leave_in_order() {
        let mut held = Held::new(4, 1 << 20);
        let place = (1, 3);
        assert!(held.is_empty() && held.take(place, 9, |_| false).is_none());
        for offset in [5, 6, 8, 9] {
            assert!(!held.is_full());
            held.push(1, message(offset));
        }
        held.read_up_to(place, 12);
        assert!(held.is_full() && held.holds(place) && !held.holds((0, 3)));
        assert!(held.take(place, 9, |_| true).is_none());
        let (taken, next_offset) = held.take(place, 9, |payload| payload == Some(&[8])).unwrap();
        assert_eq!((offsets(&taken), next_offset, held.rows()), (vec![5, 6], 7, 2));
        held.push(0, message(1));
        held.forget((0, 3));
        held.put_back(place, taken, next_offset);
        let (taken, next_offset) = held.take(place, 3, |_| false).unwrap();
        assert_eq!((offsets(&taken), next_offset), (vec![5, 6, 8], 9));
        let (taken, next_offset) = held.take(place, 3, |_| false).unwrap();
        assert_eq!((offsets(&taken), next_offset), (vec![9], 12));
        assert!(held.is_empty() && held.rows() == 0 && held.bytes == 0);
    }
}
