//! L2 and L3 event by event: what stands is the greatest statement, it counts
//! once, and each reversal meets the one entry it takes back.

use super::Invariant;
use super::report::{DatasetTotals, QuantityTotals};
use super::rows::{At, Book, Row};
use commonweal_schemas::Dataset;

/// A reversal and the entry it takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) reversal: At,
    pub(super) entry: At,
}

/// An entry that a reference version had posted anew, and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Restated {
    pub(super) anew: At,
    pub(super) before: At,
}

/// A fault of the event that the row at `at` states.
pub(super) struct EventFault {
    pub(super) invariant: Invariant,
    pub(super) at: At,
    pub(super) finding: String,
}

/// What walking a book event by event told.
pub(super) struct Walk {
    pub(super) totals: DatasetTotals,
    pub(super) pairs: Vec<Pair>,
    /// Entries posted anew under another reference version, and those in whose
    /// place they are.
    pub(super) restated: Vec<Restated>,
    pub(super) faults: Vec<EventFault>,
    /// Per measure and unit: sum over the latest revisions.
    latest: Vec<i128>,
}

/// Sums of one event.
#[derive(Default)]
struct Net {
    entry: i64,
    cancelled: i64,
    conflict: i64,
    quantity: i128,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) commit: i64,
    /// Its commit is part of an adoption of another reference version.
    pub(super) adopts: bool,
}

/// Walks `book` event by event; `files` by number.
pub(super) fn walk(dataset: Dataset, book: &mut Book, files: &[Source]) -> Walk {
    // Rows of one event together, within it those of one content, entries first.
    book.rows.sort_unstable_by_key(|row| (row.identity, row.digest, row.is_reversal, row.at));
    let totals = DatasetTotals {
        dataset,
        entries: 0,
        reclassified: 0,
        reversals: 0,
        notes: 0,
        live: 0,
        cancelled: 0,
        conflicting: 0,
        quantities: Vec::new(),
    };
    let latest = vec![0; book.groups.len()];
    let mut walk = Walk { totals, pairs: Vec::new(), restated: Vec::new(), faults: Vec::new(), latest };
    for event in book.rows.chunk_by(|a, b| a.identity == b.identity) {
        walk.event(event);
        walk.adoptions(event, files);
        for content in event.chunk_by(|a, b| a.digest == b.digest) {
            walk.content(content, files);
        }
    }
    walk.sums(book);
    walk
}

/// Commit that wrote a row.
fn commit(files: &[Source], at: At) -> i64 {
    files.get(at.file as usize).map_or(i64::MAX, |file| file.commit)
}

impl Walk {
    fn fault(&mut self, invariant: Invariant, at: At, finding: impl Into<String>) {
        self.faults.push(EventFault { invariant, at, finding: finding.into() });
    }

    /// Additivity: the sums of an event are those of its greatest statement.
    fn event(&mut self, rows: &[Row]) {
        let mut net = Net::default();
        for row in rows {
            net.entry += i64::from(row.entry);
            net.cancelled += i64::from(row.cancelled);
            net.conflict += i64::from(row.conflict);
            net.quantity += i128::from(row.quantity);
            if !row.is_well_formed() {
                self.fault(
                    Invariant::Additivity,
                    row.at,
                    "entry, cancelled, conflict and quantity of a row do not go together",
                );
            }
            match (row.is_reversal, row.stands()) {
                (true, _) => self.totals.reversals += 1,
                (false, true) => {
                    self.totals.entries += 1;
                    self.totals.reclassified += u64::from(row.is_reclassified);
                }
                (false, false) => self.totals.notes += 1,
            }
        }
        let stated = rows.iter().filter(|row| !row.is_reversal);
        let Some(greatest) = stated.clone().max_by_key(|row| row.rank()) else {
            let Some(row) = rows.first() else { return };
            self.fault(Invariant::Additivity, row.at, "the event has reversals, but was never posted");
            return;
        };
        let others = stated.filter(|row| row.revision == greatest.revision && row.digest != greatest.digest);
        let conflict = i64::from(others.count() > 0);
        let quantity = if greatest.entry == 1 { i128::from(greatest.quantity) } else { 0 };
        if !greatest.stands() {
            self.fault(Invariant::Additivity, greatest.at, "the event's greatest statement is only a note");
        }
        let mut compare = |name: &str, found: i128, due: i128| {
            if found != due {
                let finding = format!("net {name} of the event is {found}, its latest revision says {due}");
                self.faults.push(EventFault { invariant: Invariant::Additivity, at: greatest.at, finding });
            }
        };
        compare("entry", i128::from(net.entry), i128::from(greatest.entry));
        compare("cancelled", i128::from(net.cancelled), i128::from(greatest.cancelled));
        compare("conflict", i128::from(net.conflict), i128::from(conflict));
        compare("quantity in ten-thousandths", net.quantity, quantity);
        self.totals.live += u64::from(greatest.entry == 1);
        self.totals.cancelled += u64::from(greatest.cancelled == 1);
        self.totals.conflicting += u64::from(conflict == 1);
        if let Some(latest) = self.latest.get_mut(usize::from(greatest.group)) {
            *latest += quantity;
        }
    }

