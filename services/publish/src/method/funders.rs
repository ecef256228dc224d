//! `funders.csv`: whose money a programme is, and whose is beside it.

use super::rows;
use crate::error::MethodError;
use std::collections::BTreeSet;

pub(super) const FILE: &str = "funders.csv";

const COLUMNS: &[&str] = &["programme", "funder_id", "role", "source"];
/// The programme's own money, and money that was found to go with it. What is
/// given in kind says so by its instrument.
const ROLES: [&str; 2] = ["lead", "match"];

/// A funder's part in a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunderRole {
    pub programme: String,
    pub funder_id: String,
    /// `lead` or `match`.
    pub role: &'static str,
}

pub(super) fn read(text: &str, faults: &mut Vec<MethodError>) -> Vec<FunderRole> {
    let mut known = BTreeSet::new();
    rows::read(FILE, text, COLUMNS, faults, |row| {
        let (programme, funder_id) = (row.required("programme")?.to_owned(), row.required("funder_id")?.to_owned());
        let stated = row.required("role")?;
        let role = ROLES.into_iter().find(|role| *role == stated);
        let role = role.ok_or_else(|| row.fault(format!("role {stated:?} is not {}", ROLES.join(" or "))))?;
        row.required("source")?;
        if !known.insert((programme.clone(), funder_id.clone())) {
            return Err(row.fault(format!("{funder_id} has a role in {programme} already")));
        }
        Ok(FunderRole { programme, funder_id, role })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that what is wrong is named with file, row and reason.
    #[test]
    fn faults_are_named() {
        let text = "programme,funder_id,role,source\nP,F,lead,s\nP,F,match,s\nP,G,friend,s\nP,H,match,\n";
        let mut faults = Vec::new();
        let roles = read(text, &mut faults);
        assert_eq!(roles.len(), 1);
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let expected = [
            "funders.csv, row 3: F has a role in P already",
            "funders.csv, row 4: role \"friend\" is not lead or match",
            "funders.csv, row 5: source is empty",
        ];
        assert!(faults.iter().zip(expected).all(|(fault, expected)| fault.contains(expected)), "{faults:?}");
        assert_eq!(faults.len(), expected.len());
    }
}
