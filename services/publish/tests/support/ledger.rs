//! A small ledger: posts events in the order they come, by the rules every
//! posting follows (highest revision wins; equal revisions of other content
//! are decided by recorded_at and digest; nothing is changed, only reversed).

use super::events::Event;
use std::collections::HashMap;

/// A row of a posting book.
#[derive(Clone, Debug)]
pub struct Entry {
    pub event: Event,
    pub entry: i32,
    /// Ten-thousandths; none for a cancellation.
    pub quantity: Option<i128>,
    pub cause: &'static str,
    pub cancelled: i32,
    pub conflict: i32,
}

#[derive(Default)]
pub struct Ledger {
    current: HashMap<(bool, String, String), (Event, bool)>,
}

fn standing(event: &Event, sign: i32, cause: &'static str, conflict: i32) -> Entry {
    let record = i32::from(!event.cancel);
    Entry {
        event: event.clone(),
        entry: sign * record,
        quantity: (!event.cancel).then(|| i128::from(sign) * event.quantity),
        cause,
        cancelled: sign * (1 - record),
        conflict,
    }
}

fn memo(event: &Event, conflict: i32) -> Entry {
    let quantity = (!event.cancel).then_some(0);
    Entry { event: event.clone(), entry: 0, quantity, cause: "conflict", cancelled: 0, conflict }
}

impl Ledger {
    /// Rows that an event adds.
    pub fn post(&mut self, event: &Event) -> Vec<Entry> {
        let identity = (event.is_money(), event.source.clone(), event.event_id.clone());
        let cause = match (event.cancel, event.revision) {
            (true, _) => "cancellation",
            (false, 0) => "record",
            (false, _) => "correction",
        };
        let Some((known, conflicting)) = self.current.get(&identity).cloned() else {
            self.current.insert(identity, (event.clone(), false));
            return vec![standing(event, 1, if event.cancel { cause } else { "record" }, 0)];
        };
        let rank = |event: &Event| (event.recorded_at, event.content_digest());
        if event.revision > known.revision {
            self.current.insert(identity, (event.clone(), false));
            return vec![standing(&known, -1, cause, -i32::from(conflicting)), standing(event, 1, cause, 0)];
        }
        if event.revision < known.revision || rank(event) == rank(&known) {
            return Vec::new();
        }
        let opens = i32::from(!conflicting);
        if rank(event) > rank(&known) {
            self.current.insert(identity, (event.clone(), true));
            vec![standing(&known, -1, "conflict", 0), standing(event, 1, "conflict", opens)]
        } else {
            self.current.insert(identity, (known, true));
            vec![memo(event, opens)]
        }
    }

    /// Rows that another reference version makes: entries in force that it
    /// changes are reversed and posted anew.
    pub fn reclassify(&mut self, change: impl Fn(&Event) -> Option<Event>) -> Vec<Entry> {
        let mut rows = Vec::new();
        let mut known: Vec<_> = self.current.values_mut().filter(|(event, _)| !event.cancel).collect();
        known.sort_by(|(one, _), (other, _)| (&one.source, &one.event_id).cmp(&(&other.source, &other.event_id)));
        for (event, _) in known {
            if let Some(changed) = change(event) {
                rows.push(standing(event, -1, "reclassification", 0));
                rows.push(standing(&changed, 1, "reclassification", 0));
                *event = changed;
            }
        }
        rows
    }

    /// Events in force.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.current.values().map(|(event, _)| event).filter(|event| !event.cancel)
    }
}
