//! Entries as a grant of the 360Giving Data Standard, version 1.4.3.
//!
//! The importer's mapping turned round: what is written here is read back as
//! the same events, but for what `docs/360giving.md` lists as lost.

use super::rows::{Party, Row};
use crate::PublishError;
use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// The `source` of events whose ids are the standard's already.
const GIVING: &str = "urn:360giving";
/// What the ledger knows of a regrant is that it is one: the list's first code.
const REGRANT: &str = "FRG010";
/// Kinds of GSS codes that the standard's list names, by their first three
/// characters.
const KINDS: [(&str, &str); 17] = [
    ("E00", "OA"),
    ("E01", "LSOA"),
    ("E02", "MSOA"),
    ("E04", "PAR"),
    ("E05", "WD"),
    ("E06", "UA"),
    ("E07", "NMD"),
    ("E08", "MD"),
    ("E09", "LONB"),
    ("E10", "CTY"),
    ("E12", "RGN/GOR"),
    ("S01", "DZ"),
    ("S12", "CA"),
    ("W01", "LSOA"),
    ("W02", "MSOA"),
    ("W05", "WD"),
    ("W06", "UA"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "names are the standard's")]
pub(super) struct Grant<'a> {
    id: Cow<'a, str>,
    title: Cow<'a, str>,
    description: Cow<'a, str>,
    currency: &'a str,
    amount_awarded: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_disbursed: Option<Box<RawValue>>,
    award_date: String,
    funding_organization: [Organization<'a>; 1],
    recipient_organization: [Organization<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary_location: Option<[Location<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_programme: Option<[Programme<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned_dates: Option<[Plan; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    funding_type: Option<[Classification; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disbursement_transaction: Vec<Transaction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regrant_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_source: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Organization<'a> {
    id: Cow<'a, str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    geo_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo_code_type: Option<&'static str>,
}

#[derive(Serialize)]
struct Programme<'a> {
    code: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<String>,
}

#[derive(Serialize)]
struct Classification {
    title: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "names are the standard's")]
struct Transaction<'a> {
    id: &'a str,
    value: Box<RawValue>,
    currency: &'a str,
    transaction_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
}

impl<'a> Grant<'a> {
    /// The grant of a commitment, with its award's payments.
    ///
    /// # Errors
    /// An amount cannot be written, which is a fault of this module.
    pub(super) fn of(commitment: &'a Row, payments: &'a [Row]) -> Result<Self, PublishError> {
        let name = || Cow::from(format!("Grant to {}", named(&commitment.recipient)));
        let title = commitment.title.as_deref().map_or_else(name, Cow::from);
        let recipient =
            Organization { postal_code: commitment.postcode.as_deref(), ..organization(&commitment.recipient) };
        let transactions: Vec<Transaction<'_>> = if is_sum(commitment, payments) {
            Vec::new()
        } else {
            payments.iter().map(|payment| transaction(commitment, payment)).collect::<Result<_, _>>()?
        };
        let paid = payments.iter().filter(|payment| payment.currency == commitment.currency);
        let paid: i128 = paid.map(|payment| payment.amount).sum();
        let planned = (commitment.planned_start, commitment.planned_end);
        Ok(Self {
            id: if commitment.source == GIVING {
                Cow::from(&commitment.event_id)
            } else {
                Cow::from(format!("{}/{}", commitment.source, commitment.event_id))
            },
            description: title.clone(),
            title,
            currency: &commitment.currency,
            amount_awarded: decimal(commitment.amount)?,
            amount_disbursed: (paid > 0).then(|| decimal(paid)).transpose()?,
            award_date: day(commitment.day),
            funding_organization: [organization(&commitment.funder)],
            recipient_organization: [recipient],
            beneficiary_location: commitment.place_code.as_deref().map(|code| [location(code)]),
            grant_programme: commitment.programme.as_deref().map(|code| [Programme { code, title: code }]),
            planned_dates: (planned != (None, None))
                .then(|| [Plan { start_date: planned.0.map(day), end_date: planned.1.map(day) }]),
            funding_type: commitment.instrument.as_deref().and_then(form).map(|title| [Classification { title }]),
            disbursement_transaction: transactions,
            regrant_type: commitment.onward.then_some(REGRANT),
            date_modified: modified(commitment),
            data_source: commitment.document.as_deref().filter(|document| is_address(document)),
        })
    }
}

/// Whether the payments are the one that `amountDisbursed` alone would make.
fn is_sum(commitment: &Row, payments: &[Row]) -> bool {
    match payments {
        [] => true,
        [one] => {
            commitment.source == GIVING
                && one.event_id.strip_prefix(&commitment.event_id) == Some("/disbursed")
                && (&one.currency, one.day, one.revision) == (&commitment.currency, commitment.day, commitment.revision)
        }
        _ => false,
    }
}

fn transaction<'a>(commitment: &Row, payment: &'a Row) -> Result<Transaction<'a>, PublishError> {
    let listed = payment.event_id.strip_prefix(&commitment.event_id).and_then(|rest| rest.strip_prefix("/disbursed/"));
    Ok(Transaction {
        id: listed.unwrap_or(&payment.event_id),
        value: decimal(payment.amount)?,
        currency: &payment.currency,
        transaction_date: day(payment.day),
        date_modified: modified(payment),
    })
}

