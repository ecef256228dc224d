//! Tracing: every published figure unfolds to entries, and the parts come to it
//! (L8).
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::trace::{Request, Trace, TraceError, Traced, trace_all_state, trace_state};
use commonweal_publish::{Options, PublishError, Shelf};
use proptest::prelude::*;
use std::fs;
use support::book::copy_of_the_book;
use support::events::{DISTRICTS, Event, day};
use support::history::history;
use support::journal::{Journal, Rejected, posted_at};
use tempfile::TempDir;

fn request(table: &str, condition: &str) -> Request {
    Request { table: table.to_owned(), condition: condition.to_owned(), as_of: None, rows_max: 20 }
}

/// Money lent, repaid and granted on, jobs, hires and hours, of a programme with
/// two funders; a refused message.
fn region() -> Journal {
    let money =
        |id: &str, measure: &'static str, instrument: &'static str, on: &str, funder: &str, pounds: i128| Event {
            event_id: id.to_owned(),
            measure,
            unit: "GBP",
            quantity: pounds * 10_000,
            instrument: Some(instrument),
            job_basis: None,
            programme: "KINDRED",
            counterparty: funder.to_owned(),
            occurred_on: day(on),
            ..Event::headcount("", "FUNDED", "2019-01-01", 0)
        };
    let work = |id: &str, measure: &'static str, unit: &'static str, on: &str, count: i128| Event {
        measure,
        unit,
        job_basis: None,
        prior_status: (measure == "HIRES").then_some("UNEMPLOYED"),
        programme: "KINDRED",
        ..Event::headcount(id, "EMPLOYER", on, count)
    };
    let created = |id: &str, on: &str, count: i128| Event {
        job_basis: Some("CREATED"),
        programme: "KINDRED",
        ..Event::headcount(id, "EMPLOYER", on, count)
    };
    let mut journal = Journal::new();
    journal.commit(&[
        money("g1", "COMMITTED", "GRANT", "2019-02-01", "FUNDER-1", 9_000),
        money("g2", "COMMITTED", "GRANT", "2020-05-01", "FUNDER-2", 3_001),
        money("l1", "DISBURSED", "LOAN", "2019-02-01", "FUNDER-1", 50_000),
        money("l2", "REPAID", "LOAN", "2019-11-01", "FUNDER-1", 20_000),
        money("l3", "DISBURSED", "LOAN", "2020-02-01", "FUNDER-1", 10_000),
        money("l4", "WRITTEN_OFF", "LOAN", "2020-06-01", "FUNDER-1", 1_000),
    ]);
    journal.commit(&[
        created("j1", "2019-03-31", 10),
        created("j2", "2020-03-31", 12),
        Event::headcount("h1", "EMPLOYER", "2019-03-31", 100),
        Event::headcount("h2", "EMPLOYER", "2019-06-30", 108),
        work("m1", "HIRES", "PERSONS", "2019-05-01", 9),
        work("m2", "LEAVERS", "PERSONS", "2019-05-01", 2),
        work("v1", "VOLUNTEER_HOURS", "HOURS", "2019-05-01", 40),
    ]);
    journal.commit(&[Event { revision: 1, ..created("j2", "2020-03-31", 13) }]);
    let refused = Rejected { reason: "AMOUNT_NOT_POSITIVE", source: None, payload: vec![1] };
    journal.commit_entries(&[], &[refused]);
    journal
}

async fn all(journal: &Journal, options: &Options) -> Vec<Traced> {
    trace_all_state(options, journal.state(), None).await.unwrap()
}

async fn one(journal: &Journal, table: &str, condition: &str) -> Trace {
    let trace = trace_state(&journal.options(), journal.state(), &request(table, condition)).await.unwrap();
    assert_eq!(trace.gaps, []);
    trace
}

fn sound(traced: &[Traced]) {
    for table in traced {
        assert_eq!(table.gaps, [], "{}", table.table);
    }
}

