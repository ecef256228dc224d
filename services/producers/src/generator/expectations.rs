//! What a ledger must hold of a plan, reckoned naively: all generated events
//! in one map, the latest of each kept, and added up. It reads the events as
//! they are meant, never their bytes, and knows nothing of the ledger.

use super::plan::Plan;
use super::{Event, script};
use crate::{contract, dates};
use commonweal_schemas::records::{Action, FundingStage};
use commonweal_schemas::{Dataset, Measure, Reason};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a live quantity is added up by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuantityKey {
    pub measure: Measure,
    /// ISO 4217 code, or PERSONS, FTE or HOURS.
    pub unit: String,
    /// Such as `2020-Q1`.
    pub quarter: String,
    /// Canonical code, or `unknown`.
    pub programme: String,
}

/// Exact figures of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    pub messages: u64,
    pub messages_by_dataset: BTreeMap<Dataset, u64>,
    /// Distinct (dataset, source, event id) of messages that are not refused.
    pub identities: u64,
    /// Identities whose latest revision states an event.
    pub live: u64,
    /// Identities whose latest revision withdraws it.
    pub cancelled: u64,
    /// Identities whose latest revision was stated with different contents.
    pub conflicting: u64,
    /// Messages that repeat a revision with equal content.
    pub duplicates: u64,
    /// Sum and number of the live events.
    pub quantities: BTreeMap<QuantityKey, (Decimal, u64)>,
    /// Messages to be refused, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// The same, counting equal payloads once.
    pub refused_distinct: BTreeMap<Reason, u64>,
}

/// Figures of `plan` under `seed`. Holds all its events in memory: for tests.
#[must_use]
pub fn expectations(seed: u64, plan: &Plan) -> Expectations {
    let script = script(seed, plan);
    let mut expected = Expectations { messages: script.messages(), ..Expectations::default() };
    let mut identities: HashMap<Identity, Identified> = HashMap::new();
    let mut refused: BTreeMap<Reason, BTreeSet<String>> = BTreeMap::new();
    for position in 0..script.messages() {
        let generated = script.generated(position);
        *expected.messages_by_dataset.entry(generated.event.dataset()).or_default() += 1;
        if let Some(reason) = generated.refused {
            *expected.refused.entry(reason).or_default() += 1;
            // Payloads without a byte are all equal, whatever was meant.
            let payload = if reason == Reason::PayloadEmpty { String::new() } else { format!("{:?}", generated.event) };
            refused.entry(reason).or_default().insert(payload);
            continue;
        }
        let stated = Stated::from(generated.event);
        expected.duplicates += u64::from(identities.entry(stated.identity.clone()).or_default().hear(stated));
    }
    expected.refused_distinct = refused.into_iter().map(|(reason, payloads)| (reason, payloads.len() as u64)).collect();
    expected.identities = identities.len() as u64;
    for latest in identities.into_values().filter_map(Identified::latest) {
        expected.conflicting += u64::from(latest.conflicting);
        match latest.live {
            None => expected.cancelled += 1,
            Some((key, quantity)) => {
                expected.live += 1;
                let sum = expected.quantities.entry(key).or_default();
                sum.0 += quantity;
                sum.1 += 1;
            }
        }
    }
    expected
}

type Identity = (Dataset, String, String);

/// All contents heard under one identity, by revision.
#[derive(Default)]
struct Identified {
    revisions: BTreeMap<i32, Vec<Stated>>,
}

/// What is in force under an identity.
struct Latest {
    conflicting: bool,
    live: Option<(QuantityKey, Decimal)>,
}

impl Identified {
    /// True where this was heard before.
    fn hear(&mut self, stated: Stated) -> bool {
        let contents = self.revisions.entry(stated.revision).or_default();
        let heard = contents.iter().any(|other| other.content == stated.content);
        if !heard {
            contents.push(stated);
        }
        heard
    }

    fn latest(self) -> Option<Latest> {
        let (_, contents) = self.revisions.into_iter().next_back()?;
        let conflicting = contents.len() > 1;
        // Generated conflicts never share a time of record, so the content need not decide.
        let in_force = contents.into_iter().max_by_key(|stated| stated.recorded_at)?;
        Some(Latest { conflicting, live: in_force.live })
    }
}

/// One statement, as far as the figures need it.
struct Stated {
    identity: Identity,
    revision: i32,
    recorded_at: i64,
    /// Everything but lineage.
    content: String,
    live: Option<(QuantityKey, Decimal)>,
}

impl From<Event> for Stated {
    fn from(event: Event) -> Self {
        match event {
            Event::Funding(mut event) => {
                event.source_document = None;
                let measure = match event.stage {
                    FundingStage::Unspecified | FundingStage::Committed => Measure::Committed,
                    FundingStage::Disbursed => Measure::Disbursed,
                    FundingStage::Repaid => Measure::Repaid,
                    FundingStage::WrittenOff => Measure::WrittenOff,
                };
                let unit = event.currency.clone().unwrap_or_default();
                let key = key(measure, unit, event.occurred_on, event.programme.as_deref());
                let live = event.amount.filter(|_| event.action == Action::Record);
                Self {
                    revision: event.revision,
                    recorded_at: event.recorded_at,
                    content: format!("{event:?}"),
                    live: live.map(|amount| (key, amount)),
                    identity: (Dataset::Funding, event.source, event.event_id),
                }
            }
            Event::Employment(mut event) => {
                event.source_document = None;
                let measure = contract::measure(event.measure).unwrap_or(Measure::Headcount);
                let unit = measure.unit().unwrap_or_default().to_owned();
                let key = key(measure, unit, event.as_of.or(event.period_end), event.programme.as_deref());
                let live = event.quantity.filter(|_| event.action == Action::Record);
                Self {
                    revision: event.revision,
                    recorded_at: event.recorded_at,
                    content: format!("{event:?}"),
                    live: live.map(|quantity| (key, quantity)),
                    identity: (Dataset::Employment, event.source, event.event_id),
                }
            }
        }
    }
}

fn key(measure: Measure, unit: String, day: Option<i32>, programme: Option<&str>) -> QuantityKey {
    let quarter = day.and_then(dates::year_and_month).map(|(year, month)| format!("{year}-Q{}", month.div_ceil(3)));
    QuantityKey { measure, unit, quarter: quarter.unwrap_or_default(), programme: canonical(programme) }
}

/// A programme's code: capitals, anything else between them one dash.
fn canonical(programme: Option<&str>) -> String {
    let capitals = programme.unwrap_or_default().to_uppercase();
    let words: Vec<&str> = capitals.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "unknown".to_owned() } else { words.join("-") }
}
