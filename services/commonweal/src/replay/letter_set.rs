//! A set of dead letters: offsets by topic and partition of origin.

use commonweal_schemas::replay::MessageOrigin;
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Letters by origin; runs of neighbours cost next to nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<OfPartition>", into = "Vec<OfPartition>")]
pub(crate) struct LetterSet {
    partitions: BTreeMap<(String, i32), RoaringTreemap>,
}

/// Letters of one partition as text: `"5-9,12"`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct OfPartition {
    topic: String,
    partition: i32,
    offsets: String,
}

impl LetterSet {
    pub(crate) fn insert(&mut self, origin: &MessageOrigin) {
        if let Ok(offset) = u64::try_from(origin.offset) {
            self.partitions.entry((origin.topic.clone(), origin.partition)).or_default().insert(offset);
        }
    }

    pub(crate) fn contains(&self, origin: &MessageOrigin) -> bool {
        let found = self.partitions.get(&(origin.topic.clone(), origin.partition));
        found.zip(u64::try_from(origin.offset).ok()).is_some_and(|(set, offset)| set.contains(offset))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub(crate) fn len(&self) -> u64 {
        self.partitions.values().map(RoaringTreemap::len).sum()
    }

    /// Topics that letters came from.
    pub(crate) fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = self.partitions.keys().map(|(topic, _)| topic.clone()).collect();
        topics.dedup();
        topics
    }

    /// Takes in what the other holds.
    pub(crate) fn extend(&mut self, other: &Self) {
        for (place, set) in &other.partitions {
            *self.partitions.entry(place.clone()).or_default() |= set;
        }
    }

    /// Strikes off what the other holds.
    pub(crate) fn remove(&mut self, other: &Self) {
        for (place, set) in &other.partitions {
            if let Some(own) = self.partitions.get_mut(place) {
                *own -= set;
            }
        }
        self.partitions.retain(|_, set| !set.is_empty());
    }

    /// A line for each partition: `TOPIC/PARTITION: 5-9,12`.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.partitions.iter().map(|((topic, partition), set)| format!("{topic}/{partition}: {}", ranges(set)))
    }
}

fn ranges(set: &RoaringTreemap) -> String {
    let mut text = String::new();
    let mut offsets = set.iter().peekable();
    while let Some(first) = offsets.next() {
        let mut last = first;
        while offsets.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _written =
            if first == last { write!(text, "{comma}{first}") } else { write!(text, "{comma}{first}-{last}") };
    }
    text
}

fn parse(text: &str) -> Result<RoaringTreemap, String> {
    let mut set = RoaringTreemap::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => set.insert_range(first..=last),
            _ => return Err(format!("{part:?} is no range of offsets")),
        };
    }
    Ok(set)
}

impl TryFrom<Vec<OfPartition>> for LetterSet {
    type Error = String;

    fn try_from(all: Vec<OfPartition>) -> Result<Self, String> {
        let mut letters = Self::default();
        for OfPartition { topic, partition, offsets } in all {
            *letters.partitions.entry((topic, partition)).or_default() |= parse(&offsets)?;
        }
        Ok(letters)
    }
}

impl From<LetterSet> for Vec<OfPartition> {
    fn from(letters: LetterSet) -> Self {
        let offsets = |((topic, partition), set): ((String, i32), RoaringTreemap)| OfPartition {
            topic,
            partition,
            offsets: ranges(&set),
        };
        letters.partitions.into_iter().map(offsets).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(partition: i32, offset: i64) -> MessageOrigin {
        MessageOrigin { topic: "t".to_owned(), partition, offset }
    }

    /// Proves that a set comes back from its text, and that what is no text of
    /// a set is refused.
    #[test]
    fn sets_round_trip_as_text() {
        let mut letters = LetterSet::default();
        for offset in [5, 6, 7, 9, 0, 4_000_000_000_000] {
            letters.insert(&origin(2, offset));
        }
        letters.insert(&origin(0, 1));
        let text = serde_json::to_string(&letters).unwrap();
        assert!(text.contains("\"0,5-7,9,4000000000000\""), "{text}");
        assert_eq!(serde_json::from_str::<LetterSet>(&text).unwrap(), letters);
        assert_eq!(letters.lines().collect::<Vec<_>>(), ["t/0: 1", "t/2: 0,5-7,9,4000000000000"]);
        for wrong in ["", "x", "3-1", "1-2-3", "1,,2", "-1"] {
            let text = format!("[{{\"topic\":\"t\",\"partition\":0,\"offsets\":\"{wrong}\"}}]");
            assert!(serde_json::from_str::<LetterSet>(&text).is_err(), "{wrong:?}");
        }
    }

    /// Proves that sets unite and part by origin, and that an empty partition
    /// is none.
    #[test]
    fn sets_unite_and_part() {
        let (mut all, mut some) = (LetterSet::default(), LetterSet::default());
        for offset in [1, 2, 3] {
            all.insert(&origin(0, offset));
            some.insert(&origin(0, offset + 1));
        }
        let mut rest = all.clone();
        rest.remove(&some);
        assert!(rest.contains(&origin(0, 1)) && rest.len() == 1 && !rest.contains(&origin(1, 1)));
        rest.extend(&some);
        assert_eq!((rest.len(), rest.topics()), (4, vec!["t".to_owned()]));
        rest.remove(&rest.clone());
        assert!(rest.is_empty());
    }
}
