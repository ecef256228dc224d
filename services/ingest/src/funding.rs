//! Rules of funding events.

use crate::columns::{Columns, Symbols, per_value, verdict};
use crate::error::IngestError;
use crate::findings::{Findings, quoted};
use crate::output::{Content, Validated, assemble};
use crate::rules::Rules;
use crate::{currency, identity, intern, party};
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use commonweal_schemas::{Dataset, Measure, Origins, Reason};
use std::borrow::Cow;
use std::sync::Arc;

/// Validates decoded funding events, in the columns of
/// [`commonweal_schemas::arrow_schema::funding_raw`]; `origins` has one entry a
/// row.
///
/// # Errors
/// Where the batch is not of the contract. A bad event is a rejection.
pub fn validate_funding(raw: &RecordBatch, origins: &Origins, rules: &Rules) -> Result<Validated, IngestError> {
    let columns = Columns::new(Dataset::Funding, raw, origins)?;
    let cancelled = identity::cancellations(columns.symbols("action")?);
    let mut findings = Findings::new(columns.rows(), cancelled.as_ref());
    let content = examine(&columns, rules, &mut findings)?;
    assemble(&columns, cancelled.as_ref(), content, findings)
}

/// Holds each row to every rule.
///
/// # Errors
/// As [`validate_funding`].
pub(crate) fn examine(
    columns: &Columns<'_>,
    rules: &Rules,
    findings: &mut Findings<'_>,
) -> Result<Content, IngestError> {
    identity::check(columns, findings)?;
    identity::check_unreadable(columns, findings)?;
    check_amounts(columns, rules, findings)?;
    check_dates(columns, rules, findings)?;
    content(columns, rules, findings)
}

fn content(columns: &Columns<'_>, rules: &Rules, findings: &mut Findings<'_>) -> Result<Content, IngestError> {
    let rows = columns.rows();
    let kinds = columns.symbols("recipient_kind")?;
    let persons = per_value(kinds, |kind| kind == "INDIVIDUAL");
    let is_person = |row| verdict(kinds, &persons, row, false);
    let none = intern::constant(None, rows)?;

    let recipients = party::org_ids(columns, "recipient_id", findings, is_person)?;
    let recipient_names = party::texts(columns, "recipient_name", rules.text_bytes_max, findings)?;
    let funders = party::org_ids(columns, "funder_id", findings, |_| false)?;
    let funder_names = party::texts(columns, "funder_name", rules.text_bytes_max, findings)?;
    party::require((&recipients, "recipient_id"), &recipient_names, Reason::PartyMissing, findings, is_person);
    party::require((&funders, "funder_id"), &funder_names, Reason::FunderMissing, findings, |_| false);
    if persons.contains(&true) {
        refuse_identified(&recipients, &recipient_names, is_person, findings);
    }
    Ok(Content {
        measure: stages(columns, findings)?,
        quantity: Arc::clone(columns.any("amount")?),
        unit: currencies(columns, findings)?,
        instrument: intern::without(columns.symbols("instrument")?, "UNSPECIFIED")?,
        job_basis: none.clone(),
        prior_status: none,
        organisation_key: recipients,
        organisation_name: recipient_names,
        recipient_kind: kinds.clone(),
        counterparty_key: funders,
        counterparty_name: funder_names,
        programme: party::programmes(columns, findings)?,
        award_id: party::texts(columns, "award_id", rules.text_bytes_max, findings)?,
        onward_grant: columns.flags("onward_grant")?.clone(),
        occurred_on: columns.primitive::<Date32Type>("occurred_on")?.clone(),
        // Notes of the publisher's: no rule holds a grant to its plan.
        period_start: columns.primitive::<Date32Type>("planned_start")?.clone(),
        period_end: columns.primitive::<Date32Type>("planned_end")?.clone(),
        postcode: party::postcodes(columns, findings, is_person)?,
        place_code: party::place_codes(columns, findings)?,
        title: party::titles(columns, rules.text_bytes_max, findings, is_person)?,
        source_document: party::source_documents(columns, rules.text_bytes_max, findings)?,
    })
}

