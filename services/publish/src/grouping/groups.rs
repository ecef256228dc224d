//! Hash tables from rows of codes to numbers, and to sums.

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

/// Numbers the distinct rows of `width` codes, from 0.
pub(crate) struct Tuples {
    width: usize,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// `width` codes a tuple.
    keys: Vec<u32>,
    count: u32,
    /// Rows of a batch one after the other.
    rows: Vec<u32>,
}

impl Tuples {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Vec::new(),
            count: 0,
            rows: Vec::new(),
        }
    }

    /// Hands each of `count` rows, given as one slice of codes a column, with
    /// its number to `visit`. Rows for which `keep` is false are passed over.
    pub(crate) fn number(
        &mut self,
        columns: &[&[u32]],
        count: usize,
        keep: impl Fn(usize) -> bool,
        mut visit: impl FnMut(usize, u32),
    ) {
        let width = self.width;
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        rows.resize(count * width, NULL);
        for (at, column) in columns.iter().enumerate() {
            for (to, code) in rows.iter_mut().skip(at).step_by(width.max(1)).zip(*column) {
                *to = *code;
            }
        }
        for row in (0..count).filter(|row| keep(*row)) {
            visit(row, self.tuple(&rows[row * width..(row + 1) * width]));
        }
        self.rows = rows;
    }

    fn tuple(&mut self, row: &[u32]) -> u32 {
        let Self { width, table, hasher, keys, count, .. } = self;
        let hash = hasher.hash_one(row);
        let key = |keys: &[u32], tuple: u32| -> std::ops::Range<usize> {
            let start = tuple as usize * *width;
            start..(start + *width).min(keys.len())
        };
        if let Some(tuple) = table.find(hash, |tuple| keys[key(keys, *tuple)] == *row) {
            return *tuple;
        }
        let tuple = *count;
        *count += 1;
        keys.extend_from_slice(row);
        table.insert_unique(hash, tuple, |known| hasher.hash_one(&keys[key(keys, *known)]));
        tuple
    }

    /// Code in column `at` of a numbered tuple.
    pub(crate) fn code(&self, tuple: u32, at: usize) -> u32 {
        self.keys.get(tuple as usize * self.width + at).copied().unwrap_or(NULL)
    }
}

/// Sums per distinct row of codes.
pub(crate) struct Groups {
    tuples: Tuples,
    sums: Vec<Amounts>,
}

impl Groups {
    pub(crate) fn new(width: usize) -> Self {
        Self { tuples: Tuples::new(width), sums: Vec::new() }
    }

    /// Adds rows as [`Tuples::number`] takes them.
    pub(crate) fn add(
        &mut self,
        columns: &[&[u32]],
        amounts: &[Amounts],
        keep: impl Fn(usize) -> bool,
        mut visit: impl FnMut(usize, u32),
    ) {
        let sums = &mut self.sums;
        self.tuples.number(columns, amounts.len(), keep, |row, group| {
            let at = group as usize;
            if at >= sums.len() {
                sums.resize(at + 1, Amounts::default());
            }
            sums[at].add(&amounts[row]);
            visit(row, group);
        });
    }

    /// Chunks of the groups whose sums pass `keep`.
    pub(crate) fn into_chunks(self, keep: impl Fn(&Amounts) -> bool) -> Vec<Chunk> {
        let Self { tuples, sums } = self;
        let mut chunks = Vec::new();
        let mut chunk = Chunk::new(tuples.width);
        for (group, sum) in (0_u32..).zip(sums) {
            if !keep(&sum) {
                continue;
            }
            for (at, codes) in chunk.columns.iter_mut().enumerate() {
                codes.push(tuples.code(group, at));
            }
            chunk.sums.push(sum);
            chunk.groups.push(group);
            if chunk.sums.len() == CHUNK_ROWS {
                chunks.push(std::mem::replace(&mut chunk, Chunk::new(tuples.width)));
            }
        }
        if !chunk.sums.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }
}

/// Some groups: their codes by column, their sums, and their numbers.
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
        /// and amounts.
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
