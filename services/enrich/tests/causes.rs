//! Each basis and each cause of unknown, as of the event's date.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use common::batch::{Event, validated};
use common::texts;
use commonweal_enrich::{EnrichError, Kind, Reference, basis, dimensions, enrich};
use commonweal_schemas::arrow_schema;
use std::collections::BTreeSet;

/// 2020-02-15, days since 1970-01-01.
const DAY: i32 = 18_307;

/// An event somewhere; empty for not given.
fn place(postcode: &str, place_code: &str) -> Event {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Event { occurred_on: Some(DAY), postcode: given(postcode), place_code: given(place_code), ..Event::default() }
}

fn organisation(key: &str, day: i32) -> Event {
    Event {
        organisation: Some(key.to_owned()),
        counterparty: Some(key.to_owned()),
        occurred_on: Some(day),
        ..Event::default()
    }
}

fn enriched(events: &[Event], reference: &Reference) -> RecordBatch {
    enrich(&validated(events), reference).unwrap()
}

/// Columns of one row, read across.
fn across(batch: &RecordBatch, names: &[&str], row: usize) -> Vec<String> {
    names.iter().map(|name| texts(batch, name).swap_remove(row)).collect()
}

/// Postcode and place code of an event; LSOA, district, combined authority,
/// region, decile and basis it comes out with, `-` for no decile.
const PLACES: [(&str, &str, &str); 10] = [
    ("L8 1TH", "", "E01006673 E08000012 E47000004 E12000002 1 postcode"),
    // Terminated in 2006, named by an event of 2020: still placed.
    ("L8 9ZZ", "", "E01006673 E08000012 E47000004 E12000002 1 postcode"),
    // Known, and without a grid reference: placed by its outward code.
    ("L8 0XX", "", "unknown E08000012 E47000004 E12000002 1 postcode-district"),
    ("CH41 9ZZ", "", "unknown E08000015 E47000004 E12000002 1 postcode-district"),
    ("", "E01006673", "E01006673 E08000012 E47000004 E12000002 1 place-code"),
    ("", "E08000011", "unknown E08000011 E47000004 E12000002 - place-code"),
    // A district of England without a combined authority.
    ("", "E06000049", "unknown E06000049 none E12000002 - place-code"),
    // A region is no place for an event, and the code decides.
    ("L8 1TH", "E12000002", "unknown unknown unknown unknown - place-code-not-in-reference"),
    ("ZE1 0AA", "", "unknown unknown unknown unknown - postcode-not-in-reference"),
    ("", "", "unknown unknown unknown unknown - not-given"),
];

/// Proves each way a place is found and each cause of not finding one, on the
/// built-in reference and a few loaded postcodes.
#[test]
fn places_and_causes() {
    let folder = common::scratch();
    let postcodes =
        ["pcds,doterm,lsoa11cd,ladcd", "L8 1TH,,E01006673,E08000012", "L8 9ZZ,200610,E01006673,E08000012", "L8 0XX,,,"];
    let kinds = [(Kind::Postcodes, postcodes.map(str::to_owned).to_vec())];
    let reference = common::reference_of(folder.path(), &kinds);
    let events = PLACES.map(|(postcode, place_code, _)| place(postcode, place_code));
    let batch = enriched(&events, &reference);
    let names = ["lsoa", "district", "combined_authority", "region", "imd_decile", "place_basis"];
    let mut seen = BTreeSet::new();
    for (row, (postcode, place_code, expected)) in PLACES.iter().enumerate() {
        let found = across(&batch, &names, row);
        let expected: Vec<&str> = expected.split(' ').map(|part| if part == "-" { "" } else { part }).collect();
        assert_eq!(found, expected, "postcode '{postcode}', place code '{place_code}'");
        seen.extend(expected.last().copied());
    }
    assert_eq!(seen, BTreeSet::from(basis::PLACE), "a basis is not covered");
}

fn register() -> Vec<(Kind, Vec<String>)> {
    let rows = [
        "organisation_id,name,aliases,legal_form,sic,icnptso,valid_from,valid_to",
        "GB-COH-00000001,Old Name,GB-CHC-100;360G-x-1,CLG,88990,D10,,2019-12-31",
        "GB-COH-00000001,New Name,,CIO,94990,F20,2020-02-15,2020-02-16",
        "GB-MPR-7R,Society,,REGISTERED_SOCIETY,,,,",
    ];
    let pairs = [
        "org_id_a,org_id_b,relationship",
        "GB-CHC-100,GB-SC-SC1,sameas",
        "GB-SC-SC1,GB-NIC-5,sameas",
        "GB-CHC-100,GB-CHC-7,parent",
    ];
    vec![(Kind::Organisations, rows.map(str::to_owned).to_vec()), (Kind::OrgIds, pairs.map(str::to_owned).to_vec())]
}

/// Key and day (after 2020-02-15) of an event; id, basis, legal form, SIC and
/// ICNP/TSO it comes out with.
const ORGANISATIONS: [(&str, i32, &str); 9] = [
    ("GB-NIC-5", -60, "GB-CHC-100 alias CLG 88990 D10"),
    // The last day of a row, and the day after.
    ("360G-x-1", -46, "GB-CHC-100 alias CLG 88990 D10"),
    ("GB-CHC-100", -45, "GB-CHC-100 unregistered unknown unknown unknown"),
    ("GB-COH-00000001", -1, "GB-CHC-100 alias unknown unknown unknown"),
    // The first and the last day of the next.
    ("GB-CHC-100", 0, "GB-CHC-100 register CIO 94990 F20"),
    ("GB-CHC-100", 1, "GB-CHC-100 register CIO 94990 F20"),
    ("GB-CHC-100", 2, "GB-CHC-100 unregistered unknown unknown unknown"),
    // Its pair is not one of equals.
    ("GB-CHC-7", 0, "GB-CHC-7 unregistered unknown unknown unknown"),
    ("GB-MPR-7R", 0, "GB-MPR-7R register REGISTERED_SOCIETY unknown unknown"),
];

