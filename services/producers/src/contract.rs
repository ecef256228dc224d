//! Measures as the employment contract writes them.

use commonweal_schemas::Measure;
use commonweal_schemas::records::{EmploymentMeasure, Unit};

/// The contract's symbol of a measure; money is none of its measures.
pub(crate) const fn symbol(measure: Measure) -> EmploymentMeasure {
    match measure {
        Measure::Committed | Measure::Disbursed | Measure::Repaid | Measure::WrittenOff => {
            EmploymentMeasure::Unspecified
        }
        Measure::Headcount => EmploymentMeasure::Headcount,
        Measure::Fte => EmploymentMeasure::Fte,
        Measure::Volunteers => EmploymentMeasure::Volunteers,
        Measure::ApprenticeshipsInLearning => EmploymentMeasure::ApprenticeshipsInLearning,
        Measure::Hires => EmploymentMeasure::Hires,
        Measure::Leavers => EmploymentMeasure::Leavers,
        Measure::VolunteerHours => EmploymentMeasure::VolunteerHours,
        Measure::TrainingHours => EmploymentMeasure::TrainingHours,
        Measure::ApprenticeshipStarts => EmploymentMeasure::ApprenticeshipStarts,
        Measure::ApprenticeshipAchievements => EmploymentMeasure::ApprenticeshipAchievements,
    }
}

/// The measure behind the contract's symbol.
pub(crate) fn measure(symbol_of: EmploymentMeasure) -> Option<Measure> {
    Measure::ALL
        .into_iter()
        .find(|measure| symbol_of != EmploymentMeasure::Unspecified && symbol(*measure) == symbol_of)
}

/// The contract's unit under a unit's code.
pub(crate) fn unit(code: &str) -> Option<Unit> {
    match code {
        "PERSONS" => Some(Unit::Persons),
        "FTE" => Some(Unit::Fte),
        "HOURS" => Some(Unit::Hours),
        _ => None,
    }
}

/// Unit a measure is counted in; unspecified for money.
pub(crate) fn unit_of(measure: Measure) -> Unit {
    measure.unit().and_then(unit).unwrap_or_default()
}
