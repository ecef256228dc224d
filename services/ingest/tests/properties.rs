//! Properties that hold for events of any kind, clean or dirty.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Decimal128Type;
use commonweal_ingest::{Rules, breaches};
use commonweal_schemas::Rejection;
use commonweal_schemas::records::{
    Action, EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, Instrument, JobBasis, PriorStatus,
    RecipientKind, Unit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use support::{APRIL_2020, Event, RECORDED_AT, cell, raw, row, validate_from};

/// Values that pass, in canonical form and in others.
const ORG_IDS: [&str; 9] = [
    "GB-CHC-1159982",
    "gb-chc-01159982",
    "GB-COH-7597525",
    "GB-SC-SCO39302",
    "360G-ptc-ORG:hub",
    " GB-NIC-NIC102765 ",
    "XI-GRID-grid.5292.c",
    "",
    " ",
];
const POSTCODES: [&str; 8] = ["L8 1TH", "l81th", "SP11 ORQ", "L8", " EC1A  1BB ", "", "\u{a0}", "CH41 5AA"];
const PLACES: [&str; 3] = ["E01006513", "e08000012 ", ""];
const PROGRAMMES: [&str; 6] = ["LCR-CARES", "lcr cares", "unknown", "", "Straße 7", "A--B"];
const CURRENCIES: [&str; 3] = ["GBP", "gbp ", "USD"];
const TEXTS: [&str; 8] = [
    "A Community Hub",
    " two  spaces ",
    "Café\tHub",
    "ring 0151 496 0123",
    "a@example.org",
    "",
    "+44 151 496 0123 or 0151 4960124",
    "\u{2003}",
];
/// Values that some field or other refuses.
const BAD: [&str; 8] = ["DUMMY01", "GB-REV", "GB-COH-n/a", "NN1 LH", "—", "pounds", "XXX", " "];
const UNREADABLE: [&str; 5] = ["amount", "quantity", "as_of", "title", ""];

/// Mostly what records hold, sometimes anything at all.
fn text(good: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        2 => Just(None),
        30 => select(good).prop_map(|text| Some(text.to_owned())),
        1 => select(&BAD[..]).prop_map(|text| Some(text.to_owned())),
        1 => any::<String>().prop_map(Some),
    ]
}

fn identity() -> impl Strategy<Value = (String, String, i32, Action, i64)> {
    (
        prop_oneof![30 => Just("urn:test".to_owned()), 1 => any::<String>()],
        prop_oneof![30 => "[a-z0-9]{1,6}", 1 => any::<String>()],
        prop_oneof![30 => 0..3, 1 => any::<i32>()],
        prop_oneof![5 => Just(Action::Record), 1 => Just(Action::Cancel)],
        prop_oneof![30 => Just(RECORDED_AT), 1 => any::<i64>()],
    )
}

fn decimal() -> impl Strategy<Value = Option<Decimal>> {
    option::weighted(
        0.97,
        prop_oneof![
            20 => (1_i64..100_000).prop_map(|whole| Decimal::new(whole, 0)),
            2 => (-100_000_i64..100_000).prop_map(|parts| Decimal::new(parts, 4)),
            1 => Just(Decimal::new(99_999_999_999_999_999, 4)),
        ],
    )
}

fn day() -> impl Strategy<Value = Option<i32>> {
    option::weighted(0.97, prop_oneof![20 => APRIL_2020 - 300..APRIL_2020, 1 => any::<i32>()])
}

fn unreadable() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.04, select(&UNREADABLE[..]).prop_map(str::to_owned))
}

fn funding() -> impl Strategy<Value = FundingEvent> {
    let stated =
        select(vec![FundingStage::Committed, FundingStage::Disbursed, FundingStage::Repaid, FundingStage::WrittenOff]);
    let stages = prop_oneof![30 => stated, 1 => Just(FundingStage::Unspecified)];
    let kinds = prop_oneof![5 => Just(RecipientKind::Organisation), 1 => Just(RecipientKind::Individual)];
    let instruments = select(vec![Instrument::Unspecified, Instrument::Grant, Instrument::InKind]);
    let what = (stages, instruments, kinds, decimal(), text(&CURRENCIES), day(), any::<bool>(), unreadable());
    let who = (text(&ORG_IDS), text(&TEXTS), text(&ORG_IDS), text(&TEXTS), text(&PROGRAMMES), text(&TEXTS));
    (identity(), what, who, text(&POSTCODES), text(&PLACES), text(&TEXTS), (day(), day())).prop_map(
        |(identity, what, who, postcode, place_code, title, plan)| FundingEvent {
            source: identity.0,
            event_id: identity.1,
            revision: identity.2,
            action: identity.3,
            recorded_at: identity.4,
            stage: what.0,
            instrument: what.1,
            recipient_kind: what.2,
            amount: what.3,
            currency: what.4,
            occurred_on: what.5,
            onward_grant: what.6,
            unreadable_field: what.7,
            funder_id: who.0,
            funder_name: who.1,
            recipient_id: who.2,
            recipient_name: who.3,
            programme: who.4,
            award_id: who.5,
            postcode,
            place_code,
            title,
            source_document: None,
            unreadable_text: None,
            planned_start: plan.0,
            planned_end: plan.1,
        },
    )
}

