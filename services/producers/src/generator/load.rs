//! Load for benchmarks: as many messages as asked for, each made by itself
//! from its number, so that a run can start anywhere.

use super::organisations::{BACKGROUND, Funder, Organisation, funders, organisations};
use super::quarters::{ALL, QUARTERS};
use super::{Event, Generated, faults};
use crate::contract;
use crate::dates::MICROS_PER_DAY;
use crate::random::{Draw, Purpose};
use commonweal_schemas::codes::Kind;
use commonweal_schemas::records::{EmploymentEvent, FundingEvent, FundingStage, Instrument};
use commonweal_schemas::{Dataset, Measure, Reason};
use rust_decimal::Decimal;

/// Organisations the load tells of.
pub(super) const ORGANISATIONS: u32 = 5_000;
const PROGRAMMES: usize = 40;
/// A repeated or corrected event lies at most so many messages back.
const LOOK_BACK_MAX: u64 = 50_000;
/// Most money is promised or paid; weights in 10.
const STAGES: [FundingStage; 10] = [
    FundingStage::Committed,
    FundingStage::Committed,
    FundingStage::Committed,
    FundingStage::Committed,
    FundingStage::Disbursed,
    FundingStage::Disbursed,
    FundingStage::Disbursed,
    FundingStage::Disbursed,
    FundingStage::Repaid,
    FundingStage::WrittenOff,
];
const MEASURES: [Measure; 10] = [
    Measure::Headcount,
    Measure::Headcount,
    Measure::Headcount,
    Measure::Headcount,
    Measure::Fte,
    Measure::Fte,
    Measure::Hires,
    Measure::Leavers,
    Measure::VolunteerHours,
    Measure::TrainingHours,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Plain,
    Duplicate,
    Correction,
    Refused,
}

pub(super) struct Script {
    seed: u64,
    events: u64,
    source: String,
    organisations: Vec<Organisation>,
    funders: Vec<Funder>,
    programmes: Vec<String>,
    /// All that costs few bytes: one too large would weigh a benchmark down.
    reasons: Vec<Reason>,
}

impl Script {
    pub(super) fn new(seed: u64, events: u64) -> Self {
        Self {
            seed,
            events,
            source: super::source(seed),
            organisations: organisations(seed, ORGANISATIONS),
            funders: funders(),
            programmes: (1..=PROGRAMMES).map(|number| format!("Synthetic Programme {number:02}")).collect(),
            reasons: Reason::ALL.iter().copied().filter(|reason| *reason != Reason::PayloadTooLarge).collect(),
        }
    }

    /// What the message at `index` is: 0.5 % duplicates, 0.5 % corrections,
    /// 0.1 % to be refused.
    fn part(&self, index: u64) -> Part {
        match Draw::new(self.seed, Purpose::LoadKind, index).below(1000) {
            // The first has nothing before it to repeat.
            _ if index == 0 => Part::Plain,
            0..5 => Part::Duplicate,
            5..10 => Part::Correction,
            10 => Part::Refused,
            _ => Part::Plain,
        }
    }

    /// A plain message before `index`.
    fn earlier(&self, index: u64) -> u64 {
        let back = 1 + Draw::new(self.seed, Purpose::LoadKind, index ^ 1 << 63).below(index.min(LOOK_BACK_MAX));
        let mut earlier = index - back;
        while self.part(earlier) != Part::Plain {
            earlier -= 1;
        }
        earlier
    }

    /// The plain event of `index`: one in three is funding.
    fn plain(&self, index: u64) -> Event {
        if index.is_multiple_of(3) {
            Event::Funding(self.funding(index))
        } else {
            Event::Employment(self.employment(index))
        }
    }

    /// The event of `index` corrected; the same however often it is.
    fn corrected(&self, index: u64) -> Event {
        let mut event = self.plain(index);
        match &mut event {
            Event::Funding(event) => {
                event.revision = 1;
                event.recorded_at += MICROS_PER_DAY;
                event.amount = event.amount.map(|amount| amount + Decimal::ONE_HUNDRED);
            }
            Event::Employment(event) => {
                event.revision = 1;
                event.recorded_at += MICROS_PER_DAY;
                event.quantity = event.quantity.map(|quantity| quantity + Decimal::TWO);
            }
        }
        event
    }

