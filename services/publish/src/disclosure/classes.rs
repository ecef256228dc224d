//! Cells that every known sum treats alike, and what is known of one of them.
//!
//! Two cells of a class stand in the same known sums with the same weights, so
//! what one has more and the other less shows nowhere. Whoever has all known
//! sums to the last digit, and all cells that are told, knows of a class no
//! more than the sum of its hidden cells. So that sum is taken as known: what
//! stays uncertain then stays uncertain for everyone, by whatever arithmetic.

use super::Policy;
use super::problem::{Behind, Problem, Risk, UNIT, WHOLE};
use std::collections::HashMap;

/// Known sums that a cell stands in, and its weights.
pub(super) type Signature = Vec<(usize, i128)>;

/// Cells alike, ascending.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) signature: Signature,
    pub(super) cells: Vec<usize>,
}

/// Classes under the known sums, in the order of their first cells.
pub(super) fn classes(problem: &Problem, known: &[bool]) -> Vec<Class> {
    let mut signatures: Vec<Signature> = vec![Vec::new(); problem.cells.len()];
    for (at, figure) in problem.figures.iter().enumerate().filter(|(at, _)| known[*at]) {
        if figure.only_cell().is_none() {
            figure.parts.iter().for_each(|(cell, weight)| signatures[*cell].push((at, *weight)));
        }
    }
    let mut numbers: HashMap<Signature, usize> = HashMap::new();
    let mut classes: Vec<Class> = Vec::new();
    for (cell, signature) in signatures.into_iter().enumerate() {
        let next = classes.len();
        let number = *numbers.entry(signature.clone()).or_insert(next);
        if number == next {
            classes.push(Class { signature, cells: Vec::new() });
        }
        classes[number].cells.push(cell);
    }
    classes
}

/// Hidden cells of a class, and how far each may be thought to go.
pub(super) struct Hidden<'a> {
    problem: &'a Problem,
    policy: Policy,
    cells: &'a [usize],
    risks: &'a [Option<Risk>],
    sum: i128,
    /// Most that small cells can hold together, and how many have no bound.
    cap: i128,
    unbounded: usize,
}

impl<'a> Hidden<'a> {
    pub(super) fn new(problem: &'a Problem, policy: Policy, risks: &'a [Option<Risk>], cells: &'a [usize]) -> Self {
        let sum = cells.iter().map(|cell| problem.cells[*cell].quantity * WHOLE).sum();
        let small = cells.iter().filter(|cell| risks[**cell] == Some(Risk::Small)).count();
        let unbounded = cells.len() - small;
        let mut hidden = Self { problem, policy, cells, risks, sum, cap: 0, unbounded };
        hidden.cap = hidden.most() * i128::try_from(small).unwrap_or(i128::MAX);
        hidden
    }

    /// Most that a small cell can hold, where people are whole.
    fn most(&self) -> i128 {
        (i128::from(self.policy.threshold) - 1) * UNIT
    }

    /// Whether each cell that must stay uncertain does, and no contributor can
    /// tell another's part of the sum.
    pub(super) fn is_safe(&self) -> bool {
        self.cells.iter().all(|cell| self.stays_uncertain(*cell)) && self.behind().risk(self.policy).is_none()
    }

    fn behind(&self) -> Behind {
        self.problem.behind(self.cells.iter().map(|cell| (*cell, WHOLE)))
    }

    fn stays_uncertain(&self, cell: usize) -> bool {
        let quantity = self.problem.cells[cell].quantity * WHOLE;
        match self.risks[cell] {
            None => true,
            Some(Risk::Small) => self.width(&[cell]) >= i128::from(self.policy.rounding_base) * UNIT,
            Some(Risk::Dominated(margin)) => {
                let others = self.sum - quantity;
                let others_can_rise = self.unbounded > 1 || self.cap - others >= margin;
                others >= margin && others_can_rise
            }
        }
    }

    /// Width of the interval in which the sum of some of the hidden cells can
    /// be known to lie, given the sum of all.
    pub(super) fn width(&self, some: &[usize]) -> i128 {
        let small = some.iter().filter(|cell| self.risks[**cell] == Some(Risk::Small)).count();
        let cap = self.most() * i128::try_from(small).unwrap_or(i128::MAX);
        let unbounded = some.len() - small;
        let most = if unbounded > 0 { self.sum } else { cap.min(self.sum) };
        let others_have_no_bound = self.unbounded > unbounded;
        let least = if others_have_no_bound { 0 } else { (self.sum - (self.cap - cap)).max(0) };
        (most - least).max(0)
    }
}
