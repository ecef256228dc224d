//! Employment returns as CSV, through the importer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{codecs, employment, fixture};
use commonweal_producers::{EmploymentOptions, ProducerError, import_employment};
use commonweal_schemas::records::{Action, EmploymentEvent, EmploymentMeasure, JobBasis, PriorStatus, Unit};
use std::fs::File;
use std::io::{Cursor, Read};

const DAY: i64 = 86_400_000_000;
/// 2020-03-31 in days since 1970.
const QUARTER_END: i32 = 18_352;

fn options(file: &str) -> EmploymentOptions {
    EmploymentOptions { file: file.to_owned(), ..EmploymentOptions::default() }
}

fn read<R: Read + Send + 'static>(
    reader: R,
    options: EmploymentOptions,
) -> Result<Vec<EmploymentEvent>, ProducerError> {
    let codecs = codecs();
    import_employment(reader, options, codecs.clone())?
        .map(|message| message.map(|message| employment(&codecs, &message)))
        .collect()
}

fn read_fixture(name: &str) -> Vec<EmploymentEvent> {
    read(File::open(fixture(name)).unwrap(), options(name)).unwrap()
}

/// Proves what a tidy return becomes: stocks and flows, units derived, days
/// and times read, lineage by line.
#[test]
fn a_tidy_return_is_read() {
    let events = read_fixture("employment.csv");
    let first = EmploymentEvent {
        source: "urn:commonweal:employment-csv".to_owned(),
        event_id: "jobs-1".to_owned(),
        recorded_at: 18_366 * DAY + 9 * 3_600_000_000,
        measure: EmploymentMeasure::Headcount,
        quantity: Some(12.into()),
        unit: Unit::Persons,
        as_of: Some(QUARTER_END),
        job_basis: vec![JobBasis::Created],
        programme: Some("Synthetic Fund".to_owned()),
        award_id: Some("fund/loan-1".to_owned()),
        employer_id: Some("GB-COH-90000001".to_owned()),
        employer_name: Some("Synthetic Kitchen CIC".to_owned()),
        postcode: Some("L8 1TH".to_owned()),
        source_document: Some("employment.csv#2".to_owned()),
        ..EmploymentEvent::default()
    };
    assert_eq!(events.len(), 4);
    assert_eq!(events[0], first);
    assert_eq!((events[1].unit, events[1].revision, events[1].as_of), (Unit::Fte, 1, Some(QUARTER_END)));
    assert_eq!(events[1].quantity, Some("9.75".parse().unwrap()));
    assert_eq!((events[2].measure, events[2].unit), (EmploymentMeasure::VolunteerHours, Unit::Hours));
    assert_eq!(events[2].recorded_at, i64::from(QUARTER_END) * DAY, "the period's last day");
    assert_eq!(events[3].prior_status, PriorStatus::Unemployed);
    assert_eq!((events[3].period_start, events[3].period_end), (Some(18_262), Some(QUARTER_END)));
    assert_eq!(events[3].employer_name.as_deref(), Some("Synthetic Choir, Limited"));
    assert!(events.iter().all(|event| event.unreadable_field.is_none()));
}

/// Proves that what cannot be read is named with its text, that what has a
/// reason of its own is left to it, and that no row is dropped.
#[test]
fn dirty_rows_are_named() {
    let events = read_fixture("employment-dirty.csv");
    let named: Vec<_> = events
        .iter()
        .map(|event| {
            let text = event.unreadable_text.as_deref().unwrap_or_default();
            (event.event_id.as_str(), event.unreadable_field.as_deref().unwrap_or_default(), text)
        })
        .collect();
    let expected = [
        ("dirty-1", "quantity", "about ten"),
        ("dirty-2", "as_of", "spring 2020"),
        ("dirty-3", "", ""),
        ("dirty-4", "", ""),
        ("dirty-5", "", ""),
        ("dirty-6", "job_basis", "MADE UP"),
        ("dirty-7", "prior_status", "RETIRED"),
        ("dirty-8", "revision", "first"),
        ("dirty-9", "action", "DELETE"),
        ("dirty-10", "row", "5 cells under a header of 12"),
        ("dirty-11", "", ""),
        ("", "", ""),
        ("dirty-13", "", ""),
    ];
    assert_eq!(named, expected);
    assert_eq!(events[2].job_basis, [JobBasis::Created, JobBasis::Safeguarded]);
    assert_eq!(events[3].measure, EmploymentMeasure::Unspecified);
    assert_eq!(events[4].unit, Unit::Unspecified);
    assert_eq!((events[10].action, events[10].revision), (Action::Cancel, 2));
    assert_eq!((events[12].quantity, events[12].source_document.as_deref()), (None, Some("employment-dirty.csv#14")));
}

/// Proves that a file that lacks needed columns is refused by their names, and
/// that either of two alternatives will do.
#[test]
fn missing_columns_are_named() {
    let refused =
        |text: &str| read(Cursor::new(text.as_bytes().to_vec()), options("jobs.csv")).unwrap_err().to_string();
    let error = refused("event_id,quantity,as_of\n");
    assert_eq!(
        error,
        "jobs.csv: the header lacks measure, employer_id or employer_name; it has: event_id, quantity, as_of"
    );
    let error = refused("event_id,measure,quantity,employer_id,period_start\n");
    assert!(error.contains("lacks as_of or period_start and period_end"), "{error}");
    let marked = "\u{feff}event_id,measure,quantity,employer_name,as_of\nx,FTE,1,Synthetic,2020-03-31\n";
    let events = read(Cursor::new(marked.as_bytes().to_vec()), options("jobs.csv")).unwrap();
    assert_eq!(events[0].event_id, "x", "a byte order mark is no part of a name");
}

/// Proves that source and programme can be given, that the file's own source
/// goes first, and that a text that is no UTF-8 is named.
#[test]
fn options_and_bad_text() {
    let text = b"event_id,measure,quantity,employer_name,as_of,source,programme\n\
        1,FTE,1,Synthetic,2020-03-31,urn:own,Other\n2,FTE,1,Synth\xFFtic,2020-03-31,,\n";
    let options = EmploymentOptions {
        file: "jobs.csv".to_owned(),
        source: Some("urn:given".to_owned()),
        programme: Some("Given".to_owned()),
    };
    let events = read(Cursor::new(text.to_vec()), options).unwrap();
    assert_eq!((events[0].source.as_str(), events[1].source.as_str()), ("urn:own", "urn:given"));
    assert!(events.iter().all(|event| event.programme.as_deref() == Some("Given")));
    assert_eq!(events[1].unreadable_field.as_deref(), Some("employer_name"));
}
