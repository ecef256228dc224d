//! Why a figure changed.

/// A cause, in the order in which causes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// First statements of quarters after the older release's last.
    NewQuarter,
    /// First statements of quarters that it had.
    LateData,
    /// Corrections, withdrawals and conflicts.
    Correction,
    /// Another reference version.
    Reclassification,
    /// Other numbers of the method.
    Parameter,
    /// Other models of it.
    Method,
    /// Nothing but what else the releases were protected against.
    Disclosure,
}

impl Cause {
    const fn word(self) -> &'static str {
        match self {
            Self::NewQuarter => "new-quarter",
            Self::LateData => "late-data",
            Self::Correction => "correction",
            Self::Reclassification => "reclassification",
            Self::Parameter => "parameter",
            Self::Method => "method",
            Self::Disclosure => "disclosure",
        }
    }
}

/// Causes each once and in their order.
pub(super) fn together(causes: &[Cause]) -> Vec<Cause> {
    let mut causes = causes.to_vec();
    causes.sort_unstable();
    causes.dedup();
    causes
}

/// Words for causes that are told as one.
pub(super) fn name(causes: &[Cause]) -> String {
    causes.iter().map(|cause| cause.word()).collect::<Vec<_>>().join("+")
}
