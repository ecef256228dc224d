//! A book with another one's numbers: what tells a change of assumptions from a
//! change of models.

use super::MethodBook;
use std::collections::BTreeSet;

impl MethodBook {
    /// This book's models by the numbers of another: its parameters, deflators,
    /// discount rates and price base. A parameter that only this book knows
    /// keeps its value.
    pub(crate) fn with_numbers_of(&self, other: &Self) -> Self {
        let mut mixed = self.clone();
        let known: BTreeSet<&str> = other.parameters.iter().map(|parameter| parameter.id.as_str()).collect();
        mixed.parameters.retain(|parameter| !known.contains(parameter.id.as_str()));
        mixed.parameters.extend(other.parameters.iter().cloned());
        mixed.deflators.clone_from(&other.deflators);
        mixed.discounts.clone_from(&other.discounts);
        mixed.about.price_base_year = other.about.price_base_year;
        mixed
    }

    /// Whether all numbers that models see are those of another book.
    pub(crate) fn has_numbers_of(&self, other: &Self) -> bool {
        let seen = |book: &Self| {
            let rows = book.parameters.iter().map(|row| {
                (
                    (row.id.clone(), row.valid_from, row.valid_to),
                    [row.value_low, row.value_central, row.value_high],
                    (row.unit.clone(), row.price_year, row.confidence.clone()),
                )
            });
            rows.collect::<BTreeSet<_>>()
        };
        seen(self) == seen(other)
            && self.deflators == other.deflators
            && self.discounts == other.discounts
            && self.about.price_base_year == other.about.price_base_year
    }

    /// Whether what is done with the numbers is the same as in another book.
    pub(crate) fn has_models_of(&self, other: &Self) -> bool {
        let models = |book: &Self| {
            let pairs = book.models.iter().map(|model| (model.name.clone(), model.sql.clone()));
            pairs.collect::<Vec<_>>()
        };
        models(self) == models(other)
            && self.funders == other.funders
            && self.claims == other.claims
            && self.targets == other.targets
            && self.about.perspective == other.about.perspective
            && self.about.area_code == other.about.area_code
            && self.about.disclosure == other.about.disclosure
    }
}
