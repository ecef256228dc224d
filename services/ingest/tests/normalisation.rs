//! What a valid event looks like after ingest.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use arrow::array::{AsArray, RecordBatch};
use commonweal_ingest::{IngestError, Rules, validate_employment, validate_funding};
use commonweal_schemas::arrow_schema;
use commonweal_schemas::records::{
    Action, EmploymentEvent, FundingEvent, Instrument, JobBasis, PriorStatus, RecipientKind,
};
use std::sync::Arc;
use support::{APRIL_2020, RECORDED_AT, cell, grant, headcount, hires, origins, raw, row, validate, validate_from};

fn cells(batch: &RecordBatch, columns: &[&str]) -> Vec<Option<String>> {
    columns.iter().map(|column| cell(batch, column, 0)).collect()
}

/// Proves the canonical form of every field that has one, against forms in
/// which real records come.
#[test]
fn fields_come_into_canonical_form() {
    let event = FundingEvent {
        programme: Some(" LCR cares (2020) ".to_owned()),
        funder_id: Some("gb-coh-7597525".to_owned()),
        funder_name: Some("  A \u{a0}Foundation\n".to_owned()),
        recipient_id: Some("GB-SC-SCO 39302".to_owned()),
        recipient_name: Some("Café  Hub".to_owned()),
        currency: Some(" gbp ".to_owned()),
        award_id: Some(" a 1 ".to_owned()),
        postcode: Some("l81th".to_owned()),
        place_code: Some("e01006513 ".to_owned()),
        title: Some("Ring 0151 496 0123\tor write to a@example.org".to_owned()),
        source_document: Some(String::new()),
        instrument: Instrument::Unspecified,
        planned_start: Some(18_400),
        planned_end: Some(18_399),
        ..grant(0)
    };
    let validated = validate(&[event]);
    assert_eq!(validated.rejected, []);
    let text = |text: &str| Some(text.to_owned());
    for (column, expected) in [
        ("measure", text("COMMITTED")),
        ("quantity", text("12345.6700")),
        ("unit", text("GBP")),
        ("instrument", None),
        ("job_basis", None),
        ("prior_status", None),
        ("organisation_key", text("GB-SC-SC039302")),
        ("organisation_name", text("Café Hub")),
        ("recipient_kind", text("ORGANISATION")),
        ("counterparty_key", text("GB-COH-07597525")),
        ("counterparty_name", text("A Foundation")),
        ("programme", text("LCR-CARES-2020")),
        ("award_id", text("a 1")),
        ("onward_grant", text("false")),
        ("occurred_on", text("18353")),
        ("period_start", text("18400")),
        ("period_end", text("18399")),
        ("postcode", text("L8 1TH")),
        ("place_code", text("E01006513")),
        ("title", text("Ring [removed] or write to [removed]")),
        ("source_document", None),
        ("origin_topic", text("commonweal.test.v1")),
        ("origin_partition", text("3")),
        ("origin_offset", text("0")),
        ("source", text("urn:commonweal:test")),
        ("cancel", text("false")),
    ] {
        assert_eq!(cell(&validated.valid, column, 0), expected, "{column}");
    }
    assert_eq!(validated.valid.schema(), arrow_schema::validated());
}

/// Proves that a stock keeps its as-of date and a flow its period, that the
/// one basis of a list is kept, and that what is not stated is null.
#[test]
fn employment_keeps_the_dates_of_its_kind() {
    let columns = ["occurred_on", "period_start", "period_end", "job_basis", "prior_status", "unit", "recipient_kind"];
    let text = |text: &str| Some(text.to_owned());
    let stock = EmploymentEvent {
        period_end: Some(1),
        job_basis: vec![JobBasis::Unspecified, JobBasis::Safeguarded],
        ..headcount(0)
    };
    let validated = validate(&[stock, headcount(1)]);
    assert_eq!(
        cells(&validated.valid, &columns),
        [text("18353"), None, None, text("SAFEGUARDED"), None, text("PERSONS"), text("ORGANISATION")]
    );
    assert_eq!(cell(&validated.valid, "job_basis", 1), None);

    let flow = EmploymentEvent { as_of: Some(1), prior_status: PriorStatus::Unemployed, ..hires(0) };
    let validated = validate(&[flow]);
    assert_eq!(
        cells(&validated.valid, &columns),
        [text("18352"), text("18263"), text("18352"), None, text("UNEMPLOYED"), text("PERSONS"), text("ORGANISATION")]
    );
}

