//! What two releases differ by is told cause by cause, so states between them
//! are told as well. Whoever reads them knows by how much each figure changed
//! from any of these states to any other; and such a change may be a single
//! return.
//!
//! So the change between any two states is protected as a table would be: its
//! cells are the cells that changed, each with what every organisation adds to
//! the change, its figures the sums of them. What may not be told there is kept
//! back in the state between, unless it says nothing new: a row that is still,
//! or already, what one of the releases has repeats what that release told.

use super::decide::decide;
use super::earlier::Earlier;
use super::gather::{self, Gathered, Inputs, row_key};
use super::problem::{Cell, Figure, Problem};
use super::{Policy, Raw};
use crate::PublishError;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Tables of which each row is a cell.
const OF_CELLS: [&str; 2] = ["jobs", "volunteering"];
/// Places of the releases among the states.
const OLD: usize = 0;
const NEW: usize = 1;

/// What becomes of a row in a state between releases, whatever else is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    KeepBack,
    /// It tells what another state told, in ten-thousandths.
    Repeat(i128),
    /// Its change may not be told: kept back, unless it is held.
    Unfit,
}

/// Looks on while the older release is valued, then the newer one, then the
/// states between them in their order, each protected against those before.
#[derive(Clone)]
pub(crate) struct Watch {
    states: Arc<Mutex<States>>,
    policy: Policy,
    /// Whether what is valued now lies between the releases.
    judges: bool,
}

impl Watch {
    pub(crate) fn new(policies: [Policy; 2]) -> Self {
        let [one, other] = policies;
        Self { states: Arc::default(), policy: one.stricter(other), judges: false }
    }

    /// The same for the states between the releases.
    pub(crate) fn between(&self) -> Self {
        Self { judges: true, ..self.clone() }
    }

    /// Takes in what is valued now, and judges its rows: a verdict for each of
    /// those gathered, or none at all for a release.
    pub(super) fn see(
        &self,
        inputs: &Inputs,
        gathered: &Gathered,
        tables: &[Raw],
        earlier: &[Earlier],
    ) -> Result<Vec<Option<Verdict>>, PublishError> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.take_in(inputs)?;
        if !self.judges {
            return Ok(Vec::new());
        }
        let name = |at: usize, row: usize| {
            let (table, batch) = &tables[at];
            (table.name.to_owned(), row_key(table, batch, row))
        };
        let names: Vec<Name> = gathered.rows.iter().map(|row| name(row.table, row.at)).collect();
        Ok(states.judge(&names, earlier, self.policy))
    }
}

/// A row: its table, and its key with bars between.
type Name = (String, String);

/// Quantity of a cell, and who adds how much to it, in ten-thousandths.
type Content = (i128, Vec<(i64, i128)>);

#[derive(Default)]
struct States {
    /// Numbers of cells, the same in every state.
    cells: HashMap<Name, usize>,
    /// Of which cells each row is the sum in any state, and with which weight.
    rows: BTreeMap<Name, BTreeMap<usize, i128>>,
    /// Cells of each state by number; what is not there is nothing.
    contents: Vec<HashMap<usize, Content>>,
}

impl States {
    fn take_in(&mut self, inputs: &Inputs) -> Result<(), PublishError> {
        let (cells, parts) = gather::read(inputs)?;
        let mut numbers = vec![None; cells.len()];
        for table in OF_CELLS {
            for (key, parts) in parts.get(table).into_iter().flatten() {
                let next = self.cells.len();
                let number = *self.cells.entry((table.to_owned(), key.clone())).or_insert(next);
                if let [(cell, _)] = parts[..] {
                    numbers[cell] = Some(number);
                }
            }
        }
        for (table, rows) in parts {
            for (key, parts) in rows {
                let row = self.rows.entry((table.clone(), key)).or_default();
                row.extend(parts.into_iter().filter_map(|(cell, weight)| Some((numbers[cell]?, weight))));
            }
        }
        let content = |(number, cell): (Option<usize>, Cell)| Some((number?, (cell.quantity, cell.contributions)));
        self.contents.push(numbers.into_iter().zip(cells).filter_map(content).collect());
        Ok(())
    }

