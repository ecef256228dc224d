//! A grant's JSON into statements: what was promised, then what was paid.

use super::values::{self, Read, amount, day, instant, text};
use super::{MoneyKey, identifiers};
use chrono::{Datelike as _, NaiveDate};
use serde_json::Value;

/// One statement about money, as a publisher makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub event_id: String,
    /// COMMITTED or DISBURSED.
    pub measure: &'static str,
    pub(super) amount: Read<i128>,
    pub(super) currency: Option<String>,
    pub(super) day: Read<NaiveDate>,
    pub(super) modified: Read<(i64, NaiveDate)>,
    pub(super) funder: Party,
    pub(super) recipient: Party,
    pub(super) is_person: bool,
    pub(super) programme: Option<String>,
    pub(super) onward: bool,
    pub(super) place_code: Option<String>,
    pub(super) postcode: Option<String>,
    pub(super) title: Option<String>,
    pub(super) instrument: Option<String>,
    pub(super) plan: (Option<NaiveDate>, Option<NaiveDate>),
    /// Takes back what the same event stated before.
    pub(super) withdrawn: bool,
}

/// An organisation as stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

impl Party {
    fn of(list: &Value) -> Self {
        Self { id: text(&list[0]["id"]), name: text(&list[0]["name"]) }
    }
}

impl Statement {
    /// Minutes from 1970 to the last modification, 0 where none is stated.
    pub(super) fn revision(&self) -> i64 {
        self.modified.known().map_or(0, |(micros, _)| micros.div_euclid(60_000_000))
    }

    /// When it was recorded: at the modification, but never before the day it
    /// was written on; else on the statement's own day; else in 2000.
    pub(super) fn recorded_at(&self) -> i64 {
        match (self.modified.known(), self.day.known()) {
            (Some((micros, written)), _) => micros.max(values::midnight(written)),
            (None, Some(day)) => values::midnight(day),
            (None, None) => 946_684_800_000_000,
        }
    }

    /// Whether nothing but lineage differs.
    pub(super) fn same_content(&self, other: &Self) -> bool {
        self == other
    }

    pub(super) fn money_key(&self) -> MoneyKey {
        MoneyKey {
            measure: self.measure,
            year: self.day.known().expect("kept statements have a day").year(),
            funder: self.funder.id.as_deref().map_or_else(
                || "unknown".to_owned(),
                |id| identifiers::canonical(id).expect("kept statements have sound ids"),
            ),
            currency: self.currency.as_deref().expect("kept statements have a currency").to_ascii_uppercase(),
        }
    }
}

/// Statements of one grant.
pub fn statements(grant: &Value) -> Vec<Statement> {
    let promised = promise(grant);
    let mut all = Vec::new();
    let id = promised.event_id.clone();
    let paid = |suffix: String| Statement {
        event_id: if id.is_empty() { String::new() } else { format!("{id}/disbursed{suffix}") },
        measure: "DISBURSED",
        ..promised.clone()
    };
    let none = Vec::new();
    let transactions = grant["disbursementTransaction"].as_array().unwrap_or(&none);
    for (number, transaction) in (1..).zip(transactions) {
        let name = text(&transaction["id"]).unwrap_or_else(|| number.to_string());
        let mut statement = paid(format!("/{name}"));
        statement.amount = amount(&transaction["value"]);
        if let stated @ (Read::Known(_) | Read::Unreadable) = day(&transaction["transactionDate"]) {
            statement.day = stated;
        }
        statement.currency = text(&transaction["currency"]).or(statement.currency);
        statement.modified = later(instant(&transaction["dateModified"]), statement.modified);
        all.push(statement);
    }
    let sum = amount(&grant["amountDisbursed"]);
    if transactions.is_empty() && !matches!(sum, Read::Missing | Read::Known(0)) {
        all.push(Statement { amount: sum, ..paid(String::new()) });
    } else if promised.modified.known().is_some() && (!transactions.is_empty() || sum == Read::Known(0)) {
        all.push(withdrawal(paid(String::new())));
    }
    all.insert(0, promised);
    all
}

/// What is left of a statement that is taken back.
fn withdrawal(statement: Statement) -> Statement {
    let nobody = Party { id: None, name: None };
    Statement {
        amount: Read::Missing,
        currency: None,
        day: Read::Missing,
        funder: nobody.clone(),
        recipient: nobody,
        programme: None,
        onward: false,
        place_code: None,
        postcode: None,
        title: None,
        instrument: None,
        plan: (None, None),
        withdrawn: true,
        ..statement
    }
}

