//! Statements about few events, so that they meet, and logs of them.

use commonweal_schemas::Dataset;
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

/// What an event says. Content 0 to 5 stands for all columns that are no identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) dataset: Dataset,
    pub(crate) identity: u32,
    pub(crate) revision: i32,
    /// UTC microseconds.
    pub(crate) recorded_at: i64,
    pub(crate) content: u8,
    pub(crate) cancel: bool,
}

/// Columns figures are grouped by: dataset, measure, unit, district, quarter, programme.
pub(crate) type Group = [String; 6];

impl Statement {
    /// Digest of everything the statement says, as ingest makes it.
    pub(crate) fn digest(&self) -> [u8; 16] {
        // A withdrawal states nothing beside itself.
        let content = if self.cancel { 0 } else { self.content };
        let text = format!(
            "{} {} {} {} {content} {}",
            self.dataset, self.identity, self.revision, self.recorded_at, self.cancel
        );
        xxh3_128(text.as_bytes()).to_be_bytes()
    }

    /// Ten-thousandths of the unit.
    pub(crate) fn quantity(&self) -> i128 {
        i128::from(self.content) * 12_345 + i128::from(self.identity) * 10_000 + 1
    }

    pub(crate) fn measure(&self) -> &'static str {
        match (self.dataset, self.content % 2) {
            (Dataset::Funding, 0) => "COMMITTED",
            (Dataset::Funding, _) => "DISBURSED",
            (Dataset::Employment, 0) => "HIRES",
            (Dataset::Employment, _) => "HEADCOUNT",
        }
    }

    pub(crate) fn unit(&self) -> &'static str {
        match (self.dataset, self.content / 2) {
            (Dataset::Funding, 0) => "GBP",
            (Dataset::Funding, _) => "EUR",
            (Dataset::Employment, _) => "PERSONS",
        }
    }

    pub(crate) fn district(&self) -> String {
        format!("E0800001{}", self.content % 3)
    }

    pub(crate) fn quarter(&self) -> String {
        format!("2020-Q{}", 1 + self.content / 2)
    }

    pub(crate) fn programme(&self) -> String {
        format!("P-{}", self.content / 3)
    }

    pub(crate) fn group(&self) -> Group {
        [
            self.dataset.to_string(),
            self.measure().to_owned(),
            self.unit().to_owned(),
            self.district(),
            self.quarter(),
            self.programme(),
        ]
    }
}

/// What lies at an offset.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Event(Statement),
    /// Bytes no event can be read from.
    Bad(Dataset),
}

impl Message {
    pub(crate) fn dataset(&self) -> Dataset {
        match self {
            Self::Event(statement) => statement.dataset,
            Self::Bad(dataset) => *dataset,
        }
    }
}

/// A message at its origin. Offsets rise per dataset and partition, with holes.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) message: Message,
}

/// What the reader does after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Reads on.
    Read,
    /// Posts what was read.
    Post,
    /// Posts and commits.
    Flush,
    /// Posts and begins a commit, which the next flush waits for.
    Begin,
    /// Dies without a word and starts again from the journal's positions.
    Restart,
}

/// Partitions of each topic.
pub(crate) const PARTITIONS: i32 = 3;

fn statement(dataset: BoxedStrategy<Dataset>) -> impl Strategy<Value = Statement> {
    (dataset, 0..4_u32, 0..3_i32, 0..3_i64, 0..6_u8, prop::bool::weighted(0.15)).prop_map(
        |(dataset, identity, revision, recorded_at, content, cancel)| Statement {
            dataset,
            identity,
            revision,
            recorded_at,
            content,
            cancel,
        },
    )
}

fn message(dataset: BoxedStrategy<Dataset>) -> impl Strategy<Value = Message> {
    prop_oneof![
        12 => statement(dataset.clone()).prop_map(Message::Event),
        1 => dataset.prop_map(Message::Bad),
    ]
}

/// One dataset, or both in one ledger.
fn datasets() -> impl Strategy<Value = BoxedStrategy<Dataset>> {
    use Dataset::{Employment, Funding};
    prop_oneof![
        Just(Just(Funding).boxed()),
        Just(Just(Employment).boxed()),
        Just(prop_oneof![Just(Funding), Just(Employment)].boxed()),
    ]
}

/// Messages with duplicates, revisions, withdrawals and conflicts among eight
/// events, in no order: 1 to 60 of them.
pub(crate) fn messages() -> impl Strategy<Value = Vec<Message>> {
    // Whole messages are repeated as a producer's retry does.
    let stated = datasets().prop_flat_map(|dataset| prop::collection::vec(message(dataset), 1..48));
    (stated, prop::collection::vec(any::<prop::sample::Index>(), 0..12)).prop_map(|(mut messages, repeats)| {
        let again: Vec<Message> = repeats.iter().map(|repeat| repeat.get(&messages).clone()).collect();
        messages.extend(again);
        messages
    })
}

/// Which partition each message goes to, and how many offsets before it hold none.
pub(crate) fn places() -> impl Strategy<Value = Vec<(i32, i64)>> {
    let gap = prop_oneof![4 => Just(0_i64), 1 => 1..4_i64];
    prop::collection::vec((0..PARTITIONS, gap), 60)
}

/// What the reader does after each message.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => Just(Step::Read),
        8 => Just(Step::Post),
        2 => Just(Step::Flush),
        2 => Just(Step::Begin),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 60)
}

/// The messages at their origins.
pub(crate) fn log(messages: &[Message], places: &[(i32, i64)]) -> Vec<Record> {
    let mut next = std::collections::BTreeMap::new();
    messages
        .iter()
        .zip(places.iter().cycle())
        .map(|(message, &(partition, gap))| {
            let next: &mut i64 = next.entry((message.dataset(), partition)).or_default();
            let offset = *next + gap;
            *next = offset + 1;
            Record { partition, offset, message: message.clone() }
        })
        .collect()
}
