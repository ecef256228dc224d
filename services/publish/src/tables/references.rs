//! Which columns lead to which table. A column of a name means the same in
//! every table, so the links go by name.

use super::Table;

/// A column whose values are keys of another table, or of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    pub column: &'static str,
    pub table: &'static str,
    /// Its only key column.
    pub key: &'static str,
}

const fn to(column: &'static str, table: &'static str, key: &'static str) -> Reference {
    Reference { column, table, key }
}

const ALL: [Reference; 10] = [
    to("quarter", "quarters", "quarter"),
    to("first_quarter", "quarters", "quarter"),
    to("last_quarter", "quarters", "quarter"),
    to("programme", "programmes", "programme"),
    to("funder_id", "organisations", "organisation_id"),
    to("measure", "measures", "measure"),
    to("district", "places", "code"),
    to("combined_authority", "places", "code"),
    to("region", "places", "code"),
    to("parent_code", "places", "code"),
];

/// Where such columns also hold `all`, what was left out, or what is to come.
const WITHOUT: [&str; 5] = ["headline", "claims", "data_quality", "targets", "revisions"];

/// The links of a table; its own key is none.
pub fn references(table: &Table) -> impl Iterator<Item = Reference> {
    let linked = !WITHOUT.contains(&table.name);
    ALL.into_iter().filter(move |reference| {
        let itself = reference.table == table.name && table.key == [reference.column];
        linked && !itself && table.columns.iter().any(|column| column.name == reference.column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that each link leads to the one key column of a table, of the
    /// same type, and that each is in use.
    #[test]
    fn references_lead_to_keys() {
        for reference in ALL {
            let target = Table::named(reference.table).unwrap();
            assert_eq!(target.key, [reference.key]);
            let kind = |table: &Table, name| table.columns.iter().find(|column| column.name == name).unwrap().kind;
            let used: Vec<_> = super::super::ALL
                .iter()
                .filter(|table| references(table).any(|one| one == reference))
                .map(|table| (kind(table, reference.column), kind(target, reference.key)))
                .collect();
            assert!(!used.is_empty() && used.iter().all(|(from, to)| from == to), "{reference:?}");
        }
        assert_eq!(references(Table::named("measures").unwrap()).count(), 0);
    }
}