/// Proves that every figure of every table comes out again from its parts, down
/// to the entries, now and as of each earlier commit, and that tables with
/// figures have some here.
#[tokio::test]
async fn every_figure_is_what_its_parts_come_to() {
    let journal = region();
    let traced = all(&journal, &journal.options()).await;
    sound(&traced);
    for table in &traced {
        let is_stated = ["claims", "targets"].contains(&table.table);
        assert!(table.figures > 0 || is_stated, "{} has no figure here", table.table);
    }
    for commit in 1..journal.version {
        let then = trace_all_state(&journal.options(), journal.state(), Some(posted_at(commit))).await.unwrap();
        sound(&then);
        let count = |traced: &[Traced]| traced.iter().map(|table| table.figures).sum::<usize>();
        assert!(count(&then) > 0 && count(&then) <= count(&traced), "as of commit {commit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Proves the same of any history of statements, corrections, withdrawals
    /// and conflicts.
    #[test]
    fn any_history_can_be_traced(events in history()) {
        let mut journal = Journal::new();
        for events in events.chunks(9) {
            journal.commit(events);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        sound(&runtime.block_on(all(&journal, &journal.options())));
    }
}

/// Proves, by hand: value of posts created is unfolded to posts, net share, GVA
/// and optimism bias, and those to parameters with sources and to the entry and
/// the offset it came by; a corrected statement shows all three of its entries.
#[tokio::test]
async fn a_value_unfolds_to_its_entries() {
    let trace = one(&region(), "social_value", "outcome = 'JOBS_CREATED' AND quarter = '2020-Q1'").await;
    let cell = &trace.cells[0];
    let value = cell.told.iter().find(|told| told.column == "value_central").unwrap();
    // 13 x 0.612 x 12,042.50 x 0.85
    assert_eq!(value.exact.unwrap().to_string(), "81438.61");
    assert_eq!(value.published, None, "one employer: kept back");
    assert_eq!(cell.mark.as_deref(), Some("c"));
    let row = trace.rows.iter().find(|row| row.row.table == "social_value").unwrap();
    let factors: Vec<(&str, String)> = row.figures["value"].terms[""]
        .factors
        .iter()
        .filter_map(|factor| Some((factor.operation.code(), factor.values[1]?.to_string())))
        .collect();
    let expected = [("x", "13"), ("x", "0.612"), ("x", "12042.5"), ("1-", "0.15")];
    assert_eq!(factors, expected.map(|(code, value)| (code, value.to_owned())));
    let gva = trace.numbers.iter().find(|number| number.row.key.starts_with("gva-per-job.lcr|2020")).unwrap();
    assert_eq!(gva.values[1].unwrap().to_string(), "48170");
    assert!(gva.source.contains("2020") || !gva.source.is_empty());
    let mut entries: Vec<(i32, String, i64)> = trace
        .balances
        .iter()
        .flat_map(|balance| &balance.entries)
        .map(|entry| (entry.entry, entry.quantity.normalize().to_string(), entry.commit))
        .collect();
    entries.sort_unstable();
    let expected = [(-1, "-12", 3), (1, "12", 2), (1, "13", 3)];
    assert_eq!(entries, expected.map(|(entry, quantity, commit)| (entry, quantity.to_owned(), commit)));
}

/// Proves that refused messages behind a count are named.
#[tokio::test]
async fn a_count_of_refused_messages_names_them() {
    let trace = one(&region(), "data_quality", "check_name = 'rejected-messages'").await;
    assert_eq!(trace.refused.len(), 1);
    assert_eq!(trace.refused[0].reason, "AMOUNT_NOT_POSITIVE");
}

/// Proves that what cannot be traced is refused with what to do: a table, a
/// condition, no row, too many rows.
#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let journal = region();
    let refused = async |request: Request| match trace_state(&journal.options(), journal.state(), &request).await {
        Err(PublishError::Trace(error)) => error,
        other => panic!("{:?}", other.map(|trace| trace.cells)),
    };
    assert!(matches!(refused(request("job", "true")).await, TraceError::Table { .. }));
    let error = refused(request("jobs", "colour = 'red'")).await;
    assert!(error.to_string().contains("district"), "{error}");
    assert!(matches!(refused(request("jobs", "quarter = '1999-Q1'")).await, TraceError::NoRow { .. }));
    let few = Request { rows_max: 1, ..request("jobs", "true") };
    assert!(matches!(refused(few).await, TraceError::Rows { max: 1, .. }));
    let here = Request { rows_max: 1_000, ..request("jobs", &format!("place = '{}'", DISTRICTS[0])) };
    assert!(trace_state(&journal.options(), journal.state(), &here).await.is_ok(), "a district is a place");
}

/// Proves that tracing finds each way in which figures and parts may differ: a
/// model that was changed and its trace was not, a trace that leaves a part out,
/// one that takes a wrong number, and an entry that was changed in the journal.
#[tokio::test]
async fn what_does_not_add_up_is_found() {
    let journal = region();
    for (file, from, to, found) in [
        (
            "models/social_value.sql",
            "* g.kept AS DECIMAL(18, 2)) AS value_central",
            "* 0.5 AS DECIMAL(18, 2)) AS value_central",
            "social_value",
        ),
        (
            "traces/lifetime_value.sql",
            "'quarters of a year', NULL, NULL, NULL, 4, 4, 4",
            "'quarters of a year', NULL, NULL, NULL, 3, 3, 3",
            "lifetime_value",
        ),
        ("traces/funding.sql", "'entries', entries, NULL", "'entries', entries + 1, NULL", "funding"),
        ("traces/jobs.sql", "WHERE j.kind = 'stock'", "WHERE j.kind = 'stock' AND f.figure <> 'quantity'", "jobs"),
    ] {
        let shelf = TempDir::new().unwrap();
        let copy = shelf.path().join("copy");
        copy_of_the_book(&copy);
        for (file, from, to) in [("method.toml", "version = \"2026.1\"", "version = \"copy\""), (file, from, to)] {
            let text = fs::read_to_string(copy.join(file)).unwrap();
            assert!(text.contains(from), "{file} has {from:?}");
            fs::write(copy.join(file), text.replace(from, to)).unwrap();
        }
        let method = Shelf::new(shelf.path().to_owned()).open("copy").unwrap();
        let traced = all(&journal, &Options { method, ..journal.options() }).await;
        let gaps: Vec<&str> = traced.iter().filter(|table| !table.gaps.is_empty()).map(|table| table.table).collect();
        assert!(gaps.contains(&found), "{file}: {gaps:?}");
    }
    let mut journal = region();
    sound(&all(&journal, &journal.options()).await);
    let last = journal.files.iter().position(|file| file.commit == 3).unwrap();
    let other = region();
    let first = other.files.iter().find(|file| file.commit == 2 && file.book == journal.files[last].book).unwrap();
    fs::copy(&first.path, &journal.files[last].path).unwrap();
    journal.files[last].rows = first.rows;
    let traced = all(&journal, &journal.options()).await;
    assert!(traced.iter().any(|table| !table.gaps.is_empty()), "an entry was changed after the balances were kept");
}
