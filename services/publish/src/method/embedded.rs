//! The books compiled into the binary.

use super::files::Files;
use crate::error::MethodError;

pub(super) const DEFAULT_VERSION: &str = "2026.1";
/// Versions that never change again: version and SHA-256, with a comma between.
pub(super) const RELEASES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../method/released.csv"));

macro_rules! book {
    ($version:literal: $($file:literal)*) => {
        ($version, &[$((
            $file,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../method/", $version, "/", $file)),
        ),)*])
    };
}

type Texts = &'static [(&'static str, &'static str)];

const BOOKS: &[(&str, Texts)] = &[book!("2026.1":
    "CHANGELOG.md"
    "README.md"
    "claims.csv"
    "deflators.csv"
    "discount_rates.csv"
    "examples/carried_forward.md"
    "examples/completeness.md"
    "examples/currencies_and_unknowns.md"
    "examples/deflation.md"
    "examples/drop_off_and_discounting.md"
    "examples/evidence_and_bundles.md"
    "examples/funder_shares.md"
    "examples/leverage.md"
    "examples/net_additionality.md"
    "examples/onward_grants.md"
    "examples/repayable_finance.md"
    "examples/stock_and_flow.md"
    "examples/targets.md"
    "examples/value_for_money.md"
    "funders.csv"
    "method.toml"
    "models/annuities.sql"
    "models/attribution.sql"
    "models/claims.sql"
    "models/completeness.sql"
    "models/data_quality.sql"
    "models/employer_residuals.sql"
    "models/funder_shares.sql"
    "models/funding.sql"
    "models/headline.sql"
    "models/headline_labels.sql"
    "models/jobs.sql"
    "models/leverage.sql"
    "models/lifetime_value.sql"
    "models/measures.sql"
    "models/money_by_quarter.sql"
    "models/net_shares.sql"
    "models/organisations.sql"
    "models/outcome_labels.sql"
    "models/parameter_values.sql"
    "models/places.sql"
    "models/programmes.sql"
    "models/quarters.sql"
    "models/reconciliation.sql"
    "models/repayable_finance.sql"
    "models/social_value.sql"
    "models/stock_levels.sql"
    "models/stock_quarters.sql"
    "models/targets.sql"
    "models/valuations.sql"
    "models/value_for_money.sql"
    "models/volunteering.sql"
    "models/work_cells.sql"
    "models/work_contributions.sql"
    "models/work_parts.sql"
    "parameters.csv"
    "targets.csv"
    "traces/annuities.sql"
    "traces/attribution.sql"
    "traces/claims.sql"
    "traces/completeness.sql"
    "traces/data_quality.sql"
    "traces/employer_residuals.sql"
    "traces/funder_shares.sql"
    "traces/funding.sql"
    "traces/headline.sql"
    "traces/jobs.sql"
    "traces/leverage.sql"
    "traces/lifetime_value.sql"
    "traces/net_shares.sql"
    "traces/parameter_values.sql"
    "traces/programmes.sql"
    "traces/reconciliation.sql"
    "traces/repayable_finance.sql"
    "traces/retentions.sql"
    "traces/social_value.sql"
    "traces/stock_levels.sql"
    "traces/targets.sql"
    "traces/valuations.sql"
    "traces/value_for_money.sql"
    "traces/volunteering.sql"
)];

pub(super) fn versions() -> impl Iterator<Item = &'static str> {
    BOOKS.iter().map(|(version, _)| *version)
}

pub(super) fn files(version: &str) -> Result<Files, MethodError> {
    let known = BOOKS.iter().find(|(name, _)| *name == version).ok_or_else(|| {
        let versions: Vec<&str> = versions().collect();
        MethodError::file(version, format!("no such version is embedded; there is {}", versions.join(", ")))
    })?;
    Ok(known.1.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Proves that what is embedded is the whole folder, so that a file added
    /// to a book cannot be left out of the binary.
    #[test]
    fn folders_are_embedded_whole() {
        for (version, _) in BOOKS {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../method").join(version);
            assert_eq!(files(version).unwrap(), super::super::files::read(&dir).unwrap());
        }
    }
}
