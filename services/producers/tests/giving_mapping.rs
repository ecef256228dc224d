//! Each field of the mapping that `docs/360giving.md` gives, by a small grant.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{codecs, funding};
use commonweal_producers::{GivingOptions, import_360giving};
use commonweal_schemas::records::{Action, FundingEvent, FundingStage, RecipientKind};
use serde_json::{Value, json};
use std::io::Cursor;

/// 2020-07-01T00:00Z in minutes since 1970.
const JULY: i32 = 18_444 * 1440;

/// A grant that has what the standard requires, and what `change` says.
fn grant(change: &Value) -> Value {
    let mut grant = json!({
        "id": "360G-synthetic-1", "title": "a grant", "description": "words", "currency": "GBP",
        "amountAwarded": 900, "awardDate": "2020-04-01", "dateModified": "2020-07-01T00:00:00Z",
        "fundingOrganization": [{"id": "GB-CHC-9900001", "name": "Synthetic Funder"}],
        "recipientOrganization": [{"id": "GB-CHC-9000001", "name": "Synthetic Kitchen", "postalCode": "L8 1TH"}],
    });
    for (name, value) in change.as_object().unwrap() {
        grant[name] = value.clone();
    }
    grant
}

fn events(grant: &Value) -> Vec<FundingEvent> {
    let codecs = codecs();
    let file = Cursor::new(json!({"grants": [grant]}).to_string().into_bytes());
    let options = GivingOptions { file: "mapping.json".to_owned(), programme: None };
    let messages = import_360giving(file, options, codecs.clone()).unwrap();
    messages.map(|message| funding(&codecs, &message.unwrap())).collect()
}

fn committed(change: &Value) -> FundingEvent {
    events(&grant(change)).remove(0)
}

/// Ids, actions and amounts of what is said about payments.
fn payments(change: &Value) -> Vec<(String, Action, Option<String>)> {
    let told =
        |event: FundingEvent| (event.event_id, event.action, event.amount.map(|amount| amount.normalize().to_string()));
    events(&grant(change)).into_iter().skip(1).map(told).collect()
}

/// Proves what each way of stating payments says: a sum, or a list that goes
/// before it and takes an earlier sum back, or nothing paid, which takes it
/// back too; and that without a date of modification nothing is taken back.
#[test]
fn payments_replace_what_was_stated_before() {
    let sum = "360G-synthetic-1/disbursed".to_owned();
    let (record, cancel) = (Action::Record, Action::Cancel);
    assert!(payments(&json!({})).is_empty());
    assert_eq!(payments(&json!({"amountDisbursed": 500})), [(sum.clone(), record, Some("500".to_owned()))]);
    assert_eq!(payments(&json!({"amountDisbursed": 0})), [(sum.clone(), cancel, None)]);
    assert!(payments(&json!({"amountDisbursed": "0.00", "dateModified": null})).is_empty());
    let listed = json!([{"id": "a", "value": 200}, {"value": 300, "transactionDate": "2020-05-01"}]);
    let stated = [
        (format!("{sum}/a"), record, Some("200".to_owned())),
        (format!("{sum}/2"), record, Some("300".to_owned())),
        (sum.clone(), cancel, None),
    ];
    assert_eq!(payments(&json!({"amountDisbursed": 500, "disbursementTransaction": listed})), stated);
    assert_eq!(payments(&json!({"disbursementTransaction": listed})), stated);
    assert_eq!(payments(&json!({"disbursementTransaction": listed, "dateModified": null})), stated[..2]);
    let withdrawal = events(&grant(&json!({"amountDisbursed": 0}))).remove(1);
    assert_eq!((withdrawal.revision, withdrawal.recorded_at), (JULY, i64::from(JULY) * 60_000_000));
    assert_eq!(withdrawal.stage, FundingStage::Unspecified, "it says nothing of the grant");
}

/// Proves that the order of revisions is that of `dateModified`, whatever the
/// zone it is written in, and that a grant without one comes before all.
#[test]
fn revisions_are_in_the_order_of_modification() {
    let revision = |text: &str| committed(&json!({"dateModified": text})).revision;
    assert_eq!(revision("2020-07-01T00:00:00Z"), JULY);
    assert_eq!(revision("2020-07-01T01:00:59+01:00"), JULY, "a minute is the finest step");
    assert!(revision("2020-07-01T00:30:00+01:00") < JULY && revision("2020-07-01T00:01:00Z") > JULY);
    assert_eq!(committed(&json!({"dateModified": null})).revision, 0);
}

