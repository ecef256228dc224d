//! The invariants of the ledger, by the names that tests and docs use.

use std::fmt;

/// What must hold of the books and of what is published from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    Conservation,
    Additivity,
    Immutability,
    Idempotence,
    OrderIndependence,
    TopologyIndependence,
    TimeTravel,
    Traceability,
    NoFalseSums,
    Disclosure,
}

impl Invariant {
    pub const ALL: [Self; 10] = [
        Self::Conservation,
        Self::Additivity,
        Self::Immutability,
        Self::Idempotence,
        Self::OrderIndependence,
        Self::TopologyIndependence,
        Self::TimeTravel,
        Self::Traceability,
        Self::NoFalseSums,
        Self::Disclosure,
    ];

    /// Short name, `L1` to `L10`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Conservation => "L1",
            Self::Additivity => "L2",
            Self::Immutability => "L3",
            Self::Idempotence => "L4",
            Self::OrderIndependence => "L5",
            Self::TopologyIndependence => "L6",
            Self::TimeTravel => "L7",
            Self::Traceability => "L8",
            Self::NoFalseSums => "L9",
            Self::Disclosure => "L10",
        }
    }

    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Conservation => {
                "conservation: each origin offset is posted, a duplicate, superseded, rejected, absent or \
                 lost, and the books agree with the receipts"
            }
            Self::Additivity => "additivity: the sum over all entries is the sum over the latest revisions",
            Self::Immutability => {
                "immutability: no committed entry changes; it is taken back by a reversal equal to it"
            }
            Self::Idempotence => "idempotence: replaying any prefix changes nothing",
            Self::OrderIndependence => "order independence: any order of arrival gives the same net ledger",
            Self::TopologyIndependence => {
                "topology independence: batch sizes, flush points and restarts do not show in what is published"
            }
            Self::TimeTravel => "time travel: publishing as of a moment gives the same bytes whenever it is done",
            Self::Traceability => "traceability: each figure unfolds to entries, each entry to its origin offset",
            Self::NoFalseSums => "no false sums: what must not be added is nowhere added",
            Self::Disclosure => "disclosure: no published table reveals a protected count",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
