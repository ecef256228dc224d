//! A hash table from rows of codes to sums.

use super::coder::{Codes, NULL};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// Counts beside the quantity.
pub(crate) const COUNTS: usize = 4;
/// Rows handed on at a time.
const CHUNK_ROWS: usize = 1 << 16;

/// What is summed: a quantity in ten-thousandths, and counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) quantity: i128,
    pub(crate) counts: [i64; COUNTS],
}

impl Amounts {
    fn add(&mut self, other: &Self) {
        self.quantity = self.quantity.wrapping_add(other.quantity);
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum = sum.wrapping_add(count);
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Sums per distinct row of `width` codes.
pub(crate) struct Groups {
    width: usize,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// `width` codes a group.
    keys: Vec<u32>,
    sums: Vec<Amounts>,
    scratch: Vec<u32>,
}

impl Groups {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Vec::new(),
            sums: Vec::new(),
            scratch: vec![NULL; width],
        }
    }

    /// Adds rows, given as one slice of codes a column. Rows for which `keep`
    /// is false are passed over. `visit` gets each kept row and its group.
    pub(crate) fn add(
        &mut self,
        columns: &[&[u32]],
        amounts: &[Amounts],
        keep: impl Fn(usize) -> bool,
        mut visit: impl FnMut(usize, u32),
    ) {
        for (row, amount) in amounts.iter().enumerate() {
            if !keep(row) {
                continue;
            }
            for (to, column) in self.scratch.iter_mut().zip(columns) {
                *to = column.get(row).copied().unwrap_or(NULL);
            }
            let group = self.group();
            if let Some(sum) = self.sums.get_mut(group as usize) {
                sum.add(amount);
            }
            visit(row, group);
        }
    }

    /// Group of the row in `scratch`, made where it is new.
    fn group(&mut self) -> u32 {
        let Self { width, table, hasher, keys, sums, scratch } = self;
        let key_of = |keys: &[u32], group: u32| -> std::ops::Range<usize> {
            let start = group as usize * *width;
            start..(start + *width).min(keys.len())
        };
        let hash = hasher.hash_one(&scratch[..]);
        if let Some(group) = table.find(hash, |group| keys[key_of(keys, *group)] == scratch[..]) {
            return *group;
        }
        let group = u32::try_from(sums.len()).unwrap_or(u32::MAX);
        keys.extend_from_slice(scratch);
        sums.push(Amounts::default());
        table.insert_unique(hash, group, |known| hasher.hash_one(&keys[key_of(keys, *known)]));
        group
    }

    /// Chunks of the groups whose sums pass `keep`: per chunk the codes by
    /// column, the sums, and the numbers the groups had.
    pub(crate) fn into_chunks(self, keep: impl Fn(&Amounts) -> bool) -> Vec<Chunk> {
        let Self { width, keys, sums, .. } = self;
        let mut chunks = Vec::new();
        let mut chunk = Chunk::new(width);
        for (group, (key, sum)) in (0_u32..).zip(keys.chunks_exact(width).zip(sums)) {
            if !keep(&sum) {
                continue;
            }
            for (codes, code) in chunk.columns.iter_mut().zip(key) {
                codes.push(*code);
            }
            chunk.sums.push(sum);
            chunk.groups.push(group);
            if chunk.sums.len() == CHUNK_ROWS {
                chunks.push(std::mem::replace(&mut chunk, Chunk::new(width)));
            }
        }
        if !chunk.sums.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }
}

/// Some groups, by column.
pub(crate) struct Chunk {
    pub(crate) columns: Vec<Codes>,
    pub(crate) sums: Vec<Amounts>,
    pub(crate) groups: Vec<u32>,
}

impl Chunk {
    fn new(width: usize) -> Self {
        Self { columns: vec![Codes::new(); width], sums: Vec::new(), groups: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Proves sums per key against a naive map, over random rows, masks
        /// and numbers of columns.
        #[test]
        fn sums_equal_a_naive_map(
            rows in prop::collection::vec((0..4_u32, 0..3_u32, -9..9_i128, -2..3_i64, any::<bool>()), 0..300),
        ) {
            let (a, b): (Vec<u32>, Vec<u32>) = rows.iter().map(|row| (row.0, row.1)).unzip();
            let amounts: Vec<Amounts> =
                rows.iter().map(|row| Amounts { quantity: row.2, counts: [row.3, 1, 0, -row.3] }).collect();
            let mut groups = Groups::new(2);
            let mut visited = 0;
            groups.add(&[&a, &b], &amounts, |row| rows[row].4, |_, _| visited += 1);
            let mut naive: BTreeMap<(u32, u32), Amounts> = BTreeMap::new();
            for (row, amount) in rows.iter().zip(&amounts).filter(|(row, _)| row.4) {
                naive.entry((row.0, row.1)).or_default().add(amount);
            }
            prop_assert_eq!(visited, rows.iter().filter(|row| row.4).count());
            naive.retain(|_, sum| sum.quantity != 0);
            let mut got = BTreeMap::new();
            for chunk in groups.into_chunks(|sum| sum.quantity != 0) {
                for (at, sum) in chunk.sums.iter().enumerate() {
                    got.insert((chunk.columns[0][at], chunk.columns[1][at]), *sum);
                }
            }
            prop_assert_eq!(got, naive);
        }
    }
}
