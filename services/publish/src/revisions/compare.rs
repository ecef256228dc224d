//! From figures in one state after the other to what each cause changed.

use super::Revision;
use super::causes::{Cause, name, together};
use super::covered::Covered;
use super::figures::{Row, RowFacts, Rows, Token};
use crate::disclosure::{CONFIDENTIAL, ROUNDED};
use std::collections::{BTreeMap, BTreeSet};

/// The time that both releases tell of.
pub(super) struct Horizon {
    /// Last quarters of the older and the newer release.
    pub(super) last: [Option<String>; 2],
}

impl Horizon {
    /// Whether a row is told of by both releases: not of a later quarter, nor
    /// the level at the end of the last one, which each has of another.
    fn has(&self, table: &str, facts: &RowFacts) -> bool {
        // A target's quarter is where it stands, which moves on.
        let Some(period) = facts.period.as_ref().filter(|_| table != "targets") else { return true };
        let [Some(old), new] = &self.last else { return !is_dated(period) };
        let is_level_now = matches!(table, "headline" | "claims") && is_quarter(period);
        if is_level_now && Some(old) != new.as_ref() {
            return false;
        }
        !is_dated(period) || period.as_str() <= old.get(..period.len()).unwrap_or(old)
    }
}

fn is_quarter(period: &str) -> bool {
    period.contains("-Q")
}

fn is_dated(period: &str) -> bool {
    period.starts_with(|first: char| first.is_ascii_digit())
}

/// What changed in one table: `states` are its rows from the older release to
/// the newer one, `steps` the causes between each and the next.
pub(super) fn table(covered: &Covered, states: &[Rows], steps: &[Vec<Cause>], horizon: &Horizon) -> Vec<Revision> {
    let keys: BTreeSet<&String> = states.iter().flat_map(BTreeMap::keys).collect();
    let mut revisions = Vec::new();
    for key in keys {
        let rows: Vec<Option<&Row>> = states.iter().map(|rows| rows.get(key)).collect();
        // The latest state that has it says what the row is.
        let Some(described) = rows.iter().rev().copied().flatten().next() else { continue };
        let ends: Vec<&Row> = rows.first().into_iter().chain(rows.last()).copied().flatten().collect();
        let told = if ends.is_empty() { vec![described] } else { ends };
        if !told.iter().all(|row| horizon.has(covered.table, &row.facts)) {
            continue;
        }
        let is_about_work = rows.iter().flatten().any(|row| row.is_about_work);
        for (at, figure) in covered.figures.iter().enumerate() {
            let tokens: Vec<Token> = rows.iter().map(|row| row.map_or(Token::Absent, |row| row.tokens[at])).collect();
            let [Some(old), Some(new)] = [tokens.first(), tokens.last()] else { continue };
            let unit = described.units[at].clone();
            for (cause, difference) in differences(&tokens, steps) {
                let disclosure = match difference {
                    None => Some(CONFIDENTIAL),
                    Some(_) => is_about_work.then_some(ROUNDED),
                };
                revisions.push(Revision {
                    table: covered.table,
                    row_key: key.clone(),
                    figure,
                    cause,
                    old: old.told(),
                    new: new.told(),
                    difference,
                    facts: described.facts.clone(),
                    unit: unit.clone(),
                    disclosure,
                    kept_back: match (old, new) {
                        (Token::Confidential, _) => Some("old"),
                        (_, Token::Confidential) => Some("new"),
                        _ => None,
                    },
                });
            }
        }
    }
    revisions
}

