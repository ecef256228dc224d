//! Code lists that every stage shares: datasets and measures.

use std::fmt;

/// A stream of events with a contract, a raw topic and a book of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataset {
    Funding,
    Employment,
}

impl Dataset {
    pub const ALL: [Self; 2] = [Self::Funding, Self::Employment];

    /// Name in the journal (`book`), in configuration and in published tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Employment => "employment",
        }
    }

    #[must_use]
    pub const fn contract(self) -> crate::avro::Contract {
        match self {
            Self::Funding => crate::avro::Contract::Funding,
            Self::Employment => crate::avro::Contract::Employment,
        }
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a measure may be added over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Money that moved at a date; added over time, never over stages.
    Money,
    /// A level at a date; never added over time.
    Stock,
    /// A count over a period; added over time.
    Flow,
}

impl Kind {
    /// Name in the `measures` table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Stock => "stock",
            Self::Flow => "flow",
        }
    }
}

/// What a quantity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    Committed,
    Disbursed,
    Repaid,
    WrittenOff,
    Headcount,
    Fte,
    Volunteers,
    ApprenticeshipsInLearning,
    Hires,
    Leavers,
    VolunteerHours,
    TrainingHours,
    ApprenticeshipStarts,
    ApprenticeshipAchievements,
}

impl Measure {
    pub const ALL: [Self; 14] = [
        Self::Committed,
        Self::Disbursed,
        Self::Repaid,
        Self::WrittenOff,
        Self::Headcount,
        Self::Fte,
        Self::Volunteers,
        Self::ApprenticeshipsInLearning,
        Self::Hires,
        Self::Leavers,
        Self::VolunteerHours,
        Self::TrainingHours,
        Self::ApprenticeshipStarts,
        Self::ApprenticeshipAchievements,
    ];

    /// Code in events, in the journal and in published tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Committed => "COMMITTED",
            Self::Disbursed => "DISBURSED",
            Self::Repaid => "REPAID",
            Self::WrittenOff => "WRITTEN_OFF",
            Self::Headcount => "HEADCOUNT",
            Self::Fte => "FTE",
            Self::Volunteers => "VOLUNTEERS",
            Self::ApprenticeshipsInLearning => "APPRENTICESHIPS_IN_LEARNING",
            Self::Hires => "HIRES",
            Self::Leavers => "LEAVERS",
            Self::VolunteerHours => "VOLUNTEER_HOURS",
            Self::TrainingHours => "TRAINING_HOURS",
            Self::ApprenticeshipStarts => "APPRENTICESHIP_STARTS",
            Self::ApprenticeshipAchievements => "APPRENTICESHIP_ACHIEVEMENTS",
        }
    }

    /// The measure behind a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.code() == code)
    }

    #[must_use]
    pub const fn dataset(self) -> Dataset {
        match self {
            Self::Committed | Self::Disbursed | Self::Repaid | Self::WrittenOff => Dataset::Funding,
            _ => Dataset::Employment,
        }
    }

    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Committed | Self::Disbursed | Self::Repaid | Self::WrittenOff => Kind::Money,
            Self::Headcount | Self::Fte | Self::Volunteers | Self::ApprenticeshipsInLearning => Kind::Stock,
            _ => Kind::Flow,
        }
    }

    /// Unit the measure is counted in; money is counted in its currency.
    #[must_use]
    pub const fn unit(self) -> Option<&'static str> {
        match self {
            Self::Committed | Self::Disbursed | Self::Repaid | Self::WrittenOff => None,
            Self::Fte => Some("FTE"),
            Self::VolunteerHours | Self::TrainingHours => Some("HOURS"),
            _ => Some("PERSONS"),
        }
    }

    /// Whether posts are counted, so that a job basis makes sense.
    #[must_use]
    pub const fn counts_posts(self) -> bool {
        matches!(self, Self::Headcount | Self::Fte)
    }

    /// Whether people starting are counted, so that a prior status makes sense.
    #[must_use]
    pub const fn counts_starts(self) -> bool {
        matches!(self, Self::Hires | Self::ApprenticeshipStarts)
    }

    /// One sentence for the `measures` table.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Committed => "Money promised in an award, at the award date.",
            Self::Disbursed => "Money paid out, at the payment date.",
            Self::Repaid => "Money paid back to the funder.",
            Self::WrittenOff => "Repayable money given up as lost.",
            Self::Headcount => "People employed at a reference date.",
            Self::Fte => "Full-time equivalents employed at a reference date; 37 hours a week is one.",
            Self::Volunteers => "People volunteering at a reference date; never counted as jobs.",
            Self::ApprenticeshipsInLearning => "Apprentices in learning at a reference date.",
            Self::Hires => "People who started employment in a period; a hire is not a job created.",
            Self::Leavers => "People who left employment in a period.",
            Self::VolunteerHours => "Hours given by volunteers in a period.",
            Self::TrainingHours => "Hours of training given in a period.",
            Self::ApprenticeshipStarts => "Apprenticeships started in a period.",
            Self::ApprenticeshipAchievements => "Apprenticeships achieved in a period.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that codes read back, and that each measure belongs to the kind
    /// its dataset allows.
    #[test]
    fn measures_are_consistent() {
        for measure in Measure::ALL {
            assert_eq!(Measure::from_code(measure.code()), Some(measure));
            assert_eq!(measure.kind() == Kind::Money, measure.dataset() == Dataset::Funding);
            assert_eq!(measure.unit().is_none(), measure.kind() == Kind::Money);
        }
    }
}
