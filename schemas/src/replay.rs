//! The headers of a dead letter that is sent again: which letter it is, and
//! the how manieth attempt.

use crate::records::Header;
use std::fmt;
use std::str::FromStr;

/// Header with the number of the attempt, in decimal; a message that was never
/// replayed has none and counts as attempt 0.
pub const ATTEMPT_HEADER: &str = "commonweal-attempt";
/// Header with the origin of the dead letter, as `TOPIC/PARTITION/OFFSET`.
pub const REPLAY_OF_HEADER: &str = "commonweal-replay-of";

/// Where a message was read from; it names the dead letter made of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageOrigin {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
}

impl fmt::Display for MessageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

impl FromStr for MessageOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (rest, offset) = text.rsplit_once('/')?;
            let (topic, partition) = rest.rsplit_once('/')?;
            let (partition, offset) = (number(partition)?, number(offset)?);
            (!topic.is_empty()).then(|| Self { topic: topic.to_owned(), partition, offset })
        };
        parse().ok_or_else(|| format!("{text:?} is no origin: TOPIC/PARTITION/OFFSET, as in funding.v1/3/1729"))
    }
}

/// A number that is not negative.
fn number<T: FromStr + PartialOrd + Default>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number| *number >= T::default())
}

/// The how manieth replay a message is, by its headers; 0 where they do not
/// say, or not in a form that we write.
#[must_use]
pub fn attempt(headers: &[Header]) -> u32 {
    value(headers, ATTEMPT_HEADER).and_then(number).unwrap_or(0)
}

/// The dead letter that a message is the replay of.
#[must_use]
pub fn replay_of(headers: &[Header]) -> Option<MessageOrigin> {
    value(headers, REPLAY_OF_HEADER)?.parse().ok()
}

/// The last header of a name, for Kafka's headers may repeat.
fn value<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let header = headers.iter().rev().find(|header| header.key == name)?;
    std::str::from_utf8(header.value.as_deref()?).ok()
}

/// Headers of the replay of a letter: those of the message in their order,
/// untouched, and ours behind them in place of those of an earlier replay.
#[must_use]
pub fn headers_of_replay(of: &MessageOrigin, original: &[Header]) -> Vec<Header> {
    let own = [ATTEMPT_HEADER, REPLAY_OF_HEADER];
    let mut headers: Vec<Header> =
        original.iter().filter(|header| !own.contains(&header.key.as_str())).cloned().collect();
    let next = attempt(original).saturating_add(1).to_string();
    for (key, value) in own.into_iter().zip([next, of.to_string()]) {
        headers.push(Header { key: key.to_owned(), value: Some(value.into_bytes()) });
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key: &str, value: &[u8]) -> Header {
        Header { key: key.to_owned(), value: Some(value.to_vec()) }
    }

    fn origin() -> MessageOrigin {
        MessageOrigin { topic: "a/b".to_owned(), partition: 3, offset: 17 }
    }

    /// Proves that a replay keeps the message's headers as they are, repeated
    /// ones and those without a value too, and that its own replace those of
    /// the replay before and count on.
    #[test]
    fn attempts_are_counted_on() {
        let silent = Header { key: "silent".to_owned(), value: None };
        let original = vec![header("a", &[0xFF, 0]), silent, header("a", b"")];
        assert_eq!((attempt(&original), replay_of(&original)), (0, None));
        let first = headers_of_replay(&origin(), &original);
        assert_eq!(first[..3], original[..]);
        assert_eq!((attempt(&first), replay_of(&first)), (1, Some(origin())));
        let of = MessageOrigin { offset: 99, ..origin() };
        let second = headers_of_replay(&of, &first);
        assert_eq!((second.len(), &second[..3]), (5, &original[..]));
        assert_eq!((attempt(&second), replay_of(&second)), (2, Some(of)));
    }

    /// Proves that somebody else's header of the same name is no attempt of ours.
    #[test]
    fn foreign_attempts_count_as_none() {
        for value in [&b"-1"[..], b"", b"two", &[0xFF], b"99999999999"] {
            assert_eq!(attempt(&[header(ATTEMPT_HEADER, value)]), 0, "{value:?}");
        }
        assert_eq!(attempt(&[header(ATTEMPT_HEADER, b"4"), header(ATTEMPT_HEADER, b"5")]), 5);
    }

    /// Proves that an origin is read as it is written, and nothing else is.
    #[test]
    fn origins_round_trip() {
        assert_eq!(origin().to_string().parse(), Ok(origin()));
        for text in ["", "t", "t/1", "/1/2", "t/x/2", "t/1/-2", "t/-1/2", "t/1/2/"] {
            assert!(text.parse::<MessageOrigin>().is_err(), "{text:?}");
        }
    }
}
