//! The rules behind the reason codes, tried one after the other.

use super::identifiers;
use super::mapping::{Party, Statement};
use super::values::Read;
use chrono::{DateTime, NaiveDate};

const TEXT_BYTES_MAX: usize = 4_096;
const IDENTITY_BYTES_MAX: usize = 512;
const AMOUNT_MAX: i128 = 1_000_000_000 * 10_000;

/// The code of the first rule a statement breaks, in the order of the codes.
pub(super) fn first_broken(statement: &Statement) -> Option<&'static str> {
    if statement.withdrawn {
        return identity(statement);
    }
    identity(statement)
        .or_else(|| unreadable(statement))
        .or_else(|| amount(statement))
        .or_else(|| currency(statement.currency.as_deref()))
        .or_else(|| date(statement))
        .or_else(|| parties(statement))
        .or_else(|| place(statement))
        .or_else(|| texts(statement))
}

fn identity(statement: &Statement) -> Option<&'static str> {
    let id = &statement.event_id;
    if id.is_empty() {
        Some("IDENTITY_MISSING")
    } else if id.len() > IDENTITY_BYTES_MAX || id.chars().any(char::is_control) {
        Some("IDENTITY_TOO_LONG")
    } else {
        None
    }
}

/// A producer names one unreadable field: amount, else date, else modification.
fn unreadable(statement: &Statement) -> Option<&'static str> {
    if statement.amount == Read::Unreadable {
        Some("AMOUNT_UNREADABLE")
    } else if statement.day == Read::Unreadable {
        Some("DATE_UNREADABLE")
    } else if statement.modified == Read::Unreadable {
        Some("FIELD_UNREADABLE")
    } else {
        None
    }
}

fn amount(statement: &Statement) -> Option<&'static str> {
    match statement.amount.known() {
        None => Some("AMOUNT_MISSING"),
        Some(amount) if amount <= 0 => Some("AMOUNT_NOT_POSITIVE"),
        Some(amount) if amount > AMOUNT_MAX => Some("AMOUNT_TOO_LARGE"),
        Some(_) => None,
    }
}

fn currency(currency: Option<&str>) -> Option<&'static str> {
    let Some(text) = currency else { return Some("CURRENCY_MISSING") };
    match text.to_ascii_uppercase().as_str() {
        "GBP" | "USD" | "EUR" => None,
        code => {
            let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            assert!(!is_code, "whether {code} is a currency is beyond the naive reader");
            Some("CURRENCY_UNKNOWN")
        }
    }
}

fn date(statement: &Statement) -> Option<&'static str> {
    let Some(day) = statement.day.known() else { return Some("DATE_MISSING") };
    let recorded = DateTime::from_timestamp_micros(statement.recorded_at()).expect("an instant").date_naive();
    if day < NaiveDate::from_ymd_opt(1990, 1, 1).expect("a day") {
        Some("DATE_OUT_OF_RANGE")
    } else if day > recorded {
        Some("DATE_IN_FUTURE")
    } else {
        None
    }
}

fn parties(statement: &Statement) -> Option<&'static str> {
    let nobody = |party: &Party| party.id.is_none() && party.name.is_none();
    let misshapen = |party: &Party| party.id.as_deref().is_some_and(|id| identifiers::canonical(id).is_none());
    if nobody(&statement.recipient) && !statement.is_person {
        Some("PARTY_MISSING")
    } else if nobody(&statement.funder) {
        Some("FUNDER_MISSING")
    } else if misshapen(&statement.recipient) || misshapen(&statement.funder) {
        Some("ORG_ID_MALFORMED")
    } else {
        None
    }
}

fn place(statement: &Statement) -> Option<&'static str> {
    if statement.place_code.as_deref().is_some_and(|code| !identifiers::is_gss(code)) {
        Some("PLACE_CODE_MALFORMED")
    } else if statement.postcode.as_deref().is_some_and(|postcode| !identifiers::is_postcode(postcode)) {
        Some("POSTCODE_MALFORMED")
    } else {
        None
    }
}

fn texts(statement: &Statement) -> Option<&'static str> {
    let programme = statement.programme.as_deref().unwrap_or("unknown");
    if programme.len() > 128 || !programme.chars().any(char::is_alphanumeric) {
        return Some("PROGRAMME_MALFORMED");
    }
    let texts = [&statement.title, &statement.recipient.name, &statement.funder.name];
    texts.into_iter().flatten().any(|text| text.len() > TEXT_BYTES_MAX).then_some("TEXT_TOO_LONG")
}
