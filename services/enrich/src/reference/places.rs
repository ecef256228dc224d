//! Places: what a postcode, a postcode district or a GSS code resolves to.

mod build;
mod packed;

use crate::ReferenceError;
use crate::canonical::{outward_of, pack_gss, pack_postcode};
use crate::source::Source;
use arrow::array::ArrayRef;
use packed::Packed;

/// Key of the value `unknown` in every vocabulary.
pub(crate) const UNKNOWN_KEY: i32 = 0;
/// The place that is not known.
pub(crate) const NOWHERE: u32 = 0;
/// A place without a decile.
pub(crate) const NO_DECILE: i32 = 0;

/// Columns of the distinct places; place 0 is unknown throughout.
#[derive(Debug, Default)]
pub(crate) struct PlaceColumns {
    pub lsoa: Vec<i32>,
    pub district: Vec<i32>,
    pub combined_authority: Vec<i32>,
    pub region: Vec<i32>,
    /// 1 to 10, or [`NO_DECILE`].
    pub decile: Vec<i32>,
}

/// All places of a version, by postcode, postcode district and GSS code.
#[derive(Debug)]
pub(crate) struct Places {
    pub columns: PlaceColumns,
    pub lsoa_values: ArrayRef,
    pub district_values: ArrayRef,
    pub authority_values: ArrayRef,
    pub region_values: ArrayRef,
    by_postcode: Packed<u32>,
    by_postcode_district: Packed<u32>,
    by_code: Packed<u32>,
}

impl Places {
    /// Place of a canonical postcode, and whether its very row was found rather
    /// than that of its postcode district.
    #[inline]
    pub(crate) fn of_postcode(&self, postcode: &str) -> Option<(u32, bool)> {
        let packed = pack_postcode(postcode)?;
        if let Some(place) = self.by_postcode.get(&packed) {
            return Some((*place, true));
        }
        self.by_postcode_district.get(&outward_of(packed)).map(|place| (*place, false))
    }

    /// Place of a GSS code of an LSOA or a district.
    #[inline]
    pub(crate) fn of_code(&self, code: &str) -> Option<u32> {
        self.by_code.get(&pack_gss(code)?).copied()
    }

    pub(crate) fn postcode_count(&self) -> usize {
        self.by_postcode.len()
    }

    /// # Errors
    /// A table cannot be read.
    pub(crate) fn build(source: &Source) -> Result<Self, ReferenceError> {
        build::places(source)
    }
}