fn promise(grant: &Value) -> Statement {
    let stated = |value: &Value| !matches!(value, Value::Null) && value.as_array().is_none_or(|list| !list.is_empty());
    let person = &grant["recipientIndividual"];
    let is_person = text(&person["id"]).or_else(|| text(&person["name"])).is_some()
        || (!stated(&grant["recipientOrganization"]) && (stated(person) || stated(&grant["toIndividualsDetails"])));
    let nobody = Value::Null;
    let recipient = if is_person { &nobody } else { &grant["recipientOrganization"] };
    let (place_code, postcode) = place(grant, recipient);
    let programmes = grant["grantProgramme"].as_array().into_iter().flatten();
    Statement {
        event_id: text(&grant["id"]).unwrap_or_default(),
        measure: "COMMITTED",
        amount: amount(&grant["amountAwarded"]),
        currency: text(&grant["currency"]),
        day: day(&grant["awardDate"]),
        modified: instant(&grant["dateModified"]),
        funder: Party::of(&grant["fundingOrganization"]),
        recipient: Party::of(recipient),
        is_person,
        programme: programmes.map(|one| text(&one["title"]).or_else(|| text(&one["code"]))).find_map(|name| name),
        onward: text(&grant["regrantType"]).is_some(),
        place_code,
        postcode,
        title: if is_person { None } else { text(&grant["title"]) },
        instrument: text(&grant["fundingType"][0]["title"]),
        plan: plan(&grant["plannedDates"]),
        withdrawn: false,
    }
}

/// From the first planned start to the last planned end.
fn plan(plans: &Value) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let mut span = (None, None);
    for plan in plans.as_array().into_iter().flatten() {
        if let Read::Known(start) = day(&plan["startDate"]) {
            span.0 = Some(span.0.map_or(start, |known: NaiveDate| known.min(start)));
        }
        if let Read::Known(end) = day(&plan["endDate"]) {
            span.1 = Some(span.1.map_or(end, |known: NaiveDate| known.max(end)));
        }
    }
    span
}

fn later(one: Read<(i64, NaiveDate)>, other: Read<(i64, NaiveDate)>) -> Read<(i64, NaiveDate)> {
    match (&one, &other) {
        (Read::Unreadable, _) | (_, Read::Missing) => one,
        (_, Read::Unreadable) | (Read::Missing, _) => other,
        (Read::Known((a, _)), Read::Known((b, _))) => {
            if a > b {
                one
            } else {
                other
            }
        }
    }
}

/// Place code or postcode: the finest code of the beneficiary locations (LSOA,
/// then district), else the recipient's postcode unless it lies abroad, else
/// whatever code there is.
fn place(grant: &Value, recipient: &Value) -> (Option<String>, Option<String>) {
    let mut codes = Vec::new();
    for location in grant["beneficiaryLocation"].as_array().into_iter().flatten() {
        let (code, kind) = (text(&location["geoCode"]), text(&location["geoCodeType"]));
        // Some publishers write the code where its kind belongs.
        let swapped =
            kind.filter(|kind| identifiers::is_gss(kind) && !code.as_deref().is_some_and(identifiers::is_gss));
        codes.extend(swapped.filter(|_| code.is_some()).or(code));
    }
    let finest =
        [&["E01", "W01"][..], &["E06", "E07", "E08", "E09", "W06", "S12", "N09"][..]].into_iter().find_map(|level| {
            codes.iter().find(|code| {
                identifiers::is_gss(code) && level.iter().any(|start| code.to_uppercase().starts_with(start))
            })
        });
    if let Some(code) = finest {
        return (Some(code.clone()), None);
    }
    let recipient = &recipient[0];
    let abroad = text(&recipient["addressCountry"]).is_some_and(|country| {
        let home =
            ["UK", "United Kingdom", "United Kingdon", "England", "Scotland", "Wales", "Northern Ireland", "London"];
        !home.contains(&country.as_str())
    });
    match text(&recipient["postalCode"]).filter(|_| !abroad) {
        Some(postcode) => (None, Some(postcode)),
        None => (codes.into_iter().next(), None),
    }
}
