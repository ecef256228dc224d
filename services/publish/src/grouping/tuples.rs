//! Numbers for rows of codes.

use super::coder::{Codes, NULL};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;
use std::ops::Range;

/// Rows laid out one after the other at a time: few enough for the nearest
/// cache.
const BLOCK_ROWS: usize = 256;

/// Numbers the distinct rows of `width` codes, from 0.
pub(crate) struct Tuples {
    width: usize,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// `width` codes a tuple.
    keys: Codes,
    count: u32,
    /// Rows of a block one after the other.
    rows: Codes,
}

impl Tuples {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Codes::new(),
            count: 0,
            rows: Codes::new(),
        }
    }

    /// Writes the number of each of `count` rows, given as one slice of codes
    /// a column, to `numbers`.
    pub(crate) fn number(&mut self, columns: &[&[u32]], count: usize, numbers: &mut Codes) {
        let width = self.width;
        let mut rows = std::mem::take(&mut self.rows);
        numbers.clear();
        numbers.reserve(count);
        for start in (0..count).step_by(BLOCK_ROWS) {
            let length = BLOCK_ROWS.min(count - start);
            rows.clear();
            rows.resize(length * width, NULL);
            for (at, column) in columns.iter().enumerate() {
                for (to, code) in rows.iter_mut().skip(at).step_by(width.max(1)).zip(&column[start..start + length]) {
                    *to = *code;
                }
            }
            numbers.extend((0..length).map(|row| self.tuple(&rows[row * width..(row + 1) * width])));
        }
        self.rows = rows;
    }

    fn tuple(&mut self, row: &[u32]) -> u32 {
        let Self { width, table, hasher, keys, count, .. } = self;
        let hash = hasher.hash_one(row);
        if let Some(tuple) = table.find(hash, |tuple| same(&keys[place(*width, *tuple)], row)) {
            return *tuple;
        }
        let tuple = *count;
        *count += 1;
        keys.extend_from_slice(row);
        table.insert_unique(hash, tuple, |known| hasher.hash_one(&keys[place(*width, *known)]));
        tuple
    }

    /// Code in column `at` of a numbered tuple.
    pub(crate) fn code(&self, tuple: u32, at: usize) -> u32 {
        self.keys.get(tuple as usize * self.width + at).copied().unwrap_or(NULL)
    }

    /// Codes in column `at` of every tuple, by number.
    pub(crate) fn column(&self, at: usize) -> Codes {
        (0..self.count).map(|tuple| self.code(tuple, at)).collect()
    }

    /// Tuples so far.
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }
}

fn place(width: usize, tuple: u32) -> Range<usize> {
    let start = tuple as usize * width;
    start..start + width
}

/// Whether two rows are equal, without a call or a branch a code: they are
/// short, and a row found by its hash is nearly always the same.
fn same(one: &[u32], other: &[u32]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Proves that equal rows, and they alone, have equal numbers, over
        /// batches of any length, against a naive map.
        #[test]
        fn numbers_equal_a_naive_map(
            batches in prop::collection::vec(prop::collection::vec((0..4_u32, 0..3_u32, 0..2_u32), 0..600), 0..4),
        ) {
            let mut tuples = Tuples::new(3);
            let mut naive: BTreeMap<[u32; 3], u32> = BTreeMap::new();
            let mut numbers = Codes::new();
            for rows in batches {
                let column = |at: usize| rows.iter().map(|row| [row.0, row.1, row.2][at]).collect::<Codes>();
                let columns = [column(0), column(1), column(2)];
                tuples.number(&columns.each_ref().map(Vec::as_slice), rows.len(), &mut numbers);
                prop_assert_eq!(numbers.len(), rows.len());
                for (row, number) in rows.iter().zip(&numbers) {
                    let next = u32::try_from(naive.len()).unwrap();
                    prop_assert_eq!(*naive.entry([row.0, row.1, row.2]).or_insert(next), *number);
                    prop_assert_eq!(tuples.code(*number, 1), row.1);
                }
            }
            prop_assert_eq!(tuples.count(), naive.len());
        }
    }

    /// Proves that rows without columns are one tuple.
    #[test]
    fn no_columns_are_one_tuple() {
        let (mut tuples, mut numbers) = (Tuples::new(0), Codes::new());
        tuples.number(&[], 300, &mut numbers);
        assert_eq!((tuples.count(), numbers), (1, vec![0; 300]));
    }
}
