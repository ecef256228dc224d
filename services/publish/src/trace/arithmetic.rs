//! The arithmetic of a figure, done once more: a sum of products of parts.

use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

/// Low, central, high.
pub const VARIANTS: [&str; 3] = ["low", "central", "high"];
/// Place of the central one: figures that are not estimated have it alone.
pub(super) const CENTRAL: usize = 1;
/// Largest difference that a quotient may have, relative to it.
const TOLERANCE: f64 = 1e-12;

/// Low, central and high; none where nothing is known.
pub type Values = [Option<Decimal>; 3];

/// A row by its table and its key, whose values have a bar between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId {
    pub table: String,
    pub key: String,
}

/// A figure of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub row: RowId,
    pub figure: String,
}

/// How a factor enters its product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Times,
    Over,
    /// Times one less the factor.
    TimesRest,
    /// Not at all: the term rests on it.
    From,
}

impl Operation {
    /// As the method's traces write it.
    pub(super) fn of(code: &str) -> Option<Self> {
        Some(match code {
            "x" => Self::Times,
            "/" => Self::Over,
            "1-" => Self::TimesRest,
            "from" => Self::From,
            _ => return None,
        })
    }

    /// The same code again.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Times => "x",
            Self::Over => "/",
            Self::TimesRest => "1-",
            Self::From => "from",
        }
    }
}

/// A factor of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// What it is, in words.
    pub what: String,
    pub operation: Operation,
    pub values: Values,
    /// Decimals to which the product is rounded after it, halves away from zero.
    pub digits: Option<u32>,
    /// Where it stands; none for a number of the method's own.
    pub part: Option<Part>,
}

/// A product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    pub factors: Vec<Factor>,
}

impl Term {
    /// The product; none where a factor is not known, or it has too many digits.
    #[must_use]
    pub fn product(&self, variant: usize) -> Option<Decimal> {
        let mut product = Decimal::ONE;
        for factor in self.factors.iter().filter(|factor| factor.operation != Operation::From) {
            let value = factor.values[variant]?;
            product = match factor.operation {
                Operation::Times => product.checked_mul(value)?,
                Operation::TimesRest => product.checked_mul(Decimal::ONE.checked_sub(value)?)?,
                Operation::Over => product.checked_div(value)?,
                Operation::From => product,
            };
            if let Some(digits) = factor.digits {
                product = round(product, digits);
            }
        }
        Some(product)
    }
}

/// A figure as its parts give it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// By their names, in whose order they are told.
    pub terms: BTreeMap<String, Term>,
}

impl Figure {
    /// The sum of the terms.
    #[must_use]
    pub fn sum(&self, variant: usize) -> Option<Decimal> {
        self.terms.values().try_fold(Decimal::ZERO, |sum, term| sum.checked_add(term.product(variant)?))
    }

    /// Whether a quotient is in it, which no decimal holds to the last digit.
    pub(super) fn is_quotient(&self) -> bool {
        self.terms.values().flat_map(|term| &term.factors).any(|factor| factor.operation == Operation::Over)
    }
}

/// The figures of a row by name: that of a column, that of its columns without
/// `_low`, `_central`, `_high`, or that of a step on the way.
pub(super) type Figures = BTreeMap<String, Figure>;

/// A column's name without the variant, and the variant.
pub(super) fn stem(column: &str) -> Option<(&str, usize)> {
    let split = |(at, variant): (usize, &&str)| Some((column.strip_suffix(*variant)?.strip_suffix('_')?, at));
    VARIANTS.iter().enumerate().find_map(split)
}

/// Names under which the figures of a row tell what is asked for.
pub(super) fn names<'a>(figures: &'a Figures, asked: &str) -> Vec<&'a str> {
    let known = |name: &str| figures.get_key_value(name).map(|(name, _)| name.as_str());
    let singles = VARIANTS.iter().filter_map(|variant| known(&format!("{asked}_{variant}")));
    let found: Vec<&str> = known(asked).into_iter().chain(singles).collect();
    if !found.is_empty() {
        return found;
    }
    stem(asked).and_then(|(stem, _)| known(stem)).into_iter().collect()
}

