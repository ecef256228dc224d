//! `deflators.csv`: the price index, and from it the ratios the models use.

use super::licence::{self, Distribution};
use super::rows;
use crate::error::MethodError;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

pub(super) const FILE: &str = "deflators.csv";

const COLUMNS: &[&str] = &["year", "index", "vintage", "source", "licence"];

/// Ratio of the base year's index to each year's, eight decimals, halves away
/// from zero.
pub(super) fn read(
    text: &str,
    base_year: i32,
    distribution: Distribution,
    faults: &mut Vec<MethodError>,
) -> BTreeMap<i32, Decimal> {
    let mut index = BTreeMap::new();
    let mut vintage: Option<String> = None;
    rows::read(FILE, text, COLUMNS, faults, |row| {
        let (year, value) = (row.year("year")?, row.decimal("index")?);
        row.required("source")?;
        licence::of(row, distribution)?;
        if value <= Decimal::ZERO {
            return Err(row.fault(format!("index {value} is not above zero")));
        }
        let stated = row.required("vintage")?;
        if vintage.get_or_insert_with(|| stated.to_owned()) != stated {
            return Err(row.fault("another vintage; a method version has one"));
        }
        match index.insert(year, value) {
            None => Ok(()),
            Some(_) => Err(row.fault(format!("year {year} stands twice"))),
        }
    });
    let Some(base) = index.get(&base_year).copied() else {
        faults.push(MethodError::file(FILE, format!("the price base year {base_year} is missing")));
        return BTreeMap::new();
    };
    let ratio = |value: Decimal| (base / value).round_dp_with_strategy(8, RoundingStrategy::MidpointAwayFromZero);
    index.into_iter().map(|(year, value)| (year, ratio(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr as _;

    const HEADER: &str = "year,index,vintage,source,licence\n";

    /// Proves the ratio by hand: 85.2137 / 81.1085 = 1.050613684...
    #[test]
    fn ratios_have_eight_decimals() {
        let text = format!("{HEADER}2019,81.1085,v,s,OGL-3.0\n2020,85.2137,v,s,OGL-3.0\n");
        let mut faults = Vec::new();
        let ratios = read(&text, 2020, Distribution::Open, &mut faults);
        assert_eq!(faults, []);
        assert_eq!(ratios[&2019], Decimal::from_str("1.05061368").unwrap());
        assert_eq!(ratios[&2020], Decimal::ONE);
    }

    /// Proves that faults are named with file, row and reason.
    #[test]
    fn faults_are_named() {
        let cases = [
            ("2020,1,v,s,secret\n", "deflators.csv, row 2: licence secret does not let"),
            ("2019,0,v,s,OGL-3.0\n", "deflators.csv, row 2: index 0 is not above zero"),
            ("2019,1,v,s,OGL-3.0\n2020,1,w,s,OGL-3.0\n", "deflators.csv, row 3: another vintage"),
            ("2020,1,v,s,OGL-3.0\n2020,1,v,s,OGL-3.0\n", "deflators.csv, row 3: year 2020 stands twice"),
            ("2019,1,v,s,OGL-3.0\n", "deflators.csv: the price base year 2020 is missing"),
            ("2020,x,v,s,OGL-3.0\n", "deflators.csv, row 2: index \"x\" is not a decimal number"),
        ];
        for (rows, expected) in cases {
            let mut faults = Vec::new();
            read(&format!("{HEADER}{rows}"), 2020, Distribution::Open, &mut faults);
            let error = faults[0].to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
