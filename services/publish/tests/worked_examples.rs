//! Worked examples, each by hand: the stock rules, money, and social value.
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use support::events::{DISTRICTS, Event, day};
use support::journal::Journal;
use support::read;

const JOBS: &[&str] =
    &["quarter", "measure", "programme", "district", "job_basis", "quantity", "statements", "carried_forward", "stale"];

fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read_to_string(path).unwrap()
}

async fn jobs_of(commits: &[&[Event]]) -> String {
    let mut journal = Journal::new();
    for events in commits {
        journal.commit(events);
    }
    let raw = journal.publish_raw().await;
    read::csv(&raw, "jobs", JOBS)
}

/// An employer that reports at each quarter's end until the end of 2020, so
/// that the calendar reaches that far.
fn steady() -> Vec<Event> {
    let ends = [
        "2019-03-31",
        "2019-06-30",
        "2019-09-30",
        "2019-12-31",
        "2020-03-31",
        "2020-06-30",
        "2020-09-30",
        "2020-12-31",
    ];
    ends.iter().map(|end| Event { district: DISTRICTS[2], ..Event::headcount(end, "STEADY", end, 100) }).collect()
}

/// Proves: a snapshot is the level of its quarter and of four more; the
/// greater date within a quarter wins; entries of one date are added; in the
/// fifth quarter the series is dropped and counted as stale, once.
#[tokio::test]
async fn snapshots_are_carried_four_quarters_and_then_stale() {
    let once = [
        Event::headcount("a", "ONCE", "2019-01-15", 7),
        Event::headcount("b", "ONCE", "2019-02-28", 8),
        Event::headcount("c", "ONCE", "2019-02-28", 2),
    ];
    let got = jobs_of(&[&steady(), &once]).await;
    assert_eq!(got, golden("carried_and_stale.csv"));
}

/// Proves: a correction to another district leaves nothing behind in the
/// first, whichever of the two came first.
#[tokio::test]
async fn a_correction_moves_a_snapshot_to_another_district() {
    let wrong = Event::headcount("a", "MOVED", "2020-12-31", 12);
    let right = Event { district: DISTRICTS[1], ..wrong.revised(1) };
    let in_order = jobs_of(&[std::slice::from_ref(&wrong), std::slice::from_ref(&right)]).await;
    assert_eq!(in_order, golden("corrected_district.csv"));
    assert_eq!(jobs_of(&[&[right], &[wrong]]).await, in_order);
}

/// Proves: a cancelled snapshot never was, so the one before it is carried on;
/// and created and safeguarded posts are series of their own.
#[tokio::test]
async fn a_cancelled_snapshot_never_was() {
    let first = Event::headcount("a", "EMPLOYER", "2020-03-31", 5);
    let second = Event::headcount("b", "EMPLOYER", "2020-06-30", 9);
    let created = Event {
        job_basis: Some("CREATED"),
        programme: "KINDRED",
        ..Event::headcount("c", "EMPLOYER", "2020-06-30", 3)
    };
    let got = jobs_of(&[&[first, second.clone(), created], &[second.cancelled(1)]]).await;
    assert_eq!(got, golden("cancelled_snapshot.csv"));
}

/// Proves the arithmetic of the method's README to the penny:
/// 10 jobs x 0.612 x (49,647 x 1.05061368 / 4 = 13,039.95434274) x 0.85 = 67,833.84,
/// low with 0.296, high with 0.769; 5 people x 0.612 x (13,000 x 1.05061368 x
/// 0.46) x 0.85 = 16,341.22, low 5 x 0.296 x 10,000 ..., high 5 x 0.769 x
/// 16,000 ...; 100 hours x (9.00 x 1.05061368) x (1 - 0.40) = 567.33. In 2020
/// the base year's pounds are the day's: 10 x 0.612 x 48,170 / 4 x 0.85 =
/// 62,645.09.
#[tokio::test]
async fn social_value_is_the_arithmetic_of_the_readme() {
    let created = Event {
        job_basis: Some("CREATED"),
        programme: "KINDRED",
        ..Event::headcount("a", "EMPLOYER", "2019-03-31", 10)
    };
    let later = Event { event_id: "b".to_owned(), occurred_on: day("2020-03-31"), ..created.clone() };
    let hires = Event {
        measure: "HIRES",
        prior_status: Some("UNEMPLOYED"),
        ..Event::headcount("c", "EMPLOYER", "2019-03-31", 5)
    };
    let other_hires = Event { prior_status: Some("EMPLOYED"), event_id: "d".to_owned(), ..hires.clone() };
    let hours =
        Event { measure: "VOLUNTEER_HOURS", unit: "HOURS", ..Event::headcount("e", "EMPLOYER", "2019-03-31", 100) };
    let mut journal = Journal::new();
    journal.commit(&[created, later, hires, other_hires, hours]);
    let raw = journal.publish_raw().await;
    let columns = [
        "quarter",
        "bundle",
        "outcome",
        "gross",
        "net_low",
        "net_central",
        "net_high",
        "value_low",
        "value_central",
        "value_high",
        "evidence_grade",
        "confidence",
    ];
    assert_eq!(read::csv(&raw, "social_value", &columns), golden("social_value.csv"));
}