/// Proves that a cancellation carries nothing but identity and lineage,
/// whatever it was sent with, so that two of them are equal content.
#[test]
fn cancellations_are_emptied() {
    let full = FundingEvent { action: Action::Cancel, onward_grant: true, ..grant(0) };
    let bare = FundingEvent {
        source: full.source.clone(),
        event_id: full.event_id.clone(),
        recorded_at: full.recorded_at,
        action: Action::Cancel,
        ..FundingEvent::default()
    };
    let broken = FundingEvent { postcode: Some("nowhere".to_owned()), amount: None, ..full.clone() };
    let validated = validate(&[full, bare, broken, grant(1)]);
    assert_eq!(validated.rejected, []);
    let digest = |row| cell(&validated.valid, "content_digest", row);
    assert_eq!((digest(0), digest(2)), (digest(1), digest(1)));
    assert_ne!(digest(3), digest(1));
    for (name, value) in row(&validated.valid, 0).into_iter().skip(9) {
        match name.as_str() {
            "onward_grant" => assert_eq!(value.as_deref(), Some("false")),
            "source_document" => assert!(value.is_some()),
            _ => assert_eq!(value, None, "{name}"),
        }
    }
    assert_eq!(cell(&validated.valid, "cancel", 0).as_deref(), Some("true"));
    assert_eq!(cell(&validated.valid, "recipient_kind", 3).as_deref(), Some("ORGANISATION"));
}

/// Proves that of a person's grant the amount and the district remain.
#[test]
fn persons_are_counted_and_not_identified() {
    let event = FundingEvent {
        recipient_kind: RecipientKind::Individual,
        recipient_id: None,
        recipient_name: None,
        title: Some("Laptop for Jane Example".to_owned()),
        ..grant(0)
    };
    let validated = validate(&[event, grant(1)]);
    assert_eq!(
        cells(&validated.valid, &["recipient_kind", "title", "postcode", "quantity"]),
        [Some("INDIVIDUAL".to_owned()), None, Some("L8".to_owned()), Some("12345.6700".to_owned())]
    );
    assert_eq!(cell(&validated.valid, "postcode", 1).as_deref(), Some("L8 1TH"));
}

/// Proves that the digest tells content from lineage: any changed content
/// field changes it, an origin or a source document does not, nor does the
/// form in which the same content is written.
#[test]
fn digest_is_of_content_alone() {
    let digest = |event: FundingEvent| cell(&validate(&[event]).valid, "content_digest", 0).unwrap();
    let base = digest(grant(0));
    let changes: [fn(&mut FundingEvent); 16] = [
        |e| e.source.push('x'),
        |e| e.event_id.push('x'),
        |e| e.revision = 1,
        |e| e.recorded_at += 1,
        |e| e.stage = commonweal_schemas::records::FundingStage::Disbursed,
        |e| e.instrument = Instrument::Loan,
        |e| e.programme = None,
        |e| e.funder_name = None,
        |e| e.recipient_id = Some("GB-CHC-1159982".to_owned()),
        |e| e.amount = e.amount.map(|amount| amount + rust_decimal::Decimal::new(1, 4)),
        |e| e.currency = Some("EUR".to_owned()),
        |e| e.occurred_on = Some(APRIL_2020 - 1),
        |e| e.onward_grant = true,
        |e| e.postcode = Some("L8 1TJ".to_owned()),
        |e| e.place_code = None,
        |e| (e.title, e.award_id) = (e.award_id.clone(), e.title.clone()),
    ];
    let mut digests = vec![base.clone()];
    for change in changes {
        let mut event = grant(0);
        change(&mut event);
        digests.push(digest(event));
    }
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count);

    let rewritten = FundingEvent {
        postcode: Some("l8  1th".to_owned()),
        programme: Some("lcr cares".to_owned()),
        source_document: None,
        ..grant(0)
    };
    let moved = validate_from(99, &[rewritten], &Rules::default()).valid;
    assert_eq!(cell(&moved, "content_digest", 0), Some(base));
}

