//! The tables whose figures are compared, and what tells their rows apart for
//! readers.

/// A table and its figures.
pub(super) struct Covered {
    pub(super) table: &'static str,
    /// Amounts and counts, which add up exactly.
    pub(super) figures: &'static [&'static str],
    /// Columns that readers filter by, empty where there is none.
    pub(super) period: &'static str,
    pub(super) subject: &'static str,
    pub(super) programme: &'static str,
    pub(super) place: &'static str,
}

const fn of(
    table: &'static str,
    figures: &'static [&'static str],
    [period, subject, programme, place]: [&'static str; 4],
) -> Covered {
    Covered { table, figures, period, subject, programme, place }
}

/// In the order of `tables::ALL`.
pub(super) const COVERED: [Covered; 12] = [
    of(
        "headline",
        &["value_low", "value_central", "value_high", "gross", "net_central"],
        ["period", "headline", "programme", "area"],
    ),
    of(
        "social_value",
        &["gross", "net_low", "net_central", "net_high", "value_low", "value_central", "value_high"],
        ["quarter", "outcome", "programme", "district"],
    ),
    of("funding", &["events", "amount", "amount_real"], ["quarter", "measure", "programme", "district"]),
    of("jobs", &["quantity"], ["quarter", "measure", "programme", "district"]),
    of("volunteering", &["quantity"], ["quarter", "measure", "programme", "district"]),
    of("claims", &["computed_low", "computed_central", "computed_high"], ["period", "claim", "programme", "area"]),
    of(
        "attribution",
        &[
            "contribution_to_low",
            "contribution_to_central",
            "contribution_to_high",
            "attributed_low",
            "attributed_central",
            "attributed_high",
        ],
        ["quarter", "outcome", "programme", ""],
    ),
    of(
        "leverage",
        &[
            "lead_grants",
            "lead_repayable",
            "match_grants",
            "match_repayable",
            "unstated_grants",
            "unstated_repayable",
            "in_kind",
        ],
        ["", "measure", "programme", ""],
    ),
    of(
        "lifetime_value",
        &[
            "gross",
            "value_low",
            "value_central",
            "value_high",
            "undiscounted_low",
            "undiscounted_central",
            "undiscounted_high",
            "present_low",
            "present_central",
            "present_high",
        ],
        ["quarter", "outcome", "programme", ""],
    ),
    of(
        "repayable_finance",
        &[
            "deployed",
            "repaid",
            "written_off",
            "outstanding",
            "injected",
            "grant_equivalent_low",
            "grant_equivalent_central",
            "grant_equivalent_high",
        ],
        ["quarter", "", "programme", ""],
    ),
    of(
        "value_for_money",
        &["benefits_low", "benefits_central", "benefits_high", "grants", "grant_equivalent"],
        ["", "outcome", "programme", ""],
    ),
    of("targets", &["actual", "gap", "trend"], ["actual_quarter", "target", "programme", "place"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{ALL, Table, Type};

    /// Amounts and counts that are not compared: those of statements, since how
    /// many came is not a figure about the region; what was claimed and what
    /// was aimed at, which are no figures of ours; and shares, which have more
    /// decimals.
    const LEFT_OUT: [&str; 7] =
        ["statements", "carried_forward", "stale", "claims.value", "targets.target_value", "share", "employers"];
    /// Tables about the data, not about the region.
    const NOT_COVERED: [&str; 5] = ["data_quality", "funder_shares", "reconciliation", "completeness", "programmes"];

    /// Proves that every amount and count of the published tables is compared,
    /// or left out by name; and that every column named is there.
    #[test]
    fn every_figure_is_compared_or_left_out_by_name() {
        for table in ALL {
            let covered = COVERED.iter().find(|covered| covered.table == table.name);
            assert!(covered.is_none() || !NOT_COVERED.contains(&table.name));
            for column in table.columns {
                let is_figure = matches!(column.kind, Type::Decimal(_) | Type::BigInt);
                let qualified = format!("{}.{}", table.name, column.name);
                let left_out = LEFT_OUT.contains(&column.name) || LEFT_OUT.contains(&qualified.as_str());
                let is_named = covered.is_some_and(|covered| covered.figures.contains(&column.name));
                let expected = is_figure && !left_out && !NOT_COVERED.contains(&table.name);
                assert_eq!(is_named, expected, "{qualified}");
            }
        }
        for Covered { table, period, subject, programme, place, .. } in COVERED {
            let columns = Table::named(table).unwrap().columns;
            for name in [period, subject, programme, place].into_iter().filter(|name| !name.is_empty()) {
                assert!(columns.iter().any(|column| column.name == name), "{table}.{name}");
            }
        }
    }
}
