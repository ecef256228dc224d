//! `examples/*.md`: worked examples, for people and for the program. A text with
//! the arithmetic, the events it is about in a block `csv events`, and what is
//! published of them in blocks `csv TABLE`.

use super::files::Files;
use crate::error::MethodError;
use crate::made_up::Posting;
use crate::tables::Table;
use chrono::NaiveDate;
use commonweal_schemas::Measure;
use rust_decimal::Decimal;
use std::str::FromStr as _;

/// Where they stand in a book.
pub(super) const FOLDER: &str = "examples/";
const EVENTS: &str = "events";
const FENCE: &str = "```";
/// Columns of a block of events; all but the first three may be left out.
const COLUMNS: [&str; 15] = [
    "measure",
    "quantity",
    "on",
    "unit",
    "instrument",
    "onward",
    "job_basis",
    "prior_status",
    "programme",
    "organisation",
    "counterparty",
    "district",
    "authority",
    "source",
    "recorded",
];

/// A worked example.
#[derive(Clone, Debug)]
pub struct Example {
    /// File within the book.
    pub file: String,
    pub(crate) postings: Vec<Posting>,
    pub(crate) expected: Vec<Expected>,
}

/// Rows that a published table has, by some of its columns.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) table: &'static Table,
    pub(crate) columns: Vec<String>,
    /// Line in the file and values as text; empty for null.
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

/// The examples of a book, in the order of their names.
pub(super) fn read(files: &Files, area_code: &str, faults: &mut Vec<MethodError>) -> Vec<Example> {
    let texts = files.iter().filter(|(name, _)| name.starts_with(FOLDER) && name.ends_with(".md"));
    texts.map(|(name, text)| example(name, text, area_code, faults)).collect()
}

fn example(file: &str, text: &str, area_code: &str, faults: &mut Vec<MethodError>) -> Example {
    let mut example = Example { file: file.to_owned(), postings: Vec::new(), expected: Vec::new() };
    for block in blocks(text) {
        let taken = if block.name == EVENTS {
            events(file, &block, area_code).map(|postings| example.postings.extend(postings))
        } else {
            expected(file, &block).map(|expected| example.expected.push(expected))
        };
        faults.extend(taken.err());
    }
    if example.postings.is_empty() || example.expected.is_empty() {
        let reason = "an example needs a block `csv events` and a block `csv TABLE` of what is published of them";
        faults.push(MethodError::file(file, reason));
    }
    example
}

/// A fenced block: the word after `csv`, the line it begins after, its text.
struct Block<'a> {
    name: &'a str,
    line: u64,
    text: String,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(text.lines()) {
        let fence = line.strip_prefix(FENCE).map(str::trim);
        match fence {
            Some(_) if open => open = false,
            Some(info) => {
                if let Some(name) = info.strip_prefix("csv ") {
                    blocks.push(Block { name: name.trim(), line: number, text: String::new() });
                    open = true;
                }
            }
            None if open => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            None => {}
        }
    }
    blocks
}

/// Header and rows of a block, each with its line in the file.
type Lines = (Vec<String>, Vec<(u64, Vec<String>)>);

fn lines(file: &str, block: &Block<'_>) -> Result<Lines, MethodError> {
    let fault = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        MethodError::row(file, block.line + line, error.to_string())
    };
    let mut reader = csv::Reader::from_reader(block.text.as_bytes());
    let header = reader.headers().map_err(|error| fault(&error))?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| fault(&error))?;
        let line = block.line + record.position().map_or(1, csv::Position::line);
        rows.push((line, record.iter().map(|text| text.trim().to_owned()).collect()));
    }
    Ok((header, rows))
}

fn expected(file: &str, block: &Block<'_>) -> Result<Expected, MethodError> {
    let table = Table::named(block.name)
        .ok_or_else(|| MethodError::row(file, block.line, format!("there is no published table {:?}", block.name)))?;
    let (columns, rows) = lines(file, block)?;
    for column in &columns {
        if !table.columns.iter().any(|known| known.name == *column) {
            return Err(MethodError::row(file, block.line + 1, format!("{} has no column {column:?}", table.name)));
        }
    }
    if rows.is_empty() {
        return Err(MethodError::row(file, block.line, "nothing is expected"));
    }
    Ok(Expected { table, columns, rows })
}

