//! Seeded draws: `SplitMix64` (Steele, Lea and Flood, 2014), started afresh for
//! each thing drawn for. A draw depends on the seed and on what it is for,
//! never on what was drawn before, so any record can be made again by itself.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is drawn for; keeps the sequences of different purposes apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Organisation = 1,
    Work = 2,
    Money = 3,
    Fault = 4,
    Arrival = 5,
    LoadKind = 6,
    LoadEvent = 7,
}

/// A sequence of draws for one thing.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let start = mix(seed ^ mix((purpose as u64).wrapping_mul(GAMMA)));
        Self { state: mix(start ^ index.wrapping_mul(GAMMA)) }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A whole number from 0 to below `bound`; 0 where `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is below `bound`, so it fits.
        u64::try_from((u128::from(self.next()) * u128::from(bound)) >> 64).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(high.abs_diff(low) + 1)).unwrap_or(0)
    }

    /// True in `parts` of 1,000 draws.
    pub(crate) fn per_mille(&mut self, parts: u64) -> bool {
        self.below(1000) < parts
    }

    /// An index below `length`; 0 where it is 0.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// Position in `weights`, drawn in proportion to them.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut rest = self.below(weights.clone().sum());
        for (position, weight) in weights.enumerate() {
            if rest < weight {
                return position;
            }
            rest -= weight;
        }
        0
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the sequence is `SplitMix64`'s, against its published first
    /// values for the state 1234567.
    #[test]
    fn draws_are_splitmix64() {
        let mut draw = Draw { state: 1_234_567 };
        assert_eq!(draw.next(), 6_457_827_717_110_365_317);
        assert_eq!(draw.next(), 3_203_168_211_198_807_973);
        assert_eq!(draw.next(), 9_817_491_932_198_370_423);
    }

    /// Proves that draws stay in their bounds, reach both ends, and differ by
    /// seed, purpose and index.
    #[test]
    fn draws_keep_their_bounds() {
        let mut draw = Draw::new(1, Purpose::Work, 2);
        let drawn: Vec<i64> = (0..10_000).map(|_| draw.between(-3, 3)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-3), Some(&3)));
        assert_eq!(draw.below(0), 0);
        let positions: Vec<usize> = (0..1000).map(|_| draw.weighted([0_u64, 5, 0, 1].into_iter())).collect();
        assert!(positions.contains(&1) && positions.contains(&3) && !positions.contains(&0) && !positions.contains(&2));
        let first = |seed, purpose, index| Draw::new(seed, purpose, index).next();
        let base = first(1, Purpose::Work, 2);
        assert!(base != first(2, Purpose::Work, 2));
        assert!(base != first(1, Purpose::Money, 2));
        assert!(base != first(1, Purpose::Work, 3));
    }
}