    /// Immutability: commits of adoptions reclassify, and no others do.
    fn adoptions(&mut self, rows: &[Row], files: &[Source]) {
        for row in rows {
            let adopts = files.get(row.at.file as usize).is_some_and(|file| file.adopts);
            match (row.is_reclassified, adopts) {
                (true, false) => {
                    self.fault(Invariant::Immutability, row.at, "a reclassification is no part of any adoption");
                }
                (false, true) => {
                    self.fault(Invariant::Immutability, row.at, "a commit of an adoption posts something else");
                }
                _ => {}
            }
        }
    }

    /// Immutability: each reversal takes back one entry of the same content,
    /// of the same commit or an earlier one, and what is reclassified is taken
    /// back and posted anew by one commit. `rows` holds entries first.
    fn content(&mut self, rows: &[Row], files: &[Source]) {
        let (entries, reversals) = rows.split_at(rows.partition_point(|row| !row.is_reversal));
        let mut reversals = reversals.iter();
        // The entry before and what took it back.
        let mut before: Option<(&Row, &Row)> = None;
        for entry in entries.iter().filter(|row| row.stands()) {
            self.restated(before, Some(entry), files);
            before = reversals.next().map(|reversal| (entry, reversal));
            if let Some((entry, reversal)) = before {
                self.pair(entry, reversal, files);
            }
        }
        self.restated(before, None, files);
        for reversal in reversals {
            let finding = "a reversal takes back what was never posted, or twice";
            self.fault(Invariant::Immutability, reversal.at, finding);
        }
    }

    /// A reversal and its entry.
    fn pair(&mut self, entry: &Row, reversal: &Row, files: &[Source]) {
        let negated = (-entry.entry, -entry.cancelled, -i128::from(entry.quantity), entry.group);
        let found = (reversal.entry, reversal.cancelled, i128::from(reversal.quantity), reversal.group);
        if negated != found {
            let finding = "a reversal's measure, unit, quantity or count is not that of its entry, negated";
            self.fault(Invariant::Immutability, reversal.at, finding);
        }
        if commit(files, entry.at) > commit(files, reversal.at) {
            self.fault(Invariant::Immutability, reversal.at, "a reversal was posted before its entry");
        }
        self.pairs.push(Pair { reversal: reversal.at, entry: entry.at });
    }

    /// An entry, if there is one, after another of the same content and what
    /// took that back.
    fn restated(&mut self, before: Option<(&Row, &Row)>, entry: Option<&Row>, files: &[Source]) {
        let before = before.filter(|(_, reversal)| reversal.is_reclassified);
        let entry = entry.filter(|entry| entry.is_reclassified);
        match (before, entry) {
            (None, None) => {}
            (Some((old, reversal)), Some(new)) if commit(files, reversal.at) == commit(files, new.at) => {
                let counts = |row: &Row| (row.entry, row.cancelled, row.quantity, row.group);
                if counts(old) != counts(new) {
                    let finding = "a reclassification changes a measure, unit, quantity or count";
                    self.fault(Invariant::Immutability, new.at, finding);
                }
                self.restated.push(Restated { anew: new.at, before: old.at });
            }
            (_, Some(new)) => {
                let finding = "a reclassification posts what its commit does not take back";
                self.fault(Invariant::Immutability, new.at, finding);
            }
            (Some((_, reversal)), None) => {
                let finding = "a reclassification takes back what its commit does not post anew";
                self.fault(Invariant::Immutability, reversal.at, finding);
            }
        }
    }

    /// Additivity over the whole book, by measure and unit.
    fn sums(&mut self, book: &Book) {
        let mut all = vec![(0_i64, 0_i128); book.groups.len()];
        for row in &book.rows {
            if let Some((events, quantity)) = all.get_mut(usize::from(row.group)) {
                *events += i64::from(row.entry);
                *quantity += i128::from(row.quantity);
            }
        }
        for (number, (measure, unit)) in book.groups.iter().enumerate() {
            let ((events, quantity), latest) = (all[number], self.latest[number]);
            let first = book.rows.iter().find(|row| usize::from(row.group) == number && row.entry == 1);
            if quantity != latest
                && let Some(row) = first
            {
                let finding = format!(
                    "{measure} in {unit} adds up to {quantity} ten-thousandths over all entries, \
                     to {latest} over the latest revisions"
                );
                self.fault(Invariant::Additivity, row.at, finding);
            }
            // Withdrawals may state no measure.
            if !measure.is_empty() {
                let (measure, unit) = (measure.clone(), unit.clone());
                self.totals.quantities.push(QuantityTotals { measure, unit, events, quantity });
            }
        }
        self.totals.quantities.sort_by(|a, b| (&a.measure, &a.unit).cmp(&(&b.measure, &b.unit)));
    }
}
