//! Each kind of dirt that published grants show, through the importer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{codecs, fixture, funding};
use commonweal_producers::{GivingOptions, ProducerError, import_360giving};
use commonweal_schemas::records::{Action, FundingEvent, FundingStage, Instrument, RecipientKind};
use rust_decimal::Decimal;
use std::fs::File;
use std::io::Cursor;

const DAY: i64 = 86_400_000_000;
/// 2020-04-01 in days since 1970.
const APRIL: i32 = 18_353;

fn options(programme: Option<&str>) -> GivingOptions {
    GivingOptions { file: "grants-dirty.json".to_owned(), programme: programme.map(str::to_owned) }
}

fn import(programme: Option<&str>) -> Vec<FundingEvent> {
    let codecs = codecs();
    let file = File::open(fixture("grants-dirty.json")).unwrap();
    let messages = import_360giving(file, options(programme), codecs.clone()).unwrap();
    messages.map(|message| funding(&codecs, &message.unwrap())).collect()
}

fn titled(events: &[FundingEvent], title: &str) -> FundingEvent {
    events.iter().find(|event| event.title.as_deref() == Some(title)).unwrap().clone()
}

fn amount(text: &str) -> Option<Decimal> {
    text.parse().ok()
}

fn unreadable(event: &FundingEvent) -> (Option<&str>, Option<&str>) {
    (event.unreadable_field.as_deref(), event.unreadable_text.as_deref())
}

/// Proves what a clean grant becomes, field by field, and that no contact
/// detail is in it.
#[test]
fn a_clean_grant_is_mapped_field_by_field() {
    let events = import(None);
    let modified = 18_397 * DAY + (10 * 3600 + 30 * 60 + 59) * 1_000_000;
    let committed = FundingEvent {
        source: "urn:360giving".to_owned(),
        event_id: "360G-synthetic-001".to_owned(),
        revision: 18_397 * 1440 + 630,
        recorded_at: modified,
        stage: FundingStage::Committed,
        instrument: Instrument::Grant,
        programme: Some("Synthetic Programme".to_owned()),
        funder_id: Some("GB-CHC-9900001".to_owned()),
        funder_name: Some("Synthetic Funder".to_owned()),
        recipient_id: Some("GB-CHC-9000001".to_owned()),
        recipient_name: Some("Synthetic Kitchen".to_owned()),
        amount: amount("3239.34"),
        currency: Some("GBP".to_owned()),
        occurred_on: Some(APRIL),
        place_code: Some("E01006512".to_owned()),
        title: Some("clean".to_owned()),
        source_document: Some("https://example.org/grants".to_owned()),
        ..FundingEvent::default()
    };
    let disbursed = FundingEvent {
        event_id: "360G-synthetic-001/disbursed".to_owned(),
        stage: FundingStage::Disbursed,
        amount: amount("1000"),
        award_id: Some("360G-synthetic-001".to_owned()),
        ..committed.clone()
    };
    assert_eq!(events[0], committed);
    assert_eq!(events[1], disbursed);
    let all = format!("{events:?}");
    for contact in ["example.org\"", "someone@", "0151", "A Person", "IND-A"] {
        let found = all.replace("https://example.org/grants", "").contains(contact);
        assert!(!found, "{contact} came through");
    }
}

/// Proves that each kind of dirt is read where it can be, and otherwise passed
/// on by name with its text; and that not a record is dropped.
#[test]
fn each_dirt_is_read_or_named() {
    let events = import(None);
    assert_eq!(events.iter().filter(|event| event.stage == FundingStage::Committed).count(), 21);
    let of = |title: &str| titled(&events, title);

    let slashed = of("date in dd/mm/yyyy");
    assert_eq!((slashed.occurred_on, slashed.revision), (Some(12_817), 0));
    assert_eq!(slashed.recorded_at, 12_817 * DAY);
    assert_eq!(slashed.amount, amount("15000"));
    assert_eq!(slashed.postcode.as_deref(), Some("WA8"), "what is no postcode is not mended");

    let zoned = of("date with time zone");
    assert_eq!(zoned.occurred_on, Some(APRIL), "the day as written");
    assert_eq!(zoned.recorded_at, i64::from(APRIL) * DAY, "never before the day it tells of");

    assert_eq!(of("amount of zero").amount, amount("0"));
    assert_eq!(of("amount below zero").amount, amount("-120.5"));
    let dated = of("amount that holds a date");
    assert_eq!((dated.amount, unreadable(&dated)), (None, (Some("amount"), Some("2020-04-01"))));
    let precise = of("five decimals");
    assert_eq!((precise.amount, unreadable(&precise)), (None, (Some("amount"), Some("10.00001"))));

    let dollars = of("US dollars");
    assert_eq!((dollars.currency.as_deref(), dollars.postcode), (Some("USD"), None));
    assert_eq!(of("currency cell with free text").currency.as_deref(), Some("GBP (see notes)"));

    let nameless = of("recipient id missing");
    assert_eq!((nameless.recipient_id, nameless.recipient_name.as_deref()), (None, Some("Synthetic Choir")));
    assert_eq!(of("postcode missing").postcode, None);

    let older = of("same id again, older");
    assert_eq!(older.event_id, events[0].event_id);
    assert!(older.revision < events[0].revision, "an older copy must lose");

    for (title, text) in [("year only", "2020"), ("month only", "2020-04")] {
        let event = of(title);
        assert_eq!((event.occurred_on, unreadable(&event)), (None, (Some("occurred_on"), Some(text))));
    }
    assert_eq!(unreadable(&of("modified when nobody knows")), (Some("recorded_at"), Some("last week")));
}