/// Proves that a person is counted and nothing more, by whichever field the
/// grant says that it went to one, and also where it names an organisation
/// against the standard's rule.
#[test]
fn persons_are_counted_only() {
    let person = json!({"id": "PERSON-1", "name": "PERSON-1"});
    let none = json!(null);
    let both = json!([{"id": "GB-CHC-9000001", "name": "PERSON-1 at home", "postalCode": "L8 1TH"}]);
    let cases = [
        json!({"recipientIndividual": person, "recipientOrganization": none, "title": "To PERSON-1"}),
        json!({"recipientIndividual": person, "recipientOrganization": both, "title": "To PERSON-1"}),
        json!({"toIndividualsDetails": {"primaryGrantReason": "GTIR010"}, "recipientOrganization": [], "title": "PERSON-1"}),
    ];
    for case in cases {
        for event in events(&grant(&case)) {
            assert_eq!(event.recipient_kind, RecipientKind::Individual, "{case}");
            assert!(!format!("{event:?}").contains("PERSON-1") && event.postcode.is_none(), "{event:?}");
        }
    }
    let organisation = committed(&json!({"toIndividualsDetails": {"primaryGrantReason": "GTIR010"}}));
    assert_eq!(organisation.recipient_kind, RecipientKind::Organisation, "which gives to persons");
    assert_eq!(committed(&json!({"recipientIndividual": {}})).recipient_kind, RecipientKind::Organisation);
}

/// Proves that every code of the standard's list of regrants, and any other
/// word, is an onward grant, and that an empty one is none.
#[test]
fn every_regrant_is_an_onward_grant() {
    for code in ["FRG010", "FRG020", "FRG030", "FRG040", "FRG050", "FRG060", "FRG070", "something else"] {
        assert!(committed(&json!({"regrantType": code})).onward_grant, "{code}");
    }
    for nothing in [json!(null), json!(""), json!(" ")] {
        assert!(!committed(&json!({"regrantType": nothing})).onward_grant, "{nothing}");
    }
}

/// Proves which of several programmes, and which days of several plans, count.
#[test]
fn lists_give_what_they_have() {
    let programme = |list: Value| committed(&json!({"grantProgramme": list})).programme;
    assert_eq!(programme(json!([{"code": "C1", "title": "One"}, {"title": "Two"}])).as_deref(), Some("One"));
    assert_eq!(programme(json!([{"title": " "}, {"code": "C2"}])).as_deref(), Some("C2"));
    assert_eq!(programme(json!([{"url": "https://example.org"}])), None);
    let plan = |list: Value| {
        let event = committed(&json!({"plannedDates": list}));
        (event.planned_start, event.planned_end, event.unreadable_field)
    };
    let day = 18_353; // 2020-04-01
    assert_eq!(plan(json!([{"startDate": "2020-04-01", "endDate": "2021-03-31"}])), (Some(day), Some(day + 364), None));
    let two = json!([{"startDate": "2020-04-02T00:00:00Z"}, {"startDate": "01/04/2020", "endDate": "2020-04-30"}, {"endDate": "2020-04-29"}]);
    assert_eq!(plan(two), (Some(day), Some(day + 29), None));
    assert_eq!(plan(json!([{"startDate": "2020", "endDate": "2021-03", "duration": 12}])), (None, None, None));
    let paid = events(&grant(&json!({"plannedDates": [{"startDate": "2020-04-01"}], "amountDisbursed": 1}))).remove(1);
    assert_eq!(paid.planned_start, Some(day), "payments carry their award's plan");
}

/// Proves that no contact detail and no description leaves the importer,
/// wherever in a grant it stands.
#[test]
fn contact_details_stay_at_the_door() {
    let contacts = json!({
        "email": "PRIVATE@example.org", "telephone": "PRIVATE 0151", "contactName": "PRIVATE Person",
        "streetAddress": "PRIVATE 1", "description": "PRIVATE", "department": "PRIVATE",
    });
    let mut change = grant(&json!({"description": "PRIVATE", "amountDisbursed": 3}));
    for party in ["fundingOrganization", "recipientOrganization"] {
        for (name, value) in contacts.as_object().unwrap() {
            change[party][0][name] = value.clone();
        }
    }
    change["disbursementTransaction"] =
        json!([{"id": "1", "value": 3, "description": "PRIVATE", "provider": "PRIVATE"}]);
    change["relatedDocument"] = json!([{"id": "PRIVATE", "url": "https://example.org/PRIVATE"}]);
    change["beneficiaryLocation"] = json!([{"name": "PRIVATE", "description": "PRIVATE"}]);
    let file = Cursor::new(json!({"grants": [change]}).to_string().into_bytes());
    let options = GivingOptions { file: "mapping.json".to_owned(), programme: None };
    for message in import_360giving(file, options, codecs()).unwrap() {
        let message = message.unwrap();
        assert!(!message.value.windows(7).any(|bytes| bytes == b"PRIVATE"), "{:?}", message.value);
    }
}