    fn funding(&self, index: u64) -> FundingEvent {
        let mut draw = Draw::new(self.seed, Purpose::LoadEvent, index);
        let organisation = draw.pick(&self.organisations);
        let funder = &self.funders[BACKGROUND + draw.index(self.funders.len() - BACKGROUND)];
        let (first, last) = (i64::from(ALL[0].first_day), i64::from(ALL[QUARTERS - 1].last_day));
        let day = draw.between(first, last);
        let stage = *draw.pick(&STAGES);
        let repayable = matches!(stage, FundingStage::Repaid | FundingStage::WrittenOff);
        FundingEvent {
            source: self.source.clone(),
            event_id: format!("load/{index:012}"),
            recorded_at: recorded(day, &mut draw),
            stage,
            instrument: if repayable { Instrument::Loan } else { Instrument::Grant },
            programme: Some(draw.pick(&self.programmes).clone()),
            funder_id: Some(funder.id.clone()),
            funder_name: Some(funder.name.to_owned()),
            recipient_id: Some(organisation.id.clone()),
            recipient_name: Some(organisation.name.clone()),
            amount: Some(Decimal::new(draw.between(10_000, 9_000_000), 2)),
            currency: Some("GBP".to_owned()),
            occurred_on: i32::try_from(day).ok(),
            postcode: organisation.place.postcode.clone(),
            place_code: organisation.place.code.map(str::to_owned),
            title: Some("Synthetic grant towards running costs".to_owned()),
            ..FundingEvent::default()
        }
    }

    fn employment(&self, index: u64) -> EmploymentEvent {
        let mut draw = Draw::new(self.seed, Purpose::LoadEvent, index);
        let organisation = draw.pick(&self.organisations);
        let quarter = draw.pick(&ALL);
        let measure = *draw.pick(&MEASURES);
        let stock = measure.kind() == Kind::Stock;
        let hundredths = match measure {
            Measure::Fte => draw.between(50, 20_000),
            Measure::VolunteerHours | Measure::TrainingHours => draw.between(4, 4_000) * 25,
            _ => draw.between(1, 200) * 100,
        };
        let attributed = draw.per_mille(200).then(|| {
            let funder = &self.funders[BACKGROUND + draw.index(self.funders.len() - BACKGROUND)];
            (draw.pick(&self.programmes).clone(), funder)
        });
        let (programme, funder) = attributed.unzip();
        EmploymentEvent {
            source: self.source.clone(),
            event_id: format!("load/{index:012}"),
            recorded_at: recorded(i64::from(quarter.last_day), &mut draw),
            measure: contract::symbol(measure),
            quantity: Some(Decimal::new(hundredths, 2)),
            unit: contract::unit_of(measure),
            as_of: stock.then_some(quarter.last_day),
            period_start: (!stock).then_some(quarter.first_day),
            period_end: (!stock).then_some(quarter.last_day),
            programme,
            funder_id: funder.map(|funder| funder.id.clone()),
            funder_name: funder.map(|funder| funder.name.to_owned()),
            employer_id: Some(organisation.id.clone()),
            employer_name: Some(organisation.name.clone()),
            postcode: organisation.place.postcode.clone(),
            place_code: organisation.place.code.map(str::to_owned),
            source_document: Some(format!("synthetic:returns/{}", quarter.label)),
            ..EmploymentEvent::default()
        }
    }

    fn refused(&self, index: u64) -> Generated {
        let reason = *Draw::new(self.seed, Purpose::Fault, index).pick(&self.reasons);
        let event = match faults::dataset_of(reason, index) {
            Dataset::Funding => Event::Funding(self.funding(index)),
            Dataset::Employment => Event::Employment(self.employment(index)),
        };
        Generated { event: faults::spoil(event, reason, index), refused: Some(reason) }
    }
}

impl super::Script for Script {
    fn messages(&self) -> u64 {
        self.events
    }

    fn generated(&self, position: u64) -> Generated {
        let event = match self.part(position) {
            Part::Refused => return self.refused(position),
            Part::Plain => self.plain(position),
            Part::Duplicate => self.plain(self.earlier(position)),
            Part::Correction => self.corrected(self.earlier(position)),
        };
        Generated { event, refused: None }
    }
}

/// Recorded within four weeks of `day`, in microseconds since 1970.
fn recorded(day: i64, draw: &mut Draw) -> i64 {
    (day + 1) * MICROS_PER_DAY + draw.between(0, 27 * 86_400) * 1_000_000
}
