//! What happens to an event on its way: stated wrongly first, sent twice,
//! withdrawn, contradicted, late.

use super::Event;
use super::plan::Region;
use crate::dates::MICROS_PER_DAY;
use crate::random::{Draw, Purpose};
use commonweal_schemas::records::{Action, EmploymentEvent, FundingEvent};
use rust_decimal::Decimal;

/// Days from one revision to the next.
const REVISION_DAYS: i64 = 12;

/// The fate of one event, drawn for it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fate, drawn by its own rate")]
pub(super) struct History {
    /// Wrong revisions before the right one.
    pub(super) wrong: u8,
    /// The right revision arrives before the wrong ones.
    pub(super) reversed: bool,
    /// Another content goes out under the right revision, a day before.
    pub(super) conflicting: bool,
    pub(super) duplicated: bool,
    /// One that never was is stated beside it, and withdrawn.
    pub(super) withdrawn: bool,
    /// Days of delay on the way.
    pub(super) late_days: i64,
}

/// What one message says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Revision so-and-so; the last is right.
    Statement(u8),
    /// The other content under the right revision.
    Contradiction,
    /// An event beside it that never was.
    NeverWas,
    /// Withdraws what never was.
    Withdrawal,
    /// Must be refused: position of the reason, and which copy.
    Refused(u8, u16),
}

impl History {
    pub(super) fn of(seed: u64, region: &Region, fact: u32) -> Self {
        let mut draw = Draw::new(seed, Purpose::Fault, u64::from(fact));
        let corrected = draw.per_mille(region.corrected_per_mille);
        Self {
            wrong: if corrected { 1 + u8::from(draw.per_mille(150)) } else { 0 },
            reversed: draw.per_mille(250),
            conflicting: draw.per_mille(region.conflicting_per_mille),
            duplicated: draw.per_mille(region.duplicates_per_mille),
            withdrawn: draw.per_mille(region.withdrawn_per_mille),
            late_days: if draw.per_mille(region.late_per_mille) { draw.between(60, 200) } else { 0 },
        }
    }

    /// The messages an event becomes: when each arrives, in microseconds since
    /// 1970, and what it says. `recorded_at` is the first revision's.
    pub(super) fn messages(self, seed: u64, fact: u32, recorded_at: i64) -> Vec<(i64, Role)> {
        let mut draw = Draw::new(seed, Purpose::Arrival, 1 << 32 | u64::from(fact));
        let mut on_the_way = || draw.between(60_000_000, MICROS_PER_DAY / 2) + self.late_days * MICROS_PER_DAY;
        let last = recorded_at + self.delay_of(Role::Statement(self.wrong));
        let mut messages = Vec::new();
        for version in 0..=self.wrong {
            let role = Role::Statement(version);
            let overtaken = self.reversed && version < self.wrong;
            let sent = if overtaken { last + MICROS_PER_DAY } else { recorded_at + self.delay_of(role) };
            messages.push((sent + on_the_way(), role));
        }
        if self.conflicting {
            // Which of the two comes first is left to the way.
            let apart = if self.reversed { 2 * MICROS_PER_DAY } else { 0 };
            let sent = recorded_at + self.delay_of(Role::Contradiction) + apart;
            messages.push((sent + on_the_way(), Role::Contradiction));
        }
        if self.duplicated {
            messages.push((last + 9 * MICROS_PER_DAY + on_the_way(), Role::Statement(self.wrong)));
        }
        if self.withdrawn {
            let (first, second) = (recorded_at + on_the_way(), recorded_at + self.delay_of(Role::Withdrawal));
            let (first, second) = if self.reversed { (second + MICROS_PER_DAY, second) } else { (first, second) };
            messages.push((first, Role::NeverWas));
            messages.push((second, Role::Withdrawal));
        }
        messages
    }

    /// Microseconds from the first revision's record to that of `role`.
    fn delay_of(self, role: Role) -> i64 {
        let days = match role {
            Role::Statement(version) => {
                let contradicting = self.conflicting && version == self.wrong;
                i64::from(version) * REVISION_DAYS + i64::from(contradicting)
            }
            Role::Contradiction => i64::from(self.wrong) * REVISION_DAYS,
            Role::NeverWas | Role::Refused(..) => 0,
            Role::Withdrawal => REVISION_DAYS,
        };
        days * MICROS_PER_DAY
    }

    /// What the message of `role` says, where `right` is the event as it was.
    pub(super) fn said(self, seed: u64, fact: u32, role: Role, right: Event) -> Event {
        let mut event = right;
        let altered_by = match role {
            Role::Statement(version) if version == self.wrong => None,
            Role::Statement(version) => Some(u64::from(version)),
            Role::Contradiction => Some(8),
            Role::NeverWas => Some(9),
            Role::Withdrawal | Role::Refused(..) => None,
        };
        if let Some(which) = altered_by {
            alter(&mut event, &mut Draw::new(seed, Purpose::Fault, (which + 1) << 32 | u64::from(fact)));
        }
        let revision = match role {
            Role::Statement(version) => i32::from(version),
            Role::Contradiction => i32::from(self.wrong),
            Role::NeverWas | Role::Refused(..) => 0,
            Role::Withdrawal => 1,
        };
        let later = self.delay_of(role);
        match &mut event {
            Event::Funding(event) => {
                (event.revision, event.recorded_at) = (revision, event.recorded_at + later);
            }
            Event::Employment(event) => {
                (event.revision, event.recorded_at) = (revision, event.recorded_at + later);
            }
        }
        match role {
            Role::NeverWas => beside(event),
            Role::Withdrawal => cancel(beside(event)),
            _ => event,
        }
    }
}

/// The same under another identity.
fn beside(mut event: Event) -> Event {
    match &mut event {
        Event::Funding(event) => event.event_id.push_str("/never-was"),
        Event::Employment(event) => event.event_id.push_str("/never-was"),
    }
    event
}

/// Its cancellation: identity, revision and time, and nothing else.
fn cancel(event: Event) -> Event {
    match event {
        Event::Funding(event) => Event::Funding(FundingEvent {
            source: event.source,
            event_id: event.event_id,
            revision: event.revision,
            recorded_at: event.recorded_at,
            action: Action::Cancel,
            ..FundingEvent::default()
        }),
        Event::Employment(event) => Event::Employment(EmploymentEvent {
            source: event.source,
            event_id: event.event_id,
            revision: event.revision,
            recorded_at: event.recorded_at,
            action: Action::Cancel,
            ..EmploymentEvent::default()
        }),
    }
}

/// Makes an event say something else: another quantity, and at times no place.
fn alter(event: &mut Event, draw: &mut Draw) {
    let whole = Decimal::from(draw.between(1, 9));
    let displaced = draw.per_mille(300);
    match event {
        Event::Funding(event) => {
            event.amount = event.amount.map(|amount| amount + whole * Decimal::from(50));
            if displaced {
                (event.postcode, event.place_code) = (None, None);
            }
        }
        Event::Employment(event) => {
            event.quantity = event.quantity.map(|quantity| quantity + whole);
            if displaced {
                (event.postcode, event.place_code) = (None, None);
            }
        }
    }
}
