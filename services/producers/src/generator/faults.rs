//! Events that break exactly one rule, one kind for each reason.

use super::Event;
use crate::dates::{MICROS_PER_DAY, day_number};
use commonweal_schemas::records::{
    EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, JobBasis, PriorStatus, RecipientKind, Unit,
};
use commonweal_schemas::{Dataset, Reason};
use rust_decimal::Decimal;

/// Above every limit on amounts and quantities that fits the contracts.
const TOO_LARGE: i64 = 99_999_999_999_999;
/// Before every configured first day.
const LONG_AGO: i32 = day_number(1900, 1, 1);
const BEFORE_2000_MICROS: i64 = day_number(1999, 12, 31) as i64 * MICROS_PER_DAY;
/// Longer than any text field may be, in bytes.
const TEXT_BYTES: usize = 5_000;
const IDENTITY_BYTES: usize = 600;

/// Dataset in which a reason is shown; `copy` tells several apart.
pub(super) const fn dataset_of(reason: Reason, copy: u64) -> Dataset {
    match reason {
        Reason::PayloadTooLarge
        | Reason::IdentityMissing
        | Reason::RevisionOutOfRange
        | Reason::FieldUnreadable
        | Reason::AmountUnreadable
        | Reason::StageMissing
        | Reason::AmountMissing
        | Reason::AmountNotPositive
        | Reason::AmountTooLarge
        | Reason::CurrencyMissing
        | Reason::CurrencyUnknown
        | Reason::DateOutOfRange
        | Reason::DateInFuture
        | Reason::FunderMissing
        | Reason::OrgIdMalformed
        | Reason::IndividualIdentified
        | Reason::ProgrammeMalformed
        | Reason::TextTooLong => Dataset::Funding,
        Reason::PayloadEmpty
        | Reason::MagicWrong
        | Reason::SchemaUnknown
        | Reason::SchemaIncompatible
        | Reason::BodyTruncated
        | Reason::BodyMalformed
        | Reason::TrailingBytes => {
            if copy.is_multiple_of(2) {
                Dataset::Funding
            } else {
                Dataset::Employment
            }
        }
        Reason::IdentityTooLong
        | Reason::RecordedAtOutOfRange
        | Reason::DateUnreadable
        | Reason::DateMissing
        | Reason::PeriodReversed
        | Reason::PeriodTooLong
        | Reason::PartyMissing
        | Reason::PlaceCodeMalformed
        | Reason::PostcodeMalformed
        | Reason::MeasureMissing
        | Reason::QuantityMissing
        | Reason::QuantityUnreadable
        | Reason::QuantityNegative
        | Reason::QuantityNotWhole
        | Reason::QuantityTooLarge
        | Reason::UnitMismatch
        | Reason::JobBasisNotExclusive
        | Reason::JobBasisNotApplicable
        | Reason::PriorStatusNotApplicable => Dataset::Employment,
    }
}

/// `event`, which is right, made wrong for `reason` and under an identity of
/// its own. Reasons of the decode stage are left to the bytes.
pub(super) fn spoil(mut event: Event, reason: Reason, copy: u64) -> Event {
    let id = format!("refused/{}/{copy}", reason.code());
    match &mut event {
        Event::Funding(event) => {
            event.event_id = id;
            spoil_funding(event, reason);
        }
        Event::Employment(event) => {
            event.event_id = id;
            spoil_employment(event, reason);
        }
    }
    event
}

