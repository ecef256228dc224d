//! Rules of employment events.

use crate::columns::{Columns, Symbols, per_value, verdict};
use crate::error::IngestError;
use crate::findings::{Findings, quoted};
use crate::funding::{check_day, date, decimal};
use crate::output::{Content, Validated, assemble};
use crate::rules::{ONE, PERIOD_DAYS_MAX, Rules, SHORT_ONE};
use crate::{identity, intern, party};
use arrow::array::{Array, AsArray, BooleanArray, Date32Array, Int32Array, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use commonweal_schemas::codes::Kind;
use commonweal_schemas::{Dataset, Measure, Origins, Reason};
use std::sync::Arc;

const UNSPECIFIED: &str = "UNSPECIFIED";

/// Validates decoded employment events, in the columns of
/// [`commonweal_schemas::arrow_schema::employment_raw`]; `origins` has one
/// entry a row. A stock's period and a flow's as-of date say nothing and are
/// dropped.
///
/// # Errors
/// Where the batch is not of the contract. A bad event is a rejection.
pub fn validate_employment(raw: &RecordBatch, origins: &Origins, rules: &Rules) -> Result<Validated, IngestError> {
    let columns = Columns::new(Dataset::Employment, raw, origins)?;
    let cancelled = identity::cancellations(columns.symbols("action")?);
    let mut findings = Findings::new(columns.rows(), cancelled.as_ref());
    let content = examine(&columns, rules, &mut findings)?;
    assemble(&columns, cancelled.as_ref(), content, findings)
}

/// Holds each row to every rule.
///
/// # Errors
/// As [`validate_employment`].
pub(crate) fn examine(
    columns: &Columns<'_>,
    rules: &Rules,
    findings: &mut Findings<'_>,
) -> Result<Content, IngestError> {
    identity::check(columns, findings)?;
    identity::check_unreadable(columns, findings)?;
    let measures = measures(columns, findings)?;
    check_quantities(columns, &measures, rules, findings)?;
    check_units(columns, &measures, findings)?;
    let dates = dates(columns, &measures, rules, findings)?;
    content(columns, &measures, dates, rules, findings)
}

struct Dates {
    occurred_on: Date32Array,
    period_start: Date32Array,
    period_end: Date32Array,
}

fn content(
    columns: &Columns<'_>,
    measures: &[Option<Measure>],
    dates: Dates,
    rules: &Rules,
    findings: &mut Findings<'_>,
) -> Result<Content, IngestError> {
    let rows = columns.rows();
    let employers = party::org_ids(columns, "employer_id", findings, |_| false)?;
    let employer_names = party::texts(columns, "employer_name", rules.text_bytes_max, findings)?;
    party::require((&employers, "employer_id"), &employer_names, Reason::PartyMissing, findings, |_| false);
    Ok(Content {
        measure: columns.symbols("measure")?.clone(),
        quantity: Arc::clone(columns.any("quantity")?),
        unit: columns.symbols("unit")?.clone(),
        instrument: intern::constant(None, rows)?,
        job_basis: job_bases(columns, measures, findings)?,
        prior_status: prior_statuses(columns, measures, findings)?,
        organisation_key: employers,
        organisation_name: employer_names,
        recipient_kind: intern::constant(Some("ORGANISATION"), rows)?,
        counterparty_key: party::org_ids(columns, "funder_id", findings, |_| false)?,
        counterparty_name: party::texts(columns, "funder_name", rules.text_bytes_max, findings)?,
        programme: party::programmes(columns, findings)?,
        award_id: party::texts(columns, "award_id", rules.text_bytes_max, findings)?,
        onward_grant: BooleanArray::from(vec![false; rows]),
        occurred_on: dates.occurred_on,
        period_start: dates.period_start,
        period_end: dates.period_end,
        postcode: party::postcodes(columns, findings, |_| false)?,
        place_code: party::place_codes(columns, findings)?,
        title: arrow::array::StringArray::new_null(rows),
        source_document: party::source_documents(columns, rules.text_bytes_max, findings)?,
    })
}

/// The measure of each row, `None` where it is not known.
fn measures(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<Vec<Option<Measure>>, IngestError> {
    let symbols = columns.symbols("measure")?;
    let known =
        per_value(symbols, |code| Measure::from_code(code).filter(|measure| measure.dataset() == Dataset::Employment));
    let values = symbols.values().as_string::<i32>();
    let measures: Vec<_> = (0..symbols.len()).map(|row| verdict(symbols, &known, row, None)).collect();
    for row in (0..measures.len()).filter(|&row| measures[row].is_none()) {
        findings.content(row, Reason::MeasureMissing, "measure", || {
            let code = symbols.key(row).map_or("", |key| values.value(key));
            format!("measure is {}, expected one that this version knows", quoted(code))
        });
    }
    Ok(measures)
}

fn check_quantities(
    columns: &Columns<'_>,
    measures: &[Option<Measure>],
    rules: &Rules,
    findings: &mut Findings<'_>,
) -> Result<(), IngestError> {
    let quantities = columns.primitive::<Decimal128Type>("quantity")?;
    let unreadable = columns.text("unreadable_field")?;
    for (row, (&quantity, measure)) in quantities.values().iter().zip(measures).enumerate() {
        if quantities.is_null(row) {
            // What could not be read is not missing.
            if !identity::is_unreadable(unreadable, row, "quantity") {
                findings.content(row, Reason::QuantityMissing, "quantity", || "no quantity is given".to_owned());
            }
            continue;
        }
        let counts_persons = || measure.is_some_and(|measure| measure.unit() == Some("PERSONS"));
        let (reason, expected) = if quantity < 0 {
            (Reason::QuantityNegative, "0 or above".to_owned())
        } else if !is_whole(quantity) && counts_persons() {
            (Reason::QuantityNotWhole, "whole persons".to_owned())
        } else if quantity > rules.quantity_max {
            (Reason::QuantityTooLarge, format!("at most {}", decimal(rules.quantity_max)))
        } else {
            continue;
        };
        findings.content(row, reason, "quantity", || {
            format!("quantity is {}, expected {expected}", quantities.value_as_string(row))
        });
    }
    Ok(())
}

/// Division of 128 bits is slow, and nearly all quantities have fewer.
fn is_whole(quantity: i128) -> bool {
    i64::try_from(quantity).map_or(quantity % ONE == 0, |quantity| quantity % SHORT_ONE == 0)
}

fn check_units(
    columns: &Columns<'_>,
    measures: &[Option<Measure>],
    findings: &mut Findings<'_>,
) -> Result<(), IngestError> {
    let units = columns.symbols("unit")?;
    let values = units.values().as_string::<i32>();
    for (row, measure) in measures.iter().enumerate() {
        let unit = units.key(row).map_or("", |key| values.value(key));
        let expected = measure.and_then(Measure::unit);
        let fits = expected.map_or(unit != UNSPECIFIED, |expected| unit == expected);
        if !fits {
            findings.content(row, Reason::UnitMismatch, "unit", || {
                format!("unit is {}, the measure is counted in {}", quoted(unit), expected.unwrap_or("a unit"))
            });
        }
    }
    Ok(())
}

/// Checks the dates that the measure's kind asks for, and keeps only those.
fn dates(
    columns: &Columns<'_>,
    measures: &[Option<Measure>],
    rules: &Rules,
    findings: &mut Findings<'_>,
) -> Result<Dates, IngestError> {
    let column = |name| columns.primitive::<Date32Type>(name);
    let (as_of, starts, ends) = (column("as_of")?, column("period_start")?, column("period_end")?);
    let recorded = columns.primitive::<TimestampMicrosecondType>("recorded_at")?;
    let day = |array: &Date32Array, row: usize| array.is_valid(row).then(|| array.value(row));
    let (mut occurred, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    for days in [&mut occurred, &mut from, &mut to] {
        days.reserve(measures.len());
    }
    for (row, measure) in measures.iter().enumerate() {
        let period = (day(starts, row), day(ends, row));
        let (on, period) = match measure.map(Measure::kind) {
            Some(Kind::Stock) => (day(as_of, row), None),
            Some(_) => (period.1, Some(period)),
            // The measure is not known, so neither is which date it needs.
            None => (day(as_of, row).or(period.1), None),
        };
        let recorded_at = recorded.value(row);
        match (on, period) {
            (Some(on), None) => check_day(row, "as_of", on, recorded_at, rules, findings),
            (Some(end), Some((Some(start), _))) => check_period(row, (start, end), recorded_at, rules, findings),
            (_, period) => {
                let field = if period.is_none() { "as_of" } else { "period_end" };
                findings.content(row, Reason::DateMissing, field, || {
                    let missing = if period.is_none() { "as_of" } else { "period_start or period_end" };
                    format!("{missing} is not given, and the measure needs it")
                });
            }
        }
        occurred.push(on);
        from.push(period.and_then(|(start, _)| start));
        to.push(period.and_then(|(_, end)| end));
    }
    Ok(Dates { occurred_on: occurred.into(), period_start: from.into(), period_end: to.into() })
}

fn check_period(row: usize, (start, end): (i32, i32), recorded_at: i64, rules: &Rules, findings: &mut Findings<'_>) {
    check_day(row, "period_start", start, recorded_at, rules, findings);
    check_day(row, "period_end", end, recorded_at, rules, findings);
    let days = i64::from(end) - i64::from(start) + 1;
    if days < 1 {
        findings.content(row, Reason::PeriodReversed, "period_end", || {
            format!("the period starts on {} and ends on {}", date(start), date(end))
        });
    } else if days > i64::from(PERIOD_DAYS_MAX) {
        findings.content(row, Reason::PeriodTooLong, "period_end", || {
            format!("the period is {days} days long, at most {PERIOD_DAYS_MAX} are allowed")
        });
    }
}

/// The one basis of each row's list, as a column over the list's dictionary.
fn job_bases(
    columns: &Columns<'_>,
    measures: &[Option<Measure>],
    findings: &mut Findings<'_>,
) -> Result<Symbols, IngestError> {
    let lists = columns.lists("job_basis")?;
    let items: &Symbols = lists.values().as_dictionary();
    let stated = per_value(items, |basis| basis != UNSPECIFIED);
    let mut keys: Vec<Option<i32>> = Vec::with_capacity(lists.len());
    for (row, bounds) in lists.value_offsets().windows(2).enumerate() {
        let range = usize::try_from(bounds[0]).unwrap_or(0)..usize::try_from(bounds[1]).unwrap_or(0);
        let mut named: Option<i32> = None;
        for item in range.filter(|&item| verdict(items, &stated, item, false)) {
            let key = items.keys().value(item);
            if named.is_some_and(|known| known != key) {
                findings.content(row, Reason::JobBasisNotExclusive, "job_basis", || {
                    "more than one job basis is named; send one event for each group of posts".to_owned()
                });
            }
            named = named.or(Some(key));
        }
        if named.is_some() && measures[row].is_some_and(|measure| !measure.counts_posts()) {
            refuse_inapplicable(row, Reason::JobBasisNotApplicable, "job_basis", measures[row], findings);
        }
        keys.push(named);
    }
    Ok(Symbols::try_new(Int32Array::from(keys), Arc::clone(items.values()))?)
}

fn prior_statuses(
    columns: &Columns<'_>,
    measures: &[Option<Measure>],
    findings: &mut Findings<'_>,
) -> Result<Symbols, IngestError> {
    let statuses = intern::without(columns.symbols("prior_status")?, UNSPECIFIED)?;
    for (row, measure) in measures.iter().enumerate() {
        if statuses.is_valid(row) && measure.is_some_and(|measure| !measure.counts_starts()) {
            refuse_inapplicable(row, Reason::PriorStatusNotApplicable, "prior_status", *measure, findings);
        }
    }
    Ok(statuses)
}

fn refuse_inapplicable(
    row: usize,
    reason: Reason,
    field: &'static str,
    measure: Option<Measure>,
    findings: &mut Findings<'_>,
) {
    findings.content(row, reason, field, || {
        format!("{field} is given for {}: {}", measure.map_or("", Measure::code), reason.sentence())
    });
}
