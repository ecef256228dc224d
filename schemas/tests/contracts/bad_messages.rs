//! Each way of being no event has its reason and harms no neighbour.

use crate::support::{MESSAGE_BYTES_MAX, decoder, funding, message, outcomes, record, values};
use commonweal_schemas::decode::BatchDecoder;
use commonweal_schemas::records::FundingEvent;
use commonweal_schemas::{Dataset, Reason, avro, wire};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Where the funding record of `support::funding` keeps its `action`.
fn action_offset(number: usize) -> usize {
    let event = funding(number);
    // Two texts of under 64 bytes have a length of one byte each, as has revision 0.
    wire::PREFIX_BYTES + 1 + event.source.len() + 1 + event.event_id.len() + 1
}

fn with(mut message: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    change(&mut message);
    message
}

fn prefix(id: u32) -> Vec<u8> {
    let mut prefix = Vec::new();
    wire::write_prefix(id, &mut prefix);
    prefix
}

/// Every kind of bad message, with its reason.
fn bad_messages() -> Vec<(&'static str, Vec<u8>, Reason)> {
    let good = || message(7);
    let id = Dataset::Funding.contract().embedded_id();
    let glued = |other: &[u8]| with(message(7), |m| m.extend_from_slice(other));
    let huge = with(good(), |m| m.resize(20 << 20, 0));
    vec![
        ("empty", vec![], Reason::PayloadEmpty),
        ("20 MB", huge, Reason::PayloadTooLarge),
        ("wrong magic", with(good(), |m| m[0] = 1), Reason::MagicWrong),
        ("text", b"{\"source\": \"urn:test\"}".to_vec(), Reason::MagicWrong),
        ("unknown id", with(good(), |m| m[1..5].copy_from_slice(&999_u32.to_be_bytes())), Reason::SchemaUnknown),
        ("another contract's id", with(good(), |m| m[4] = 3), Reason::SchemaIncompatible),
        ("half a prefix", good()[..3].to_vec(), Reason::BodyTruncated),
        ("prefix alone", prefix(id), Reason::BodyTruncated),
        ("cut in the middle", with(good(), |m| m.truncate(m.len() / 2)), Reason::BodyTruncated),
        ("cut by a byte", with(good(), |m| m.truncate(m.len() - 1)), Reason::BodyTruncated),
        ("a byte more", glued(&[7]), Reason::TrailingBytes),
        ("a zero more", glued(&[0]), Reason::TrailingBytes),
        ("two messages", glued(&message(8)), Reason::TrailingBytes),
        ("a message and a half", glued(&message(8)[..12]), Reason::TrailingBytes),
        ("a message and a prefix", glued(&prefix(id)), Reason::TrailingBytes),
        ("a message and an unknown id", glued(&prefix(999)), Reason::TrailingBytes),
        ("bad enum index", with(good(), |m| m[action_offset(7)] = 126), Reason::BodyMalformed),
        ("negative enum index", with(good(), |m| m[action_offset(7)] = 1), Reason::BodyMalformed),
        ("bad UTF-8", with(good(), |m| m[wire::PREFIX_BYTES + 1] = 0xFF), Reason::BodyMalformed),
        ("negative length", with(good(), |m| m[wire::PREFIX_BYTES] = 1), Reason::BodyMalformed),
    ]
}

/// Proves that each kind of bad message gets its reason between good ones, at
/// any place in the batch, that the good ones come out as they went in, and
/// that the decoder is sound afterwards.
#[test]
fn bad_messages_have_reasons_and_harm_nobody() {
    for (what, bad, reason) in bad_messages() {
        let mut decoder = decoder(Dataset::Funding);
        for place in [0, 2, 4] {
            let mut messages: Vec<Vec<u8>> = (0..4).map(message).collect();
            messages.insert(place, bad.clone());
            for outcome in outcomes(&decoder.decode(&values(&messages)).unwrap(), 5).into_iter().enumerate() {
                match outcome {
                    (at, Err(found)) => assert_eq!((at, found), (place, reason), "{what}"),
                    (at, Ok(row)) => {
                        let number = if at > place { at - 1 } else { at };
                        assert_eq!(record::<FundingEvent>(&row, 0), funding(number), "{what}");
                    }
                }
            }
        }
        let after = decoder.decode(&values(&[message(9)])).unwrap();
        assert_eq!(record::<FundingEvent>(&after.batches[0].batch, 0), funding(9), "{what}");
    }
}

