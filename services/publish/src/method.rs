//! The method book: parameters with their sources, deflators, discount rates,
//! funders' roles, published claims and targets, and one SQL model per table.
//! One folder a version.

mod about;
mod claims;
mod deflators;
mod discounts;
mod embedded;
mod examples;
mod extend;
mod files;
mod funders;
mod licence;
mod models;
mod numbers;
mod parameters;
mod rows;
mod shelf;
mod targets;
mod traces;

pub use claims::Claim;
pub use discounts::Discount;
pub(crate) use discounts::YEARS_MAX;
pub use examples::Example;
pub(crate) use examples::Expected;
pub use extend::{Extended, Extension, extend};
pub use funders::FunderRole;
pub use licence::Distribution;
pub use models::Model;
pub use parameters::Parameter;
pub use shelf::{Listed, Origin, Shelf};
pub use targets::Target;
pub use traces::TraceModel;

use crate::disclosure::Policy;
use crate::error::{MethodError, MethodFaults};
use crate::tables;
use about::About;
use files::Files;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::Path;

/// Version the binary carries when none is asked for.
pub const DEFAULT_VERSION: &str = embedded::DEFAULT_VERSION;

/// A method version, checked: every parameter that a model names is there,
/// every price year has a deflator, and every published table has its model.
#[derive(Clone, Debug)]
pub struct MethodBook {
    about: About,
    /// SHA-256 of the files, in hexadecimal.
    digest: String,
    pub(crate) parameters: Vec<Parameter>,
    /// Ratio of the base year's deflator to each year's, eight decimals.
    pub(crate) deflators: BTreeMap<i32, Decimal>,
    pub(crate) discounts: Vec<Discount>,
    pub(crate) funders: Vec<FunderRole>,
    claims: Vec<Claim>,
    pub(crate) targets: Vec<Target>,
    examples: Vec<Example>,
    pub(crate) models: Vec<Model>,
    traces: Vec<TraceModel>,
}

impl MethodBook {
    /// The book compiled into the binary.
    ///
    /// # Errors
    /// No such version is embedded.
    pub fn embedded(version: &str) -> Result<Self, MethodFaults> {
        Self::from_files(&embedded::files(version)?)
    }

    /// The book in a folder.
    ///
    /// # Errors
    /// Everything that is wrong with it: file, row where there is one, reason.
    pub fn open(dir: &Path) -> Result<Self, MethodFaults> {
        Self::from_files(&files::read(dir)?)
    }

    fn from_files(files: &Files) -> Result<Self, MethodFaults> {
        let about = About::read(text(files, about::FILE)?)?;
        let mut faults = Vec::new();
        let distribution = about.distribution;
        let parameters = parameters::read(text(files, parameters::FILE)?, distribution, &mut faults);
        let base_year = about.price_base_year;
        let deflators = deflators::read(text(files, deflators::FILE)?, base_year, distribution, &mut faults);
        for parameter in &parameters {
            if let Some(year) = parameter.price_year
                && !deflators.contains_key(&year)
            {
                let reason = format!("price year {year} of {} is not in {}", parameter.id, deflators::FILE);
                faults.push(MethodError::row(parameters::FILE, parameter.row, reason));
            }
        }
        check_grades(&parameters, &mut faults);
        let discounts = discounts::read(text(files, discounts::FILE)?, distribution, &mut faults);
        let funders = funders::read(text(files, funders::FILE)?, &mut faults);
        let claims = claims::read(text(files, claims::FILE)?, &mut faults);
        let targets = targets::read(text(files, targets::FILE)?, &mut faults);
        let examples = examples::read(files, &about.area_code, &mut faults);
        let models = models::read(&about.models, |file| text(files, file), &parameters, &mut faults);
        let traces = traces::read(files, &mut faults);
        text(files, "CHANGELOG.md")?;
        MethodFaults::check(faults)?;
        let digest = files::digest(files);
        Ok(Self { about, digest, parameters, deflators, discounts, funders, claims, targets, examples, models, traces })
    }

    #[must_use]
    pub fn version(&self) -> &str {
        &self.about.version
    }

    #[must_use]
    pub fn title(&self) -> &str {
        &self.about.title
    }

    /// `provisional`, or `released`: then it never changes again.
    #[must_use]
    pub fn status(&self) -> &str {
        &self.about.status
    }

    /// Day of the version, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.about.date
    }

    /// Year in whose pounds real amounts are.
    #[must_use]
    pub const fn price_base_year(&self) -> i32 {
        self.about.price_base_year
    }

    /// `LCR` or `UK`: where leakage and displacement are judged from.
    #[must_use]
    pub fn perspective(&self) -> &str {
        &self.about.perspective
    }

    /// Who may have the book.
    #[must_use]
    pub const fn distribution(&self) -> Distribution {
        self.about.distribution
    }

    /// What figures about work must satisfy to be published.
    #[must_use]
    pub const fn disclosure(&self) -> Policy {
        self.about.disclosure
    }

    /// SHA-256 of all its files, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Models in the order they are computed.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Ratio of the base year's deflator to each year's.
    #[must_use]
    pub const fn deflators(&self) -> &BTreeMap<i32, Decimal> {
        &self.deflators
    }

    /// GSS code of the combined authority that headlines single out.
    #[must_use]
    pub fn area_code(&self) -> &str {
        &self.about.area_code
    }

    #[must_use]
    pub fn area_name(&self) -> &str {
        &self.about.area_name
    }

    /// What the region has published about itself, to be read beside computed
    /// figures and never mixed into them.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// What was to be reached, where and by when.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Worked examples, which the models must meet.
    #[must_use]
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// How figures are made of others, by table.
    #[must_use]
    pub fn traces(&self) -> &[TraceModel] {
        &self.traces
    }

    /// Published tables with figures of which the book does not say how they are
    /// made of others.
    #[must_use]
    pub fn untraced(&self) -> Vec<&'static str> {
        let told = |name: &str| self.traces.iter().any(|trace| trace.table == name);
        let tables = tables::ALL.iter().filter(|table| table.figures().next().is_some());
        tables.map(|table| table.name).filter(|name| !told(name)).collect()
    }

    /// Parameters in the order of the book.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
}

/// Each evidence grade in use needs its deduction.
fn check_grades(parameters: &[Parameter], faults: &mut Vec<MethodError>) {
    for grade in parameters.iter().filter(|parameter| parameter.unit == "grade") {
        let bias = format!("optimism-bias.grade-{}", grade.value_central.normalize());
        if !parameters.iter().any(|parameter| parameter.id == bias) {
            let reason = format!("{} needs {bias}, which is not in the file", grade.id);
            faults.push(MethodError::row(parameters::FILE, grade.row, reason));
        }
    }
}

fn text<'a>(files: &'a Files, name: &str) -> Result<&'a str, MethodError> {
    files.get(name).map(String::as_str).ok_or_else(|| MethodError::file(name, "the file is missing"))
}
