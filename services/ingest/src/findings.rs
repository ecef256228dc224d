//! The broken rules of a batch: for each row the first in the order of the
//! reasons, whatever order the rules are tried in; or all of them, where they
//! are asked for.

use arrow::array::BooleanArray;
use arrow::buffer::BooleanBuffer;
use commonweal_schemas::{Reason, Rejection};

/// Longest piece of an event that a message quotes, in characters.
const QUOTED_CHARS_MAX: usize = 80;

struct Breach {
    reason: Reason,
    field: &'static str,
    message: String,
}

/// Broken rules by row.
pub(crate) struct Findings<'a> {
    cancelled: Option<&'a BooleanBuffer>,
    /// One pointer a row, so that a batch without faults costs one allocation.
    first: Vec<Option<Box<Breach>>>,
    rejected: usize,
    /// Every broken rule by row, in place of the first, where all are asked for.
    every: Option<Vec<(usize, Breach)>>,
}

impl<'a> Findings<'a> {
    /// No findings on `rows` rows, of which `cancelled` withdraw their event.
    pub(crate) fn new(rows: usize, cancelled: Option<&'a BooleanBuffer>) -> Self {
        let mut first = Vec::new();
        first.resize_with(rows, || None);
        Self { cancelled, first, rejected: 0, every: None }
    }

    /// The same, but every broken rule is noted.
    pub(crate) fn of_all_rules(rows: usize, cancelled: Option<&'a BooleanBuffer>) -> Self {
        Self { every: Some(Vec::new()), ..Self::new(rows, cancelled) }
    }

    /// A rule that every event must keep.
    pub(crate) fn always(&mut self, row: usize, reason: Reason, field: &'static str, message: impl FnOnce() -> String) {
        if let Some(every) = &mut self.every {
            every.push((row, Breach { reason, field, message: message() }));
            return;
        }
        let Some(first) = self.first.get_mut(row) else { return };
        match first {
            Some(breach) if breach.reason <= reason => {}
            Some(breach) => **breach = Breach { reason, field, message: message() },
            None => {
                *first = Some(Box::new(Breach { reason, field, message: message() }));
                self.rejected += 1;
            }
        }
    }

    /// A rule on what the event says: cancellations say nothing.
    pub(crate) fn content(
        &mut self,
        row: usize,
        reason: Reason,
        field: &'static str,
        message: impl FnOnce() -> String,
    ) {
        if !self.cancelled.is_some_and(|cancelled| cancelled.value(row)) {
            self.always(row, reason, field, message);
        }
    }

    /// Every broken rule in row order, a row's in the order of the reasons; a
    /// rule that a field breaks more than once is told once.
    pub(crate) fn into_breaches(self, identity: impl Fn(usize) -> (Option<String>, Option<String>)) -> Vec<Rejection> {
        let mut every = self.every.unwrap_or_default();
        // Stable: of a reason that several fields give, the one tried first stays first.
        every.sort_by_key(|(row, breach)| (*row, breach.reason));
        every.dedup_by_key(|(row, breach)| (*row, breach.reason, breach.field));
        let rejection = |(row, breach): (usize, Breach)| {
            let (source, event_id) = identity(row);
            let Breach { reason, field, message } = breach;
            // A batch has fewer rows than that by far.
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            Rejection { row, reason, field: Some(field), message, source, event_id }
        };
        every.into_iter().map(rejection).collect()
    }

    /// Rows to keep, or `None` where all are.
    pub(crate) fn keep(&self) -> Option<BooleanArray> {
        let keep = || self.first.iter().map(Option::is_none).collect::<BooleanBuffer>();
        (self.rejected > 0).then(|| BooleanArray::from(keep()))
    }

    /// The rejections in row order; `identity` gives source and event id of a
    /// row, where they can be read.
    pub(crate) fn into_rejections(
        self,
        identity: impl Fn(usize) -> (Option<String>, Option<String>),
    ) -> Vec<Rejection> {
        let mut rejections = Vec::with_capacity(self.rejected);
        for ((position, row), breach) in (0_u32..).zip(0..).zip(self.first) {
            let Some(breach) = breach else { continue };
            let (source, event_id) = identity(row);
            rejections.push(Rejection {
                row: position,
                reason: breach.reason,
                field: Some(breach.field),
                message: breach.message,
                source,
                event_id,
            });
        }
        rejections
    }
}

/// `text` in quotes, cut to a length fit for a message.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{:?} and {} bytes more", &text[..end], text.len() - end),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that the first reason in the enum's order stands, whichever rule
    /// was tried first, and that cancellations are only held to what binds all.
    #[test]
    fn first_reason_stands() {
        let cancelled: BooleanBuffer = [false, true, false].into_iter().collect();
        let mut findings = Findings::new(3, Some(&cancelled));
        findings.content(0, Reason::PostcodeMalformed, "postcode", || "late".to_owned());
        findings.content(0, Reason::AmountMissing, "amount", || "early".to_owned());
        findings.content(0, Reason::TextTooLong, "title", || "later".to_owned());
        findings.content(1, Reason::AmountMissing, "amount", || "unread".to_owned());
        let keep = findings.keep().unwrap();
        assert_eq!(keep.values().iter().collect::<Vec<_>>(), [false, true, true]);
        let rejections = findings.into_rejections(|_| (None, None));
        assert_eq!(rejections.len(), 1);
        assert_eq!((rejections[0].row, rejections[0].reason), (0, Reason::AmountMissing));
        assert_eq!(rejections[0].message, "early");
    }

    /// Proves that where all rules are asked for, each is told once a field, in
    /// the order of rows and reasons.
    #[test]
    fn every_breach_is_told_once() {
        let mut findings = Findings::of_all_rules(2, None);
        findings.content(1, Reason::JobBasisNotExclusive, "job_basis", || "first".to_owned());
        findings.content(1, Reason::JobBasisNotExclusive, "job_basis", || "again".to_owned());
        findings.content(1, Reason::AmountMissing, "amount", String::new);
        findings.always(0, Reason::OrgIdMalformed, "recipient_id", String::new);
        findings.always(0, Reason::OrgIdMalformed, "funder_id", String::new);
        let told: Vec<_> = findings.into_breaches(|_| (None, None));
        let told: Vec<_> =
            told.iter().map(|breach| (breach.row, breach.field.unwrap(), breach.message.as_str())).collect();
        assert_eq!(told, [(0, "recipient_id", ""), (0, "funder_id", ""), (1, "amount", ""), (1, "job_basis", "first")]);
    }

    /// Proves that a message stays short whatever the event holds, also where
    /// the cut falls between characters of several bytes.
    #[test]
    fn long_text_is_cut() {
        assert_eq!(quoted("a\"b"), r#""a\"b""#);
        let cut = quoted(&"ä".repeat(100));
        assert!(cut.ends_with("and 40 bytes more"), "{cut}");
    }
}