fn put(content: &mut Vec<u8>, number: u8, text: &str) {
    content.push(number);
    content.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    content.extend(text.as_bytes());
}

/// Proves that the digest is xxh3-128 of the documented layout, written out
/// here by hand: a changed layout would make duplicates conflicts with the
/// journal's entries.
#[test]
fn digest_has_the_documented_layout() {
    let mut content = Vec::new();
    put(&mut content, 1, "urn:commonweal:test");
    put(&mut content, 2, "grant-0");
    content.extend([3, 0, 0, 0, 0]);
    content.push(5);
    content.extend(RECORDED_AT.to_le_bytes());
    put(&mut content, 6, "COMMITTED");
    content.push(7);
    content.extend(123_456_700_i128.to_le_bytes());
    for (number, value) in [
        (8, "GBP"),
        (9, "GRANT"),
        (12, "GB-COH-08253562"),
        (13, "A Community Hub"),
        (14, "ORGANISATION"),
        (15, "GB-CHC-327114"),
        (16, "A Foundation"),
        (17, "LCR-CARES"),
        (18, "award-0"),
    ] {
        put(&mut content, number, value);
    }
    content.push(20);
    content.extend(APRIL_2020.to_le_bytes());
    for (number, value) in [(23, "L8 1TH"), (24, "E01006513"), (25, "Food and company through the winter")] {
        put(&mut content, number, value);
    }
    let digest = xxhash_rust::xxh3::xxh3_128(&content).to_be_bytes();
    assert_eq!(cell(&validate(&[grant(0)]).valid, "content_digest", 0), Some(format!("{digest:02x?}")));
}

/// Proves that a batch of canonical, valid rows is passed on without copying
/// its columns, and that one bad row does not reach into the others.
#[test]
fn clean_columns_are_shared() {
    let events: Vec<FundingEvent> = (0..100).map(grant).collect();
    let batch = raw(&events);
    let valid = validate_funding(&batch, &origins(0, 100), &Rules::default()).unwrap().valid;
    for (before, after) in [
        ("event_id", "event_id"),
        ("recipient_id", "organisation_key"),
        ("recipient_name", "organisation_name"),
        ("funder_id", "counterparty_key"),
        ("postcode", "postcode"),
        ("title", "title"),
    ] {
        let before = batch.column_by_name(before).unwrap().as_string::<i32>();
        let after = valid.column_by_name(after).unwrap().as_string::<i32>();
        assert_eq!(before.value_data().as_ptr(), after.value_data().as_ptr());
    }
}

/// Proves that batches without rows, and batches in which every row is bad,
/// are batches.
#[test]
fn empty_and_all_bad_batches() {
    let empty = validate::<FundingEvent>(&[]);
    assert_eq!((empty.valid.num_rows(), empty.rejected.len()), (0, 0));
    let bad: Vec<EmploymentEvent> = (0..5).map(|_| EmploymentEvent::default()).collect();
    let validated = validate(&bad);
    assert_eq!((validated.valid.num_rows(), validated.rejected.len()), (0, 5));
    assert_eq!(validated.valid.schema(), arrow_schema::validated());
    let rows: Vec<u32> = validated.rejected.iter().map(|rejection| rejection.row).collect();
    assert_eq!(rows, [0, 1, 2, 3, 4]);
}

/// Proves that what is no raw batch is an error that names the column, and
/// that a missing origin is one too.
#[test]
fn other_batches_are_errors() {
    let batch = raw(&[grant(0)]);
    let error = validate_employment(&batch, &origins(0, 1), &Rules::default()).unwrap_err();
    assert!(matches!(&error, IngestError::Column { column, .. } if column == "measure"), "{error}");
    let error = validate_funding(&batch, &origins(0, 2), &Rules::default()).unwrap_err();
    assert!(matches!(error, IngestError::Origins { rows: 1, origins: 2 }), "{error}");
    let narrow = batch.project(&(0..5).collect::<Vec<_>>()).unwrap();
    let error = validate_funding(&narrow, &origins(0, 1), &Rules::default()).unwrap_err();
    assert!(error.to_string().contains("column stage"), "{error}");
    let topic: Arc<str> = Arc::from("t");
    assert!(commonweal_schemas::Origins::with_capacity(topic, 0).is_empty());
}
