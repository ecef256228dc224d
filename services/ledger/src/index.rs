//! Which events the books hold, and where: 32 bytes an event.

use crate::Identity;
use hashbrown::HashTable;

/// Where an entry lies: the row of the entries file that a commit wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    pub commit: u32,
    pub row: u32,
}

/// What the books say of one event: its highest revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub revision: u32,
    /// First 8 bytes of the content digest.
    pub digest: [u8; 8],
    /// More than one content has been seen at this revision.
    pub conflicting: bool,
}

/// Highest revision a head can hold; the bit above it marks a conflict.
pub(crate) const REVISION_MAX: u32 = (1 << 30) - 1;
const CONFLICTING: u32 = 1 << 31;

#[derive(Clone, Copy)]
struct Slot {
    identity: Identity,
    digest: [u8; 8],
    revision: u32,
    at: Location,
}

const _: () = assert!(size_of::<Slot>() == 32);

/// Tables of the index. One that grows is copied whole: small ones spare the
/// pause and the memory of that.
const SHARDS: usize = 64;

/// Events of one dataset that are in the books.
pub struct Index {
    shards: [HashTable<Slot>; SHARDS],
}

impl Default for Index {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| HashTable::new()) }
    }
}

/// Shard of an identity, by bits that the tables use last.
const fn shard(identity: Identity) -> usize {
    (identity.hash() >> 40) as usize % SHARDS
}

impl Index {
    /// What the books say of `identity`, and where.
    #[must_use]
    pub fn get(&self, identity: Identity) -> Option<(Head, Location)> {
        let slot = self.shards[shard(identity)].find(identity.hash(), |slot| slot.identity == identity)?;
        let head = Head {
            revision: slot.revision & REVISION_MAX,
            digest: slot.digest,
            conflicting: slot.revision & CONFLICTING != 0,
        };
        Some((head, slot.at))
    }

    /// Records what the books now say.
    pub fn set(&mut self, identity: Identity, head: Head, at: Location) {
        let mark = if head.conflicting { CONFLICTING } else { 0 };
        let new = Slot { identity, digest: head.digest, revision: head.revision | mark, at };
        self.shards[shard(identity)]
            .entry(identity.hash(), |slot| slot.identity == identity, |slot| slot.identity.hash())
            .and_modify(|slot| *slot = new)
            .or_insert(new);
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(HashTable::len).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(HashTable::is_empty)
    }

    /// Bytes of memory the tables take, slack included.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identities;

    /// Proves that a head is kept with its conflict mark apart from its
    /// revision, and that a later one replaces it.
    #[test]
    fn heads_are_kept_and_replaced() {
        let identity = Identities::default().of("s", "1");
        let mut index = Index::default();
        assert_eq!(index.get(identity), None);
        let at = Location { commit: 3, row: 4 };
        let head = Head { revision: REVISION_MAX, digest: [7; 8], conflicting: true };
        index.set(identity, head, at);
        assert_eq!(index.get(identity), Some((head, at)));
        let later = Head { revision: 0, digest: [8; 8], conflicting: false };
        index.set(identity, later, at);
        assert_eq!(index.get(identity), Some((later, at)));
        assert_eq!(index.len(), 1);
    }
}
