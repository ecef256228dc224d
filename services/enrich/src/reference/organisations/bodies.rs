//! Which ids name one body, and which of them is preferred.
//!
//! Ids are joined by the pairs of `org-ids` and by the register's aliases. Of a
//! body's ids the preferred is, in this order: of the list that ranks first
//! (CHC, SC, NIC, COH, MPR, others, 360G), one under which the register has
//! rows, the shortest (the oldest number), the first in byte order. So the
//! choice hangs on the content alone.

use crate::source::{Source, text};
use crate::vocabulary::Vocabulary;
use crate::{Kind, ReferenceError};

/// Ids, the body of each, and each body's preferred id.
pub(crate) struct Bodies {
    pub ids: Vocabulary,
    pub body_of: Vec<u32>,
    pub preferred: Vec<u32>,
}

/// Lists in the order of preference; others rank between the last two.
const LISTS: [&str; 5] = ["GB-CHC-", "GB-SC-", "GB-NIC-", "GB-COH-", "GB-MPR-"];
const PUBLISHER_LIST: &str = "360G-";

/// Rank of an id's list; the lowest is preferred.
pub(crate) fn list_rank(id: &str) -> usize {
    match LISTS.iter().position(|list| id.starts_with(list)) {
        Some(rank) => rank,
        None => LISTS.len() + usize::from(id.starts_with(PUBLISHER_LIST)),
    }
}

/// Sets of ids joined so far, each a tree that leads to its root.
#[derive(Default)]
struct Joined {
    parents: Vec<u32>,
}

impl Joined {
    /// Makes room for the ids up to this number, each alone.
    fn grow(&mut self, number: u32) {
        let known = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        self.parents.extend(known..=number);
    }

    fn root(&mut self, mut id: u32) -> u32 {
        while self.parents[id as usize] != id {
            // Halving the path keeps the trees flat.
            let above = self.parents[self.parents[id as usize] as usize];
            self.parents[id as usize] = above;
            id = above;
        }
        id
    }

    /// Joins the sets of two ids under the smaller root.
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }
}

/// Reads the ids of a version and joins those of one body.
///
/// # Errors
/// A table cannot be read.
pub(crate) fn bodies(source: &Source) -> Result<Bodies, ReferenceError> {
    let mut ids = Vocabulary::default();
    let mut joined = Joined::default();
    let mut registered: Vec<u32> = Vec::new();
    for batch in source.batches(Kind::Organisations)? {
        let batch = batch?;
        let (id, aliases) = (text(&batch, 0), text(&batch, 4));
        for row in 0..batch.num_rows() {
            let Some(id) = id(row) else { continue };
            let id = intern(&mut ids, &mut joined, id)?;
            registered.push(id);
            for alias in aliases(row).into_iter().flat_map(|aliases| aliases.split(';')) {
                let alias = intern(&mut ids, &mut joined, alias)?;
                joined.join(id, alias);
            }
        }
    }
    for batch in source.batches(Kind::OrgIds)? {
        let batch = batch?;
        let (a, b) = (text(&batch, 0), text(&batch, 1));
        for row in 0..batch.num_rows() {
            let (Some(a), Some(b)) = (a(row), b(row)) else {
                continue;
            };
            let a = intern(&mut ids, &mut joined, a)?;
            let b = intern(&mut ids, &mut joined, b)?;
            joined.join(a, b);
        }
    }
    ids.shrink();
    Ok(choose(ids, joined, &registered))
}

fn intern(ids: &mut Vocabulary, joined: &mut Joined, id: &str) -> Result<u32, ReferenceError> {
    let number = ids.intern(id)?;
    joined.grow(number);
    Ok(number)
}

fn choose(ids: Vocabulary, mut joined: Joined, registered: &[u32]) -> Bodies {
    let mut in_register = vec![false; ids.len()];
    for id in registered {
        in_register[*id as usize] = true;
    }
    let order = |id: u32| {
        let text = ids.get(id);
        (list_rank(text), !in_register[id as usize], text.len(), text)
    };
    let mut body_of = vec![u32::MAX; ids.len()];
    let mut preferred: Vec<u32> = Vec::new();
    for (id, _) in (0_u32..).zip(0..ids.len()) {
        // The root is its set's smallest number, so its body exists already.
        let root = joined.root(id);
        if root == id {
            body_of[id as usize] = u32::try_from(preferred.len()).unwrap_or(u32::MAX);
            preferred.push(id);
        } else {
            let body = body_of[root as usize];
            body_of[id as usize] = body;
            let best = &mut preferred[body as usize];
            if order(id) < order(*best) {
                *best = id;
            }
        }
    }
    Bodies { ids, body_of, preferred }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Proves the order of preference between lists.
    #[test]
    fn lists_rank() {
        let ids = ["GB-CHC-1", "GB-SC-SC1", "GB-NIC-1", "GB-COH-00000001", "GB-MPR-1R", "GB-LAE-LIV", "360G-x-org"];
        let ranks: Vec<usize> = ids.iter().map(|id| list_rank(id)).collect();
        assert_eq!(ranks, [0, 1, 2, 3, 4, 5, 6]);
    }

    proptest! {
        /// Proves that joining pairs in any order gives the sets, and the
        /// preferred ids, that a naive search over the pairs gives.
        #[test]
        fn joins_as_a_search(pairs in prop::collection::vec((0_usize..14, 0_usize..14), 0..20), registered in prop::collection::vec(0_usize..14, 0..4)) {
            let lists = ["GB-CHC-1", "GB-COH-0000000", "360G-p-", "GB-LAE-", "GB-SC-SC"];
            let name = |number: usize| format!("{}{number}", lists[number % lists.len()]);
            let mut ids = Vocabulary::default();
            let mut joined = Joined::default();
            for (a, b) in &pairs {
                let a = intern(&mut ids, &mut joined, &name(*a)).unwrap();
                let b = intern(&mut ids, &mut joined, &name(*b)).unwrap();
                joined.join(a, b);
            }
            let in_register: BTreeSet<String> = registered.iter().map(|number| name(*number)).collect();
            let mut numbers = Vec::new();
            for id in &in_register {
                numbers.push(intern(&mut ids, &mut joined, id).unwrap());
            }
            let bodies = choose(ids, joined, &numbers);
            for number in pairs.iter().flat_map(|(a, b)| [*a, *b]).chain(registered) {
                let mut set = BTreeSet::from([number]);
                loop {
                    let more: Vec<usize> = pairs.iter().filter(|(a, b)| set.contains(a) || set.contains(b)).flat_map(|(a, b)| [*a, *b]).collect();
                    let before = set.len();
                    set.extend(more);
                    if set.len() == before { break }
                }
                let expected = set.into_iter().map(name).min_by_key(|id| (list_rank(id), !in_register.contains(id), id.len(), id.clone())).unwrap();
                let body = bodies.body_of[bodies.ids.find(&name(number)).unwrap() as usize];
                prop_assert_eq!(bodies.ids.get(bodies.preferred[body as usize]), expected);
            }
        }
    }
}
