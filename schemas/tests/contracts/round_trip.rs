//! The columnar decoder reads what the record codec writes.

use crate::support::{decoder, encode, outcomes, record, values};
use commonweal_schemas::Dataset;
use commonweal_schemas::records::{
    Action, EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, Instrument, JobBasis, PriorStatus,
    RecipientKind, Unit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

pub(crate) fn text() -> impl Strategy<Value = Option<String>> {
    option::of(any::<String>())
}

fn decimal() -> impl Strategy<Value = Option<Decimal>> {
    // Eighteen digits, four of them decimals: all that the contract holds.
    option::of((-999_999_999_999_999_999_i64..=999_999_999_999_999_999).prop_map(|parts| Decimal::new(parts, 4)))
}

fn identity() -> impl Strategy<Value = (String, String, i32, Action, i64)> {
    (any::<String>(), any::<String>(), any::<i32>(), select(vec![Action::Record, Action::Cancel]), any::<i64>())
}

pub(crate) fn funding() -> impl Strategy<Value = FundingEvent> {
    use FundingStage::{Committed, Disbursed, Repaid, Unspecified, WrittenOff};
    let stages = select(vec![Unspecified, Committed, Disbursed, Repaid, WrittenOff]);
    let instruments = select(vec![Instrument::Unspecified, Instrument::QuasiEquity, Instrument::InKind]);
    let kinds = select(vec![RecipientKind::Organisation, RecipientKind::Individual]);
    let day = || option::of(any::<i32>());
    let what = (stages, instruments, kinds, decimal(), day(), any::<bool>(), day(), day());
    let texts = proptest::array::uniform13(text());
    (identity(), what, texts).prop_map(|(identity, what, texts)| {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        FundingEvent {
            source: identity.0,
            event_id: identity.1,
            revision: identity.2,
            action: identity.3,
            recorded_at: identity.4,
            stage: what.0,
            instrument: what.1,
            programme: text(),
            funder_id: text(),
            funder_name: text(),
            recipient_kind: what.2,
            recipient_id: text(),
            recipient_name: text(),
            amount: what.3,
            currency: text(),
            occurred_on: what.4,
            award_id: text(),
            onward_grant: what.5,
            postcode: text(),
            place_code: text(),
            title: text(),
            source_document: text(),
            unreadable_field: text(),
            unreadable_text: text(),
            planned_start: what.6,
            planned_end: what.7,
        }
    })
}

pub(crate) fn employment() -> impl Strategy<Value = EmploymentEvent> {
    let measures = select(vec![
        EmploymentMeasure::Unspecified,
        EmploymentMeasure::ApprenticeshipsInLearning,
        EmploymentMeasure::ApprenticeshipAchievements,
    ]);
    let units = select(vec![Unit::Unspecified, Unit::Persons, Unit::Fte, Unit::Hours]);
    let bases = vec(select(vec![JobBasis::Unspecified, JobBasis::Created, JobBasis::Supported]), 0..4);
    let statuses = select(vec![PriorStatus::Unspecified, PriorStatus::Employed]);
    let day = || option::of(any::<i32>());
    let what = (measures, decimal(), units, day(), day(), day(), bases, statuses);
    (identity(), what, proptest::array::uniform11(text())).prop_map(|(identity, what, texts)| {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        EmploymentEvent {
            source: identity.0,
            event_id: identity.1,
            revision: identity.2,
            action: identity.3,
            recorded_at: identity.4,
            measure: what.0,
            quantity: what.1,
            unit: what.2,
            as_of: what.3,
            period_start: what.4,
            period_end: what.5,
            job_basis: what.6,
            prior_status: what.7,
            programme: text(),
            funder_id: text(),
            funder_name: text(),
            award_id: text(),
            employer_id: text(),
            employer_name: text(),
            postcode: text(),
            place_code: text(),
            source_document: text(),
            unreadable_field: text(),
            unreadable_text: text(),
        }
    })
}

fn round_trip<T>(dataset: Dataset, events: &[T]) -> Result<(), TestCaseError>
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let messages: Vec<Vec<u8>> = events.iter().map(|event| encode(dataset, event)).collect();
    let decoded = decoder(dataset).decode(&values(&messages)).unwrap();
    prop_assert_eq!(decoded.batches.len(), usize::from(!events.is_empty()));
    for (event, outcome) in events.iter().zip(outcomes(&decoded, events.len())) {
        let read = outcome.map(|row| record::<T>(&row, 0));
        prop_assert_eq!(read.as_ref(), Ok(event));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves that funding events of any content come out of the columnar
    /// decoder as the record codec wrote them.
    #[test]
    fn funding_events_round_trip(events in vec(funding(), 0..8)) {
        round_trip(Dataset::Funding, &events)?;
    }

    /// Proves the same of employment events.
    #[test]
    fn employment_events_round_trip(events in vec(employment(), 0..8)) {
        round_trip(Dataset::Employment, &events)?;
    }
}