/// Proves: measures, instruments and currencies are rows of their own; onward
/// grants are shown and out of totals; unknown places are rows; pounds get a
/// real amount (1,000 x 1.05061368 = 1,050.61), other currencies none.
#[tokio::test]
async fn money_is_never_added_across_measures_instruments_or_currencies() {
    let grant = Event::grant("a", "R", "2019-05-01", 1000);
    let events = [
        grant.clone(),
        Event { measure: "DISBURSED", event_id: "b".into(), ..grant.clone() },
        Event { instrument: Some("LOAN"), event_id: "c".into(), ..grant.clone() },
        Event { unit: "USD", event_id: "d".into(), ..grant.clone() },
        Event { onward_grant: true, event_id: "e".into(), organisation: "GB-CHC-1".into(), ..grant.clone() },
        Event { district: "unknown", event_id: "f".into(), ..grant.clone() },
        Event { quantity: 2_500, event_id: "g".into(), ..grant },
    ];
    let mut journal = Journal::new();
    journal.commit(&events);
    let raw = journal.publish_raw().await;
    let columns = [
        "quarter",
        "programme",
        "funder_id",
        "measure",
        "instrument",
        "district",
        "currency",
        "onward_grant",
        "in_totals",
        "events",
        "amount",
        "amount_real",
    ];
    assert_eq!(read::csv(&raw, "funding", &columns), golden("funding.csv"));
    let headline =
        read::csv(&raw, "headline", &["area", "programme", "headline", "unit", "period", "value_central", "basis"]);
    // The grants in totals: 1,000 + 1,000 (no place) + 0.25; within the area the first and the last.
    assert!(headline.contains("all,all,committed-grant,GBP,2019,2000.2500,"), "{headline}");
    assert!(headline.contains("E47000004,all,committed-grant,GBP,2019,1000.2500,"), "{headline}");
    assert!(headline.contains("all,all,committed-grant,USD,total,1000.0000,"), "{headline}");
    assert!(headline.contains("all,LCR-CARES,committed-loan,GBP,total,1000.0000,"), "{headline}");
}

/// Proves: the year of a stock is the mean of four quarter ends, (10 + 20 + 30
/// + 41) / 4 = 25.25, and is left out where one is missing.
#[tokio::test]
async fn a_year_of_jobs_is_the_mean_of_its_quarter_ends() {
    let ends = ["2019-03-31", "2019-06-30", "2019-09-30", "2019-12-31", "2020-03-31"];
    let mut journal = Journal::new();
    let levels = [10, 20, 30, 41, 50];
    let events: Vec<Event> =
        ends.iter().zip(levels).map(|(end, level)| Event::headcount(end, "EMPLOYER", end, level)).collect();
    journal.commit(&events);
    let raw = journal.publish_raw().await;
    let got = read::csv(&raw, "headline", &["area", "headline", "period", "value_central", "basis", "quarters"]);
    let expected = "area,headline,period,value_central,basis,quarters
E47000004,jobs,2019,25.2500,mean of four quarter ends,4
E47000004,jobs,2020-Q1,50.0000,level at the end of the quarter,1
all,jobs,2019,25.2500,mean of four quarter ends,4
all,jobs,2020-Q1,50.0000,level at the end of the quarter,1
";
    assert_eq!(got, expected);
}