/// Proves that aliases resolve through chains of pairs and register rows, and
/// that the row of the event's day counts, its first and last day included.
#[test]
fn organisations_as_of_a_day() {
    let folder = common::scratch();
    let reference = common::reference_of(folder.path(), &register());
    let events = ORGANISATIONS.map(|(key, days, _)| organisation(key, DAY + days));
    let batch = enriched(&events, &reference);
    let names = ["organisation_id", "organisation_basis", "legal_form", "sic", "icnptso"];
    for (row, (key, days, expected)) in ORGANISATIONS.iter().enumerate() {
        assert_eq!(across(&batch, &names, row).join(" "), *expected, "{key} on day {days}");
        let id = expected.split(' ').next().unwrap();
        assert_eq!(texts(&batch, "counterparty_id")[row], id, "{key} as a funder");
    }
}

/// Proves the bases that need no key: people, nobody; and that without a day no
/// register row holds.
#[test]
fn people_and_nobody() {
    let folder = common::scratch();
    let reference = common::reference_of(folder.path(), &register());
    let person = Event { individual: true, ..organisation("GB-CHC-100", DAY) };
    let undated = Event { occurred_on: None, ..organisation("GB-CHC-100", DAY) };
    let batch = enriched(&[person, place("", ""), undated], &reference);
    assert_eq!(texts(&batch, "organisation_id"), ["unknown", "unknown", "GB-CHC-100"]);
    assert_eq!(texts(&batch, "counterparty_id"), ["GB-CHC-100", "unknown", "GB-CHC-100"]);
    let bases = texts(&batch, "organisation_basis");
    assert_eq!(bases, [basis::INDIVIDUAL, basis::MISSING, basis::UNREGISTERED]);
    assert_eq!(texts(&batch, "legal_form"), ["unknown"; 3]);
    assert_eq!(texts(&batch, "quarter"), ["2020-Q1", "2020-Q1", "unknown"]);
    let tabled = ORGANISATIONS.iter().filter_map(|(_, _, expected)| expected.split(' ').nth(1));
    let seen: BTreeSet<&str> = tabled.chain(bases.iter().map(String::as_str)).collect();
    assert_eq!(seen, BTreeSet::from(basis::ORGANISATION), "a basis is not covered");
}

/// Proves that the dimension table has each body of the register once, under its
/// preferred id, as last known.
#[test]
fn organisations_are_listed_once() {
    let folder = common::scratch();
    let table = common::reference_of(folder.path(), &register()).organisations().unwrap();
    assert_eq!(table.schema(), dimensions::organisations_schema());
    assert_eq!(texts(&table, "organisation_id"), ["GB-CHC-100", "GB-MPR-7R"]);
    assert_eq!(texts(&table, "name"), ["New Name", "Society"]);
    assert_eq!(texts(&table, "sic"), ["94990", "unknown"]);
}

/// Proves that a cancellation carries nothing to resolve, whatever keys it has.
#[test]
fn cancellations_stay_unknown() {
    let reference = Reference::builtin().unwrap();
    let full = Event { cancel: true, postcode: Some("L8 1TH".to_owned()), ..organisation("GB-CHC-100", DAY) };
    let batch = enriched(&[full], &reference);
    let unknown = "unknown";
    let expected = [
        unknown,
        basis::MISSING,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        "",
        basis::NOT_GIVEN,
        unknown,
        reference.version(),
    ];
    assert_eq!(across(&batch, &common::ADDED, 0), expected);
}

/// Proves that the raw columns pass untouched, that the schema is the contract's,
/// and that two batches share the reference's value arrays: nothing is copied.
#[test]
fn batches_share_the_values() {
    let reference = Reference::builtin().unwrap();
    let input = validated(&[place("L8 1TH", ""), organisation("GB-CHC-100", DAY)]);
    let (one, two) = (enrich(&input, &reference).unwrap(), enrich(&input.slice(1, 1), &reference).unwrap());
    assert_eq!(one.schema(), arrow_schema::enriched());
    assert_eq!(&one.columns()[..input.num_columns()], input.columns());
    assert_eq!(two.num_rows(), 1);
    for name in [
        "legal_form",
        "sic",
        "icnptso",
        "lsoa",
        "district",
        "combined_authority",
        "region",
        "quarter",
        "reference_version",
    ] {
        let values = [&one, &two]
            .map(|batch| batch.column_by_name(name).unwrap().as_dictionary::<Int32Type>().values().to_data());
        assert!(values[0].ptr_eq(&values[1]), "{name} was copied");
    }
    assert_eq!(enrich(&input.slice(0, 0), &reference).unwrap().num_rows(), 0);
}

/// Proves that a batch that is not of validated events is refused with the
/// column at fault.
#[test]
fn other_batches_are_refused() {
    let reference = Reference::builtin().unwrap();
    let input = validated(&[Event::default()]);
    let all: Vec<usize> = (0..input.num_columns()).collect();
    let short = input.project(&all[..all.len() - 1]).unwrap();
    let mut turned = all.clone();
    turned.swap(3, 4);
    let turned = input.project(&turned).unwrap();
    for (batch, column) in [(short, "source_document"), (turned, "source")] {
        let Err(EnrichError::Input { column: found, .. }) = enrich(&batch, &reference) else {
            unreachable!("a batch without its columns was taken");
        };
        assert_eq!(found, column);
    }
}
