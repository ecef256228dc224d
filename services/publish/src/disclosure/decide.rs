//! Which figures are told: the primary rules first, then as few more kept back
//! as the sums that are told make necessary.

use super::Policy;
use super::classes::{Class, Hidden, classes};
use super::problem::{Figure, Problem, Risk, UNIT, WHOLE};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Hidden cells of a sum by class, and the least weight of them.
type Reach = BTreeMap<usize, (Vec<usize>, i128)>;

/// What may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// By figure.
    pub(crate) told: Vec<bool>,
    /// By cell: kept back, so that its neighbours in time say no more than they
    /// must.
    pub(crate) closed: Vec<bool>,
    /// Classes and sums that earlier releases have given away already.
    pub(crate) given_away: usize,
}

/// Decides for all figures at once.
///
/// Nothing here depends on the order of cells but by their numbers. It ends:
/// each round keeps back a cell or a sum more, or is the last.
pub(crate) fn decide(problem: &Problem, policy: Policy) -> Decision {
    let mut state = State::new(problem, policy);
    loop {
        let classes = classes(problem, &state.known_sums());
        let mut blamed = BTreeSet::new();
        let mut changed = false;
        state.given_away = 0;
        for class in &classes {
            changed |= state.close_in(class, &mut blamed);
        }
        if blamed.is_empty() && !changed {
            state.protect_sums(&classes, &mut blamed);
        }
        if blamed.is_empty() && !changed && !std::mem::take(&mut state.closed_for_sums) {
            return state.into_decision();
        }
        for sum in blamed {
            state.sum_is_told[sum] = false;
        }
    }
}

struct State<'a> {
    problem: &'a Problem,
    policy: Policy,
    /// Why a cell, or a figure that is a sum, is to be kept back.
    cell_risks: Vec<Option<Risk>>,
    sum_risks: Vec<Option<Risk>>,
    closed: Vec<bool>,
    cell_was_told: Vec<bool>,
    sum_is_told: Vec<bool>,
    /// Sums of a cell over all quarters: what is kept back beside others is the
    /// same line each time, since a level tells of the one before it.
    line_totals: HashMap<u64, i128>,
    closed_for_sums: bool,
    given_away: usize,
}

impl<'a> State<'a> {
    fn new(problem: &'a Problem, policy: Policy) -> Self {
        let count = problem.cells.len();
        let mut line_totals = HashMap::new();
        for cell in &problem.cells {
            *line_totals.entry(cell.line).or_default() += cell.quantity;
        }
        let mut state = Self {
            problem,
            policy,
            cell_risks: (0..count).map(|cell| problem.behind([(cell, WHOLE)].into_iter()).risk(policy)).collect(),
            sum_risks: vec![None; problem.figures.len()],
            closed: Vec::new(),
            cell_was_told: vec![false; count],
            sum_is_told: vec![false; problem.figures.len()],
            line_totals,
            closed_for_sums: false,
            given_away: 0,
        };
        state.closed = state.cell_risks.iter().map(Option::is_some).collect();
        let margin = Risk::Dominated(i128::from(policy.rounding_base) * UNIT);
        for (at, figure) in problem.figures.iter().enumerate() {
            let risk = problem.behind(figure.parts.iter().copied()).risk(policy);
            if let Some(cell) = figure.only_cell() {
                state.cell_was_told[cell] |= figure.was_told;
                // Why is not known of what was kept back; it stays so, since the others told of it then.
                state.closed[cell] |= figure.was_kept_back || (figure.is_current && risk.is_some());
                if figure.was_kept_back {
                    state.cell_risks[cell].get_or_insert(margin);
                }
            } else if figure.is_current {
                state.sum_risks[at] = risk;
                state.sum_is_told[at] = risk.is_none();
            }
        }
        state
    }

    /// Sums that whoever reads all releases has.
    fn known_sums(&self) -> Vec<bool> {
        let is_known = |(figure, told): (&Figure, &bool)| (*told && !figure.is_held) || figure.was_told;
        self.problem.figures.iter().zip(&self.sum_is_told).map(is_known).collect()
    }

    fn is_hidden(&self, cell: usize) -> bool {
        self.closed[cell] && !self.cell_was_told[cell]
    }

    fn hidden_in(&self, class: &Class) -> Vec<usize> {
        class.cells.iter().copied().filter(|cell| self.is_hidden(*cell)).collect()
    }

    /// Keeps back more cells of a class until what is hidden in it is safe.
    /// Where it has no more, the smallest sum it stands in is to blame. Returns
    /// whether a cell was closed.
    fn close_in(&mut self, class: &Class, blamed: &mut BTreeSet<usize>) -> bool {
        let mut hidden = self.hidden_in(class);
        let must_hide = hidden.iter().any(|cell| self.cell_risks[*cell].is_some());
        if class.signature.is_empty() || !must_hide {
            return false;
        }
        let mut spare = self.spare_in(class);
        let mut changed = false;
        while !Hidden::new(self.problem, self.policy, &self.cell_risks, &hidden).is_safe() {
            let Some(cell) = spare.pop() else {
                self.blame(&[class], blamed);
                break;
            };
            self.closed[cell] = true;
            changed = true;
            hidden.push(cell);
        }
        changed
    }

