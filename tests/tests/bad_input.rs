//! What must not be posted: each is refused by name, kept byte for byte, and
//! does its neighbours no harm.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_producers::Codecs;
use commonweal_schemas::Reason;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::partitioner::key_of;
use commonweal_schemas::records::{EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, Unit};
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::dead_letters;
use commonweal_tests::events::{DAY, RECORDED_AT, sound};
use commonweal_tests::journal::{decimal, long, text};
use commonweal_tests::rejections::{check_original_bytes, rejected};
use commonweal_tests::system::System;
use commonweal_tests::wire::{self, Wire};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const LONG_BYTES: usize = 20_000_000;

/// Proves on Apache Kafka that every way of being unreadable, up to a message
/// of 20 MB, is refused with its reason and its bytes.
#[test]
fn bad_messages_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let mut cases = cases();
    cases.push((Reason::PayloadTooLarge, Some(long_message())));
    bad_messages(&broker, &cases);
}

/// Proves the same over the embedded broker, which has no room for 20 MB.
#[test]
fn bad_messages_over_the_embedded_broker() {
    bad_messages(&Broker::embedded(), &cases());
}

type Case = (Reason, Option<Vec<u8>>);

fn encoded(event: &FundingEvent) -> Vec<u8> {
    Codecs::embedded().unwrap().funding.encode(event).unwrap()
}

/// What cannot be decoded, and what breaks a rule, each in a form of its own.
fn cases() -> Vec<Case> {
    let whole = encoded(&sound(999));
    let with = |prefix: [u8; 5]| [&prefix, &whole[5..]].concat();
    let refuse = |reason, change: &dyn Fn(&mut FundingEvent)| {
        let mut event = sound(998);
        change(&mut event);
        (reason, Some(encoded(&event)))
    };
    let other = Contract::Organisation.embedded_id().to_be_bytes();
    let mut cases: Vec<Case> = vec![
        (Reason::PayloadEmpty, None),
        (Reason::PayloadEmpty, Some(Vec::new())),
        (Reason::BodyTruncated, Some(whole[..whole.len() - 3].to_vec())),
        (Reason::BodyTruncated, Some(whole[..3].to_vec())),
        (Reason::MagicWrong, Some(with([7, 0, 0, 0, 1]))),
        (Reason::MagicWrong, Some(b"{\"source\": \"json\"}".to_vec())),
        (Reason::SchemaUnknown, Some(with([0, 0, 15, 66, 64]))),
        (Reason::SchemaIncompatible, Some([&[0], &other[..], &whole[5..]].concat())),
        (Reason::BodyMalformed, Some(replaced(&whole, b"event-999", b"eve\xFF\xFE-999"))),
        (Reason::TrailingBytes, Some([&whole[..], &[0; 4]].concat())),
        // Two sound messages glued into one are one message too many.
        (Reason::TrailingBytes, Some([&whole[..], &whole[..]].concat())),
        (Reason::BodyMalformed, Some([&whole[..5], &[0xFF; 12]].concat())),
    ];
    cases.extend([
        refuse(Reason::IdentityMissing, &|event| " ".clone_into(&mut event.event_id)),
        refuse(Reason::AmountNotPositive, &|event| event.amount = Some(Decimal::new(-1, 4))),
        refuse(Reason::CurrencyUnknown, &|event| event.currency = Some("pounds, mostly".to_owned())),
        refuse(Reason::DateInFuture, &|event| event.occurred_on = Some(DAY + 4)),
        refuse(Reason::OrgIdMalformed, &|event| event.recipient_id = Some("DUMMY01".to_owned())),
        refuse(Reason::PostcodeMalformed, &|event| event.postcode = Some("L8".repeat(9))),
        refuse(Reason::StageMissing, &|event| event.stage = FundingStage::Unspecified),
    ]);
    cases
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the text is in the message");
    [&bytes[..at], to, &bytes[at + to.len()..]].concat()
}

