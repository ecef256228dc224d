//! The naive model: all statements of an event, and the greatest of them.

use super::history::{Group, Message, Statement};
use commonweal_schemas::Dataset;
use std::collections::{BTreeMap, BTreeSet};

/// Net figures of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Net {
    /// Per dataset: entry, cancelled, conflict; quantity has no sum over units.
    pub(crate) datasets: BTreeMap<String, [i64; 3]>,
    /// Per group: entry and quantity in ten-thousandths.
    pub(crate) groups: BTreeMap<Group, (i64, i128)>,
}

impl Net {
    /// Without what adds up to nothing.
    pub(crate) fn reduced(mut self) -> Self {
        self.datasets.retain(|_, sums| *sums != [0, 0, 0]);
        self.groups.retain(|_, sums| *sums != (0, 0));
        self
    }
}

/// What the books must add up to once they hold `messages`.
pub(crate) fn net<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Net {
    let mut events: BTreeMap<(Dataset, u32), Vec<&Statement>> = BTreeMap::new();
    for message in messages {
        if let Message::Event(statement) = message {
            events.entry((statement.dataset, statement.identity)).or_default().push(statement);
        }
    }
    let mut net = Net::default();
    for ((dataset, _), statements) in events {
        let rank = |statement: &&&Statement| (statement.revision, statement.recorded_at, statement.digest());
        let greatest = statements.iter().max_by_key(rank).unwrap();
        let contents: BTreeSet<[u8; 16]> = statements
            .iter()
            .filter(|statement| statement.revision == greatest.revision)
            .map(|statement| statement.digest())
            .collect();
        let sums = net.datasets.entry(dataset.to_string()).or_default();
        sums[0] += i64::from(!greatest.cancel);
        sums[1] += i64::from(greatest.cancel);
        sums[2] += i64::from(contents.len() > 1);
        if !greatest.cancel {
            let group = net.groups.entry(greatest.group()).or_default();
            group.0 += 1;
            group.1 += greatest.quantity();
        }
    }
    net.reduced()
}
