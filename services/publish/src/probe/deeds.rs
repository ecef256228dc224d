//! The deeds of the made-up region: one of each sort.

use crate::PublishError;
use crate::method::MethodBook;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int32Array, RecordBatch, StringArray};
use chrono::NaiveDate;
use commonweal_schemas::arrow_schema::balances_key_columns;
use commonweal_schemas::codes::Kind as MeasureKind;
use commonweal_schemas::{Dataset, Measure};
use std::sync::Arc;

/// What each deed is worth before one is raised: enough for no figure to
/// vanish.
const QUANTITY: i128 = 100 * super::ONE;
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

/// The deeds of one dataset as journal entries of the method's base year, in
/// its area.
pub(super) fn entries(
    dataset: Dataset,
    method: &MethodBook,
    deeds: &[Deed],
    raised: Option<usize>,
) -> Result<RecordBatch, PublishError> {
    let year = method.price_base_year();
    let here: Vec<(usize, &Deed)> =
        deeds.iter().enumerate().filter(|(_, deed)| deed.measure.dataset() == dataset).collect();
    let text = |of: &dyn Fn(&Deed) -> Option<String>| -> ArrayRef {
        Arc::new(here.iter().map(|(_, deed)| of(deed)).collect::<StringArray>())
    };
    let same = |value: &str| text(&|_| Some(value.to_owned()));
    let whole = |value: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![value; here.len()])) };
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for key in balances_key_columns() {
        let column = match *key {
            "measure" => text(&|deed| Some(deed.measure.code().to_owned())),
            "unit" => text(&|deed| Some(deed.unit.to_owned())),
            "instrument" => text(&|deed| deed.instrument.map(str::to_owned)),
            "job_basis" => text(&|deed| deed.job_basis.map(str::to_owned)),
            "prior_status" => text(&|deed| deed.prior_status.map(str::to_owned)),
            "quarter" => text(&|deed| Some(format!("{year:04}-Q{}", deed.quarter + 1))),
            "onward_grant" => Arc::new(here.iter().map(|(_, deed)| Some(deed.onward)).collect::<BooleanArray>()),
            "imd_decile" => whole(5),
            "booked_on" => Arc::new(Date32Array::from(vec![0; here.len()])),
            "combined_authority" => same(method.area_code()),
            "place_basis" => same("postcode"),
            other => same(other),
        };
        columns.push((key, column));
    }
    let day = |deed: &Deed| {
        let (month, day) = ENDS[deed.quarter];
        NaiveDate::from_ymd_opt(year, month, day).map(|day| day.to_epoch_days())
    };
    columns.push(("occurred_on", Arc::new(here.iter().map(|(_, deed)| day(deed)).collect::<Date32Array>())));
    let more = |at: usize| if raised == Some(at) { super::ONE } else { 0 };
    let quantities = Decimal128Array::from_iter_values(here.iter().map(|(at, _)| QUANTITY + more(*at)));
    let quantities = quantities.with_precision_and_scale(28, super::SCALE).map_err(PublishError::arrow("probe"))?;
    columns.push(("quantity", Arc::new(quantities)));
    columns.extend([("entry", whole(1)), ("cancelled", whole(0)), ("conflict", whole(0)), ("revision", whole(0))]);
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .map_err(PublishError::arrow("probe"))
}
