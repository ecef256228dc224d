//! The key of an event's messages, and the partition that a key falls to.
//!
//! One partitioner for every topic that is keyed by identity: Java's default,
//! murmur2 of the key. So whoever sends an event, in whatever language, all of
//! its revisions lie in one partition.

/// Stands between `source` and `event_id` in a message's key.
const KEY_SEPARATOR: u8 = 0x1F;

/// Key of the messages of one event: `source`, the byte 0x1F, `event_id`.
#[must_use]
pub fn key_of(source: &str, event_id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(source.len() + 1 + event_id.len());
    write_key(source, event_id, &mut key);
    key
}

/// Puts the key of an event in the place of what `key` holds.
pub fn write_key(source: &str, event_id: &str, key: &mut Vec<u8>) {
    key.clear();
    key.extend_from_slice(source.as_bytes());
    key.push(KEY_SEPARATOR);
    key.extend_from_slice(event_id.as_bytes());
}

/// Partition of a key among `partitions` (at least one).
#[must_use]
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    // The sign is struck off, as Java's `Utils.toPositive` does.
    let positive = i32::try_from(murmur2(key) & 0x7FFF_FFFF).unwrap_or(0);
    positive.checked_rem(partitions).unwrap_or(0)
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_B28C;
    const M: u32 = 0x5BD1_E995;
    // A key is never as long as four gigabytes.
    let mut hash = SEED ^ u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
        let mixed = word.wrapping_mul(M);
        let mixed = (mixed ^ mixed >> 24).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ mixed;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let rest = rest.iter().rev().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
        hash = (hash ^ rest).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the hash is Java's, by the values of Kafka's own test of it.
    #[test]
    fn the_hash_is_that_of_java() {
        let cases: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (text, hash) in cases {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }

    /// Proves that a negative hash falls to a partition that there is.
    #[test]
    fn every_key_has_a_partition() {
        assert_eq!(partition_of(b"21", 7), 0x45F2_F8EC % 7);
        assert_eq!(partition_of(b"abc", 1), 0);
    }
}