/// Proves that an individual is counted and never identified, and that an
/// onward grant says so.
#[test]
fn individuals_and_onward_grants() {
    let events = import(None);
    let individual = events.iter().find(|event| event.event_id == "360G-synthetic-012").unwrap();
    assert_eq!(individual.recipient_kind, RecipientKind::Individual);
    assert_eq!((&individual.recipient_id, &individual.recipient_name, &individual.title), (&None, &None, &None));
    assert_eq!(individual.place_code.as_deref(), Some("E08000015"), "code and type are swapped at times");
    assert!(titled(&events, "onward grant").onward_grant);
    assert_eq!(events.iter().filter(|event| event.onward_grant).count(), 1);
}

/// Proves that listed payments are each an event, and go before the sum of
/// them; and that a currency of their own is kept.
#[test]
fn listed_payments_go_before_their_sum() {
    let events = import(None);
    let payments: Vec<_> = events
        .iter()
        .filter(|event| event.award_id.as_deref() == Some("360G-synthetic-018"))
        .map(|event| (event.event_id.as_str(), event.amount, event.currency.as_deref(), event.occurred_on))
        .collect();
    assert_eq!(
        payments,
        [
            ("360G-synthetic-018/disbursed/T-1", amount("500.05"), Some("GBP"), Some(18_383)),
            ("360G-synthetic-018/disbursed/2", amount("200.05"), Some("EUR"), Some(18_414)),
        ]
    );
    let revisions: Vec<_> =
        events.iter().filter(|e| e.event_id.starts_with("360G-synthetic-018")).map(|e| e.revision).collect();
    assert_eq!(
        revisions,
        [18_444 * 1440, 18_475 * 1440, 18_444 * 1440, 18_444 * 1440],
        "the later of the two modifications; the last takes back a sum that the list replaces"
    );
}

/// Proves that records without an id, of odd types, or without anything still
/// become messages, and without an identity where they have none.
#[test]
fn odd_records_still_become_messages() {
    let events = import(None);
    let nameless: Vec<_> = events.iter().filter(|event| event.event_id.is_empty()).collect();
    assert_eq!(nameless.len(), 3, "the grant without id, its payment, and the empty record");
    let odd = events.iter().find(|event| event.event_id == "20").unwrap();
    assert_eq!((odd.amount, odd.instrument, odd.title.as_deref()), (amount("1000"), Instrument::Loan, None));
    assert_eq!(odd.funder_name.as_deref(), Some("Synthetic Funder"));
    assert_eq!(odd.source_document.as_deref(), Some("grants-dirty.json#20"));
    let empty = events.last().unwrap();
    assert_eq!((empty.amount, empty.occurred_on, empty.recorded_at), (None, None, 10_957 * DAY));
    assert_eq!(unreadable(empty), (None, None), "what is missing is not unreadable");
}

/// Proves that a programme given goes before the file's.
#[test]
fn a_programme_given_goes_first() {
    let events = import(Some("Synthetic Fund"));
    let mut stated = events.iter().filter(|event| event.action == Action::Record);
    assert!(stated.all(|event| event.programme.as_deref() == Some("Synthetic Fund")));
}

/// Proves that what is no grant, or no JSON, stops the import with the file
/// and the place, after the grants before it.
#[test]
fn broken_files_stop_with_their_place() {
    let cases = [
        (r#"{"grants": [{"id": "1"}, 12]}"#, "element 2 of `grants` (byte 25)"),
        (r#"{"grants": [{"id": "1"}, {"id": }]}"#, "element 2 of `grants` (byte 25)"),
        (r#"{"grants": [{"id": "1"}"#, "byte 23"),
    ];
    for (text, place) in cases {
        let reader = Cursor::new(text.as_bytes().to_vec());
        let messages: Vec<Result<_, ProducerError>> =
            import_360giving(reader, options(None), codecs()).unwrap().collect();
        assert_eq!(messages.len(), 2, "{text}");
        assert!(messages[0].is_ok());
        let error = messages[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("grants-dirty.json: ") && error.contains(place), "{error}");
    }
}
