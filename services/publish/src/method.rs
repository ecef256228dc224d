//! The method book: parameters with their sources, deflators, published
//! claims, and one SQL model per table. One folder a version.

mod claims;
mod deflators;
mod embedded;
mod models;
mod parameters;
mod rows;

pub use claims::Claim;
pub use models::Model;
pub use parameters::Parameter;

use crate::error::MethodError;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Version the binary carries when none is asked for.
pub const DEFAULT_VERSION: &str = embedded::DEFAULT_VERSION;

/// A method version, checked: every parameter that a model names is there,
/// every price year has a deflator, and every published table has its model.
#[derive(Clone, Debug)]
pub struct MethodBook {
    about: About,
    pub(crate) parameters: Vec<Parameter>,
    /// Ratio of the base year's deflator to each year's, eight decimals.
    pub(crate) deflators: BTreeMap<i32, Decimal>,
    claims: Vec<Claim>,
    pub(crate) models: Vec<Model>,
}

/// `method.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    version: String,
    title: String,
    status: String,
    date: String,
    price_base_year: i32,
    perspective: String,
    area_code: String,
    area_name: String,
    models: Vec<String>,
}

const ABOUT: &str = "method.toml";

impl MethodBook {
    /// The book compiled into the binary.
    ///
    /// # Errors
    /// No such version is embedded.
    pub fn embedded(version: &str) -> Result<Self, MethodError> {
        Self::from_files(&embedded::files(version)?)
    }

    /// The book in a folder.
    ///
    /// # Errors
    /// Names the file, the row where there is one, and what is wrong with it.
    pub fn open(dir: &Path) -> Result<Self, MethodError> {
        Self::from_files(&read_folder(dir)?)
    }

    fn from_files(files: &BTreeMap<String, String>) -> Result<Self, MethodError> {
        let about: About =
            toml::from_str(text(files, ABOUT)?).map_err(|error| MethodError::file(ABOUT, error.to_string()))?;
        NaiveDate::parse_from_str(&about.date, "%Y-%m-%d")
            .map_err(|_| MethodError::file(ABOUT, format!("date {:?} is not of the form YYYY-MM-DD", about.date)))?;
        if !matches!(about.perspective.as_str(), "LCR" | "UK") {
            let reason = format!("perspective {:?} is neither LCR nor UK", about.perspective);
            return Err(MethodError::file(ABOUT, reason));
        }
        let parameters = parameters::read(text(files, parameters::FILE)?)?;
        let deflators = deflators::read(text(files, deflators::FILE)?, about.price_base_year)?;
        for parameter in &parameters {
            if let Some(year) = parameter.price_year
                && !deflators.contains_key(&year)
            {
                let reason = format!("price year {year} of {} is not in {}", parameter.id, deflators::FILE);
                return Err(MethodError::row(parameters::FILE, parameter.row, reason));
            }
        }
        check_grades(&parameters)?;
        let claims = claims::read(text(files, claims::FILE)?)?;
        let models = models::read(&about.models, |file| text(files, file), &parameters)?;
        Ok(Self { about, parameters, deflators, claims, models })
    }

    #[must_use]
    pub fn version(&self) -> &str {
        &self.about.version
    }

    #[must_use]
    pub fn title(&self) -> &str {
        &self.about.title
    }

    /// `provisional` or `final`.
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

    /// Parameters in the order of the book.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
}

/// Each evidence grade in use needs its deduction.
fn check_grades(parameters: &[Parameter]) -> Result<(), MethodError> {
    for grade in parameters.iter().filter(|parameter| parameter.unit == "grade") {
        let bias = format!("optimism-bias.grade-{}", grade.value_central.normalize());
        if !parameters.iter().any(|parameter| parameter.id == bias) {
            let reason = format!("{} needs {bias}, which is not in the file", grade.id);
            return Err(MethodError::row(parameters::FILE, grade.row, reason));
        }
    }
    Ok(())
}

fn text<'a>(files: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, MethodError> {
    files.get(name).map(String::as_str).ok_or_else(|| MethodError::file(name, "the file is missing"))
}

/// All files of a book by their path within it.
fn read_folder(dir: &Path) -> Result<BTreeMap<String, String>, MethodError> {
    let mut files = BTreeMap::new();
    for (folder, prefix) in [(dir.to_owned(), ""), (dir.join("models"), "models/")] {
        let fault = |error: std::io::Error| MethodError::file(folder.display().to_string(), error.to_string());
        for entry in std::fs::read_dir(&folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if !path.is_file() {
                continue;
            }
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().display());
            let text =
                std::fs::read_to_string(&path).map_err(|error| MethodError::file(name.clone(), error.to_string()))?;
            files.insert(name, text);
        }
    }
    Ok(files)
}