    /// Cells that may be kept back as well, the first to go last.
    fn spare_in(&self, class: &Class) -> Vec<usize> {
        let is_spare =
            |cell: &usize| !self.closed[*cell] && !self.cell_was_told[*cell] && self.problem.cells[*cell].quantity != 0;
        let mut spare: Vec<usize> = class.cells.iter().copied().filter(is_spare).collect();
        spare.sort_unstable_by_key(|at| {
            let cell = &self.problem.cells[*at];
            std::cmp::Reverse((self.line_totals[&cell.line], cell.line, cell.quantity, *at))
        });
        spare
    }

    /// Names the sum of fewest cells that the classes stand in and that is not
    /// out already.
    fn blame(&mut self, classes: &[&Class], blamed: &mut BTreeSet<usize>) {
        let sums = classes.iter().flat_map(|class| &class.signature).map(|(sum, _)| *sum);
        let ours = sums.filter(|sum| self.sum_is_told[*sum] && !self.problem.figures[*sum].was_told);
        match ours.min_by_key(|sum| (self.problem.figures[*sum].parts.len(), *sum)) {
            Some(sum) => _ = blamed.insert(sum),
            None => self.given_away += 1,
        }
    }

    /// Sees to it that sums kept back for their own sake do not follow from
    /// what is told of the classes they reach into.
    fn protect_sums(&mut self, classes: &[Class], blamed: &mut BTreeSet<usize>) {
        let mut class_of = vec![0; self.problem.cells.len()];
        for (at, class) in classes.iter().enumerate() {
            class.cells.iter().for_each(|cell| class_of[*cell] = at);
        }
        for sum in 0..self.problem.figures.len() {
            let Some(risk) = self.sum_risks[sum] else { continue };
            if self.problem.figures[sum].was_told {
                continue;
            }
            let needed = match risk {
                Risk::Small => i128::from(self.policy.rounding_base) * UNIT,
                Risk::Dominated(margin) => 2 * margin,
            };
            let reached = self.reach(sum, &class_of);
            if reached.is_empty() || self.width_of(&reached, classes) >= needed {
                continue;
            }
            let touched: Vec<&Class> = reached.keys().map(|at| &classes[*at]).collect();
            let inside: BTreeSet<usize> = self.problem.figures[sum].parts.iter().map(|(cell, _)| *cell).collect();
            let mut spare: Vec<usize> = touched.iter().flat_map(|class| self.spare_in(class)).collect();
            spare.retain(|cell| !inside.contains(cell));
            if let Some(cell) = spare.last() {
                self.closed[*cell] = true;
                self.closed_for_sums = true;
            } else {
                self.blame(&touched, blamed);
            }
        }
    }

    fn reach(&self, sum: usize, class_of: &[usize]) -> Reach {
        let mut reached = Reach::new();
        for (cell, weight) in &self.problem.figures[sum].parts {
            if self.is_hidden(*cell) {
                let (cells, least) = reached.entry(class_of[*cell]).or_insert((Vec::new(), weight.abs()));
                cells.push(*cell);
                *least = (*least).min(weight.abs());
            }
        }
        reached
    }

    fn width_of(&self, reached: &Reach, classes: &[Class]) -> i128 {
        let mut width: i128 = 0;
        for (class, (cells, weight)) in reached {
            if classes[*class].signature.is_empty() {
                return i128::MAX;
            }
            let hidden = self.hidden_in(&classes[*class]);
            let of_class = Hidden::new(self.problem, self.policy, &self.cell_risks, &hidden).width(cells);
            width = width.saturating_add(of_class * weight / WHOLE);
        }
        width
    }

