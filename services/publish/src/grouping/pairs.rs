//! Sums per pair of numbers: what all grouping here comes down to.

use super::coder::Codes;
use hashbrown::HashTable;

/// Counts beside the quantity.
pub(crate) const COUNTS: usize = 4;
/// Rows handed on at a time.
const CHUNK_ROWS: usize = 1 << 16;
/// Sums of one allocation: what holds them grows without being moved.
const BLOCK: usize = 1 << 12;

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

/// A pair and its sum, side by side: looking one up touches one cache line.
struct Sum {
    pair: [u32; 2],
    amounts: Amounts,
}

/// Sums per distinct pair. Pairs are numbered from 0 as they come.
///
/// Each second number has a table of its own: rows that lie near each other
/// mostly share theirs, and a small table is in the nearest cache, where one of
/// all pairs never is.
#[derive(Default)]
pub(crate) struct Pairs {
    /// Numbers of the pairs, by their second number and, hashed, their first.
    tables: Vec<HashTable<u32>>,
    blocks: Vec<Vec<Sum>>,
    count: u32,
}

impl Pairs {
    /// Adds to the sum of a pair, and returns the pair's number.
    pub(crate) fn add(&mut self, pair: [u32; 2], amounts: &Amounts) -> u32 {
        let Self { tables, blocks, count } = self;
        let [first, second] = pair;
        let second = second as usize;
        if second >= tables.len() {
            tables.resize_with(second + 1, HashTable::new);
        }
        let table = &mut tables[second];
        if let Some(number) = table.find(hash(first), |number| sum(blocks, *number).pair == pair) {
            let at = *number as usize;
            blocks[at / BLOCK][at % BLOCK].amounts.add(amounts);
            return *number;
        }
        let number = *count;
        *count += 1;
        if blocks.last().is_none_or(|block| block.len() == BLOCK) {
            blocks.push(Vec::with_capacity(BLOCK));
        }
        if let Some(block) = blocks.last_mut() {
            block.push(Sum { pair, amounts: *amounts });
        }
        table.insert_unique(hash(first), number, |known| hash(sum(blocks, *known).pair[0]));
        number
    }

    /// Number of a pair that has come.
    pub(crate) fn find(&self, pair: [u32; 2]) -> Option<u32> {
        let table = self.tables.get(pair[1] as usize)?;
        table.find(hash(pair[0]), |number| sum(&self.blocks, *number).pair == pair).copied()
    }

    /// Adds to the sum of number `number` where that is `pair`; else false.
    pub(crate) fn add_known(&mut self, number: u32, pair: [u32; 2], amounts: &Amounts) -> bool {
        let at = number as usize;
        let known = self.blocks.get_mut(at / BLOCK).and_then(|block| block.get_mut(at % BLOCK));
        let Some(known) = known.filter(|known| known.pair == pair) else { return false };
        known.amounts.add(amounts);
        true
    }

    /// Pairs and their sums, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ([u32; 2], &Amounts)> {
        self.blocks.iter().flatten().map(|sum| (sum.pair, &sum.amounts))
    }

    /// Chunks of the pairs whose sums pass `keep`.
    pub(crate) fn chunks(&self, keep: impl Fn(&Amounts) -> bool) -> impl Iterator<Item = Chunk> {
        let mut kept = (0..).zip(self.iter()).filter(move |(_, (_, amounts))| keep(amounts));
        std::iter::from_fn(move || {
            let mut chunk = Chunk::default();
            for (number, (pair, amounts)) in kept.by_ref().take(CHUNK_ROWS) {
                chunk.push(number, pair, amounts);
            }
            (!chunk.numbers.is_empty()).then_some(chunk)
        })
    }
}

/// Spreads the numbers of one table, which are distinct, over all 64 bits.
const fn hash(number: u32) -> u64 {
    let mixed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ mixed >> 32
}

fn sum(blocks: &[Vec<Sum>], number: u32) -> &Sum {
    let at = number as usize;
    &blocks[at / BLOCK][at % BLOCK]
}

/// Some pairs with their numbers and sums, column by column.
#[derive(Default)]
pub(crate) struct Chunk {
    pub(crate) numbers: Codes,
    pub(crate) pairs: [Codes; 2],
    pub(crate) quantities: Vec<i128>,
    pub(crate) counts: [Vec<i64>; COUNTS],
}

impl Chunk {
    fn push(&mut self, number: u32, [one, other]: [u32; 2], amounts: &Amounts) {
        self.numbers.push(number);
        self.pairs[0].push(one);
        self.pairs[1].push(other);
        self.quantities.push(amounts.quantity);
        for (column, count) in self.counts.iter_mut().zip(amounts.counts) {
            column.push(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Proves sums per pair against a naive map, over random rows and
        /// amounts, whether or not the pair's number is known.
        #[test]
        fn sums_equal_a_naive_map(
            rows in prop::collection::vec((0..4_u32, 0..3_u32, -9..9_i128, -2..3_i64), 0..300),
        ) {
            let mut pairs = Pairs::default();
            let mut naive: BTreeMap<[u32; 2], Amounts> = BTreeMap::new();
            let mut last = 0;
            for (one, other, quantity, count) in rows {
                let amounts = Amounts { quantity, counts: [count, 1, 0, -count] };
                naive.entry([one, other]).or_default().add(&amounts);
                if !pairs.add_known(last, [one, other], &amounts) {
                    last = pairs.add([one, other], &amounts);
                }
            }
            naive.retain(|_, sum| sum.quantity != 0);
            let mut got = BTreeMap::new();
            for chunk in pairs.chunks(|sum| sum.quantity != 0) {
                for at in 0..chunk.numbers.len() {
                    let counts = std::array::from_fn(|count| chunk.counts[count][at]);
                    let amounts = Amounts { quantity: chunk.quantities[at], counts };
                    prop_assert!(got.insert(chunk.pairs.each_ref().map(|column| column[at]), amounts).is_none());
                }
            }
            prop_assert_eq!(got, naive);
        }
    }

    /// Proves that sums past one block and one chunk are found again.
    #[test]
    fn many_pairs_keep_their_numbers() {
        let mut pairs = Pairs::default();
        let many = u32::try_from(CHUNK_ROWS + BLOCK + 1).unwrap();
        let one = Amounts { quantity: 1, ..Amounts::default() };
        for round in 0..2 {
            for number in 0..many {
                assert_eq!(pairs.add([number % 7, number], &one), number, "round {round}");
            }
        }
        let chunks: Vec<Chunk> = pairs.chunks(|sum| sum.quantity == 2).collect();
        assert_eq!(chunks.iter().map(|chunk| chunk.numbers.len()).collect::<Vec<_>>(), [CHUNK_ROWS, BLOCK + 1]);
        assert!(chunks.iter().flat_map(|chunk| &chunk.numbers).copied().eq(0..many));
    }
}
