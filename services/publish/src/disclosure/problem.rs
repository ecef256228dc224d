//! What there is to protect, as numbers: cells, figures that are sums of them,
//! and who contributes.

use super::Policy;

/// Parts of one person or hour in which cells are kept.
pub(crate) const CELL_UNIT: i128 = 10_000;
/// The same for figures: cells times weights in hundredths.
pub(crate) const UNIT: i128 = 100 * CELL_UNIT;
/// Weight of one.
pub(crate) const WHOLE: i128 = 100;

/// A cell: what no figure is finer than.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// In ten-thousandths.
    pub(crate) quantity: i128,
    /// The same cell in other quarters has the same.
    pub(crate) line: u64,
    /// Quarters since the first of year 0.
    pub(crate) ordinal: i32,
    /// Whether it is a level, which the quarters beside it resemble.
    pub(crate) is_level: bool,
    /// Number of an organisation and what it adds, in ten-thousandths; each
    /// organisation once.
    pub(crate) contributions: Vec<(i64, i128)>,
}

/// A figure: a weighted sum of cells.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all may hold at once")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Figure {
    /// Cell and weight in hundredths, below zero in a difference; cells
    /// ascending.
    pub(crate) parts: Vec<(usize, i128)>,
    /// Whether a table has it now, and not an earlier release alone.
    pub(crate) is_current: bool,
    /// Whether it stays what an earlier release told, and tells nothing more.
    pub(crate) is_held: bool,
    /// Whether an earlier release told it.
    pub(crate) was_told: bool,
    /// Whether an earlier release kept it back.
    pub(crate) was_kept_back: bool,
}

impl Figure {
    /// The cell that the figure is, whatever its weight.
    pub(crate) fn only_cell(&self) -> Option<usize> {
        match self.parts[..] {
            [(cell, _)] => Some(cell),
            _ => None,
        }
    }
}

/// Everything that bears on what may be told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problem {
    pub(crate) cells: Vec<Cell>,
    pub(crate) figures: Vec<Figure>,
}

/// A sum and those who stand behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    /// In parts of [`UNIT`].
    pub(crate) sum: i128,
    pub(crate) contributors: usize,
    /// The largest and the second largest contribution.
    pub(crate) largest: [i128; 2],
}

/// Why a figure is kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Risk {
    /// Below the threshold, or a zero that too few stand behind.
    Small,
    /// Too few contribute, or one outweighs the rest; so uncertain, in parts
    /// of [`UNIT`], must it stay.
    Dominated(i128),
}

impl Problem {
    /// Sum of weighted cells, and who stands behind it.
    pub(crate) fn behind(&self, parts: impl Iterator<Item = (usize, i128)>) -> Behind {
        let mut behind = Behind::default();
        let mut contributions = Vec::new();
        for (cell, weight) in parts {
            let cell = &self.cells[cell];
            behind.sum += cell.quantity * weight;
            contributions.extend(cell.contributions.iter().map(|(who, amount)| (*who, amount * weight)));
        }
        contributions.sort_unstable_by_key(|(who, _)| *who);
        for same in contributions.chunk_by(|(one, _), (other, _)| one == other) {
            // A difference of cells takes from one what it gives to another.
            let amount = same.iter().map(|(_, amount)| amount).sum::<i128>().abs();
            behind.contributors += 1;
            if amount > behind.largest[0] {
                behind.largest = [amount, behind.largest[0]];
            } else if amount > behind.largest[1] {
                behind.largest[1] = amount;
            }
        }
        behind
    }
}

impl Behind {
    /// The primary rules: the threshold, the number of contributors, and the
    /// p % rule.
    pub(crate) fn risk(&self, policy: Policy) -> Option<Risk> {
        let few = self.contributors < usize::from(policy.contributors);
        let sum = self.sum.abs();
        if sum < i128::from(policy.threshold) * UNIT {
            return (sum != 0 || few).then_some(Risk::Small);
        }
        let share = self.largest[0] * i128::from(policy.p_percent);
        let dominated = (sum - self.largest[0] - self.largest[1]) * 100 < share;
        let margin = (share / 100).max(i128::from(policy.rounding_base) * UNIT);
        (few || dominated).then_some(Risk::Dominated(margin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { threshold: 10, rounding_base: 5, contributors: 3, p_percent: 10 };

    fn risk(contributions: &[i128]) -> Option<Risk> {
        let contributions: Vec<_> = (0..).zip(contributions.iter().map(|amount| amount * CELL_UNIT)).collect();
        let quantity = contributions.iter().map(|(_, amount)| amount).sum();
        let cell = Cell { quantity, line: 0, ordinal: 0, is_level: false, contributions };
        let problem = Problem { cells: vec![cell], figures: Vec::new() };
        problem.behind([(0, WHOLE)].into_iter()).risk(POLICY)
    }

    /// Proves the primary rules at their edges: 9 and 10; two and three
    /// contributors; X - x1 - x2 of 9 and of 10 beside an x1 of 100; zeros.
    #[test]
    fn primary_rules_hold_at_their_edges() {
        assert_eq!(risk(&[3, 3, 3]), Some(Risk::Small));
        assert_eq!(risk(&[4, 3, 3]), None);
        assert_eq!(risk(&[40, 60]), Some(Risk::Dominated(6 * UNIT)));
        assert_eq!(risk(&[100, 50, 9]), Some(Risk::Dominated(10 * UNIT)));
        assert_eq!(risk(&[100, 50, 10]), None);
        assert_eq!(risk(&[0, 0]), Some(Risk::Small));
        assert_eq!(risk(&[0, 0, 0]), None);
    }

    /// Proves that an organisation in several cells counts once.
    #[test]
    fn contributions_of_one_organisation_are_added() {
        let cell = |who: &[i64]| Cell {
            quantity: 10 * CELL_UNIT,
            line: 0,
            ordinal: 0,
            is_level: false,
            contributions: who.iter().map(|who| (*who, 5 * CELL_UNIT)).collect(),
        };
        let problem = Problem { cells: vec![cell(&[1, 2]), cell(&[2, 3])], figures: Vec::new() };
        let behind = problem.behind([(0, WHOLE), (1, WHOLE / 4)].into_iter());
        assert_eq!((behind.sum, behind.contributors), (12 * UNIT + UNIT / 2, 3));
        assert_eq!(behind.largest, [6 * UNIT + UNIT / 4, 5 * UNIT]);
    }
}