/// What each cause changed a figure by. Causes of which nothing is told apart
/// are one; where an end is confidential, all of them are, and nothing is told.
fn differences(tokens: &[Token], steps: &[Vec<Cause>]) -> Vec<(String, Option<i128>)> {
    let [Some(old), Some(new)] = [tokens.first().copied(), tokens.last().copied()] else { return Vec::new() };
    match (old, new) {
        (Token::Confidential, Token::Confidential) => return Vec::new(),
        (Token::Confidential, _) | (_, Token::Confidential) => {
            let all: Vec<Cause> = steps.iter().flatten().copied().collect();
            return vec![(name(&together(&all)), None)];
        }
        _ => {}
    }
    let mut sums: BTreeMap<Vec<Cause>, i128> = BTreeMap::new();
    let (mut last, mut causes) = (old, Vec::new());
    for (token, step) in tokens.iter().skip(1).zip(steps) {
        causes.extend_from_slice(step);
        if *token == Token::Confidential {
            continue;
        }
        let difference = token.amount() - last.amount();
        if difference != 0 {
            *sums.entry(together(&causes)).or_default() += difference;
        }
        last = *token;
        causes.clear();
    }
    sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(causes, sum)| (name(&causes), Some(sum))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cause::{Correction, LateData, Method, NewQuarter};
    use Token::{Absent, Confidential, Told};

    fn told(tokens: &[Token], steps: &[Cause]) -> Vec<(String, Option<i128>)> {
        let steps: Vec<Vec<Cause>> = steps.iter().map(|cause| vec![*cause]).collect();
        differences(tokens, &steps)
    }

    fn row(cause: &str, difference: i128) -> (String, Option<i128>) {
        (cause.to_owned(), Some(difference))
    }

    /// Proves by hand: one row a cause, the same cause of two spans added, what
    /// is not there counted as nothing, a cause that changed nothing left out,
    /// causes around a confidential state told as one, and no difference at all
    /// where an end is confidential.
    #[test]
    fn causes_add_up() {
        let two = [LateData, Correction];
        assert_eq!(told(&[Told(10), Told(15), Told(12)], &two), [row("late-data", 5), row("correction", -3)]);
        assert_eq!(told(&[Told(10), Told(10), Told(12)], &two), [row("correction", 2)]);
        assert_eq!(told(&[Absent, Told(4), Absent], &two), [row("late-data", 4), row("correction", -4)]);
        assert_eq!(told(&[Told(10), Confidential, Told(12)], &two), [row("late-data+correction", 2)]);
        assert_eq!(told(&[Told(10), Confidential, Told(10)], &two), []);
        assert_eq!(told(&[Confidential, Told(3), Confidential], &two), []);
        assert_eq!(told(&[Confidential, Told(3), Told(4)], &two), [("late-data+correction".to_owned(), None)]);
        let again = [LateData, Correction, LateData, Method];
        let tokens = [Told(0), Told(1), Told(3), Told(7), Told(7)];
        assert_eq!(told(&tokens, &again), [row("late-data", 5), row("correction", 2)]);
        let tokens = [Told(0), Confidential, Told(3), Confidential, Told(7)];
        assert_eq!(told(&tokens, &again), [row("late-data+correction", 3), row("late-data+method", 4)]);
        assert_eq!(told(&[Told(1), Told(1)], &[NewQuarter]), []);
    }

    /// Proves which rows are revisions: quarters and years up to the older
    /// release's last, totals, and levels only where both end together.
    #[test]
    fn later_quarters_are_no_revisions() {
        let horizon = |new: &str| Horizon { last: [Some("2020-Q2".to_owned()), Some(new.to_owned())] };
        let has = |new: &str, table: &str, period: &str| {
            horizon(new).has(table, &RowFacts { period: Some(period.to_owned()), ..RowFacts::default() })
        };
        for (table, period, expected) in [
            ("jobs", "2020-Q2", true),
            ("jobs", "2020-Q3", false),
            ("headline", "2020", true),
            ("headline", "2021", false),
            ("headline", "total", true),
            ("headline", "2020-Q2", false),
            ("targets", "2020-Q3", true),
        ] {
            assert_eq!(has("2020-Q3", table, period), expected, "{table} {period}");
        }
        assert!(has("2020-Q2", "headline", "2020-Q2"));
        assert!(horizon("2020-Q3").has("leverage", &RowFacts::default()));
    }
}
