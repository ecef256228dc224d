//! What a table tells about people's work: every table must say.

/// How a table stands to disclosure control.
#[derive(Clone, Copy, Debug)]
pub enum Disclosure {
    /// Its model reads nothing about work.
    NotAboutWork,
    /// It is about work and published as it is; why that harms nobody.
    Open(&'static str),
    /// Figures that are kept back or rounded.
    Protected(Figures),
    /// Its model is run over the protected tables, so it tells what they tell.
    OfProtected,
}

/// Where the figures of a protected table stand. Its rows are named in the
/// method's model `work_parts`, which says of which cells each is the sum; it
/// has a column `disclosure` for the marker.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Columns in one of which a row has its count: the first that is not null.
    /// Where all are, the row has no figure and stays as it is.
    pub counts: &'static [&'static str],
    /// Columns proportional to the count: recomputed from the protected one by
    /// the factors that the models give.
    pub values: &'static [&'static str],
    /// Columns kept back with the count, and beside a neighbour kept back.
    pub companions: &'static [&'static str],
    /// Rows that are not about work: the column that tells and how its value
    /// begins.
    pub public: Option<(&'static str, &'static [&'static str])>,
    /// Rows whose values have no one factor: the column that tells and its
    /// value. Their values are the sums over the rows that have the other key
    /// columns in common.
    pub total_of: Option<(&'static str, &'static str)>,
}

impl Figures {
    pub(super) const NONE: Self = Self { counts: &[], values: &[], companions: &[], public: None, total_of: None };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MethodBook;
    use crate::models::reads;
    use crate::tables::ALL;
    use std::collections::BTreeSet;

    /// Input tables about work.
    const WORK: [&str; 7] = [
        "employment_cells",
        "employment_parties",
        "stock_cells",
        "stock_series",
        "stock_snapshots",
        "flow_cells",
        "flow_contributions",
    ];

    /// Proves that no table about work is published undeclared: whatever its
    /// model reads of work, itself or through other models, the table says how
    /// it is protected, or why it need not be.
    #[test]
    fn every_table_about_work_is_declared() {
        let book = MethodBook::embedded(crate::DEFAULT_VERSION).unwrap();
        let mut about_work: BTreeSet<&str> = WORK.into();
        for model in book.models() {
            if about_work.iter().any(|name| reads(&model.sql, name)) {
                about_work.insert(&model.name);
            }
        }
        for table in ALL {
            let declared = !matches!(table.disclosure, Disclosure::NotAboutWork);
            // The calendar is made of the quarters of entries, work included.
            let concerned = about_work.contains(table.name) || table.name == "quarters";
            assert_eq!(declared, concerned, "{} must declare its disclosure control", table.name);
        }
        assert!(about_work.contains("headline") && !about_work.contains("funding"));
    }

    /// Proves that what is made of protected tables is made of nothing else about
    /// work: a step on the way would tell figures as they were before.
    #[test]
    fn what_is_made_of_protected_tables_reads_no_step_about_work() {
        let book = MethodBook::embedded(crate::DEFAULT_VERSION).unwrap();
        let mut about_work: BTreeSet<&str> = WORK.into();
        for model in book.models() {
            let is_published = ALL.iter().any(|table| table.name == model.name);
            let made =
                ALL.iter().any(|table| table.name == model.name && matches!(table.disclosure, Disclosure::OfProtected));
            let read = about_work.iter().find(|name| reads(&model.sql, name));
            assert!(!made || read.is_none(), "{} reads {read:?}", model.name);
            if read.is_some() && !is_published {
                about_work.insert(&model.name);
            }
        }
        assert!(about_work.contains("stock_levels") && about_work.contains("employer_residuals"));
    }

    /// Proves that declared columns are there and may be null, and that the
    /// marker is where something may be kept back.
    #[test]
    fn declared_columns_may_be_null() {
        for table in ALL {
            let marked = table.columns.iter().any(|column| column.name == "disclosure" && column.nullable);
            let Disclosure::Protected(figures) = table.disclosure else {
                assert_eq!(marked, matches!(table.disclosure, Disclosure::OfProtected), "{}", table.name);
                continue;
            };
            assert!(marked && !figures.counts.is_empty(), "{}", table.name);
            for name in figures.counts.iter().chain(figures.values).chain(figures.companions) {
                let column = table.columns.iter().find(|column| column.name == *name);
                assert!(column.is_some_and(|column| column.nullable), "{}.{name}", table.name);
            }
        }
    }
}