fn employment() -> impl Strategy<Value = EmploymentEvent> {
    let measures = vec![
        (EmploymentMeasure::Unspecified, Unit::Persons),
        (EmploymentMeasure::Headcount, Unit::Persons),
        (EmploymentMeasure::Fte, Unit::Fte),
        (EmploymentMeasure::Fte, Unit::Unspecified),
        (EmploymentMeasure::Hires, Unit::Persons),
        (EmploymentMeasure::TrainingHours, Unit::Hours),
    ];
    let bases = vec(select(vec![JobBasis::Unspecified, JobBasis::Created, JobBasis::Supported]), 0..3);
    let statuses = select(vec![PriorStatus::Unspecified, PriorStatus::Unspecified, PriorStatus::Education]);
    let what = (select(measures), decimal(), day(), day(), day(), bases, statuses, unreadable());
    let who = (text(&ORG_IDS), text(&TEXTS), text(&ORG_IDS), text(&PROGRAMMES), text(&POSTCODES));
    (identity(), what, who).prop_map(|(identity, what, who)| EmploymentEvent {
        source: identity.0,
        event_id: identity.1,
        revision: identity.2,
        action: identity.3,
        recorded_at: identity.4,
        measure: what.0.0,
        unit: what.0.1,
        quantity: what.1,
        as_of: what.2,
        period_start: what.3,
        period_end: what.4,
        job_basis: what.5,
        prior_status: what.6,
        unreadable_field: what.7,
        employer_id: who.0,
        employer_name: who.1,
        funder_id: who.2,
        programme: who.3,
        postcode: who.4,
        ..EmploymentEvent::default()
    })
}

type Row = Vec<(String, Option<String>)>;

/// Rows and rejections of one validation.
fn outcome<E: Event>(first: usize, events: &[E]) -> (Vec<Row>, Vec<Rejection>) {
    let validated = validate_from(first, events, &Rules::default());
    let rows = (0..validated.valid.num_rows()).map(|number| row(&validated.valid, number)).collect();
    (rows, validated.rejected)
}

/// A batch comes out as its rows would alone, in order, none lost or twice.
fn rows_are_independent<E: Event>(events: &[E]) -> Result<(), TestCaseError> {
    let (rows, rejections) = outcome(0, events);
    prop_assert_eq!(rows.len() + rejections.len(), events.len());
    let (mut rows, mut rejections) = (rows.into_iter(), rejections.into_iter());
    for (number, event) in events.iter().enumerate() {
        let (mut row, mut rejection) = outcome(number, std::slice::from_ref(event));
        if let Some(mut alone) = rejection.pop() {
            alone.row = u32::try_from(number).unwrap();
            prop_assert_eq!(rejections.next(), Some(alone));
        } else {
            prop_assert_eq!(rows.next(), row.pop());
        }
    }
    Ok(())
}

/// A row is refused with the first of its broken rules, and passes without any.
fn first_breach_refuses<E: Event>(events: &[E]) -> Result<(), TestCaseError> {
    let (_, rejections) = outcome(0, events);
    let every = breaches(E::DATASET, &raw(events), &Rules::default()).unwrap();
    prop_assert!(every.is_sorted_by_key(|breach| (breach.row, breach.reason)));
    let mut first = every.clone();
    first.dedup_by_key(|breach| breach.row);
    prop_assert_eq!(first, rejections);
    Ok(())
}

/// A valid row of a grant sent again as it came out.
fn resent(batch: &RecordBatch, row: usize, event: &FundingEvent) -> FundingEvent {
    let text = |column| cell(batch, column, row);
    let quantity = batch.column_by_name("quantity").unwrap().as_primitive::<Decimal128Type>();
    FundingEvent {
        amount: quantity.is_valid(row).then(|| Decimal::from_i128_with_scale(quantity.value(row), 4)),
        currency: text("unit"),
        programme: text("programme"),
        funder_id: text("counterparty_key"),
        funder_name: text("counterparty_name"),
        recipient_id: text("organisation_key"),
        recipient_name: text("organisation_name"),
        award_id: text("award_id"),
        postcode: text("postcode"),
        place_code: text("place_code"),
        title: text("title"),
        source_document: text("source_document"),
        ..event.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves that a grant's verdict and form do not depend on its neighbours.
    #[test]
    fn funding_rows_are_independent(events in vec(funding(), 1..12)) {
        rows_are_independent(&events)?;
    }

    /// Proves the same of employment events.
    #[test]
    fn employment_rows_are_independent(events in vec(employment(), 1..12)) {
        rows_are_independent(&events)?;
    }

    /// Proves that all broken rules of an event are told, the one it is refused
    /// with first, and none of an event that passes.
    #[test]
    fn every_breach_is_told(grants in vec(funding(), 1..12), work in vec(employment(), 1..12)) {
        first_breach_refuses(&grants)?;
        first_breach_refuses(&work)?;
    }

    /// Proves that the canonical form is its own: what came out of validation
    /// goes through it again unchanged, digest included.
    #[test]
    fn normalising_twice_is_normalising_once(event in funding()) {
        let first = validate_from(0, std::slice::from_ref(&event), &Rules::default());
        prop_assume!(first.rejected.is_empty());
        let again = resent(&first.valid, 0, &event);
        let second = validate_from(0, &[again], &Rules::default());
        prop_assert_eq!(&second.rejected, &[]);
        prop_assert_eq!(row(&second.valid, 0), row(&first.valid, 0));
    }

    /// Proves that no valid text holds what the rules drop, judged by plain
    /// definitions.
    #[test]
    fn valid_text_is_clean(events in vec(funding(), 1..12)) {
        for row in outcome(0, &events).0 {
            for (column, value) in row {
                let Some(value) = value else { continue };
                prop_assert!(!value.is_empty(), "{column}");
                if ["title", "organisation_name", "counterparty_name", "award_id"].contains(&column.as_str()) {
                    let words: Vec<&str> = value.split_whitespace().collect();
                    prop_assert_eq!(words.join(" "), value.as_str());
                }
                if column == "title" {
                    prop_assert!(!value.contains("@example.org") && !value.contains("496 0123"), "{}", value);
                }
            }
        }
    }
}
