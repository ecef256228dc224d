//! Synthetic work: what each employer returns each quarter.
//!
//! What an employer returns without a job basis is all it employs. Posts that
//! are attributed to an award are returned beside it, by job basis: they say
//! how many of them, and are never added to it.

use super::employers::Employer;
use super::money::Award;
use super::organisations::{FUND, Funder, Organisation};
use super::quarters::{ALL, QUARTERS, position_of};
use super::{CARES_PROGRAMME, FUND_PROGRAMME};
use crate::contract;
use crate::random::{Draw, Purpose};
use commonweal_schemas::Measure;
use commonweal_schemas::codes::Kind;
use commonweal_schemas::records::{EmploymentEvent, JobBasis, PriorStatus};
use rust_decimal::Decimal;

/// Quantities are kept in parts of so many.
const HUNDREDTHS: i64 = 100;
/// Capital for one new post, in pence.
const PENCE_PER_POST: i64 = 30_000 * 100;

/// One return: a measure of an employer in a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) organisation: u32,
    pub(super) quarter: usize,
    pub(super) measure: Measure,
    /// In hundredths of the measure's unit.
    pub(super) hundredths: i64,
    /// Award the posts are attributed to.
    pub(super) award: Option<u32>,
    pub(super) basis: JobBasis,
    pub(super) prior: PriorStatus,
}

/// Posts of an employer attributed to an award.
#[derive(Clone, Copy, Debug)]
struct Attribution {
    award: u32,
    basis: JobBasis,
    from: usize,
    posts: i64,
}

/// All returns of the region's employers.
pub(super) fn facts(seed: u64, employers: &[Employer], awards: &[Award]) -> Vec<Fact> {
    let attributions = attributions(seed, employers.len(), awards);
    let mut facts = Vec::new();
    for ((organisation, employer), attributed) in (0_u32..).zip(employers).zip(&attributions) {
        let mut draw = Draw::new(seed, Purpose::Work, 2 << 32 | u64::from(organisation));
        let mut apprentices = 0;
        for quarter in 0..QUARTERS {
            let mut returns = Returns { organisation, quarter, facts: &mut facts };
            returns.posts(employer, attributed);
            returns.movements(employer, attributed, &mut draw);
            returns.volunteering(employer, &mut draw);
            apprentices = returns.learning(employer, apprentices, &mut draw);
        }
    }
    facts
}

/// Posts by organisation: a loan makes posts and keeps some, a small grant
/// keeps or supports a few.
fn attributions(seed: u64, organisations: usize, awards: &[Award]) -> Vec<Vec<Attribution>> {
    let mut by_organisation: Vec<Vec<Attribution>> = vec![Vec::new(); organisations];
    for (award, given) in (0_u32..).zip(awards) {
        let mut draw = Draw::new(seed, Purpose::Work, 3 << 32 | u64::from(award));
        let from = position_of(given.day + 30);
        let bases = if given.funder == FUND {
            let kept = if draw.per_mille(500) { draw.between(1, 6) } else { 0 };
            [(JobBasis::Created, 1 + given.pence / PENCE_PER_POST), (JobBasis::Safeguarded, kept)]
        } else {
            let (kept, supported) = match draw.below(10) {
                0..6 => (draw.between(1, 3), 0),
                6..8 => (0, draw.between(1, 2)),
                _ => (0, 0),
            };
            [(JobBasis::Safeguarded, kept), (JobBasis::Supported, supported)]
        };
        let posts = bases.into_iter().filter(|(_, posts)| *posts > 0);
        by_organisation[given.organisation as usize].extend(posts.map(|(basis, posts)| Attribution {
            award,
            basis,
            from,
            posts,
        }));
    }
    by_organisation
}

/// Returns of one employer in one quarter.
struct Returns<'a> {
    organisation: u32,
    quarter: usize,
    facts: &'a mut Vec<Fact>,
}

