//! Hash maps keyed by packed codes.

use hashbrown::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Spreads packed codes, which differ in few bits, over the hash table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PackedHasher(u64);

impl Hasher for PackedHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        // A multiple of the golden ratio mixes the high bits, which the table
        // takes for tags; folding brings them to the low ones, its slots.
        let product = (word ^ self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

/// A map from a packed postcode or code.
pub(crate) type Packed<T> = HashMap<u64, T, BuildHasherDefault<PackedHasher>>;
