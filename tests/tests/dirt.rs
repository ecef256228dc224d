//! The dirt that is really in published grants, each kind by itself through
//! the importer, so that none hides behind another.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_tests::broker::Broker;
use commonweal_tests::dead_letters;
use commonweal_tests::journal::{decimal, text};
use commonweal_tests::naive_grants;
use commonweal_tests::rejections::{by_reason, check_original_bytes, rejected};
use commonweal_tests::system::System;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// A unit in ten-thousandths.
const ONE: i128 = 10_000;

/// What becomes of a dirty grant: its refusal, or the day and pounds it is
/// posted with.
enum Outcome {
    Refused(&'static str),
    Posted { quarter: &'static str, amount: i128 },
}
use Outcome::{Posted, Refused};

/// Each kind of dirt: its name, what it changes in a clean grant, and what
/// must become of it.
fn dirt() -> Vec<(&'static str, Value, Outcome)> {
    let posted = |quarter| Posted { quarter, amount: 1_000 * ONE };
    vec![
        ("date in dd/mm/yyyy", json!({"awardDate": "04/05/2016"}), posted("2016-Q2")),
        ("date with a time zone", json!({"awardDate": "2016-04-01T00:00:00+01:00"}), posted("2016-Q2")),
        ("date that is none", json!({"awardDate": "31/02/2016"}), Refused("DATE_UNREADABLE")),
        ("year alone", json!({"awardDate": "2016"}), Refused("DATE_UNREADABLE")),
        ("no date", json!({"awardDate": ""}), Refused("DATE_MISSING")),
        ("amount of zero", json!({"amountAwarded": 0}), Refused("AMOUNT_NOT_POSITIVE")),
        ("amount below zero", json!({"amountAwarded": -250.5}), Refused("AMOUNT_NOT_POSITIVE")),
        ("amount that holds a date", json!({"amountAwarded": "01/06/2016"}), Refused("AMOUNT_UNREADABLE")),
        ("amount with pence as text", json!({"amountAwarded": "1000.00"}), posted("2016-Q1")),
        ("amount of five decimals", json!({"amountAwarded": 0.12345}), Refused("AMOUNT_UNREADABLE")),
        ("no amount", json!({"amountAwarded": null}), Refused("AMOUNT_MISSING")),
        ("dollars", json!({"currency": "USD"}), posted("2016-Q1")),
        ("currency in small letters", json!({"currency": " gbp "}), posted("2016-Q1")),
        ("currency in words", json!({"currency": "GBP (approx. from USD)"}), Refused("CURRENCY_UNKNOWN")),
        ("no currency", json!({"currency": null}), Refused("CURRENCY_MISSING")),
        ("recipient without an id", json!({"recipientOrganization": [{"name": "A club"}]}), posted("2016-Q1")),
        (
            "recipient with a dummy id",
            json!({"recipientOrganization": [{"id": "DUMMY01", "name": "A club"}]}),
            Refused("ORG_ID_MALFORMED"),
        ),
        ("recipient of nothing", json!({"recipientOrganization": [{"id": " "}]}), Refused("PARTY_MISSING")),
        ("no funder", json!({"fundingOrganization": []}), Refused("FUNDER_MISSING")),
        ("no postcode", json!({"recipientOrganization": [{"id": "GB-CHC-1159982", "name": "A"}]}), posted("2016-Q1")),
        (
            "postcode that is none",
            json!({"recipientOrganization": [{"name": "A", "postalCode": "ask Joan"}]}),
            Refused("POSTCODE_MALFORMED"),
        ),
        (
            "grant to an individual",
            json!({"recipientOrganization": null, "recipientIndividual": {"id": "p1", "name": "Jo Doe"}}),
            posted("2016-Q1"),
        ),
        ("onward grant", json!({"regrantType": "FRG010"}), posted("2016-Q1")),
        ("no id", json!({"id": null}), Refused("IDENTITY_MISSING")),
        ("modified before it was awarded", json!({"dateModified": "2015-12-31"}), Refused("DATE_IN_FUTURE")),
        ("modified in words", json!({"dateModified": "last week"}), Refused("FIELD_UNREADABLE")),
    ]
}

/// A grant without fault, in pounds, of the first quarter of 2016.
fn clean(id: &str) -> Value {
    json!({
        "id": id, "title": "A grant", "currency": "GBP", "amountAwarded": 1000, "awardDate": "2016-02-01",
        "fundingOrganization": [{"id": "GB-CHC-1159982", "name": "A trust"}],
        "recipientOrganization": [{"id": "GB-COH-8253562", "name": "A club", "postalCode": "l81th"}],
    })
}

/// Proves that each kind of dirt has the outcome it must have while the clean
/// grants around it are posted, that a grant in two files counts once, that
/// refused records keep their bytes, and that no person's name gets through.
#[test]
fn each_kind_of_dirt_has_its_outcome() {
    let broker = Broker::embedded();
    let topics = broker.topics("dirt", 1);
    let system = System::new(PROGRAM).on(&broker, &topics);
    let (first, second) = (system.scratch().join("first.json"), system.scratch().join("second.json"));
    let cases = dirt();
    let mut grants = Vec::new();
    for (number, (_, change, _)) in cases.iter().enumerate() {
        let mut dirty = clean(&format!("360G-test-dirty-{number}"));
        for (field, value) in change.as_object().unwrap() {
            dirty[field] = value.clone();
        }
        grants.extend([clean(&format!("360G-test-clean-{number}")), dirty]);
    }
    fs::write(&first, json!({"grants": &grants}).to_string()).unwrap();
    // The same grant in two files: one event, come twice.
    fs::write(&second, json!({"grants": &grants[..1]}).to_string()).unwrap();
    system.succeed(["import", "360giving", "first.json", "second.json"]);
    system.up_to_end();

    let journal = system.journal();
    let mut posted: BTreeMap<String, (String, i128)> = BTreeMap::new();
    for batch in journal.batches("funding") {
        let (event, quarter, quantity) =
            (text(&batch, "event_id"), text(&batch, "quarter"), decimal(&batch, "quantity"));
        for row in 0..batch.num_rows() {
            let was = posted
                .insert(event(row).unwrap().to_owned(), (quarter(row).unwrap().to_owned(), quantity(row).unwrap()));
            assert!(was.is_none(), "posted once");
        }
    }
    let refused = rejected(&journal);
    let mut expected = BTreeMap::new();
    for (number, (name, _, outcome)) in cases.iter().enumerate() {
        let id = format!("360G-test-dirty-{number}");
        assert_eq!(
            posted.remove(&format!("360G-test-clean-{number}")),
            Some(("2016-Q1".to_owned(), 1_000 * ONE)),
            "beside {name}"
        );
        match outcome {
            Posted { quarter, amount } => {
                assert_eq!(posted.remove(&id), Some(((*quarter).to_owned(), *amount)), "{name}");
            }
            Refused(reason) => {
                assert_eq!(posted.remove(&id), None, "{name}");
                let of_it = |one: &&commonweal_tests::rejections::Rejected| {
                    one.event_id.as_ref() == Some(&id) || (one.event_id.is_none() && *reason == "IDENTITY_MISSING")
                };
                assert_eq!(refused.iter().find(of_it).map(|one| one.reason.as_str()), Some(*reason), "{name}");
                *expected.entry((*reason).to_owned()).or_default() += 1;
            }
        }
    }
    assert!(posted.is_empty(), "{posted:?}");
    assert_eq!(by_reason(&refused), expected);
    assert_eq!(journal.receipts().count("duplicate"), 1, "the grant in two files");
    check_original_bytes(&broker, &topics.funding, &refused);
    dead_letters::check(&dead_letters::read(&broker, &topics.dead_letters), &refused, 1 << 19);
    no_person_is_named(&system);

    // The naive reading of the real files is held to the same table.
    let naive = naive_grants::read(&[first, second]);
    assert_eq!(
        naive.rejected.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect::<BTreeMap<_, _>>(),
        expected
    );
    assert_eq!((naive.duplicate, naive.superseded), (1, 0));
    assert_eq!(naive.posted, journal.receipts().count("posted"));
}

/// Fails if the individual's name is anywhere in the books of postings.
fn no_person_is_named(system: &System) {
    for batch in system.journal().batches("funding") {
        for name in ["organisation_key", "organisation_name", "counterparty_name", "title", "organisation_id"] {
            let column = text(&batch, name);
            assert!((0..batch.num_rows()).all(|row| !column(row).unwrap_or_default().contains("Doe")), "{name}");
        }
        let (kind, basis) = (text(&batch, "recipient_kind"), text(&batch, "organisation_basis"));
        let persons: Vec<_> = (0..batch.num_rows()).filter(|&row| kind(row) == Some("INDIVIDUAL")).collect();
        assert!(persons.iter().all(|&row| basis(row) == Some("individual")));
        assert_eq!(persons.len(), 1, "the grant to an individual is counted");
    }
}

const EMPLOYMENT: &str = "\
source,event_id,measure,quantity,unit,as_of,period_start,period_end,job_basis,employer_id,employer_name,recorded_at
urn:test,clean-1,HEADCOUNT,12,PERSONS,2020-03-31,,,,GB-CHC-1159982,A trust,2020-04-02
urn:test,both,HEADCOUNT,3,PERSONS,2020-03-31,,,CREATED;SAFEGUARDED,GB-CHC-1159982,A trust,2020-04-02
urn:test,words,HIRES,about ten,PERSONS,,2020-01-01,2020-03-31,,GB-CHC-1159982,A trust,2020-04-02
urn:test,halves,HIRES,2.5,PERSONS,,2020-01-01,2020-03-31,,GB-CHC-1159982,A trust,2020-04-02
urn:test,backwards,HIRES,2,PERSONS,,2020-03-31,2020-01-01,,GB-CHC-1159982,A trust,2020-04-02
urn:test,clean-2,HIRES,4,PERSONS,,2020-01-01,2020-03-31,,GB-CHC-1159982,A trust,2020-04-02
";

/// Proves that an employment file's bad lines are refused by name and its good
/// ones posted.
#[test]
fn employment_files_have_their_dirt_refused() {
    let broker = Broker::embedded();
    let topics = broker.topics("employment-dirt", 1);
    let system = System::new(PROGRAM).on(&broker, &topics);
    fs::write(system.scratch().join("people.csv"), EMPLOYMENT).unwrap();
    system.succeed(["import", "employment", "people.csv"]);
    system.up_to_end();
    let refused = rejected(&system.journal());
    let found: BTreeMap<&str, &str> =
        refused.iter().map(|one| (one.event_id.as_deref().unwrap(), one.reason.as_str())).collect();
    let expected = [
        ("both", "JOB_BASIS_NOT_EXCLUSIVE"),
        ("words", "QUANTITY_UNREADABLE"),
        ("halves", "QUANTITY_NOT_WHOLE"),
        ("backwards", "PERIOD_REVERSED"),
    ];
    assert_eq!(found, BTreeMap::from(expected));
    check_original_bytes(&broker, &topics.employment, &refused);
    let sums = system.journal().sums("employment", |batch| {
        let measure = text(batch, "measure");
        (0..batch.num_rows()).map(|row| measure(row).unwrap().to_owned()).collect()
    });
    assert_eq!(sums, BTreeMap::from([("HEADCOUNT".to_owned(), (12 * ONE, 1)), ("HIRES".to_owned(), (4 * ONE, 1))]));
}