/// The figure that tells one variant of what is asked for, and under which of
/// its variants.
pub(super) fn find<'a>(figures: &'a Figures, asked: &str, variant: usize) -> Option<(&'a Figure, usize)> {
    let own = stem(asked);
    if let Some(figure) = figures.get(&format!("{asked}_{}", VARIANTS[variant])) {
        return Some((figure, variant));
    }
    if let Some(figure) = figures.get(asked) {
        return Some((figure, own.map_or(variant, |(_, own)| own)));
    }
    let (stem, own) = own?;
    figures.get(stem).map(|figure| (figure, own))
}

/// Whether a figure comes to a value of so many decimals.
pub(super) fn comes_to(figure: &Figure, variant: usize, value: Decimal, scale: u32) -> bool {
    let Some(sum) = figure.sum(variant) else { return false };
    if round(sum, scale) == value {
        return true;
    }
    figure.is_quotient() && near(decimal_to_double(sum), decimal_to_double(value))
}

/// Whether a figure comes to a floating-point value.
pub(super) fn comes_near(figure: &Figure, variant: usize, value: f64) -> bool {
    figure.sum(variant).is_some_and(|sum| near(decimal_to_double(sum), value))
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(1.0)
}

fn decimal_to_double(value: Decimal) -> f64 {
    use rust_decimal::prelude::ToPrimitive as _;
    value.to_f64().unwrap_or(f64::NAN)
}

fn round(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(operation: Operation, value: &str, digits: Option<u32>) -> Factor {
        let value = value.parse().ok();
        Factor { what: String::new(), operation, values: [value; 3], digits, part: None }
    }

    fn figure(terms: &[&[Factor]]) -> Figure {
        let terms = terms.iter().enumerate().map(|(at, factors)| (at.to_string(), Term { factors: factors.to_vec() }));
        Figure { terms: terms.collect() }
    }

    /// Proves: products are rounded where they say so, halves away from zero;
    /// what a term only rests on changes nothing; terms are added.
    #[test]
    fn products_are_rounded_and_added() {
        use Operation::{From, Over, Times, TimesRest};
        let posts = [factor(Times, "10", None), factor(Times, "0.612", Some(8)), factor(Times, "12042.5", Some(8))];
        let value = [posts.as_slice(), &[factor(TimesRest, "0.15", Some(2)), factor(From, "99", None)]].concat();
        let one = figure(&[&value]);
        assert_eq!(one.sum(0), Some("62645.09".parse().unwrap()));
        assert!(
            comes_to(&one, 1, "62645.09".parse().unwrap(), 2) && !comes_to(&one, 1, "62645.08".parse().unwrap(), 2)
        );
        let two = figure(&[&value, &[factor(Times, "-0.09", None)]]);
        assert_eq!(two.sum(2), Some("62645".parse().unwrap()));
        let third = figure(&[&[factor(Times, "1", None), factor(Over, "3", None)]]);
        assert!(comes_near(&third, 1, 1.0 / 3.0) && !comes_near(&third, 1, 0.333_333_333));
        assert!(comes_to(&third, 1, "0.333333333333".parse().unwrap(), 12));
        assert_eq!(figure(&[&[factor(Times, "", None)]]).sum(1), None, "an unknown factor makes the figure unknown");
        assert_eq!(figure(&[&[factor(Over, "0", None)]]).sum(1), None, "nothing is divided by zero");
    }

    /// Proves that a figure is found by the name of its column, by what its
    /// columns have in common, and by a variant of its own.
    #[test]
    fn figures_are_found_by_their_variants() {
        let with = |name: &str| (name.to_owned(), figure(&[&[factor(Operation::Times, "1", None)]]));
        let figures: Figures = [with("value"), with("value_central"), with("quantity")].into();
        assert_eq!(find(&figures, "value_low", 1).map(|(_, variant)| variant), Some(0));
        assert_eq!(find(&figures, "value_central", 0).map(|(_, variant)| variant), Some(1));
        assert_eq!(find(&figures, "quantity", 2).map(|(_, variant)| variant), Some(2));
        assert!(find(&figures, "net", 1).is_none() && find(&figures, "net_low", 1).is_none());
        assert_eq!(names(&figures, "value_high"), ["value"]);
        assert_eq!(names(&figures, "value"), ["value", "value_central"]);
        assert_eq!(names(&[with("net_low"), with("net_high")].into(), "net"), ["net_low", "net_high"]);
    }
}