    /// Verdicts on rows of the last state.
    fn judge(&self, names: &[Name], earlier: &[Earlier], policy: Policy) -> Vec<Option<Verdict>> {
        let Some(now) = self.contents.len().checked_sub(1).filter(|now| *now == earlier.len() && *now > NEW) else {
            // Not valued in the order that the states are told apart by.
            return vec![Some(Verdict::KeepBack); names.len()];
        };
        let shown_now: BTreeSet<&Name> = names.iter().collect();
        let mut unfit = BTreeSet::new();
        for (other, release) in earlier.iter().enumerate() {
            let pair = if other == NEW { [now, NEW] } else { [other, now] };
            let shown = |name: &Name| shown_now.contains(name) || Told::by(release, name) != Told::Missing;
            unfit.extend(self.unfit(pair, earlier, shown, policy));
        }
        let before = if now == NEW + 1 { OLD } else { now - 1 };
        let verdict = |name: &Name| {
            let parts = self.rows.get(name)?;
            let repeated = [before, NEW].into_iter().filter(|state| self.is_same([*state, now], parts));
            let verdict = repeated.map(|state| Told::by(&earlier[state], name)).find_map(|told| match told {
                Told::Count(count) => Some(Verdict::Repeat(count)),
                Told::KeptBack => Some(Verdict::KeepBack),
                Told::Missing => None,
            });
            verdict.or_else(|| unfit.contains(name).then_some(Verdict::Unfit))
        };
        names.iter().map(verdict).collect()
    }

    /// Rows whose change from one state to another may not be told.
    fn unfit(
        &self,
        pair: [usize; 2],
        earlier: &[Earlier],
        shown: impl Fn(&Name) -> bool,
        policy: Policy,
    ) -> Vec<&Name> {
        let mut problem = Problem::default();
        let mut places = HashMap::new();
        for (number, cell) in self.changed(pair) {
            places.insert(number, problem.cells.len());
            problem.cells.push(cell);
        }
        let mut known: HashMap<Vec<(usize, i128)>, usize> = HashMap::new();
        let mut rows: Vec<Vec<&Name>> = Vec::new();
        for (name, parts) in &self.rows {
            let changed = parts.iter().filter_map(|(number, weight)| Some((*places.get(number)?, *weight)));
            let changed: Vec<(usize, i128)> = changed.collect();
            if changed.is_empty() || !shown(name) {
                continue;
            }
            let next = problem.figures.len();
            let figure = *known.entry(changed.clone()).or_insert(next);
            if figure == next {
                problem.figures.push(Figure { parts: changed, is_current: true, ..Figure::default() });
                rows.push(Vec::new());
            }
            // All of what the releases differ by is known from them.
            let is_known = is_told_by_both(earlier, name)
                && self.is_same([OLD, pair[0]], parts)
                && self.is_same([pair[1], NEW], parts);
            if is_known {
                problem.figures[figure].was_told = true;
            } else {
                rows[figure].push(name);
            }
        }
        let decision = decide(&problem, policy);
        rows.into_iter().zip(decision.told).filter(|(_, told)| !told).flat_map(|(names, _)| names).collect()
    }

    /// Cells that changed from one state to another by number: what they
    /// changed by, and what each organisation adds to that.
    fn changed(&self, [from, to]: [usize; 2]) -> BTreeMap<usize, Cell> {
        let numbers = self.contents[from].keys().chain(self.contents[to].keys());
        let mut changed = BTreeMap::new();
        for number in numbers {
            let quantity = self.quantity(to, *number) - self.quantity(from, *number);
            if quantity == 0 {
                continue;
            }
            let mut parts: BTreeMap<i64, i128> = BTreeMap::new();
            for (state, sign) in [(to, 1), (from, -1)] {
                for (who, amount) in self.contents[state].get(number).iter().flat_map(|content| &content.1) {
                    *parts.entry(*who).or_default() += sign * amount;
                }
            }
            let contributions = parts.into_iter().filter(|(_, amount)| *amount != 0).collect();
            let line = *number as u64;
            changed.insert(*number, Cell { quantity, line, ordinal: 0, is_level: false, contributions });
        }
        changed
    }

    fn quantity(&self, state: usize, number: usize) -> i128 {
        self.contents[state].get(&number).map_or(0, |content| content.0)
    }

    /// Whether every cell of a row is in one state what it is in another.
    fn is_same(&self, [one, other]: [usize; 2], parts: &BTreeMap<usize, i128>) -> bool {
        one == other || parts.keys().all(|number| self.quantity(one, *number) == self.quantity(other, *number))
    }
}

/// What a state tells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// It has no such row.
    Missing,
    KeptBack,
    Count(i128),
}

impl Told {
    fn by(release: &Earlier, (table, key): &Name) -> Self {
        match release.tables.get(table).and_then(|rows| rows.get(key)) {
            None => Self::Missing,
            Some(None) => Self::KeptBack,
            Some(Some(count)) => Self::Count(*count),
        }
    }
}

/// Whether both releases tell of a row; of what is not there it is told that
/// there is nothing.
fn is_told_by_both(earlier: &[Earlier], name: &Name) -> bool {
    let told = [OLD, NEW].map(|release| Told::by(&earlier[release], name));
    !told.contains(&Told::KeptBack) && told.iter().any(|told| *told != Told::Missing)
}
