//! Event identity as a fixed-size key.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// 96 bits of the xxh3-128 of the event id, seeded by the xxh3-64 of its source. Among 100 million events
/// two share one with a chance of about 6 in 10^14.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity([u8; 12]);

impl Identity {
    /// Well mixed bits for a hash table.
    #[must_use]
    pub const fn hash(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// Makes identities. Neighbours mostly share their source, so it is hashed once
/// for all of them.
#[derive(Default)]
pub(crate) struct Identities {
    source: String,
    of_source: u64,
}

impl Identities {
    /// Identity of an event.
    pub(crate) fn of(&mut self, source: &str, event_id: &str) -> Identity {
        if self.source != source {
            source.clone_into(&mut self.source);
            self.of_source = xxh3_64(source.as_bytes());
        }
        let [bytes @ .., _, _, _, _] = xxh3_128_with_seed(event_id.as_bytes(), self.of_source).to_le_bytes();
        Identity(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that where source ends and event id begins matters.
    #[test]
    fn parts_do_not_run_together() {
        let mut identities = Identities::default();
        let first = identities.of("a", "bc");
        assert_ne!(first, identities.of("ab", "c"));
        assert_ne!(first, identities.of("ab", "bc"));
        assert_eq!(first, identities.of("a", "bc"));
    }
}
