//! Event identity as a fixed-size key.

use xxhash_rust::xxh3::xxh3_128;

/// 96 bits of the xxh3-128 of source and event id. Among 100 million events
/// two share one with a chance of about 6 in 10^14.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity([u8; 12]);

impl Identity {
    /// Identity of an event; `scratch` is reused to spare an allocation.
    #[must_use]
    pub fn of(source: &str, event_id: &str, scratch: &mut Vec<u8>) -> Self {
        scratch.clear();
        scratch.extend_from_slice(source.as_bytes());
        // A separator that no identity may contain keeps ("a", "bc") apart from ("ab", "c").
        scratch.push(0);
        scratch.extend_from_slice(event_id.as_bytes());
        let [bytes @ .., _, _, _, _] = xxh3_128(scratch).to_le_bytes();
        Self(bytes)
    }

    /// Well mixed bits for a hash table.
    #[must_use]
    pub const fn hash(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that where source ends and event id begins matters.
    #[test]
    fn parts_do_not_run_together() {
        let mut scratch = Vec::new();
        assert_ne!(Identity::of("a", "bc", &mut scratch), Identity::of("ab", "c", &mut scratch));
        assert_eq!(Identity::of("a", "bc", &mut scratch), Identity::of("a", "bc", &mut scratch));
    }
}