fn named(party: &Party) -> &str {
    party.name.as_deref().or(party.id.as_deref()).unwrap_or_default()
}

/// The standard wants an id and a name of each; the events have at least one.
fn organization(party: &Party) -> Organization<'_> {
    let name = named(party);
    let made = || Cow::from(format!("360G-unidentified-{:.16}", format!("{:x}", Sha256::digest(name))));
    Organization { id: party.id.as_deref().map_or_else(made, Cow::from), name, postal_code: None }
}

fn location(code: &str) -> Location<'_> {
    let kind = KINDS.iter().find(|(start, _)| code.starts_with(start));
    Location { geo_code: code, geo_code_type: kind.map(|(_, kind)| *kind) }
}

/// Grants need no word; of other forms of money the importer knows these.
fn form(instrument: &str) -> Option<&'static str> {
    match instrument {
        "LOAN" => Some("Loan"),
        "EQUITY" => Some("Equity"),
        "QUASI_EQUITY" => Some("Quasi-equity"),
        "GUARANTEE" => Some("Guarantee"),
        "CONTRACT" => Some("Contract"),
        "IN_KIND" => Some("In kind"),
        _ => None,
    }
}

/// When the record was last modified. Revision 0 of an imported grant says that
/// its publisher does not tell.
fn modified(row: &Row) -> Option<String> {
    let told = row.source != GIVING || row.revision > 0;
    let instant = told.then(|| DateTime::from_timestamp_micros(row.recorded_at)).flatten()?;
    Some(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn is_address(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && url::Url::parse(text).is_ok_and(|url| url.as_str().is_ascii())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn day(days: i32) -> String {
    NaiveDate::from_epoch_days(days).unwrap_or_default().to_string()
}

/// Ten-thousandths as a JSON number of at most four decimals, digit for digit.
fn decimal(parts: i128) -> Result<Box<RawValue>, PublishError> {
    let (sign, size) = (if parts < 0 { "-" } else { "" }, parts.unsigned_abs());
    let mut text = format!("{sign}{}", size / 10_000);
    if size % 10_000 > 0 {
        let decimals = format!(".{:04}", size % 10_000);
        text.push_str(decimals.trim_end_matches('0'));
    }
    RawValue::from_string(text).map_err(|source| PublishError::Json { action: "write", what: "an amount", source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that amounts are written digit for digit, without zeros that say
    /// nothing.
    #[test]
    fn amounts_are_written_exactly() {
        for (parts, text) in
            [(1, "0.0001"), (10_000, "1"), (32_393_400, "3239.34"), (999_999_999_999_999_999, "99999999999999.9999")]
        {
            assert_eq!(decimal(parts).unwrap().get(), text);
        }
    }

    /// Proves that a party without an id gets one that its name decides, and
    /// one without a name is called by its id.
    #[test]
    fn parties_have_both() {
        let of = |id: Option<&str>, name: Option<&str>| {
            let party = Party { id: id.map(str::to_owned), name: name.map(str::to_owned) };
            let made = organization(&party);
            (made.id.into_owned(), made.name.to_owned())
        };
        assert_eq!(of(Some("GB-CHC-1"), None), ("GB-CHC-1".to_owned(), "GB-CHC-1".to_owned()));
        let (one, other) = (of(None, Some("A Choir")), of(None, Some("Another")));
        assert!(one.0.starts_with("360G-unidentified-") && one.0.len() == 34 && one.0 != other.0, "{}", one.0);
        assert_eq!(of(None, Some("A Choir")), one);
    }
}
