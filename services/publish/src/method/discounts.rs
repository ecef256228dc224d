//! `discount_rates.csv`: rates by how far off a year is, and from them the
//! factors the models use.

use super::licence::{self, Distribution};
use super::rows;
use crate::error::MethodError;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

pub(super) const FILE: &str = "discount_rates.csv";

const COLUMNS: &[&str] = &["kind", "year_from", "year_to", "rate", "source", "source_year", "confidence", "licence"];
/// Sorts of rates: of money, and of health and wellbeing.
const KINDS: [&str; 2] = ["standard", "health"];
/// Years that factors are given for: longer than any effect a method counts.
pub(crate) const YEARS_MAX: u32 = 60;

/// What a pound of a year is worth in the year it is counted from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// `standard` or `health`.
    pub kind: &'static str,
    /// Years ahead, from 0.
    pub year: i32,
    /// Eight decimals, halves away from zero.
    pub factor: Decimal,
    /// Lowest confidence of the rates up to this year.
    pub confidence: String,
}

/// A rate over some years ahead.
struct Band {
    from: u32,
    to: Option<u32>,
    rate: Decimal,
    confidence: String,
    line: u64,
}

/// Factors of every kind: one over the product of (1 + rate) of each year up to
/// it, the rate that of the year's band.
pub(super) fn read(text: &str, distribution: Distribution, faults: &mut Vec<MethodError>) -> Vec<Discount> {
    let mut bands: BTreeMap<&'static str, Vec<Band>> = BTreeMap::new();
    rows::read(FILE, text, COLUMNS, faults, |row| {
        let stated = row.required("kind")?;
        let kind = KINDS.into_iter().find(|kind| *kind == stated);
        let kind = kind.ok_or_else(|| row.fault(format!("kind {stated:?} is not {}", KINDS.join(" or "))))?;
        bands.entry(kind).or_default().push(band(row, distribution)?);
        Ok(())
    });
    let mut discounts = Vec::new();
    for kind in KINDS {
        discounts.extend(factors(kind, bands.get(kind).map_or(&[], Vec::as_slice), faults));
    }
    discounts
}

fn band(row: &rows::Row<'_>, distribution: Distribution) -> Result<Band, MethodError> {
    let years = |column: &str, text: &str| {
        text.parse::<u32>().map_err(|_| row.fault(format!("{column} {text:?} is not a number of years")))
    };
    let rate = row.decimal("rate")?;
    if !(Decimal::ZERO..Decimal::ONE).contains(&rate) {
        return Err(row.fault(format!("rate {rate} is not a share from 0 to below 1")));
    }
    row.required("source")?;
    row.year("source_year")?;
    licence::of(row, distribution)?;
    let to = match row.get("year_to") {
        "" => None,
        text => Some(years("year_to", text)?),
    };
    let confidence = row.required("confidence")?;
    if !matches!(confidence, "A" | "B" | "C") {
        return Err(row.fault(format!("confidence {confidence:?} is not A, B or C")));
    }
    let from = years("year_from", row.required("year_from")?)?;
    Ok(Band { from, to, rate, confidence: confidence.to_owned(), line: row.line })
}

fn factors(kind: &'static str, bands: &[Band], faults: &mut Vec<MethodError>) -> Vec<Discount> {
    let mut factors = Vec::new();
    let (mut factor, mut confidence) = (Decimal::ONE, String::from("A"));
    for year in 0..=YEARS_MAX {
        let mut here = bands.iter().filter(|band| band.from <= year && band.to.is_none_or(|to| year <= to));
        let Some(band) = here.next() else {
            faults.push(MethodError::file(FILE, format!("no {kind} rate holds {year} years ahead")));
            return factors;
        };
        if let Some(other) = here.next() {
            let reason = format!("{kind} holds {year} years ahead in row {} too", band.line);
            faults.push(MethodError::row(FILE, other.line, reason));
            return factors;
        }
        if year > 0 {
            factor /= Decimal::ONE + band.rate;
        }
        confidence = confidence.max(band.confidence.clone());
        let rounded = factor.round_dp_with_strategy(8, RoundingStrategy::MidpointAwayFromZero);
        let year = i32::try_from(year).unwrap_or(i32::MAX);
        factors.push(Discount { kind, year, factor: rounded, confidence: confidence.clone() });
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr as _;

    const HEADER: &str = "kind,year_from,year_to,rate,source,source_year,confidence,licence\n";

    fn read_all(rows: &str) -> (Vec<Discount>, Vec<String>) {
        let mut faults = Vec::new();
        let discounts = read(&format!("{HEADER}{rows}"), Distribution::Open, &mut faults);
        (discounts, faults.iter().map(ToString::to_string).collect())
    }

    /// Proves the factors against the Green Book's own at 3.5 %, and that a
    /// year takes the rate of its band: factor(31) = factor(30) / 1.03.
    #[test]
    fn factors_are_those_of_the_green_book() {
        let health = "health,0,,0.015,s,2022,B,OGL-3.0\n";
        let (discounts, faults) =
            read_all(&format!("standard,0,30,0.035,s,2022,A,OGL-3.0\nstandard,31,,0.03,s,2022,B,OGL-3.0\n{health}"));
        assert_eq!(faults, Vec::<String>::new());
        let of = |year: usize| discounts[year].factor;
        let known = [(0, "1"), (1, "0.9662"), (2, "0.9335"), (3, "0.9019"), (5, "0.8420"), (10, "0.7089")];
        for (year, expected) in known {
            assert_eq!(of(year).round_dp(4), Decimal::from_str(expected).unwrap(), "{year}");
        }
        let next = (of(30) / Decimal::from_str("1.03").unwrap()).round_dp(7);
        assert_eq!(of(31).round_dp(7), next);
        assert_eq!((discounts[30].confidence.as_str(), discounts[31].confidence.as_str()), ("A", "B"));
        assert_eq!(discounts.len(), 2 * (YEARS_MAX as usize + 1));
    }

    /// Proves that what is wrong is named with file, row and reason.
    #[test]
    fn faults_are_named() {
        let whole = "health,0,,0.015,s,2022,B,OGL-3.0\n";
        let cases = [
            ("other,0,,0.1,s,2022,A,OGL-3.0\n", "row 3: kind \"other\" is not standard or health"),
            ("standard,0,,1.5,s,2022,A,OGL-3.0\n", "row 3: rate 1.5 is not a share"),
            ("standard,0,30,0.1,s,2022,A,OGL-3.0\n", "no standard rate holds 31 years ahead"),
            ("standard,0,,0.1,s,2022,A,OGL-3.0\nstandard,5,6,0.1,s,2022,A,OGL-3.0\n", "row 4: standard holds 5 years"),
            ("standard,0,,0.1,,2022,A,OGL-3.0\n", "row 3: source is empty"),
            ("standard,x,,0.1,s,2022,A,OGL-3.0\n", "row 3: year_from \"x\" is not a number of years"),
        ];
        for (rows, expected) in cases {
            let (_, faults) = read_all(&format!("{whole}{rows}"));
            assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}: {faults:?}");
        }
    }
}