/// A message of 20 MB whose beginning is sound.
fn long_message() -> Vec<u8> {
    let mut message = encoded(&sound(997));
    message.resize(LONG_BYTES, 0xA5);
    message
}

/// Sends the cases into one partition, each between sound events.
fn bad_messages(broker: &Broker, cases: &[Case]) {
    let topics = broker.topics("bad-input", 1);
    let mut messages = Vec::new();
    let mut expected = BTreeMap::new();
    for (number, (reason, value)) in cases.iter().enumerate() {
        messages.push(Wire::new(b"sound", Some(encoded(&sound(2 * number)))));
        expected.insert(i64::try_from(messages.len()).unwrap(), *reason);
        messages.push(Wire {
            headers: vec![("origin".to_owned(), Some(vec![0, 0xFF, 7])), ("nothing".to_owned(), None)],
            ..Wire::new(b"bad\xFF", value.clone())
        });
        messages.push(Wire::new(b"sound", Some(encoded(&sound(2 * number + 1)))));
    }
    wire::send(broker, &topics.funding, &messages);
    send_sound_employment(broker, &topics);
    let system = System::new(PROGRAM).on(broker, &topics);
    system.up_to_end();

    let journal = system.journal();
    let refused = rejected(&journal);
    let found: BTreeMap<i64, Reason> = refused.iter().map(|one| (one.offset, reason(&one.reason))).collect();
    assert_eq!(found, expected, "each bad message is refused for its reason");
    for one in &refused {
        assert_eq!(one.stage, reason(&one.reason).stage().name());
        assert!(!one.message.is_empty() && one.message.len() < 1_000, "{}", one.message);
    }
    check_original_bytes(broker, &topics.funding, &refused);
    let message_bytes_max = 1 << 20;
    dead_letters::check(&dead_letters::read(broker, &topics.dead_letters), &refused, message_bytes_max / 2);
    check_neighbours(&system, 2 * cases.len());

    // Read again into another journal, the same messages are refused alike.
    let again = System::new(PROGRAM).on(broker, &topics).set("ledger.batch_rows", 1);
    again.up_to_end();
    assert_eq!(rejected(&again.journal()), refused);
    assert_eq!(again.published().digests(), system.published().digests());
}

fn reason(code: &str) -> Reason {
    *Reason::ALL.iter().find(|reason| reason.code() == code).expect("a reason code")
}

fn send_sound_employment(broker: &Broker, topics: &Topics) {
    let event = EmploymentEvent {
        source: "urn:test:bad-input".to_owned(),
        event_id: "people".to_owned(),
        recorded_at: RECORDED_AT,
        measure: EmploymentMeasure::Headcount,
        quantity: Some(Decimal::from(12)),
        unit: Unit::Persons,
        as_of: Some(DAY),
        employer_name: Some("A charity".to_owned()),
        ..EmploymentEvent::default()
    };
    let value = Codecs::embedded().unwrap().employment.encode(&event).unwrap();
    wire::send(broker, &topics.employment, [&Wire::new(&key_of(&event.source, &event.event_id), Some(value))]);
}

/// Fails unless each sound event is posted once, with its own amount.
fn check_neighbours(system: &System, count: usize) {
    let mut posted = BTreeMap::new();
    for batch in system.journal().batches("funding") {
        let (event, quantity, offset) =
            (text(&batch, "event_id"), decimal(&batch, "quantity"), long(&batch, "origin_offset"));
        for row in 0..batch.num_rows() {
            assert_ne!(offset(row) % 3, 1, "every second of three is bad");
            assert!(posted.insert(event(row).unwrap().to_owned(), quantity(row).unwrap()).is_none());
        }
    }
    let expected: BTreeMap<String, i128> =
        (0..count).map(|number| (format!("event-{number}"), i128::try_from(number + 1).unwrap() * 10_000)).collect();
    assert_eq!(posted, expected);
}
