//! The deeds of the made-up region: one of each sort.

use crate::made_up::Posting;
use crate::method::MethodBook;
use chrono::NaiveDate;
use commonweal_schemas::codes::Kind as MeasureKind;
use commonweal_schemas::{Dataset, Measure};

/// What each deed is worth before one is raised: enough for no figure to
/// vanish.
const QUANTITY: i128 = 100 * super::ONE;
/// Who gives.
const GIVER: &str = "counterparty";
const BASES: [&str; 4] = ["NONE", "CREATED", "SAFEGUARDED", "SUPPORTED"];
/// Last day of each quarter: month and day.
const ENDS: [(u32, u32); 4] = [(3, 31), (6, 30), (9, 30), (12, 31)];

/// Something that was done, alone of its sort.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    measure: Measure,
    unit: &'static str,
    instrument: Option<&'static str>,
    onward: bool,
    job_basis: Option<&'static str>,
    prior_status: Option<&'static str>,
    /// 0 to 3.
    quarter: usize,
}

impl Deed {
    /// In words.
    pub(super) fn name(&self) -> String {
        let words = [
            Some(self.measure.code()),
            self.instrument,
            self.onward.then_some("onward"),
            self.job_basis.filter(|basis| *basis != "NONE"),
            Some(self.unit),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// What the two are, where they must not be added.
    pub(super) fn must_not_be_added_to(&self, other: &Self) -> Option<[String; 2]> {
        let repayable = |deed: &Self| deed.instrument.is_some_and(|instrument| instrument != "GRANT");
        let apart = self.measure != other.measure
            || self.unit != other.unit
            || repayable(self) != repayable(other)
            || self.onward != other.onward
            || self.job_basis != other.job_basis;
        apart.then(|| [self.name(), other.name()])
    }

    /// Whether it is raised in its turn: of four levels two are enough.
    pub(super) fn is_probed(&self) -> bool {
        self.measure.kind() != MeasureKind::Stock || self.quarter < 2
    }

    /// Whether the two are levels of the same at two times.
    pub(super) fn is_earlier_level_of(&self, other: &Self) -> bool {
        self.measure.kind() == MeasureKind::Stock && self.measure == other.measure && self.quarter < other.quarter
    }
}

/// Every sort of deed.
pub(super) fn all() -> Vec<Deed> {
    let mut deeds = Vec::new();
    for measure in Measure::ALL {
        match measure.dataset() {
            Dataset::Funding => deeds.extend(money(measure)),
            Dataset::Employment => deeds.extend(work(measure)),
        }
    }
    deeds
}

fn money(measure: Measure) -> Vec<Deed> {
    let plain = Deed {
        measure,
        unit: "GBP",
        instrument: Some("GRANT"),
        onward: false,
        job_basis: None,
        prior_status: None,
        quarter: 3,
    };
    vec![
        plain.clone(),
        Deed { instrument: Some("LOAN"), ..plain.clone() },
        Deed { onward: true, ..plain.clone() },
        Deed { unit: "EUR", ..plain },
    ]
}

fn work(measure: Measure) -> Vec<Deed> {
    let plain = Deed {
        measure,
        unit: measure.unit().unwrap_or("PERSONS"),
        instrument: None,
        onward: false,
        job_basis: Some("NONE"),
        // The status that outcomes are counted by.
        prior_status: (measure == Measure::Hires).then_some("UNEMPLOYED"),
        quarter: 3,
    };
    if measure.kind() != MeasureKind::Stock {
        return vec![plain];
    }
    let bases: &[&str] = if matches!(measure, Measure::Headcount | Measure::Fte) { &BASES } else { &BASES[..1] };
    let at = |basis: &'static str| {
        (0..ENDS.len()).map({
            let plain = plain.clone();
            move |quarter| Deed { job_basis: Some(basis), quarter, ..plain.clone() }
        })
    };
    bases.iter().flat_map(|basis| at(basis)).collect()
}

/// The deeds as postings of the method's base year, in its area.
pub(super) fn postings(method: &MethodBook, deeds: &[Deed], raised: Option<usize>) -> Vec<Posting> {
    let year = method.price_base_year();
    let posting = |(at, deed): (usize, &Deed)| {
        let (month, day) = ENDS[deed.quarter];
        Posting {
            measure: deed.measure,
            quantity: QUANTITY + if raised == Some(at) { super::ONE } else { 0 },
            unit: deed.unit.to_owned(),
            instrument: deed.instrument.map(str::to_owned),
            onward_grant: deed.onward,
            job_basis: deed.job_basis.map(str::to_owned),
            prior_status: deed.prior_status.map(str::to_owned),
            programme: Some("programme".to_owned()),
            // What is granted on is granted on by somebody who is known to give.
            organisation: if deed.onward { GIVER } else { "organisation" }.to_owned(),
            counterparty: GIVER.to_owned(),
            district: "district".to_owned(),
            combined_authority: method.area_code().to_owned(),
            source: "source".to_owned(),
            occurred_on: NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default(),
            recorded_on: None,
        }
    };
    deeds.iter().enumerate().map(posting).collect()
}
