//! Under which reference versions a journal was posted, and when it was brought
//! from one to the next.

use crate::JournalError;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

/// Table property: the version in force.
pub(crate) const CURRENT: &str = "commonweal.reference";
/// Table property: the adoptions, as JSON.
pub(crate) const ADOPTIONS: &str = "commonweal.adoptions";

/// How a journal was brought from one reference version to another. Of its
/// commits, those from `began` on hold nothing but the adoption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    pub from: String,
    pub to: String,
    /// First commit of it.
    pub began: i64,
    /// `posted_at` of the commit before that, UTC microseconds, 0 for none.
    pub before_micros: i64,
    /// Its last commit; none while it is under way.
    pub ended: Option<Ended>,
}

/// The end of an adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub commit: i64,
    /// `posted_at` of that commit, UTC microseconds.
    pub micros: i64,
}

/// The reference versions of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    current: String,
    adoptions: Vec<Adoption>,
}

impl References {
    /// Those of a journal that was never brought to another version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self { current: version.to_owned(), adoptions: Vec::new() }
    }

    /// The version that events are posted under; while an adoption is under
    /// way, the one that it leads away from.
    #[must_use]
    pub fn current(&self) -> &str {
        &self.current
    }

    /// In their order.
    #[must_use]
    pub fn adoptions(&self) -> &[Adoption] {
        &self.adoptions
    }

    /// The adoption that was begun and not ended.
    #[must_use]
    pub fn under_way(&self) -> Option<&Adoption> {
        self.adoptions.last().filter(|adoption| adoption.ended.is_none())
    }

    /// Whether a commit is part of an adoption.
    #[must_use]
    pub fn adopts(&self, commit: i64) -> bool {
        let holds = |adoption: &Adoption| adoption.ended.is_none_or(|end| commit <= end.commit);
        self.adoptions.iter().any(|adoption| adoption.began <= commit && holds(adoption))
    }

    /// With an adoption of `to` begun by commit `began`, after a commit that
    /// was posted at `before_micros`.
    #[must_use]
    pub fn begun(&self, to: &str, began: i64, before_micros: i64) -> Self {
        let mut next = self.clone();
        let from = next.current.clone();
        next.adoptions.push(Adoption { from, to: to.to_owned(), began, before_micros, ended: None });
        next
    }

    /// With the adoption under way ended.
    #[must_use]
    pub fn ended(&self, end: Ended) -> Self {
        let mut next = self.clone();
        if let Some(adoption) = next.adoptions.last_mut().filter(|adoption| adoption.ended.is_none()) {
            adoption.ended = Some(end);
            next.current.clone_from(&adoption.to);
        }
        next
    }

    /// Table properties that say so.
    pub(crate) fn properties(&self) -> [(&'static str, String); 2] {
        let adoptions: Vec<Value> = self.adoptions.iter().map(to_json).collect();
        [(CURRENT, self.current.clone()), (ADOPTIONS, Value::Array(adoptions).to_string())]
    }

    /// As the properties of a table have them.
    pub(crate) fn read(dir: &Path, properties: &HashMap<String, String>) -> Result<Self, JournalError> {
        let wrong = |reason: String| JournalError::NotAJournal { path: dir.to_owned(), reason };
        let current = properties.get(CURRENT).cloned().ok_or_else(|| wrong(format!("it has no property {CURRENT}")))?;
        let Some(text) = properties.get(ADOPTIONS) else { return Ok(Self { current, adoptions: Vec::new() }) };
        let parsed: Option<Vec<Value>> = serde_json::from_str(text).ok();
        let adoptions = parsed.and_then(|adoptions| adoptions.iter().map(of_json).collect::<Option<Vec<_>>>());
        let adoptions = adoptions.ok_or_else(|| wrong(format!("its property {ADOPTIONS} cannot be read: {text}")))?;
        Ok(Self { current, adoptions })
    }
}

fn to_json(adoption: &Adoption) -> Value {
    let Adoption { from, to, began, before_micros, ended } = adoption;
    json!({
        "from": from, "to": to, "began": began, "before_micros": before_micros,
        "ended": ended.map(|end| end.commit), "ended_micros": ended.map(|end| end.micros),
    })
}

fn of_json(value: &Value) -> Option<Adoption> {
    let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let number = |name: &str| value.get(name)?.as_i64();
    let ended = match (number("ended"), number("ended_micros")) {
        (Some(commit), Some(micros)) => Some(Ended { commit, micros }),
        _ => None,
    };
    Some(Adoption {
        from: text("from")?,
        to: text("to")?,
        began: number("began")?,
        before_micros: number("before_micros")?,
        ended,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn stored(references: &References) -> HashMap<String, String> {
        references.properties().map(|(key, value)| (key.to_owned(), value)).into()
    }

    /// Proves that an adoption takes force when it ends and not before, that
    /// all of it is found again in a table's properties, and that a journal
    /// without adoptions and one that is none are told.
    #[test]
    fn adoptions_are_kept() {
        let first = References::new("a");
        let dir = Path::new("/journal");
        let plain = HashMap::from([(CURRENT.to_owned(), "a".to_owned())]);
        assert_eq!(References::read(dir, &plain).unwrap(), first);
        assert!(matches!(References::read(dir, &HashMap::new()), Err(JournalError::NotAJournal { .. })));

        let begun = first.begun("b", 7, 42);
        assert_eq!((begun.current(), begun.under_way().unwrap().to.as_str()), ("a", "b"));
        assert_eq!([6, 7, 1_000].map(|commit| begun.adopts(commit)), [false, true, true]);
        assert_eq!(References::read(dir, &stored(&begun)).unwrap(), begun);
        let ended = begun.ended(Ended { commit: 9, micros: 43 });
        assert_eq!((ended.current(), ended.under_way()), ("b", None));
        assert_eq!([6, 7, 9, 10].map(|commit| ended.adopts(commit)), [false, true, true, false]);
        let back = ended.begun("a", 10, 43).ended(Ended { commit: 11, micros: 44 });
        assert_eq!(back.adoptions().len(), 2);
        assert_eq!(References::read(dir, &stored(&back)).unwrap(), back);

        let mut broken = stored(&back);
        broken.insert(ADOPTIONS.to_owned(), "[{}]".to_owned());
        assert!(matches!(References::read(dir, &broken), Err(JournalError::NotAJournal { .. })));
    }
}
