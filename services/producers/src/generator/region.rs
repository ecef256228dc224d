//! The region's messages, in the order they arrive.
//!
//! The facts are few enough to keep (a few megabytes); the events and their
//! bytes are made one by one as they are asked for.

use super::employers::employers;
use super::faults;
use super::history::{History, Role};
use super::money::{Money, money};
use super::money_book::recorded_at;
use super::organisations::{Funder, Organisation, funders, organisations};
use super::plan::Region;
use super::quarters::ALL;
use super::work::{self, Fact, facts};
use super::{Event, Generated};
use crate::random::{Draw, Purpose};
use commonweal_schemas::{Dataset, Reason};

/// One message to come: when it arrives, in microseconds since 1970, what it
/// is about and what it says of it.
#[derive(Clone, Copy, Debug)]
struct Slot {
    arrival: i64,
    fact: u32,
    role: Role,
}

pub(super) struct Script {
    seed: u64,
    source: String,
    region: Region,
    organisations: Vec<Organisation>,
    funders: Vec<Funder>,
    money: Money,
    work: Vec<Fact>,
    slots: Vec<Slot>,
}

impl Script {
    pub(super) fn new(seed: u64, region: &Region) -> Self {
        let organisations = organisations(seed, region.organisations);
        let funders = funders();
        let money = money(seed, region, &organisations, &funders);
        let work = facts(seed, &employers(seed, region), &money.awards);
        let source = super::source(seed);
        let mut script =
            Self { seed, source, region: region.clone(), organisations, funders, money, work, slots: Vec::new() };
        script.slots = script.arrivals();
        script
    }

    fn facts(&self) -> u32 {
        u32::try_from(self.money.events.len() + self.work.len()).unwrap_or(u32::MAX)
    }

    fn arrivals(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        for fact in 0..self.facts() {
            let history = History::of(self.seed, &self.region, fact);
            for (arrival, role) in history.messages(self.seed, fact, self.first_recorded(fact)) {
                slots.push(Slot { arrival, fact, role });
            }
        }
        self.add_refused(&mut slots);
        // Facts and roles are in a fixed order, so a stable sort settles ties the same way each time.
        slots.sort_by_key(|slot| slot.arrival);
        slots
    }

    /// Bad messages, spread over the whole time, each beside a right event
    /// it is made from.
    fn add_refused(&self, slots: &mut Vec<Slot>) {
        if self.money.events.is_empty() || self.work.is_empty() {
            return;
        }
        for (position, reason) in (0_u8..).zip(Reason::ALL) {
            let wanted = self.region.refused_per_reason.min(u32::from(u16::MAX));
            let copies = if *reason == Reason::PayloadTooLarge { wanted.min(1) } else { wanted };
            for copy in 0..copies {
                let mut draw =
                    Draw::new(self.seed, Purpose::Fault, 1 << 63 | u64::from(position) << 32 | u64::from(copy));
                let fact = match faults::dataset_of(*reason, u64::from(copy)) {
                    Dataset::Funding => draw.index(self.money.events.len()),
                    Dataset::Employment => self.money.events.len() + draw.index(self.work.len()),
                };
                let fact = u32::try_from(fact).unwrap_or(0);
                let copy = u16::try_from(copy).unwrap_or(0);
                slots.push(Slot { arrival: self.first_recorded(fact), fact, role: Role::Refused(position, copy) });
            }
        }
    }

    /// When the first revision of a fact is recorded, in microseconds since
    /// 1970.
    fn first_recorded(&self, fact: u32) -> i64 {
        match self.work_fact(fact) {
            None => self.money.events[fact as usize].recorded_at,
            Some(work) => recorded_at(
                &mut Draw::new(self.seed, Purpose::Arrival, 2 << 32 | u64::from(fact)),
                ALL[work.quarter].last_day,
            ),
        }
    }

    /// The return a fact is; `None` where it is money.
    fn work_fact(&self, fact: u32) -> Option<&Fact> {
        (fact as usize).checked_sub(self.money.events.len()).map(|position| &self.work[position])
    }

    /// A fact's event as it was.
    fn right(&self, fact: u32) -> Event {
        match self.work_fact(fact) {
            None => Event::Funding(self.money.events[fact as usize].clone()),
            Some(work) => {
                let context = work::Context {
                    source: &self.source,
                    organisations: &self.organisations,
                    funders: &self.funders,
                    awards: &self.money.awards,
                };
                Event::Employment(work::event(work, &context, self.first_recorded(fact)))
            }
        }
    }
}

impl super::Script for Script {
    fn messages(&self) -> u64 {
        self.slots.len() as u64
    }

    fn generated(&self, position: u64) -> Generated {
        let Slot { fact, role, .. } = self.slots[usize::try_from(position).unwrap_or(usize::MAX)];
        let right = self.right(fact);
        if let Role::Refused(reason, copy) = role {
            let reason = Reason::ALL[usize::from(reason)];
            return Generated { event: faults::spoil(right, reason, u64::from(copy)), refused: Some(reason) };
        }
        let history = History::of(self.seed, &self.region, fact);
        Generated { event: history.said(self.seed, fact, role, right), refused: None }
    }
}
