//! Histories in which few identities are stated again and again.

use super::events::{DISTRICTS, Event, day};
use proptest::prelude::*;

const MEASURES: [(&str, &str); 8] = [
    ("COMMITTED", "GBP"),
    ("DISBURSED", "GBP"),
    ("COMMITTED", "EUR"),
    ("HEADCOUNT", "PERSONS"),
    ("HEADCOUNT", "PERSONS"),
    ("VOLUNTEERS", "PERSONS"),
    ("HIRES", "PERSONS"),
    ("VOLUNTEER_HOURS", "HOURS"),
];

/// A history in which a few identities are stated again and again: revisions,
/// cancellations, conflicts and duplicates come by themselves.
pub fn history() -> impl Strategy<Value = Vec<Event>> {
    let event = (
        (0..12_u8, 0..3_i32, 0..10_u8, 0..2_i64),
        (0..MEASURES.len(), 1..60_i128, 0..4_usize, 0..3_u8),
        (0..24_u32, any::<bool>(), 0..3_u8),
    );
    let event = event.prop_map(
        |((id, revision, kind, recorded), (measure, quantity, district, party), (month, onward, name))| {
            let (measure, unit) = MEASURES[measure];
            let on = format!("20{}-{:02}-15", 19 + month / 12, month % 12 + 1);
            let money = unit == "GBP" || unit == "EUR";
            Event {
                source: format!("urn:test:{}", id % 2),
                event_id: format!("{id}"),
                revision,
                cancel: kind == 0,
                recorded_at: 1_600_000_000_000_000 + recorded,
                measure,
                unit,
                quantity: quantity * 2_500,
                instrument: money.then_some(if quantity % 2 == 0 { "GRANT" } else { "LOAN" }),
                job_basis: (measure == "HEADCOUNT" && quantity % 3 == 0).then_some("CREATED"),
                prior_status: (measure == "HIRES").then_some("UNEMPLOYED"),
                organisation: if party == 0 { "unknown".to_owned() } else { format!("ORG-{party}") },
                organisation_name: (name > 0).then(|| format!("Name {name}")),
                programme: if quantity % 5 == 0 { "KINDRED" } else { "unknown" },
                onward_grant: money && onward && quantity % 4 == 0,
                occurred_on: day(&on),
                district: DISTRICTS[district],
                ..Event::headcount("", "", "2019-01-01", 0)
            }
        },
    );
    prop::collection::vec(event, 1..60)
}
