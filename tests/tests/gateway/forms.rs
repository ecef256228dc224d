//! Every form of an event, from the request to the journal.

use crate::{
    CLOUD_EVENT, Gateway, JSON, LINES, PROGRAM, brokers, bytes, employment, funding, ids, lines, posted, system,
};
use commonweal_schemas::avro::Contract;
use commonweal_schemas::partitioner::key_of;
use commonweal_schemas::wire::schema_id;
use commonweal_tests::broker::Broker;
use commonweal_tests::http::Answer;
use commonweal_tests::journal::Origin;
use commonweal_tests::registry::Registry;
use commonweal_tests::system::System;
use commonweal_tests::wire;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Where the events of an answer lie.
fn origins(answer: &Answer) -> Vec<Origin> {
    assert_eq!(answer.status, 202, "{answer:?}");
    let body = answer.json();
    let receipts = body["receipts"].as_array().unwrap();
    assert_eq!(body["accepted"].as_u64(), Some(receipts.len() as u64));
    let topic = body["topic"].as_str().unwrap();
    let number = |value: &Value| value.as_i64().unwrap();
    let of = |receipt: &Value| {
        (topic.to_owned(), i32::try_from(number(&receipt["partition"])).unwrap(), number(&receipt["offset"]))
    };
    receipts.iter().map(of).collect()
}

/// The event without what `CloudEvents` attributes state.
fn data(event: &Value) -> Value {
    let mut data = event.clone();
    for stated in ["source", "event_id", "recorded_at"] {
        data.as_object_mut().unwrap().remove(stated);
    }
    data
}

fn structured(event: &Value) -> Value {
    json!({
        "specversion": "1.0", "type": "commonweal.v1.FundingEvent", "id": event["event_id"],
        "source": event["source"], "time": event["recorded_at"], "datacontenttype": "application/json",
        "data": data(event), "comexampleextension": 1,
    })
}

/// Proves on both brokers that events of every form lie, once answered with
/// 202, where the answer says, under the key that all producers use, and are
/// posted once each with what they said, whether sent once or again.
#[test]
fn every_form_is_posted_once() {
    let (brokers, _turn) = brokers();
    for broker in brokers {
        let topics = broker.topics("forms", 3);
        let system = system(&broker, &topics);
        let gateway = Gateway::start(&system);
        let mut http = gateway.connect();
        let mut lie = Vec::new();
        for number in [0, 1, 1] {
            lie.extend(origins(&http.post("/v1/funding", &[JSON], &bytes(&funding(number)))));
        }
        lie.extend(origins(&http.post("/v1/funding", &[LINES], &lines((2..500).map(funding)))));
        lie.extend(origins(&http.post("/v1/funding", &[CLOUD_EVENT], &bytes(&structured(&funding(500))))));
        let event = funding(501);
        let attributes = [
            JSON,
            ("ce-specversion", "1.0"),
            ("ce-type", "commonweal.v1.FundingEvent"),
            ("ce-id", event["event_id"].as_str().unwrap()),
            ("ce-source", event["source"].as_str().unwrap()),
            ("ce-time", event["recorded_at"].as_str().unwrap()),
        ];
        lie.extend(origins(&http.post("/v1/funding", &attributes, &bytes(&data(&event)))));
        let work = origins(&http.post("/v1/employment", &[LINES], &lines((0..50).map(employment))));
        gateway.end();

        let messages = wire::read_all(&broker, &topics.funding);
        let found: BTreeSet<Origin> = messages
            .iter()
            .map(|message| {
                assert!(message.key.as_ref().unwrap().starts_with(&key_of("urn:test:gateway", "event-")));
                assert_eq!(schema_id(message.value.as_ref().unwrap()), Ok(Contract::Funding.embedded_id()));
                (topics.funding.clone(), message.partition, message.offset)
            })
            .collect();
        assert_eq!(found, lie.iter().cloned().collect(), "every answer names its place");

        system.up_to_end();
        assert_eq!(posted(&system, "funding"), ids("event", 0..502));
        assert_eq!(posted(&system, "employment"), ids("work", 0..50));
        let receipts = system.journal().receipts();
        receipts.check_conservation();
        assert_eq!((receipts.count("posted"), receipts.count("duplicate")), (552, 1));
        let origins = system.journal().origins("employment");
        assert_eq!(origins, work.into_iter().collect());
        let sum = |book: &str| -> i128 {
            let sums = system.journal().sums(book, |batch| vec![(); batch.num_rows()]);
            sums[&()].0
        };
        assert_eq!(sum("funding"), (0..502).map(|number| number * 10_000 + 2_500).sum());
        assert_eq!(sum("employment"), 50 * 125_000);
    }
}

/// Proves that a correction with a higher revision and a withdrawal, sent as
/// JSON, do in the books what they do from any producer.
#[test]
fn corrections_and_withdrawals() {
    let broker = Broker::embedded();
    let topics = broker.topics("corrections", 1);
    let system = system(&broker, &topics);
    let gateway = Gateway::start(&system);
    let mut http = gateway.connect();
    let mut corrected = funding(1);
    corrected["revision"] = 1.into();
    corrected["amount"] = "7".into();
    let withdrawn = json!({
        "source": "urn:test:gateway", "event_id": "event-2", "recorded_at": "2021-01-05T00:00:00Z",
        "revision": 1, "action": "CANCEL",
    });
    let answer = http.post("/v1/funding", &[LINES], &lines([corrected, funding(1), funding(2), withdrawn]));
    assert_eq!(answer.status, 202, "{answer:?}");
    gateway.end();
    system.up_to_end();
    let sums = system.journal().sums("funding", |batch| vec![(); batch.num_rows()]);
    assert_eq!(sums[&()], (70_000, 1));
}

/// Proves that a registry's ids are written with, where there is one.
#[test]
fn the_registrys_ids_are_written_with() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("gateway-ids", 1);
    let system = System::new(PROGRAM)
        .on(&broker, &topics)
        .set("gateway.listen", "127.0.0.1:0")
        .set("registry.url", &registry.url)
        .set("registry.register_on_start", true);
    let gateway = Gateway::start(&system);
    let mut http = gateway.connect();
    assert_eq!(http.post("/v1/funding", &[JSON], &bytes(&funding(0))).status, 202);
    gateway.end();
    let id = registry.register(&format!("{}-value", topics.funding), Contract::Funding.schema_json());
    assert_ne!(id, Contract::Funding.embedded_id(), "the registry's ids are shifted");
    let messages = wire::read_all(&broker, &topics.funding);
    assert_eq!(schema_id(messages[0].value.as_ref().unwrap()), Ok(id));
    system.up_to_end();
    assert_eq!(posted(&system, "funding"), ids("event", [0]));
}