impl Returns<'_> {
    fn own(&mut self, measure: Measure, hundredths: i64) {
        self.add(measure, hundredths, None, JobBasis::Unspecified, PriorStatus::Unspecified);
    }

    fn add(&mut self, measure: Measure, hundredths: i64, award: Option<u32>, basis: JobBasis, prior: PriorStatus) {
        let (organisation, quarter) = (self.organisation, self.quarter);
        self.facts.push(Fact { organisation, quarter, measure, hundredths, award, basis, prior });
    }

    /// Headcount and FTE of all, and of those attributed to awards.
    fn posts(&mut self, employer: &Employer, attributed: &[Attribution]) {
        let quarter = self.quarter;
        let mut rest = employer.headcount[quarter];
        for attribution in attributed.iter().filter(|attribution| attribution.from <= quarter) {
            let posts = attribution.posts.min(rest);
            if posts > 0 {
                let (award, basis) = (Some(attribution.award), attribution.basis);
                self.add(Measure::Headcount, posts * HUNDREDTHS, award, basis, PriorStatus::Unspecified);
                self.add(Measure::Fte, posts * employer.fte_per_cent, award, basis, PriorStatus::Unspecified);
                rest -= posts;
            }
        }
        self.own(Measure::Headcount, employer.headcount[quarter] * HUNDREDTHS);
        self.own(Measure::Fte, employer.headcount[quarter] * employer.fte_per_cent);
    }

    /// Hires and leavers; who filled a created post is attributed with it.
    fn movements(&mut self, employer: &Employer, attributed: &[Attribution], draw: &mut Draw) {
        let mut hires = employer.hires[self.quarter];
        let quarter = self.quarter;
        let filled = attributed.iter().filter(|one| one.from == quarter && one.basis == JobBasis::Created);
        for attribution in filled {
            let people = attribution.posts.min(hires);
            let prior = match draw.below(20) {
                0..10 => PriorStatus::Unemployed,
                10..13 => PriorStatus::Inactive,
                13..16 => PriorStatus::Education,
                _ => PriorStatus::Employed,
            };
            if people > 0 {
                let people = people * HUNDREDTHS;
                self.add(Measure::Hires, people, Some(attribution.award), JobBasis::Unspecified, prior);
            }
            hires -= people;
        }
        let unemployed = if employer.states_prior { hires * draw.between(10, 40) / 100 } else { 0 };
        if unemployed > 0 {
            let people = unemployed * HUNDREDTHS;
            self.add(Measure::Hires, people, None, JobBasis::Unspecified, PriorStatus::Unemployed);
        }
        if hires > unemployed {
            self.own(Measure::Hires, (hires - unemployed) * HUNDREDTHS);
        }
        if employer.leavers[self.quarter] > 0 {
            self.own(Measure::Leavers, employer.leavers[self.quarter] * HUNDREDTHS);
        }
    }

    fn volunteering(&mut self, employer: &Employer, draw: &mut Draw) {
        if employer.volunteers > 0 {
            let people = (employer.volunteers * ALL[self.quarter].volunteers_per_mille / 1000).max(1);
            self.own(Measure::Volunteers, people * HUNDREDTHS);
            // Quarter hours are how hours are returned.
            self.own(Measure::VolunteerHours, people * draw.between(60, 160) * 25);
        }
        if employer.trains && employer.headcount[self.quarter] > 0 {
            let people = employer.headcount[self.quarter];
            self.own(Measure::TrainingHours, people * draw.between(4, 24) * 25);
        }
    }

    /// Apprenticeships; returns those in learning at the quarter's end.
    fn learning(&mut self, employer: &Employer, before: i64, draw: &mut Draw) -> i64 {
        if !employer.takes_apprentices {
            return 0;
        }
        let most = 1 + employer.headcount[self.quarter] / 60;
        let starts = if draw.per_mille(450) { draw.between(1, most) } else { 0 };
        let achieved = if before > 0 && draw.per_mille(300) { draw.between(1, before) } else { 0 };
        let learning = before + starts - achieved;
        self.own(Measure::ApprenticeshipsInLearning, learning * HUNDREDTHS);
        if starts > 0 {
            let prior = if draw.per_mille(500) { PriorStatus::Education } else { PriorStatus::Unemployed };
            self.add(Measure::ApprenticeshipStarts, starts * HUNDREDTHS, None, JobBasis::Unspecified, prior);
        }
        if achieved > 0 {
            self.own(Measure::ApprenticeshipAchievements, achieved * HUNDREDTHS);
        }
        learning
    }
}

/// What a fact refers to.
pub(super) struct Context<'a> {
    pub(super) source: &'a str,
    pub(super) organisations: &'a [Organisation],
    pub(super) funders: &'a [Funder],
    pub(super) awards: &'a [Award],
}

/// A fact as an event, recorded at `recorded_at` (microseconds since 1970).
pub(super) fn event(fact: &Fact, context: &Context<'_>, recorded_at: i64) -> EmploymentEvent {
    let organisation = &context.organisations[fact.organisation as usize];
    let award = fact.award.map(|award| &context.awards[award as usize]);
    let quarter = ALL[fact.quarter];
    let stock = fact.measure.kind() == Kind::Stock;
    let series = award.map_or("own", |award| award.id.as_str());
    let (basis, prior) = (fact.basis as u8, fact.prior as u8);
    let mut event = EmploymentEvent {
        source: context.source.to_owned(),
        event_id: format!(
            "work/{:04}/{}/{}/{series}/{basis}{prior}",
            fact.organisation,
            quarter.label,
            fact.measure.code()
        ),
        recorded_at,
        measure: contract::symbol(fact.measure),
        quantity: Some(Decimal::new(fact.hundredths, 2)),
        unit: contract::unit_of(fact.measure),
        as_of: stock.then_some(quarter.last_day),
        period_start: (!stock).then_some(quarter.first_day),
        period_end: (!stock).then_some(quarter.last_day),
        prior_status: fact.prior,
        employer_id: Some(organisation.employer_id().to_owned()),
        employer_name: Some(organisation.name.clone()),
        postcode: organisation.place.postcode.clone(),
        place_code: organisation.place.code.map(str::to_owned),
        source_document: Some(format!("synthetic:returns/{}#{:04}", quarter.label, fact.organisation)),
        ..EmploymentEvent::default()
    };
    if fact.basis != JobBasis::Unspecified {
        event.job_basis.push(fact.basis);
    }
    if let Some(award) = award {
        let funder = &context.funders[award.funder];
        let programme = if award.funder == FUND { FUND_PROGRAMME } else { CARES_PROGRAMME };
        event.programme = Some(programme.to_owned());
        event.funder_id = Some(funder.id.clone());
        event.funder_name = Some(funder.name.to_owned());
        event.award_id = Some(award.id.clone());
    }
    event
}
