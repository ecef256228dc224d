//! What travels between services beside events: refused messages, whole, and
//! offsets of a raw topic that hold no record, or were deleted unread. So the ledger books both, and
//! nothing is missing from its receipts.

use crate::AppError;
use crate::fused::dead_letters::letter;
use commonweal_ledger::RejectedMessage;
use commonweal_runtime::kafka::Message;
use commonweal_schemas::partitioner::key_of;
use commonweal_schemas::records::{Codec, CodecError, DeadLetter, Header};
use commonweal_schemas::{Dataset, Reason};
use std::borrow::Cow;
use std::sync::Arc;

/// Header by which a note is told from an event, which has no headers.
const KIND: &str = "commonweal.note";
const REJECTED: &[u8] = b"rejected";
const ABSENT: &[u8] = b"absent";
const LOST: &[u8] = b"lost";
/// Who sent a refused message, where that could be read.
const SOURCE: &str = "commonweal.source";
const EVENT_ID: &str = "commonweal.event_id";

/// Something that is no event.
#[derive(Debug)]
pub(super) enum Note {
    Rejected(Box<RejectedMessage>),
    Absent(Absent),
}

/// Offsets of a raw topic that hold no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Absent {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    /// The first and the last.
    pub(super) offsets: (i64, i64),
    /// They were deleted before they were read.
    pub(super) lost: bool,
}

/// A message to send.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) headers: Vec<Header>,
}

/// Why a note cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoteError {
    #[error("it is of a kind that this version does not know")]
    Kind,
    #[error("its {0} cannot be read")]
    Part(&'static str),
    #[error(transparent)]
    Letter(#[from] CodecError),
}

fn header(key: &str, value: &[u8]) -> Header {
    Header { key: key.to_owned(), value: Some(value.to_vec()) }
}

/// A refused message as a note, keyed like the event it was where that can be
/// told, so that a repeat meets it in the same partition.
pub(super) fn rejected(letters: &Codec, message: &RejectedMessage) -> Result<Parcel, AppError> {
    let mut headers = vec![header(KIND, REJECTED)];
    headers.extend(message.source.as_ref().map(|source| header(SOURCE, source.as_bytes())));
    headers.extend(message.event_id.as_ref().map(|event_id| header(EVENT_ID, event_id.as_bytes())));
    let key = match (&message.source, &message.event_id) {
        (Some(source), Some(event_id)) => key_of(source, event_id),
        _ => format!("{}/{}/{}", message.topic, message.partition, message.offset).into_bytes(),
    };
    let value = letters.encode(&letter(message, message.payload.clone()))?;
    Ok(Parcel { key, value, headers })
}

/// Offsets without a record as a note.
pub(super) fn absent(absent: &Absent) -> Parcel {
    let key = format!("{}/{}", absent.topic, absent.partition).into_bytes();
    let value = [absent.offsets.0.to_be_bytes(), absent.offsets.1.to_be_bytes()].concat();
    Parcel { key, value, headers: vec![header(KIND, if absent.lost { LOST } else { ABSENT })] }
}

/// The offsets between `next` and `next_offset` that are not in `seen`
/// (rising), as runs.
pub(super) fn holes(next: i64, seen: &[i64], next_offset: i64) -> Vec<(i64, i64)> {
    let mut holes = Vec::new();
    let mut next = next;
    for &offset in seen.iter().chain([&next_offset]) {
        if offset > next {
            holes.push((next, offset - 1));
        }
        next = next.max(offset + 1);
    }
    holes
}

/// Whether a message is a note. Events have no headers.
pub(super) fn headers_of_note(message: &Message<'_>) -> Option<Vec<Header>> {
    let headers = message.headers();
    headers.iter().any(|header| header.key == KIND).then_some(headers)
}

/// Reads a note.
pub(super) fn read(letters: &Codec, message: &Message<'_>, headers: &[Header]) -> Result<Note, NoteError> {
    let value = |name: &str| headers.iter().find(|header| header.key == name).and_then(|header| header.value.clone());
    let payload = message.payload().unwrap_or_default();
    match value(KIND).as_deref() {
        Some(ABSENT) => read_absent(message.key().unwrap_or_default(), payload, false).map(Note::Absent),
        Some(LOST) => read_absent(message.key().unwrap_or_default(), payload, true).map(Note::Absent),
        Some(REJECTED) => {
            let text = |name| value(name).and_then(|bytes| String::from_utf8(bytes).ok());
            let mut rejected = of_letter(letters.decode(payload)?)?;
            (rejected.source, rejected.event_id) = (text(SOURCE), text(EVENT_ID));
            Ok(Note::Rejected(Box::new(rejected)))
        }
        _ => Err(NoteError::Kind),
    }
}

fn read_absent(key: &[u8], value: &[u8], lost: bool) -> Result<Absent, NoteError> {
    let (topic, partition) = std::str::from_utf8(key)
        .ok()
        .and_then(|key| key.rsplit_once('/'))
        .and_then(|(topic, partition)| Some((Arc::from(topic), partition.parse().ok()?)))
        .ok_or(NoteError::Part("origin"))?;
    let offsets = value.split_first_chunk::<8>().and_then(|(first, rest)| {
        let last = rest.try_into().ok()?;
        Some((i64::from_be_bytes(*first), i64::from_be_bytes(last)))
    });
    let offsets = offsets.ok_or(NoteError::Part("offsets"))?;
    Ok(Absent { topic, partition, offsets, lost })
}

fn of_letter(letter: DeadLetter) -> Result<RejectedMessage, NoteError> {
    let dataset = Dataset::ALL.into_iter().find(|dataset| dataset.name() == letter.dataset);
    Ok(RejectedMessage {
        topic: Arc::from(letter.origin_topic),
        partition: letter.origin_partition,
        offset: letter.origin_offset,
        dataset: dataset.ok_or(NoteError::Part("dataset"))?,
        reason: Reason::from_code(&letter.reason).ok_or(NoteError::Part("reason"))?,
        field: letter.field.map(Cow::Owned),
        message: letter.message,
        source: None,
        event_id: None,
        payload: letter.payload,
        key: letter.key,
        headers: letter.headers,
        timestamp: letter.origin_timestamp,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that holes before, between and after what was seen are found,
    /// and none where there are none.
    #[test]
    fn holes_are_runs() {
        assert_eq!(holes(2, &[4, 5, 8], 10), [(2, 3), (6, 7), (9, 9)]);
        assert_eq!(holes(4, &[4, 5], 6), []);
        assert_eq!(holes(0, &[], 3), [(0, 2)]);
        assert_eq!(holes(7, &[5, 6], 7), []);
    }

    /// Proves that offsets without a record come back as they went, whatever
    /// the topic is called, and that what is no such note is refused.
    #[test]
    fn absent_offsets_round_trip() {
        for (lost, kind) in [(false, ABSENT), (true, LOST)] {
            let sent = Absent { topic: Arc::from("a.b-c_d"), partition: 12, offsets: (5, i64::MAX), lost };
            let parcel = absent(&sent);
            assert_eq!(parcel.headers[0].value.as_deref(), Some(kind));
            assert_eq!(read_absent(&parcel.key, &parcel.value, lost).unwrap(), sent);
            assert!(read_absent(b"no-partition", &parcel.value, lost).is_err());
            assert!(read_absent(&parcel.key, &parcel.value[..15], lost).is_err());
        }
    }
}
