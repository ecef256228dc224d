//! Each rule refuses exactly the event that breaks it.

#![allow(
    clippy::unwrap_used,
    clippy::assigning_clones,
    reason = "a test fails by panicking; a changed field reads better than a copy into it"
)]

mod support;

use commonweal_schemas::Reason;
use commonweal_schemas::reason::Stage;
use commonweal_schemas::records::{
    Action, EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, JobBasis, PriorStatus, RecipientKind, Unit,
};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use support::{APRIL_2020, Event, RECORDED_AT, grant, headcount, hires, row, validate};

type Case<E> = (Reason, &'static str, fn(&mut E));

/// Breaks a rule in one event between two sound ones, and demands the reason,
/// the field, and neighbours equal to what they are without it.
fn check<E: Event>(cases: &[Case<E>], sound: fn(usize) -> E, seen: &mut BTreeSet<Reason>) {
    let alone = validate(&[sound(0), sound(1), sound(2)]).valid;
    for (number, (reason, field, spoil)) in cases.iter().enumerate() {
        let mut bad = sound(1);
        spoil(&mut bad);
        let validated = validate(&[sound(0), bad, sound(2)]);
        assert_eq!(validated.rejected.len(), 1, "case {number}, {reason}");
        let rejection = &validated.rejected[0];
        assert_eq!((rejection.row, rejection.reason), (1, *reason), "case {number}: {rejection:?}");
        assert_eq!(rejection.field, Some(*field), "case {number}, {reason}");
        assert!(!rejection.message.is_empty() && rejection.message.len() < 1_000, "{rejection:?}");
        assert_eq!(validated.valid.num_rows(), 2, "case {number}, {reason}");
        assert_eq!(row(&validated.valid, 0), row(&alone, 0), "case {number}, {reason}");
        assert_eq!(row(&validated.valid, 1), row(&alone, 2), "case {number}, {reason}");
        seen.insert(*reason);
    }
}

const IDENTITY: [Case<FundingEvent>; 12] = [
    (Reason::IdentityMissing, "source", |e| e.source = String::new()),
    (Reason::IdentityMissing, "event_id", |e| e.event_id = " \u{a0}".to_owned()),
    (Reason::IdentityTooLong, "source", |e| e.source = "s".repeat(513)),
    (Reason::IdentityTooLong, "event_id", |e| e.event_id = "a\nb".to_owned()),
    (Reason::IdentityTooLong, "event_id", |e| e.event_id = "a\u{85}b".to_owned()),
    (Reason::RevisionOutOfRange, "revision", |e| e.revision = -1),
    (Reason::RevisionOutOfRange, "revision", |e| e.revision = 1 << 30),
    (Reason::RecordedAtOutOfRange, "recorded_at", |e| e.recorded_at = 946_684_799_999_999),
    (Reason::RecordedAtOutOfRange, "recorded_at", |e| e.recorded_at = 4_133_980_800_000_000),
    (Reason::FieldUnreadable, "title", |e| unreadable(e, "title")),
    (Reason::FieldUnreadable, "unreadable_field", |e| unreadable(e, "a field of another contract")),
    (Reason::IdentityMissing, "source", |e| {
        // The first reason of the list stands, however many rules are broken.
        *e = FundingEvent { unreadable_field: Some("amount".to_owned()), ..FundingEvent::default() };
        e.event_id = "1".to_owned();
    }),
];

fn unreadable(event: &mut FundingEvent, field: &str) {
    event.unreadable_field = Some(field.to_owned());
    event.unreadable_text = Some("03/02/2005".to_owned());
}

const MONEY: [Case<FundingEvent>; 15] = [
    (Reason::AmountUnreadable, "amount", |e| {
        unreadable(e, "amount");
        e.amount = None;
    }),
    (Reason::DateUnreadable, "occurred_on", |e| {
        unreadable(e, "occurred_on");
        e.occurred_on = None;
    }),
    (Reason::StageMissing, "stage", |e| e.stage = FundingStage::Unspecified),
    (Reason::AmountMissing, "amount", |e| e.amount = None),
    (Reason::AmountNotPositive, "amount", |e| e.amount = Some(Decimal::ZERO)),
    (Reason::AmountNotPositive, "amount", |e| e.amount = Some(Decimal::new(-1, 4))),
    (Reason::AmountTooLarge, "amount", |e| e.amount = Some(Decimal::new(10_000_000_000_001, 4))),
    (Reason::CurrencyMissing, "currency", |e| e.currency = None),
    (Reason::CurrencyMissing, "currency", |e| e.currency = Some("  ".to_owned())),
    (Reason::CurrencyUnknown, "currency", |e| e.currency = Some("pounds, mostly".to_owned())),
    (Reason::CurrencyUnknown, "currency", |e| e.currency = Some("XXX".to_owned())),
    (Reason::DateMissing, "occurred_on", |e| e.occurred_on = None),
    (Reason::DateOutOfRange, "occurred_on", |e| e.occurred_on = Some(7_304)),
    (Reason::DateInFuture, "occurred_on", |e| e.occurred_on = Some(APRIL_2020 + 62)),
    (Reason::DateInFuture, "occurred_on", |e| e.occurred_on = Some(i32::MAX)),
];

const PARTIES_AND_PLACES: [Case<FundingEvent>; 20] = [
    (Reason::PartyMissing, "recipient_id", |e| (e.recipient_id, e.recipient_name) = (None, None)),
    (Reason::PartyMissing, "recipient_id", |e| {
        (e.recipient_id, e.recipient_name) = (Some(String::new()), Some("\t".to_owned()));
    }),
    (Reason::FunderMissing, "funder_id", |e| (e.funder_id, e.funder_name) = (None, Some(" ".to_owned()))),
    (Reason::OrgIdMalformed, "recipient_id", |e| e.recipient_id = Some("DUMMY01".to_owned())),
    (Reason::OrgIdMalformed, "recipient_id", |e| e.recipient_id = Some("GB-REV".to_owned())),
    (Reason::OrgIdMalformed, "funder_id", |e| e.funder_id = Some("GB-COH-n/a".to_owned())),
    (Reason::IndividualIdentified, "recipient_id", |e| e.recipient_kind = RecipientKind::Individual),
    (Reason::IndividualIdentified, "recipient_id", |e| {
        e.recipient_kind = RecipientKind::Individual;
        e.recipient_id = Some("a national insurance number".to_owned());
    }),
    (Reason::IndividualIdentified, "recipient_name", |e| {
        e.recipient_kind = RecipientKind::Individual;
        e.recipient_id = None;
    }),
    (Reason::PlaceCodeMalformed, "place_code", |e| e.place_code = Some("UA".to_owned())),
    (Reason::PostcodeMalformed, "postcode", |e| e.postcode = Some("NN1 LH".to_owned())),
    (Reason::PostcodeMalformed, "postcode", |e| e.postcode = Some("p".repeat(5_000))),
    (Reason::ProgrammeMalformed, "programme", |e| e.programme = Some("—".to_owned())),
    (Reason::ProgrammeMalformed, "programme", |e| e.programme = Some("P".repeat(129))),
    (Reason::TextTooLong, "title", |e| e.title = Some("t".repeat(4_097))),
    (Reason::TextTooLong, "recipient_name", |e| e.recipient_name = Some("n".repeat(4_097))),
    (Reason::TextTooLong, "funder_name", |e| e.funder_name = Some("n".repeat(4_097))),
    (Reason::TextTooLong, "award_id", |e| e.award_id = Some("a".repeat(4_097))),
    (Reason::TextTooLong, "source_document", |e| e.source_document = Some("d".repeat(4_097))),
    (Reason::TextTooLong, "source_document", |e| {
        e.action = Action::Cancel;
        e.source_document = Some("d".repeat(4_097));
    }),
];

const STOCKS: [Case<EmploymentEvent>; 19] = [
    (Reason::MeasureMissing, "measure", |e| e.measure = EmploymentMeasure::Unspecified),
    (Reason::DateMissing, "as_of", |e| e.as_of = None),
    (Reason::DateMissing, "as_of", |e| (e.measure, e.as_of) = (EmploymentMeasure::Unspecified, None)),
    (Reason::DateOutOfRange, "as_of", |e| e.as_of = Some(-1)),
    (Reason::DateInFuture, "as_of", |e| e.as_of = Some(APRIL_2020 + 62)),
    (Reason::PartyMissing, "employer_id", |e| (e.employer_id, e.employer_name) = (None, None)),
    (Reason::OrgIdMalformed, "employer_id", |e| e.employer_id = Some("GB-CHC-Excepted".to_owned())),
    (Reason::QuantityMissing, "quantity", |e| e.quantity = None),
    (Reason::QuantityUnreadable, "quantity", |e| {
        e.quantity = None;
        e.unreadable_field = Some("quantity".to_owned());
        e.unreadable_text = Some("about a dozen".to_owned());
    }),
    (Reason::DateUnreadable, "as_of", |e| {
        e.as_of = None;
        e.unreadable_field = Some("as_of".to_owned());
    }),
    (Reason::QuantityNegative, "quantity", |e| e.quantity = Some(Decimal::new(-1, 0))),
    (Reason::QuantityNotWhole, "quantity", |e| e.quantity = Some(Decimal::new(125, 1))),
    (Reason::QuantityTooLarge, "quantity", |e| e.quantity = Some(Decimal::new(100_000_001, 0))),
    (Reason::UnitMismatch, "unit", |e| e.unit = Unit::Fte),
    (Reason::UnitMismatch, "unit", |e| e.unit = Unit::Unspecified),
    (Reason::JobBasisNotExclusive, "job_basis", |e| e.job_basis = vec![JobBasis::Created, JobBasis::Safeguarded]),
    (Reason::JobBasisNotApplicable, "job_basis", |e| {
        e.measure = EmploymentMeasure::Volunteers;
        e.job_basis = vec![JobBasis::Created];
    }),
    (Reason::PriorStatusNotApplicable, "prior_status", |e| e.prior_status = PriorStatus::Unemployed),
    (Reason::PostcodeMalformed, "postcode", |e| e.postcode = Some("Liverpool".to_owned())),
];

const FLOWS: [Case<EmploymentEvent>; 7] = [
    (Reason::DateMissing, "period_end", |e| e.period_start = None),
    (Reason::DateMissing, "period_end", |e| (e.period_end, e.as_of) = (None, Some(APRIL_2020))),
    (Reason::DateOutOfRange, "period_start", |e| e.period_start = Some(7_304)),
    (Reason::DateInFuture, "period_end", |e| e.period_end = Some(APRIL_2020 + 62)),
    (Reason::PeriodReversed, "period_end", |e| e.period_end = Some(APRIL_2020 - 91)),
    (Reason::PeriodTooLong, "period_end", |e| e.period_start = Some(APRIL_2020 - 367)),
    (Reason::JobBasisNotApplicable, "job_basis", |e| e.job_basis = vec![JobBasis::Supported]),
];

/// Proves that every reason of this stage is given for the event that breaks
/// its rule, with the field it is about, and harms no neighbour.
#[test]
fn every_reason_has_its_rule() {
    let mut seen = BTreeSet::new();
    check(&IDENTITY, grant, &mut seen);
    check(&MONEY, grant, &mut seen);
    check(&PARTIES_AND_PLACES, grant, &mut seen);
    check(&STOCKS, headcount, &mut seen);
    check(&FLOWS, hires, &mut seen);
    let all: BTreeSet<Reason> = Reason::ALL.iter().copied().filter(|reason| reason.stage() == Stage::Ingest).collect();
    assert_eq!(seen, all);
}

/// Proves that the rules stop exactly where they say: each event on the right
/// side of a limit passes.
#[test]
fn limits_themselves_pass() {
    let grants: [fn(&mut FundingEvent); 12] = [
        |e| e.source = "s".repeat(512),
        |e| e.revision = (1 << 30) - 1,
        |e| (e.recorded_at, e.occurred_on) = (946_684_800_000_000, Some(10_957)),
        |e| e.recorded_at = 4_133_980_799_999_999,
        |e| e.amount = Some(Decimal::new(10_000_000_000_000, 4)),
        |e| e.amount = Some(Decimal::new(1, 4)),
        |e| e.occurred_on = Some(7_305),
        |e| e.occurred_on = Some(APRIL_2020 + 61),
        |e| e.title = Some("t".repeat(4_096)),
        |e| (e.recipient_id, e.funder_id, e.programme) = (None, None, None),
        |e| e.unreadable_field = Some(" ".to_owned()),
        |e| {
            e.recipient_kind = RecipientKind::Individual;
            (e.recipient_id, e.recipient_name) = (None, Some("  ".to_owned()));
        },
    ];
    for (number, change) in grants.into_iter().enumerate() {
        let mut event = grant(0);
        change(&mut event);
        assert_eq!(validate(&[event]).rejected, [], "grant {number}");
    }
    let stocks: [fn(&mut EmploymentEvent); 7] = [
        |e| e.quantity = Some(Decimal::ZERO),
        |e| e.quantity = Some(Decimal::new(100_000_000, 0)),
        |e| (e.measure, e.unit, e.quantity) = (EmploymentMeasure::Fte, Unit::Fte, Some(Decimal::new(73, 1))),
        |e| e.job_basis = vec![JobBasis::Created, JobBasis::Unspecified, JobBasis::Created],
        |e| {
            *e = hires(0);
            e.period_start = e.period_end;
        },
        |e| {
            *e = hires(0);
            e.period_start = e.period_end.map(|end| end - 365);
        },
        |e| {
            *e = hires(0);
            e.prior_status = PriorStatus::Inactive;
        },
    ];
    for (number, change) in stocks.into_iter().enumerate() {
        let mut event = headcount(0);
        change(&mut event);
        assert_eq!(validate(&[event]).rejected, [], "employment {number}");
    }
}

/// Proves that a cancellation passes with its identity alone, and that a
/// broken identity is refused in it as in any event.
#[test]
fn cancellations_need_identity_alone() {
    let cancel = FundingEvent {
        source: "urn:test".to_owned(),
        event_id: "1".to_owned(),
        revision: 1,
        action: Action::Cancel,
        recorded_at: RECORDED_AT,
        ..FundingEvent::default()
    };
    let broken = FundingEvent { revision: -1, ..cancel.clone() };
    let validated = validate(&[cancel, broken]);
    assert_eq!(validated.valid.num_rows(), 1);
    assert_eq!(validated.rejected[0].reason, Reason::RevisionOutOfRange);
}

/// Proves that a rejection says whose event it is, where that can be read, and
/// that it repeats nothing of a person.
#[test]
fn rejections_carry_identity_and_no_person() {
    let mut person = grant(7);
    person.recipient_kind = RecipientKind::Individual;
    person.recipient_name = Some("Jane Example".to_owned());
    let mut nameless = grant(8);
    nameless.event_id = "\u{1}".repeat(4);
    let rejected = validate(&[person, nameless]).rejected;
    assert_eq!(rejected[0].source.as_deref(), Some("urn:commonweal:test"));
    assert_eq!(rejected[0].event_id.as_deref(), Some("grant-7"));
    assert!(!rejected[0].message.contains("Jane") && !rejected[0].message.contains("08253562"));
    assert_eq!((rejected[1].reason, rejected[1].event_id.as_deref()), (Reason::IdentityMissing, None));
}
