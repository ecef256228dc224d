//! Dead letters as they lie on their topic.

use crate::broker::Broker;
use crate::rejections::Rejected;
use crate::wire;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::records::{Codec, DeadLetter};
use std::collections::BTreeMap;

/// All dead letters of a topic, by origin; a letter that was sent twice is
/// there once, and its copies must agree.
pub fn read(broker: &Broker, topic: &str) -> BTreeMap<(String, i32, i64), DeadLetter> {
    read_under(broker, topic, Contract::DeadLetter.embedded_id())
}

/// The same where they are written under a registry's schema id.
pub fn read_under(broker: &Broker, topic: &str, id: u32) -> BTreeMap<(String, i32, i64), DeadLetter> {
    let codec = Codec::with_id(Contract::DeadLetter, id).expect("the schema parses");
    let mut letters = BTreeMap::new();
    for message in wire::read_all(broker, topic) {
        let letter: DeadLetter = codec.decode(&message.value.expect("a letter")).expect("a dead letter");
        let origin = (letter.origin_topic.clone(), letter.origin_partition, letter.origin_offset);
        let earlier = letters.insert(origin, letter.clone());
        assert!(earlier.is_none_or(|earlier| earlier == letter), "copies of a letter agree");
    }
    letters
}

/// Fails unless there is exactly one letter for each refused message and each
/// says the same as the rejections book. A payload longer than
/// `payload_bytes_max` may be left out of a letter, never cut.
pub fn check(letters: &BTreeMap<(String, i32, i64), DeadLetter>, rejected: &[Rejected], payload_bytes_max: usize) {
    let expected: Vec<_> = rejected.iter().map(Rejected::origin).collect();
    assert_eq!(letters.keys().cloned().collect::<Vec<_>>(), expected, "one letter a refused message");
    for one in rejected {
        let letter = &letters[&one.origin()];
        assert_eq!((&letter.reason, &letter.stage), (&one.reason, &one.stage));
        assert_eq!((&letter.message, &letter.field), (&one.message, &one.field));
        assert_eq!(letter.payload_bytes, one.payload_bytes);
        assert_eq!(letter.key, one.key);
        let headers: Vec<_> = letter.headers.iter().map(|header| (header.key.clone(), header.value.clone())).collect();
        assert_eq!(headers, one.headers);
        let long = one.payload.as_ref().is_some_and(|payload| payload.len() > payload_bytes_max);
        assert!(letter.payload == one.payload || (long && letter.payload.is_none()), "{}: payload", one.reason);
    }
}