/// The stage is the measure; its dictionary is shared.
fn stages(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<Symbols, IngestError> {
    let stages = columns.symbols("stage")?;
    let known =
        per_value(stages, |code| Measure::from_code(code).is_some_and(|measure| measure.dataset() == Dataset::Funding));
    if known.contains(&false) {
        let values = stages.values().as_string::<i32>();
        for row in (0..stages.len()).filter(|&row| !verdict(stages, &known, row, false)) {
            findings.content(row, Reason::StageMissing, "stage", || {
                let code = stages.key(row).map_or("", |key| values.value(key));
                format!("stage is {}, expected COMMITTED, DISBURSED, REPAID or WRITTEN_OFF", quoted(code))
            });
        }
    }
    Ok(stages.clone())
}

fn currencies(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<Symbols, IngestError> {
    let column = columns.text("currency")?;
    let symbols = intern::intern(column, None, active_currency, |row, text| {
        let (reason, expected) = if crate::text::is_blank_text(text) {
            (Reason::CurrencyMissing, "no currency is given".to_owned())
        } else {
            (Reason::CurrencyUnknown, format!("currency is {}, expected an active ISO 4217 code", quoted(text)))
        };
        findings.content(row, reason, "currency", || expected);
    })?;
    for row in (0..column.len()).filter(|&row| column.is_null(row)) {
        findings.content(row, Reason::CurrencyMissing, "currency", || "no currency is given".to_owned());
    }
    Ok(symbols)
}

fn active_currency(text: &str) -> Option<Cow<'_, str>> {
    if currency::is_active(text) {
        return Some(Cow::Borrowed(text));
    }
    let code = text.trim().to_ascii_uppercase();
    currency::is_active(&code).then_some(Cow::Owned(code))
}

fn check_amounts(columns: &Columns<'_>, rules: &Rules, findings: &mut Findings<'_>) -> Result<(), IngestError> {
    let amounts = columns.primitive::<Decimal128Type>("amount")?;
    for (row, &amount) in amounts.values().iter().enumerate() {
        if amounts.is_null(row) {
            findings.content(row, Reason::AmountMissing, "amount", || "no amount is given".to_owned());
        } else if amount <= 0 {
            findings.content(row, Reason::AmountNotPositive, "amount", || {
                format!("amount is {}, expected more than 0", amounts.value_as_string(row))
            });
        } else if amount > rules.amount_max {
            findings.content(row, Reason::AmountTooLarge, "amount", || {
                format!("amount is {}, at most {} is allowed", amounts.value_as_string(row), decimal(rules.amount_max))
            });
        }
    }
    Ok(())
}

/// Ten-thousandths as a decimal.
pub(crate) fn decimal(parts: i128) -> String {
    format!("{}.{:04}", parts / crate::rules::ONE, (parts % crate::rules::ONE).unsigned_abs())
}

fn check_dates(columns: &Columns<'_>, rules: &Rules, findings: &mut Findings<'_>) -> Result<(), IngestError> {
    let days = columns.primitive::<Date32Type>("occurred_on")?;
    let recorded = columns.primitive::<TimestampMicrosecondType>("recorded_at")?;
    for (row, (&day, &recorded_at)) in days.values().iter().zip(recorded.values()).enumerate() {
        if days.is_null(row) {
            findings.content(row, Reason::DateMissing, "occurred_on", || "no occurred_on is given".to_owned());
        } else {
            check_day(row, "occurred_on", day, recorded_at, rules, findings);
        }
    }
    Ok(())
}

/// Refuses a day before the first one, or after the day of recording.
pub(crate) fn check_day(
    row: usize,
    field: &'static str,
    day: i32,
    recorded_at: i64,
    rules: &Rules,
    findings: &mut Findings<'_>,
) {
    if day < rules.earliest_day {
        findings.content(row, Reason::DateOutOfRange, field, || {
            format!("{field} is {}, before {}", date(day), date(rules.earliest_day))
        });
    } else if i64::from(day) > identity::day_of(recorded_at) {
        findings.content(row, Reason::DateInFuture, field, || {
            let recorded_on = i32::try_from(identity::day_of(recorded_at)).map(date).unwrap_or_default();
            format!("{field} is {}, after the event was recorded on {recorded_on}", date(day))
        });
    }
}

/// A day as people write it.
pub(crate) fn date(day: i32) -> String {
    chrono::NaiveDate::from_epoch_days(day).map_or_else(|| format!("day {day} since 1970"), |date| date.to_string())
}

/// Refuses persons with an identifier or a name, without repeating either.
fn refuse_identified(
    ids: &StringArray,
    names: &StringArray,
    is_person: impl Fn(usize) -> bool,
    findings: &mut Findings<'_>,
) {
    for row in (0..ids.len()).filter(|&row| is_person(row)) {
        let field = match (ids.is_valid(row), names.is_valid(row)) {
            (true, _) => "recipient_id",
            (_, true) => "recipient_name",
            _ => continue,
        };
        findings.content(row, Reason::IndividualIdentified, field, || {
            format!("recipient_kind is INDIVIDUAL and {field} is given; send it null")
        });
    }
}
