//! Writes the stages of synthetic awards as funding events.

use super::organisations::{Funder, Organisation};
use crate::dates::MICROS_PER_DAY;
use crate::random::{Draw, Purpose};
use commonweal_schemas::records::{FundingEvent, FundingStage, Instrument, RecipientKind};
use rust_decimal::Decimal;

/// Days between an event and its record, at most.
const RECORDING_DAYS_MAX: i64 = 28;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    Organisation(u32),
    Funder(usize),
    Individual,
}

/// What all stages of an award have in common.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    /// Also the event id of the commitment.
    pub(super) award_id: String,
    pub(super) instrument: Instrument,
    pub(super) programme: Option<String>,
    pub(super) funder: usize,
    pub(super) recipient: Recipient,
    pub(super) currency: &'static str,
    pub(super) onward: bool,
    pub(super) title: String,
}

/// Funding events, each written once and rightly.
#[derive(Debug)]
pub(super) struct Book<'a> {
    pub(super) seed: u64,
    pub(super) organisations: &'a [Organisation],
    pub(super) funders: &'a [Funder],
    pub(super) events: Vec<FundingEvent>,
}

impl Book<'_> {
    /// Writes one stage of a deal; `part` tells apart several of one stage.
    pub(super) fn post(&mut self, deal: &Deal, stage: FundingStage, part: u32, day: i32, pence: i64) {
        let (suffix, title) = match stage {
            FundingStage::Disbursed => (format!("/disbursed/{part}"), "payment"),
            FundingStage::Repaid => (format!("/repaid/{part}"), "repayment"),
            FundingStage::WrittenOff => (format!("/written-off/{part}"), "write-off"),
            FundingStage::Committed | FundingStage::Unspecified => (String::new(), "award"),
        };
        let funder = &self.funders[deal.funder];
        let mut event = FundingEvent {
            source: super::source(self.seed),
            event_id: format!("{}{suffix}", deal.award_id),
            recorded_at: recorded_at(&mut Draw::new(self.seed, Purpose::Arrival, self.events.len() as u64), day),
            stage,
            instrument: deal.instrument,
            programme: deal.programme.clone(),
            funder_id: Some(funder.id.clone()),
            funder_name: Some(funder.name.to_owned()),
            amount: Some(Decimal::new(pence, 2)),
            currency: Some(deal.currency.to_owned()),
            occurred_on: Some(day),
            award_id: (!suffix.is_empty()).then(|| deal.award_id.clone()),
            onward_grant: deal.onward,
            title: Some(format!("{} ({title})", deal.title)),
            source_document: Some(format!("synthetic:{}#{suffix}", deal.award_id)),
            ..FundingEvent::default()
        };
        self.receive(&mut event, deal.recipient);
        self.events.push(event);
    }

    fn receive(&self, event: &mut FundingEvent, recipient: Recipient) {
        match recipient {
            Recipient::Organisation(index) => {
                let organisation = &self.organisations[index as usize];
                event.recipient_id = Some(organisation.id.clone());
                event.recipient_name = Some(organisation.name.clone());
                event.postcode.clone_from(&organisation.place.postcode);
                event.place_code = organisation.place.code.map(str::to_owned);
            }
            Recipient::Funder(index) => {
                event.recipient_id = Some(self.funders[index].id.clone());
                event.recipient_name = Some(self.funders[index].name.to_owned());
            }
            Recipient::Individual => event.recipient_kind = RecipientKind::Individual,
        }
    }
}

/// When an event of `day` is recorded: some days later, in office hours; UTC
/// microseconds since 1970.
pub(super) fn recorded_at(draw: &mut Draw, day: i32) -> i64 {
    let days = i64::from(day) + draw.between(1, RECORDING_DAYS_MAX);
    days * MICROS_PER_DAY + draw.between(9 * 3600, 17 * 3600) * 1_000_000
}

/// Splits `total` over `weights` in whole multiples of `step`, each at least
/// one step, so that the parts add up to `total` rounded down to a multiple.
pub(super) fn shares(weights: &[i64], total: i64, step: i64) -> Vec<i64> {
    let sum: i64 = weights.iter().sum::<i64>().max(1);
    let steps = total / step;
    let mut parts: Vec<i64> = weights
        .iter()
        .map(|weight| {
            let exact = i128::from(steps) * i128::from(*weight) / i128::from(sum);
            i64::try_from(exact).unwrap_or(0).max(1)
        })
        .collect();
    let mut rest = steps - parts.iter().sum::<i64>();
    // What rounding left over goes to, or is taken from, the largest in turn.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&position| (-weights[position], position));
    while rest != 0 && !order.is_empty() {
        let before = rest;
        for &position in &order {
            if rest > 0 {
                parts[position] += 1;
                rest -= 1;
            } else if rest < 0 && parts[position] > 1 {
                parts[position] -= 1;
                rest += 1;
            }
        }
        if rest == before {
            break;
        }
    }
    parts.into_iter().map(|part| part * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Proves that shares add up to the whole, each at least one step,
        /// wherever there are steps enough to go round.
        #[test]
        fn shares_add_up(weights in prop::collection::vec(1_i64..500, 1..60), more in 0_i64..100_000, step in 1_i64..900) {
            let total = (more + i64::try_from(weights.len()).unwrap_or(0)) * step;
            let parts = shares(&weights, total, step);
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            prop_assert!(parts.iter().all(|part| *part >= step && part % step == 0));
        }
    }
}
