//! `targets.csv`: what was to be reached, where and by when.

use super::rows;
use crate::error::MethodError;
use commonweal_schemas::Measure;
use commonweal_schemas::codes::Kind;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

pub(super) const FILE: &str = "targets.csv";

const COLUMNS: &[&str] = &[
    "id",
    "text",
    "measure",
    "job_basis",
    "instrument",
    "programme",
    "place",
    "from_quarter",
    "quarter",
    "value",
    "unit",
    "source",
    "url",
    "date",
];
/// Stands for every programme or place.
const ALL: &str = "all";

/// A target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub id: String,
    /// As published.
    pub text: String,
    /// Code of a measure.
    pub measure: String,
    /// `NONE`, `CREATED`, ...; empty where the measure is not of jobs.
    pub job_basis: String,
    /// `GRANT`, `LOAN`, ...; empty where the measure is not money.
    pub instrument: String,
    /// A code, or `all`.
    pub programme: String,
    /// GSS code of a district or combined authority, or `all`.
    pub place: String,
    /// First quarter that counts; empty for stocks, which are levels.
    pub from_quarter: String,
    /// By the end of which quarter.
    pub quarter: String,
    pub value: Decimal,
    pub unit: String,
    /// Who set it.
    pub source: String,
    pub url: String,
    pub date: String,
}

pub(super) fn read(text: &str, faults: &mut Vec<MethodError>) -> Vec<Target> {
    let mut ids = BTreeSet::new();
    rows::read(FILE, text, COLUMNS, faults, |row| {
        let target = target(row)?;
        if !ids.insert(target.id.clone()) {
            return Err(row.fault(format!("target {} stands twice", target.id)));
        }
        Ok(target)
    })
}

fn target(row: &rows::Row<'_>) -> Result<Target, MethodError> {
    let code = row.required("measure")?;
    let measure = Measure::ALL.into_iter().find(|measure| measure.code() == code);
    let measure = measure.ok_or_else(|| row.fault(format!("there is no measure {code:?}")))?;
    let unit = row.required("unit")?;
    if measure.unit().is_some_and(|known| known != unit) {
        return Err(row.fault(format!("{code} is counted in {}, not {unit}", measure.unit().unwrap_or_default())));
    }
    let quarter = quarter(row, "quarter", row.required("quarter")?)?;
    let stated = row.get("from_quarter");
    let from_quarter = match (measure.kind() == Kind::Stock, stated) {
        (true, "") => String::new(),
        (true, _) => return Err(row.fault(format!("{code} is a level: it has no from_quarter"))),
        (false, "") => return Err(row.fault(format!("{code} is added up: from_quarter says from when"))),
        (false, _) => self::quarter(row, "from_quarter", stated)?,
    };
    if from_quarter > quarter {
        return Err(row.fault("from_quarter lies after quarter"));
    }
    Ok(Target {
        id: row.required("id")?.to_owned(),
        text: row.required("text")?.to_owned(),
        measure: code.to_owned(),
        job_basis: row.get("job_basis").to_owned(),
        instrument: row.get("instrument").to_owned(),
        programme: default_all(row.get("programme")),
        place: default_all(row.get("place")),
        from_quarter,
        quarter,
        value: row.decimal("value")?,
        unit: unit.to_owned(),
        source: row.required("source")?.to_owned(),
        url: row.required("url")?.to_owned(),
        date: row.required("date")?.to_owned(),
    })
}

fn default_all(text: &str) -> String {
    if text.is_empty() { ALL.to_owned() } else { text.to_owned() }
}

/// `2020-Q4`: in order as text, too.
fn quarter(row: &rows::Row<'_>, column: &str, text: &str) -> Result<String, MethodError> {
    let parts = text.split_once("-Q").map(|(year, quarter)| (year.len() == 4, year.parse::<u16>(), quarter));
    match parts {
        Some((true, Ok(_), "1" | "2" | "3" | "4")) => Ok(text.to_owned()),
        _ => Err(row.fault(format!("{column} {text:?} is not of the form 2020-Q4"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that what is wrong is named with file, row and reason.
    #[test]
    fn faults_are_named() {
        let header = COLUMNS.join(",");
        let cases = [
            ("a,t,SMILES,,,,,,2020-Q4,5,PERSONS,s,u,2020", "there is no measure \"SMILES\""),
            ("a,t,HEADCOUNT,NONE,,,,,2020-Q4,5,HOURS,s,u,2020", "HEADCOUNT is counted in PERSONS, not HOURS"),
            ("a,t,HEADCOUNT,NONE,,,,2019-Q1,2020-Q4,5,PERSONS,s,u,2020", "is a level: it has no from_quarter"),
            ("a,t,HIRES,,,,,,2020-Q4,5,PERSONS,s,u,2020", "is added up: from_quarter says from when"),
            ("a,t,HIRES,,,,,2021-Q1,2020-Q4,5,PERSONS,s,u,2020", "from_quarter lies after quarter"),
            ("a,t,HIRES,,,,,2019-Q5,2020-Q4,5,PERSONS,s,u,2020", "from_quarter \"2019-Q5\" is not of the form"),
            ("a,t,HEADCOUNT,NONE,,,,,2020-Q4,many,PERSONS,s,u,2020", "value \"many\" is not a decimal number"),
        ];
        for (row, expected) in cases {
            let mut faults = Vec::new();
            assert!(read(&format!("{header}\n{row}\n"), &mut faults).is_empty());
            let fault = faults[0].to_string();
            assert!(fault.contains("targets.csv, row 2: ") && fault.contains(expected), "{fault}");
        }
        let row = "a,t,HEADCOUNT,NONE,,,,,2020-Q4,5,PERSONS,s,u,2020";
        let mut faults = Vec::new();
        let read = read(&format!("{header}\n{row}\n{row}\n"), &mut faults);
        assert_eq!((read.len(), read[0].programme.as_str()), (1, "all"));
        assert!(faults[0].to_string().contains("row 3: target a stands twice"));
    }
}