fn spoil_funding(event: &mut FundingEvent, reason: Reason) {
    match reason {
        Reason::IdentityMissing => event.event_id.clear(),
        Reason::RevisionOutOfRange => event.revision = -1,
        Reason::FieldUnreadable => {
            event.unreadable_field = Some("recipient_id".to_owned());
            event.unreadable_text = Some("see attached".to_owned());
        }
        Reason::AmountUnreadable => {
            event.amount = None;
            event.unreadable_field = Some("amount".to_owned());
            event.unreadable_text = Some("01/04/2020".to_owned());
        }
        Reason::StageMissing => event.stage = FundingStage::Unspecified,
        Reason::AmountMissing => event.amount = None,
        Reason::AmountNotPositive => event.amount = event.amount.map(|amount| -amount),
        Reason::AmountTooLarge => event.amount = Some(Decimal::from(TOO_LARGE)),
        Reason::CurrencyMissing => event.currency = None,
        Reason::CurrencyUnknown => event.currency = Some("pounds sterling".to_owned()),
        Reason::DateOutOfRange => event.occurred_on = Some(LONG_AGO),
        Reason::DateInFuture => {
            let recorded_on = i32::try_from(event.recorded_at / MICROS_PER_DAY).ok();
            event.occurred_on = recorded_on.map(|day| day + 30);
        }
        Reason::FunderMissing => (event.funder_id, event.funder_name) = (None, None),
        Reason::OrgIdMalformed => event.recipient_id = Some("DUMMY01".to_owned()),
        Reason::IndividualIdentified => {
            event.recipient_kind = RecipientKind::Individual;
            event.recipient_id = None;
            event.recipient_name = Some("Synthetic Person".to_owned());
        }
        Reason::ProgrammeMalformed => event.programme = Some("---".to_owned()),
        Reason::TextTooLong => event.title = Some("x".repeat(TEXT_BYTES)),
        _ => {}
    }
}

fn spoil_employment(event: &mut EmploymentEvent, reason: Reason) {
    let day = event.as_of.or(event.period_end);
    match reason {
        Reason::PeriodReversed | Reason::PeriodTooLong | Reason::JobBasisNotApplicable => {
            as_flow(event, day);
        }
        _ => as_stock(event, day),
    }
    let days_before = |days: i32| day.map(|day| day - days);
    match reason {
        Reason::IdentityTooLong => event.event_id.push_str(&"0".repeat(IDENTITY_BYTES)),
        Reason::RecordedAtOutOfRange => event.recorded_at = BEFORE_2000_MICROS,
        Reason::DateUnreadable => unreadable(event, "as_of", "spring 2020"),
        Reason::DateMissing => event.as_of = None,
        Reason::PeriodReversed => (event.period_start, event.period_end) = (day, days_before(10)),
        Reason::PeriodTooLong => event.period_start = days_before(400),
        Reason::PartyMissing => (event.employer_id, event.employer_name) = (None, None),
        Reason::PlaceCodeMalformed => {
            (event.place_code, event.postcode) = (Some("LIVERPOOL".to_owned()), None);
        }
        Reason::PostcodeMalformed => {
            (event.place_code, event.postcode) = (None, Some("NOT KNOWN".to_owned()));
        }
        Reason::MeasureMissing => event.measure = EmploymentMeasure::Unspecified,
        Reason::QuantityMissing => event.quantity = None,
        Reason::QuantityUnreadable => unreadable(event, "quantity", "about ten"),
        Reason::QuantityNegative => event.quantity = Some(Decimal::from(-4)),
        Reason::QuantityNotWhole => event.quantity = Some(Decimal::new(35, 1)),
        Reason::QuantityTooLarge => event.quantity = Some(Decimal::from(TOO_LARGE)),
        Reason::UnitMismatch => event.unit = Unit::Hours,
        Reason::JobBasisNotExclusive => {
            event.job_basis = vec![JobBasis::Created, JobBasis::Safeguarded];
        }
        Reason::JobBasisNotApplicable => event.job_basis = vec![JobBasis::Created],
        Reason::PriorStatusNotApplicable => event.prior_status = PriorStatus::Unemployed,
        _ => {}
    }
}

fn unreadable(event: &mut EmploymentEvent, field: &str, text: &str) {
    event.unreadable_field = Some(field.to_owned());
    event.unreadable_text = Some(text.to_owned());
}

fn as_stock(event: &mut EmploymentEvent, day: Option<i32>) {
    event.measure = EmploymentMeasure::Headcount;
    event.unit = Unit::Persons;
    event.quantity = Some(Decimal::from(5));
    (event.as_of, event.period_start, event.period_end) = (day, None, None);
    event.job_basis.clear();
    event.prior_status = PriorStatus::Unspecified;
}

fn as_flow(event: &mut EmploymentEvent, day: Option<i32>) {
    as_stock(event, None);
    event.measure = EmploymentMeasure::Leavers;
    (event.period_start, event.period_end) = (day.map(|day| day - 80), day);
}