fn events(file: &str, block: &Block<'_>, area_code: &str) -> Result<Vec<Posting>, MethodError> {
    let (columns, rows) = lines(file, block)?;
    if let Some(column) = columns.iter().find(|column| !COLUMNS.contains(&column.as_str())) {
        let reason = format!("events have no column {column:?}; there are {}", COLUMNS.join(", "));
        return Err(MethodError::row(file, block.line + 1, reason));
    }
    rows.iter()
        .map(|(line, values)| {
            let get = |name: &str| {
                let at = columns.iter().position(|column| column == name);
                at.and_then(|at| values.get(at)).map(String::as_str).filter(|text| !text.is_empty())
            };
            posting(&get, area_code).map_err(|reason| MethodError::row(file, *line, reason))
        })
        .collect()
}

fn posting<'a>(get: &dyn Fn(&str) -> Option<&'a str>, area_code: &str) -> Result<Posting, String> {
    let code = get("measure").ok_or("measure is empty")?;
    let measure = Measure::ALL.into_iter().find(|measure| measure.code() == code);
    let measure = measure.ok_or_else(|| format!("there is no measure {code:?}"))?;
    let quantity = get("quantity").ok_or("quantity is empty")?;
    let mut amount = Decimal::from_str(quantity).map_err(|_| format!("quantity {quantity:?} is not a number"))?;
    if amount.normalize().scale() > 4 {
        return Err(format!("quantity {quantity} has more than four decimals"));
    }
    amount.rescale(4);
    let day = |name: &str| {
        get(name).map(|text| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map_err(|_| format!("{name} {text:?} is not of the form YYYY-MM-DD"))
        })
    };
    let text = |name: &str| get(name).map(str::to_owned);
    let or = |name: &str, default: &str| get(name).unwrap_or(default).to_owned();
    Ok(Posting {
        measure,
        quantity: amount.mantissa(),
        unit: or("unit", measure.unit().unwrap_or("GBP")),
        instrument: text("instrument"),
        onward_grant: get("onward") == Some("yes"),
        job_basis: text("job_basis"),
        prior_status: text("prior_status"),
        programme: text("programme"),
        organisation: or("organisation", "unknown"),
        counterparty: or("counterparty", "unknown"),
        district: or("district", "unknown"),
        combined_authority: or("authority", area_code),
        source: or("source", "source"),
        occurred_on: day("on").ok_or("on is empty")??,
        recorded_on: day("recorded").transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that what is wrong with an example is named with its line.
    #[test]
    fn faults_are_named() {
        let whole = "```csv jobs\nquarter\n2020-Q1\n```\n";
        let cases = [
            ("```csv events\nmeasure,on\nSMILES,2020-01-01\n```\n", "row 7: there is no measure \"SMILES\""),
            ("```csv events\nmeasure,quantity,on\nHIRES,x,2020-01-01\n```\n", "row 7: quantity \"x\" is not a number"),
            ("```csv events\nmeasure,quantity,on\nHIRES,1,soon\n```\n", "row 7: on \"soon\" is not of the form"),
            ("```csv events\nmeasure,colour\nHIRES,red\n```\n", "row 6: events have no column \"colour\""),
            ("```csv smiles\nquarter\n2020-Q1\n```\n", "row 5: there is no published table \"smiles\""),
            ("```csv jobs\ncolour\nred\n```\n", "row 6: jobs has no column \"colour\""),
            ("```csv jobs\nquarter\n```\n", "row 5: nothing is expected"),
            ("```\nmeasure\n```\n", "an example needs a block"),
        ];
        for (text, expected) in cases {
            let mut faults = Vec::new();
            example("examples/a.md", &format!("{whole}{text}"), "area", &mut faults);
            let fault = faults.first().map(ToString::to_string).unwrap_or_default();
            assert!(fault.contains("examples/a.md") && fault.contains(expected), "{expected}: {fault}");
        }
    }
}
