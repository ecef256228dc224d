//! Clocks of producers and brokers that are a day wrong. The machine's own is
//! tested where it is passed in, beside the fused pipeline.

use crate::{PROGRAM, run_to_end};
use commonweal_producers::{Codecs, key_of};
use commonweal_runtime::{Clock as _, SystemClock};
use commonweal_tests::broker::{Broker, Topics, fresh};
use commonweal_tests::events::sound;
use commonweal_tests::rejections::{by_reason, rejected};
use commonweal_tests::system::{PATIENCE, System};
use futures::executor::block_on;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use std::collections::BTreeMap;

const DAY_MICROS: i64 = 86_400_000_000;
const EVENTS: usize = 200;

/// Topics whose brokers take a producer's time whatever it is: by default they
/// refuse one that is an hour ahead.
fn topics(broker: &Broker) -> Topics {
    let topics = broker.topics("skew", 2);
    let funding = fresh("skew.any-time");
    let new = NewTopic::new(&funding, 2, TopicReplication::Fixed(-1))
        .set("message.timestamp.after.max.ms", "9223372036854775807");
    for made in block_on(broker.admin().create_topics([&new], &AdminOptions::new())).unwrap() {
        made.unwrap();
    }
    Topics { funding, ..topics }
}

/// Sends events by a clock that is wrong by so much: each was recorded now and
/// tells of today, and every second one of the day after.
fn send(broker: &Broker, topics: &Topics, now: i64, wrong_by: i64) {
    let codec = Codecs::embedded().unwrap().funding;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker.address())
        .set("enable.idempotence", "true")
        .create()
        .unwrap();
    for number in 0..EVENTS {
        let mut event = sound(number);
        event.recorded_at = now + wrong_by;
        let today = i32::try_from(now / DAY_MICROS).unwrap();
        event.occurred_on = Some(today + i32::from(number % 2 == 1));
        let (key, value) = (key_of(&event.source, &event.event_id), codec.encode(&event).unwrap());
        let record = BaseRecord::to(&topics.funding).key(&key).payload(&value).timestamp((now + wrong_by) / 1_000);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

/// Proves that whether an event lies in the future is judged by the time it
/// says it was recorded at, never by a clock: sent by a producer that is a day
/// ahead of broker and machine all are posted, by one that is a day behind
/// none, by one that is right those of today; fused and split alike.
#[test]
fn producers_a_day_ahead_and_behind() {
    let Some(broker) = Broker::real() else { return };
    // Noon, so that a test at midnight sees one day.
    let noon = SystemClock.now_micros() / DAY_MICROS * DAY_MICROS + DAY_MICROS / 2;
    let mut found = BTreeMap::new();
    for days in [-1, 0, 1] {
        let topics = topics(&broker);
        send(&broker, &topics, noon, days * DAY_MICROS);
        let systems = [true, false].map(|fused| {
            let system = System::new(PROGRAM).on(&broker, &topics).apart("skew");
            run_to_end(&system, fused);
            system.succeed(["verify"]);
            system.journal().receipts().check_conservation();
            system
        });
        let [fused, split] = &systems;
        assert_eq!(fused.published().digests(), split.published().digests());
        let refused = rejected(&fused.journal());
        assert!(by_reason(&refused).keys().all(|reason| reason == "DATE_IN_FUTURE"));
        found.insert(days, refused.len());
    }
    assert_eq!(found, BTreeMap::from([(-1, EVENTS), (0, EVENTS / 2), (1, 0)]), "refused, by days ahead");
}

/// Proves that the same events in records that brokers and producers have
/// stamped with times of a day ago, now and tomorrow give the same published
/// bytes.
#[test]
fn the_time_of_a_record_shows_in_nothing_published() {
    let Some(broker) = Broker::real() else { return };
    let now = SystemClock.now_micros();
    let codec = Codecs::embedded().unwrap().funding;
    let digests = [-1, 0, 1].map(|days| {
        let topics = topics(&broker);
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker.address()).create().unwrap();
        for number in 0..EVENTS {
            let event = sound(number);
            let (key, value) = (key_of(&event.source, &event.event_id), codec.encode(&event).unwrap());
            let stamp = (now + days * DAY_MICROS) / 1_000;
            let record = BaseRecord::to(&topics.funding).key(&key).payload(&value).timestamp(stamp);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
        let system = System::new(PROGRAM).on(&broker, &topics);
        system.up_to_end();
        system.published().digests().clone()
    });
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[1], digests[2]);
}
