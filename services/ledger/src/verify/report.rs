//! What verification found, as plain data.

use super::Invariant;
use commonweal_schemas::Dataset;

/// What became of the offsets of one origin partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionTotals {
    pub topic: String,
    pub partition: i32,
    /// Offsets with an outcome.
    pub offsets: u64,
    pub posted: u64,
    pub duplicate: u64,
    pub superseded: u64,
    pub rejected: u64,
    pub absent: u64,
    /// Deleted before they were read.
    pub lost: u64,
    /// First offset without an outcome.
    pub next_offset: i64,
    /// Offsets without an outcome below the last that has one: between
    /// services some are still under way. None where one process reads all.
    pub under_way: u64,
}

/// Net of one measure in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityTotals {
    pub measure: String,
    pub unit: String,
    /// Events that count now.
    pub events: i64,
    /// Net quantity in ten-thousandths of the unit.
    pub quantity: i128,
}

/// What one dataset's book holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetTotals {
    pub dataset: Dataset,
    /// Records and tombstones posted.
    pub entries: u64,
    /// Those of them that were posted anew under another reference version.
    pub reclassified: u64,
    /// Rows that take an entry back.
    pub reversals: u64,
    /// Rows that note the losing side of a conflict.
    pub notes: u64,
    /// Events that count now.
    pub live: u64,
    /// Events withdrawn now.
    pub cancelled: u64,
    /// Events in conflict now.
    pub conflicting: u64,
    /// By measure and unit.
    pub quantities: Vec<QuantityTotals>,
}

/// A breach of an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub invariant: Invariant,
    /// File, origin partition or event.
    pub place: String,
    /// What is wrong there.
    pub finding: String,
}

/// Result of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Last ledger commit that was looked at.
    pub commit: i64,
    /// Reference version that is being adopted.
    pub adopting: Option<String>,
    pub files: u64,
    pub bytes: u64,
    /// By topic and partition.
    pub partitions: Vec<PartitionTotals>,
    pub datasets: Vec<DatasetTotals>,
    /// The first faults of each invariant.
    pub faults: Vec<Fault>,
    /// Faults beyond those listed.
    pub faults_left_out: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Faults listed of each invariant: one broken file can break every event in it.
const LISTED_MAX: usize = 50;

/// Faults as they are found.
#[derive(Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    left_out: u64,
}

impl Faults {
    /// Adds a fault. Its text is made only where it will be listed.
    pub(super) fn add<P: Into<String>, F: Into<String>>(
        &mut self,
        invariant: Invariant,
        describe: impl FnOnce() -> (P, F),
    ) {
        if self.list.iter().filter(|fault| fault.invariant == invariant).count() >= LISTED_MAX {
            self.left_out += 1;
            return;
        }
        let (place, finding) = describe();
        self.list.push(Fault { invariant, place: place.into(), finding: finding.into() });
    }

    /// The faults by invariant, and how many more there are.
    pub(super) fn into_parts(mut self) -> (Vec<Fault>, u64) {
        self.list.sort_by_key(|fault| fault.invariant);
        (self.list, self.left_out)
    }
}