    fn into_decision(self) -> Decision {
        let told =
            self.problem.figures.iter().zip(&self.sum_is_told).map(|(figure, is_told)| match figure.only_cell() {
                Some(cell) => !self.closed[cell],
                None => *is_told,
            });
        Decision { told: told.collect(), closed: self.closed, given_away: self.given_away }
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::{CELL_UNIT, Cell};
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy { threshold: 10, rounding_base: 5, contributors: 3, p_percent: 10 };
    /// Counts that worlds are tried with.
    const MOST: i128 = 30;

    /// A cell of four organisations of its own, so that none outweighs others.
    fn cell(at: i64, quantity: i128) -> Cell {
        let part = quantity * CELL_UNIT / 4;
        let contributions = (0..4).map(|who| (4 * at + who, part)).collect();
        Cell { quantity: quantity * CELL_UNIT, line: at.cast_unsigned(), ordinal: 0, is_level: false, contributions }
    }

    /// Cells by quantity, each a figure, and sums of them.
    fn problem(quantities: &[i128], sums: &[Vec<usize>]) -> Problem {
        let cells: Vec<Cell> = (0..).zip(quantities).map(|(at, quantity)| cell(at, *quantity)).collect();
        let figures = (0..cells.len()).map(|cell| vec![cell]).chain(sums.iter().cloned());
        let figure = |cells: Vec<usize>| Figure {
            parts: cells.into_iter().map(|cell| (cell, WHOLE)).collect(),
            is_current: true,
            ..Figure::default()
        };
        Problem { figures: figures.map(figure).collect(), cells }
    }

    /// Least and most that each hidden cell is in any world that has the told
    /// cells and the exact told sums: all of them are tried.
    fn worlds(quantities: &[i128], sums: &[Vec<usize>], decision: &Decision) -> Vec<(i128, i128)> {
        let told_sums: Vec<&Vec<usize>> = sums
            .iter()
            .zip(&decision.told[quantities.len()..])
            .filter(|(_, told)| **told)
            .map(|(sum, _)| sum)
            .collect();
        let mut bounds = vec![(i128::MAX, i128::MIN); quantities.len()];
        let mut world = quantities.to_vec();
        try_all(0, &mut world, quantities, &told_sums, &decision.closed, &mut bounds);
        bounds
    }

    fn try_all(
        at: usize,
        world: &mut Vec<i128>,
        quantities: &[i128],
        sums: &[&Vec<usize>],
        closed: &[bool],
        bounds: &mut [(i128, i128)],
    ) {
        if at == world.len() {
            let sum = |of: &[i128], cells: &[usize]| cells.iter().map(|cell| of[*cell]).sum::<i128>();
            if sums.iter().all(|cells| sum(world, cells) == sum(quantities, cells)) {
                for (bound, quantity) in bounds.iter_mut().zip(world.iter()) {
                    *bound = (bound.0.min(*quantity), bound.1.max(*quantity));
                }
            }
            return;
        }
        let range = match (closed[at], quantities[at] < 10) {
            (false, _) => quantities[at]..=quantities[at],
            (true, true) => 0..=9,
            (true, false) => 0..=MOST,
        };
        for quantity in range {
            world[at] = quantity;
            try_all(at + 1, world, quantities, sums, closed, bounds);
        }
        world[at] = quantities[at];
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Proves, by trying all worlds, that whatever the sums of four cells
        /// are, even known to the last digit, each small cell may be any of six
        /// numbers or more.
        #[test]
        fn small_cells_stay_uncertain_in_every_world(
            quantities in prop::collection::vec(1..20_i128, 4),
            sums in prop::collection::btree_set(prop::sample::subsequence(vec![0_usize, 1, 2, 3], 2..=4), 0..4),
        ) {
            let sums: Vec<Vec<usize>> = sums.into_iter().collect();
            let decision = decide(&problem(&quantities, &sums), POLICY);
            let bounds = worlds(&quantities, &sums, &decision);
            for ((quantity, (least, most)), told) in quantities.iter().zip(&bounds).zip(&decision.told) {
                if *quantity < 10 {
                    prop_assert!(!told && most - least >= 5, "{} in {}..{}: {:?}", quantity, least, most, decision);
                }
            }
            for (sum, told) in sums.iter().zip(&decision.told[quantities.len()..]) {
                let exact: i128 = sum.iter().map(|cell| quantities[*cell]).sum();
                prop_assert!(!told || exact >= 10);
            }
        }
    }

    /// Proves by hand what is kept back beside a small cell: of the same sum,
    /// the smallest; where there is none, the sum itself.
    #[test]
    fn the_smallest_of_the_same_sum_is_kept_back_too() {
        let decision = decide(&problem(&[3, 40, 20, 30], &[vec![0, 1, 2], vec![0, 1, 2, 3]]), POLICY);
        assert_eq!(decision.told, [false, true, false, true, true, true]);
        // Outside of 0 and 1 there is nothing but the small cell 2.
        let decision = decide(&problem(&[40, 20, 3], &[vec![0, 1], vec![0, 1, 2]]), POLICY);
        assert_eq!(decision.told, [true, true, false, true, false]);
        assert_eq!(decision.given_away, 0);
    }

    /// Proves that what an earlier release told is of no use as a cover, and
    /// that what it has given away is counted.
    #[test]
    fn what_an_earlier_release_told_is_no_cover() {
        let sums = [vec![0, 1, 2, 3]];
        let mut told_before = problem(&[3, 40, 20, 30], &sums);
        told_before.figures[2].was_told = true;
        let decision = decide(&told_before, POLICY);
        assert_eq!(decision.told, [false, true, true, false, true]);
        let mut given_away = problem(&[3, 40], &[vec![0, 1]]);
        given_away.figures[1].was_told = true;
        given_away.figures[2].was_told = true;
        assert_eq!(decide(&given_away, POLICY).given_away, 1);
    }
}
