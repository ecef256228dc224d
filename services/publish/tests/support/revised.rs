//! Revisions held against the two releases they are between, by nothing but
//! subtraction.

use super::attack::{decimal, rows};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Tables with their keys and figures.
const TABLES: [(&str, &[&str], &[&str]); 12] = [
    (
        "headline",
        &["area", "programme", "headline", "unit", "period"],
        &["value_low", "value_central", "value_high", "gross", "net_central"],
    ),
    (
        "social_value",
        &["quarter", "bundle", "outcome", "programme", "district"],
        &["gross", "net_low", "net_central", "net_high", "value_low", "value_central", "value_high"],
    ),
    (
        "funding",
        &[
            "quarter",
            "programme",
            "funder_id",
            "measure",
            "instrument",
            "district",
            "currency",
            "onward_grant",
            "in_totals",
        ],
        &["events", "amount", "amount_real"],
    ),
    ("jobs", &["quarter", "measure", "programme", "district", "job_basis", "prior_status"], &["quantity"]),
    ("volunteering", &["quarter", "measure", "programme", "district"], &["quantity"]),
    ("claims", &["claim"], &["computed_low", "computed_central", "computed_high"]),
    (
        "attribution",
        &["quarter", "bundle", "outcome", "programme", "funder_id"],
        &["contribution_to_central", "attributed_low", "attributed_central", "attributed_high"],
    ),
    ("leverage", &["programme", "measure"], &["lead_grants", "unstated_grants", "unstated_repayable", "in_kind"]),
    (
        "lifetime_value",
        &["quarter", "bundle", "outcome", "programme"],
        &["gross", "value_central", "undiscounted_central", "present_low", "present_central", "present_high"],
    ),
    (
        "repayable_finance",
        &["programme", "quarter"],
        &["deployed", "repaid", "written_off", "outstanding", "injected", "grant_equivalent_central"],
    ),
    (
        "value_for_money",
        &["programme", "bundle", "outcome"],
        &["benefits_low", "benefits_central", "benefits_high", "grants", "grant_equivalent"],
    ),
    ("targets", &["target"], &["actual", "gap", "trend"]),
];

/// A figure: its table, its row and its column.
pub type Name = [String; 3];

/// What a release says of a figure, in ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Nothing,
    Confidential,
    Amount(i128),
}

impl Said {
    fn text(self) -> Option<i128> {
        if let Self::Amount(amount) = self { Some(amount) } else { None }
    }
}

/// Figures of a release, each with the period of its row.
fn figures(folder: &Path) -> BTreeMap<Name, (Said, String)> {
    let mut figures = BTreeMap::new();
    for (table, keys, columns) in TABLES {
        for row in rows(folder, table) {
            let part = |name: &&str| row.get(*name).cloned().unwrap_or_default();
            let key = keys.iter().map(part).collect::<Vec<_>>().join("|");
            let period = if table == "targets" { String::new() } else { part(&"quarter") + &part(&"period") };
            for column in columns {
                let said = match row.get(*column) {
                    Some(amount) => Said::Amount(decimal(amount)),
                    None if part(&"disclosure") == "c" => Said::Confidential,
                    None => Said::Nothing,
                };
                figures.insert([table.to_owned(), key.clone(), (*column).to_owned()], (said, period.clone()));
            }
        }
    }
    figures
}

/// The last quarter of a release.
fn last_quarter(folder: &Path) -> String {
    rows(folder, "quarters").into_iter().map(|row| row["quarter"].clone()).max().unwrap_or_default()
}

/// Differences by cause of each figure, as the file of revisions has them.
pub type Differences = BTreeMap<Name, BTreeMap<String, Option<i128>>>;

/// Reads a folder that holds `revisions.parquet`, and old and new of each row.
pub fn read(folder: &Path) -> (Differences, BTreeMap<Name, [Option<i128>; 2]>) {
    let (mut differences, mut ends) = (Differences::new(), BTreeMap::new());
    for row in rows(folder, "revisions") {
        let name = ["table_name", "row_key", "figure"].map(|part| row[part].clone());
        let amount = |column: &str| row.get(column).map(|amount| decimal(amount));
        let told = [amount("old"), amount("new")];
        assert_eq!(*ends.entry(name.clone()).or_insert(told), told, "old and new are of the whole: {row:?}");
        let known = differences.entry(name).or_default().insert(row["cause"].clone(), amount("difference"));
        assert!(known.is_none(), "a cause stands once: {row:?}");
    }
    (differences, ends)
}

/// Fails unless the differences of every figure that both releases tell of add
/// up to new less old, and nothing else is listed. Returns the figures that
/// differ, and of these those in which an end is confidential.
pub fn check(old: &Path, new: &Path, folder: &Path) -> [usize; 2] {
    let (differences, told) = read(folder);
    let (before, after) = (figures(old), figures(new));
    let lasts = [last_quarter(old), last_quarter(new)];
    let names: BTreeSet<&Name> = before.keys().chain(after.keys()).collect();
    let (mut changed, mut untold) = (0, 0);
    let mut seen = BTreeSet::new();
    for name in names {
        let of = |figures: &BTreeMap<Name, (Said, String)>| {
            figures.get(name).cloned().unwrap_or((Said::Nothing, String::new()))
        };
        let ((one, earlier), (other, later)) = (of(&before), of(&after));
        let listed = differences.get(name);
        let is_later = |period: &String| {
            let is_time = period.starts_with("20");
            // A year is as far as its first quarter.
            let first = if period.len() == 4 { format!("{period}-Q1") } else { period.clone() };
            let is_level = name[0] == "headline" || name[0] == "claims";
            is_time && (first > lasts[0] || (is_level && period.contains('Q') && lasts[0] != lasts[1]))
        };
        if is_later(&earlier) || is_later(&later) {
            assert!(listed.is_none(), "{name:?} is of a later quarter");
            continue;
        }
        seen.insert(name);
        match (one, other) {
            (Said::Confidential, Said::Confidential) => assert!(listed.is_none(), "{name:?}"),
            (Said::Confidential, _) | (_, Said::Confidential) => {
                let only: Vec<_> = listed.unwrap_or_else(|| panic!("{name:?} is not listed")).values().collect();
                assert_eq!(only, [&None], "{name:?}");
                untold += 1;
                changed += 1;
            }
            _ => {
                let sum: i128 = listed.into_iter().flatten().map(|(_, difference)| difference.unwrap()).sum();
                let expected = other.text().unwrap_or(0) - one.text().unwrap_or(0);
                assert_eq!(sum, expected, "{name:?}: {listed:?} from {one:?} to {other:?}");
                changed += usize::from(expected != 0);
            }
        }
        if let Some(ends) = told.get(name) {
            assert_eq!(*ends, [one.text(), other.text()], "{name:?}");
        }
    }
    for (name, by_cause) in &differences {
        assert!(by_cause.values().all(|difference| *difference != Some(0)), "{name:?}: {by_cause:?}");
        let is_compared =
            TABLES.iter().any(|(table, _, columns)| name[0] == *table && columns.contains(&name[2].as_str()));
        if is_compared && !seen.contains(name) {
            // In neither release: what came and went again.
            let sum: i128 = by_cause.values().map(|difference| difference.unwrap()).sum();
            assert_eq!((sum, told[name]), (0, [None, None]), "{name:?}");
        }
    }
    [changed, untold]
}