/// Proves that all kinds of bad messages in one batch keep their reasons, and
/// that a message without a value is refused as an empty one.
#[test]
fn all_kinds_together() {
    let kinds = bad_messages();
    let mut messages: Vec<Option<&[u8]>> = Vec::new();
    let good: Vec<Vec<u8>> = (0..kinds.len()).map(message).collect();
    for (number, (_, bad, _)) in kinds.iter().enumerate() {
        messages.extend([Some(good[number].as_slice()), Some(bad.as_slice())]);
    }
    messages.push(None);
    let decoded = decoder(Dataset::Funding).decode(&messages).unwrap();
    let outcomes = outcomes(&decoded, messages.len());
    for (number, (what, _, reason)) in kinds.iter().enumerate() {
        let row = outcomes[2 * number].as_ref().unwrap();
        assert_eq!(record::<FundingEvent>(row, 0), funding(number));
        assert_eq!(outcomes[2 * number + 1].as_ref().unwrap_err(), reason, "{what}");
    }
    assert_eq!(outcomes.last().unwrap().as_ref().unwrap_err(), &Reason::PayloadEmpty);
}

/// Proves that the limit is the last length that passes.
#[test]
fn limit_itself_passes() {
    let good = message(1);
    for (limit, expected) in [(good.len(), 0), (good.len() - 1, 1)] {
        let target = commonweal_schemas::arrow_schema::funding_raw();
        let contract = Dataset::Funding.contract();
        let mut decoder = BatchDecoder::new(contract, target, avro::EmbeddedSchemas, limit);
        let decoded = decoder.decode(&[Some(&good)]).unwrap();
        assert_eq!(decoded.undecodable.len(), expected);
    }
    assert!(good.len() < MESSAGE_BYTES_MAX);
}

/// Proves that a slice of nothing is nothing.
#[test]
fn no_messages() {
    let decoded = decoder(Dataset::Employment).decode(&[]).unwrap();
    assert!(decoded.batches.is_empty() && decoded.undecodable.is_empty());
}

/// Time this thread has had on a processor: wall time would count whatever
/// else the machine does.
fn processor_time() -> Duration {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next().and_then(|number| number.parse().ok()));
    let since_start = || u64::try_from(START.elapsed().as_nanos()).unwrap();
    Duration::from_nanos(nanoseconds.unwrap_or_else(since_start))
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Proves that a batch in which every message is bad, of one kind or of all in
/// turn, takes less than a second: the work is bounded, not quadratic.
#[test]
fn many_bad_messages_are_cheap() {
    let kinds: Vec<_> = bad_messages().into_iter().filter(|(_, bad, _)| bad.len() < 1_000).collect();
    let mut batches: Vec<(&str, Vec<&[u8]>)> = vec![("all kinds", Vec::new())];
    batches[0].1.extend(kinds.iter().cycle().take(4_096).map(|(_, bad, _)| bad.as_slice()));
    for (what, bad, _) in &kinds {
        batches.push((what, vec![bad.as_slice(); 4_096]));
    }
    for (what, batch) in batches {
        let messages: Vec<Option<&[u8]>> = batch.into_iter().map(Some).collect();
        let start = processor_time();
        let decoded = decoder(Dataset::Funding).decode(&messages).unwrap();
        let took = processor_time().checked_sub(start).unwrap();
        assert_eq!(decoded.undecodable.len(), messages.len(), "{what}");
        println!("4,096 times {what}: {took:?}");
        assert!(took < Duration::from_secs(1), "{what} took {took:?}");
    }
}
