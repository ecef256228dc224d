//! Thresholds of disclosure control: `[disclosure]` in `method.toml`.

use serde::Deserialize;

/// What a figure about work must satisfy, and how it is blurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A figure below is kept back.
    pub threshold: u16,
    /// Others are rounded to a multiple of this; a figure kept back stays
    /// uncertain by as much at least.
    pub rounding_base: u16,
    /// Organisations that must stand behind a figure.
    pub contributors: u16,
    /// The second largest organisation must not be able to tell the largest
    /// one's part to within so many per cent.
    pub p_percent: u16,
}

impl Policy {
    /// What satisfies both.
    pub(crate) fn stricter(self, other: Self) -> Self {
        Self {
            threshold: self.threshold.max(other.threshold),
            rounding_base: self.rounding_base.max(other.rounding_base),
            contributors: self.contributors.max(other.contributors),
            p_percent: self.p_percent.max(other.p_percent),
        }
    }

    /// # Errors
    /// The thresholds do not go together; says why.
    pub(crate) fn check(self) -> Result<Self, String> {
        if !(1..self.threshold).contains(&self.rounding_base) {
            return Err("disclosure.rounding_base is from 1 to below disclosure.threshold".to_owned());
        }
        if self.contributors == 0 || !(1..=100).contains(&self.p_percent) {
            return Err("disclosure.contributors is at least 1, disclosure.p_percent from 1 to 100".to_owned());
        }
        Ok(self)
    }
}
