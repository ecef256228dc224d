//! The rejections book, held against the messages as they lie in Kafka.

use crate::broker::Broker;
use crate::journal::{Journal, Origin, int, long, text};
use crate::wire::{self, Wire};
use arrow::array::{Array as _, AsArray as _};
use std::collections::BTreeMap;

/// A refused message as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub stage: String,
    pub reason: String,
    pub field: Option<String>,
    pub message: String,
    pub event_id: Option<String>,
    pub payload: Option<Vec<u8>>,
    pub payload_bytes: i64,
    pub key: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Rejected {
    pub fn origin(&self) -> Origin {
        (self.topic.clone(), self.partition, self.offset)
    }
}

/// All refused messages, by origin.
pub fn rejected(journal: &Journal) -> Vec<Rejected> {
    let mut all = Vec::new();
    for batch in journal.batches("rejections") {
        let owned = |name: &str| {
            let column = text(&batch, name);
            (0..batch.num_rows()).map(|row| column(row).map(str::to_owned)).collect::<Vec<_>>()
        };
        let (topics, stages, reasons) = (owned("origin_topic"), owned("stage"), owned("reason"));
        let (fields, messages, events) = (owned("field"), owned("message"), owned("event_id"));
        let (partition, offset) = (int(&batch, "origin_partition"), long(&batch, "origin_offset"));
        let bytes = long(&batch, "payload_bytes");
        let blob = |name: &str, row: usize| {
            let column = batch.column_by_name(name).expect("a column").as_binary::<i32>();
            column.is_valid(row).then(|| column.value(row).to_vec())
        };
        for row in 0..batch.num_rows() {
            all.push(Rejected {
                topic: topics[row].clone().expect("a topic"),
                partition: partition(row),
                offset: offset(row),
                stage: stages[row].clone().expect("a stage"),
                reason: reasons[row].clone().expect("a reason"),
                field: fields[row].clone(),
                message: messages[row].clone().expect("a message"),
                event_id: events[row].clone(),
                payload: blob("payload", row),
                payload_bytes: bytes(row),
                key: blob("key", row),
                headers: headers(&batch, row),
            });
        }
    }
    all.sort_by_key(Rejected::origin);
    all
}

fn headers(batch: &arrow::array::RecordBatch, row: usize) -> Vec<(String, Option<Vec<u8>>)> {
    let lists = batch.column_by_name("headers").expect("a column").as_list::<i32>();
    if lists.is_null(row) {
        return Vec::new();
    }
    let pairs = lists.value(row);
    let pairs = pairs.as_struct();
    let (keys, values) = (pairs.column(0).as_string::<i32>(), pairs.column(1).as_binary::<i32>());
    let value = |at: usize| values.is_valid(at).then(|| values.value(at).to_vec());
    (0..pairs.len()).map(|at| (keys.value(at).to_owned(), value(at))).collect()
}

/// Refused messages by reason.
pub fn by_reason(rejected: &[Rejected]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for one in rejected {
        *counts.entry(one.reason.clone()).or_default() += 1;
    }
    counts
}

/// Fails unless the book keeps value, key and headers of each refused message
/// of `topic` exactly as they lie in Kafka.
pub fn check_original_bytes(broker: &Broker, topic: &str, rejected: &[Rejected]) {
    let sent: BTreeMap<(i32, i64), Wire> = wire::read_all(broker, topic)
        .into_iter()
        .map(|message| ((message.partition, message.offset), message))
        .collect();
    for one in rejected.iter().filter(|one| one.topic == topic) {
        let original = &sent[&(one.partition, one.offset)];
        assert!(one.payload == original.value, "{}: the payload of {:?} differs", one.reason, one.origin());
        assert_eq!(one.key, original.key, "{}: key of {:?}", one.reason, one.origin());
        assert_eq!(one.headers, original.headers, "{}: headers of {:?}", one.reason, one.origin());
        let bytes = original.value.as_ref().map_or(0, Vec::len);
        assert_eq!(one.payload_bytes, i64::try_from(bytes).expect("a length"), "{:?}", one.origin());
    }
}
