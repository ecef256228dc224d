//! What there is to say of revisions in short.

use super::{Revision, Revisions};
use std::collections::BTreeMap;

/// The cause that is no revision.
const NEW_QUARTER: &str = "new-quarter";

/// A headline that was revised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadlineRevision<'a> {
    /// Any of its rows: what the headline is, its old value and its new one.
    pub row: &'a Revision,
    /// What each cause changed it by, in ten-thousandths; none where old or new
    /// is confidential.
    pub by_cause: Vec<(&'a str, Option<i128>)>,
}

impl HeadlineRevision<'_> {
    /// New less old; none where one of them is confidential.
    #[must_use]
    pub fn difference(&self) -> Option<i128> {
        self.by_cause.iter().map(|(_, difference)| *difference).sum()
    }

    /// Whether it was revised by more than one per cent, and so is called out:
    /// what a new quarter alone adds revises nothing, and what was not there has
    /// not been revised.
    #[must_use]
    pub fn is_large(&self) -> bool {
        let revising = self.by_cause.iter().filter(|(cause, _)| *cause != NEW_QUARTER);
        let revised: Option<i128> = revising.map(|(_, difference)| *difference).sum();
        let both = self.row.old.zip(revised);
        both.is_some_and(|(old, revised)| revised.unsigned_abs().saturating_mul(100) > old.unsigned_abs())
    }
}

impl Revisions {
    /// Central values of the headlines that were revised, in the order of their
    /// table.
    #[must_use]
    pub fn headlines(&self) -> Vec<HeadlineRevision<'_>> {
        let mut headlines: Vec<HeadlineRevision<'_>> = Vec::new();
        let central = |row: &&Revision| row.table == "headline" && row.figure == "value_central";
        for row in self.rows.iter().filter(central) {
            let cause = (row.cause.as_str(), row.difference);
            match headlines.last_mut().filter(|last| last.row.row_key == row.row_key) {
                Some(last) => last.by_cause.push(cause),
                None => headlines.push(HeadlineRevision { row, by_cause: vec![cause] }),
            }
        }
        headlines
    }

    /// How many figures were revised in each table; and of these, how many are
    /// not told.
    #[must_use]
    pub fn revised(&self) -> BTreeMap<&'static str, [usize; 2]> {
        let mut tables: BTreeMap<&'static str, [usize; 2]> = BTreeMap::new();
        let mut last = None;
        for row in &self.rows {
            let figure = (row.table, row.row_key.as_str(), row.figure);
            if last.replace(figure) != Some(figure) {
                let [figures, untold] = tables.entry(row.table).or_default();
                *figures += 1;
                *untold += usize::from(row.difference.is_none());
            }
        }
        tables
    }
}
