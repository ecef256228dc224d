//! Builds the places of a version out of its tables.

use super::packed::Packed;
use super::{NO_DECILE, NOWHERE, PlaceColumns, Places, UNKNOWN_KEY};
use crate::canonical::{pack_gss, pack_postcode};
use crate::source::{Source, integer, text};
use crate::vocabulary::Vocabulary;
use crate::{Kind, NONE, ReferenceError, UNKNOWN};
use hashbrown::HashMap;

/// Key of the value `none` among combined authorities.
const NONE_KEY: i32 = 1;

/// What is known of a district, by its key.
#[derive(Clone, Copy)]
struct District {
    authority: i32,
    region: i32,
    /// Place of the whole district.
    place: u32,
}

/// Reads the places of a version.
///
/// # Errors
/// A table cannot be read.
pub(super) fn places(source: &Source) -> Result<Places, ReferenceError> {
    let mut builder = Builder::new()?;
    builder.districts(source)?;
    builder.lsoas(source)?;
    builder.postcodes(source)?;
    builder.postcode_districts(source)?;
    builder.lsoas_2021(source)?;
    builder.finish()
}

struct Builder {
    columns: PlaceColumns,
    lsoas: Vocabulary,
    districts: Vocabulary,
    authorities: Vocabulary,
    regions: Vocabulary,
    district_rows: Vec<District>,
    deciles: Packed<i32>,
    by_postcode: Packed<u32>,
    by_postcode_district: Packed<u32>,
    by_code: Packed<u32>,
}

impl Builder {
    fn new() -> Result<Self, ReferenceError> {
        let mut builder = Self {
            columns: PlaceColumns::default(),
            lsoas: Vocabulary::with(&[UNKNOWN])?,
            districts: Vocabulary::with(&[UNKNOWN])?,
            authorities: Vocabulary::with(&[UNKNOWN, NONE])?,
            regions: Vocabulary::with(&[UNKNOWN])?,
            district_rows: Vec::new(),
            deciles: Packed::default(),
            by_postcode: Packed::default(),
            by_postcode_district: Packed::default(),
            by_code: Packed::default(),
        };
        builder.district_rows.push(District { authority: UNKNOWN_KEY, region: UNKNOWN_KEY, place: NOWHERE });
        builder.place(UNKNOWN_KEY, UNKNOWN_KEY, NO_DECILE)?;
        Ok(builder)
    }

    fn place(&mut self, lsoa: i32, district: i32, decile: i32) -> Result<u32, ReferenceError> {
        let place = u32::try_from(self.columns.lsoa.len())
            .map_err(|_| ReferenceError::TooLarge { what: "places", limit: u64::from(u32::MAX) })?;
        let row = self.district_rows[district.cast_unsigned() as usize];
        self.columns.lsoa.push(lsoa);
        self.columns.district.push(district);
        self.columns.combined_authority.push(row.authority);
        self.columns.region.push(row.region);
        self.columns.decile.push(decile);
        Ok(place)
    }

    /// Key of a district. A new one gets a place of its own; a district that no
    /// table gives a combined authority belongs to none.
    fn district(&mut self, code: &str, authority: Option<i32>, region: Option<i32>) -> Result<i32, ReferenceError> {
        let key = self.districts.key(code)?;
        if key.cast_unsigned() as usize == self.district_rows.len() {
            self.district_rows.push(District {
                authority: authority.unwrap_or(NONE_KEY),
                region: region.unwrap_or(UNKNOWN_KEY),
                place: NOWHERE,
            });
            let place = self.place(UNKNOWN_KEY, key, NO_DECILE)?;
            self.district_rows[key.cast_unsigned() as usize].place = place;
            if let Some(packed) = pack_gss(code) {
                self.by_code.insert(packed, place);
            }
        }
        Ok(key)
    }

    fn districts(&mut self, source: &Source) -> Result<(), ReferenceError> {
        let mut regions: HashMap<String, i32> = HashMap::new();
        for batch in source.batches(Kind::Regions)? {
            let batch = batch?;
            let (district, region) = (text(&batch, 0), text(&batch, 2));
            for row in 0..batch.num_rows() {
                if let (Some(district), Some(region)) = (district(row), region(row)) {
                    regions.insert(district.to_owned(), self.regions.key(region)?);
                }
            }
        }
        for batch in source.batches(Kind::Authorities)? {
            let batch = batch?;
            let (district, authority) = (text(&batch, 0), text(&batch, 2));
            for row in 0..batch.num_rows() {
                if let (Some(district), Some(authority)) = (district(row), authority(row)) {
                    let authority = self.authorities.key(authority)?;
                    self.district(district, Some(authority), regions.get(district).copied())?;
                }
            }
        }
        // Sorted, so that the same content is always numbered alike.
        let mut regions: Vec<(String, i32)> = regions.into_iter().collect();
        regions.sort_unstable();
        for (district, region) in regions {
            self.district(&district, None, Some(region))?;
        }
        Ok(())
    }

    fn lsoas(&mut self, source: &Source) -> Result<(), ReferenceError> {
        for batch in source.batches(Kind::Imd2019)? {
            let batch = batch?;
            let (lsoa, decile) = (text(&batch, 0), integer(&batch, 1));
            for row in 0..batch.num_rows() {
                if let (Some(packed), Some(decile)) = (lsoa(row).and_then(pack_gss), decile(row)) {
                    self.deciles.insert(packed, decile);
                }
            }
        }
        for batch in source.batches(Kind::Lsoa)? {
            let batch = batch?;
            let (lsoa, district) = (text(&batch, 0), text(&batch, 2));
            for row in 0..batch.num_rows() {
                if let (Some(lsoa), Some(district)) = (lsoa(row), district(row)) {
                    let district = self.district(district, None, None)?;
                    self.lsoa(lsoa, district)?;
                }
            }
        }
        Ok(())
    }

    /// Place of an LSOA in a district: the one there is, or a new one.
    fn lsoa(&mut self, code: &str, district: i32) -> Result<u32, ReferenceError> {
        let Some(packed) = pack_gss(code) else {
            return Ok(self.district_rows[district.cast_unsigned() as usize].place);
        };
        if let Some(place) = self.by_code.get(&packed)
            && self.columns.district[*place as usize] == district
        {
            return Ok(*place);
        }
        let key = self.lsoas.key(code)?;
        let decile = self.deciles.get(&packed).copied().unwrap_or(NO_DECILE);
        let place = self.place(key, district, decile)?;
        self.by_code.entry(packed).or_insert(place);
        Ok(place)
    }

    fn postcodes(&mut self, source: &Source) -> Result<(), ReferenceError> {
        for batch in source.batches(Kind::Postcodes)? {
            let batch = batch?;
            let (postcode, lsoa, district) = (text(&batch, 0), text(&batch, 2), text(&batch, 4));
            self.by_postcode.reserve(batch.num_rows());
            for row in 0..batch.num_rows() {
                // A postcode without a grid reference is in no district: it is
                // placed by its postcode district, if at all.
                let (Some(packed), Some(district)) = (postcode(row).and_then(pack_postcode), district(row)) else {
                    continue;
                };
                let district = self.district(district, None, None)?;
                let place = match lsoa(row) {
                    Some(lsoa) => self.lsoa(lsoa, district)?,
                    None => self.district_rows[district.cast_unsigned() as usize].place,
                };
                self.by_postcode.insert(packed, place);
            }
        }
        Ok(())
    }

    fn postcode_districts(&mut self, source: &Source) -> Result<(), ReferenceError> {
        for batch in source.batches(Kind::PostcodeDistricts)? {
            let batch = batch?;
            let (outward, district, decile) = (text(&batch, 0), text(&batch, 1), integer(&batch, 2));
            for row in 0..batch.num_rows() {
                if let (Some(packed), Some(district)) = (outward(row).and_then(pack_postcode), district(row)) {
                    let district = self.district(district, None, None)?;
                    let place = self.place(UNKNOWN_KEY, district, decile(row).unwrap_or(NO_DECILE))?;
                    self.by_postcode_district.insert(packed, place);
                }
            }
        }
        Ok(())
    }

    /// Codes of LSOAs of 2021: the LSOA of 2011 where it is one, else the
    /// district that all of them lie in.
    fn lsoas_2021(&mut self, source: &Source) -> Result<(), ReferenceError> {
        let mut parts: Vec<(u64, u32)> = Vec::new();
        for batch in source.batches(Kind::Lsoa21)? {
            let batch = batch?;
            let (new, old) = (text(&batch, 0), text(&batch, 1));
            for row in 0..batch.num_rows() {
                let (Some(new), Some(old)) = (new(row).and_then(pack_gss), old(row).and_then(pack_gss)) else {
                    continue;
                };
                parts.push((new, self.by_code.get(&old).copied().unwrap_or(NOWHERE)));
            }
        }
        for same in parts.chunk_by(|(a, _), (b, _)| a == b) {
            let (code, first) = same[0];
            let district = self.columns.district[first as usize];
            let one_district = same.iter().all(|(_, place)| self.columns.district[*place as usize] == district);
            if self.by_code.contains_key(&code) || district == UNKNOWN_KEY || !one_district {
                continue;
            }
            let place = match same {
                [(_, only)] => *only,
                _ => self.district_rows[district.cast_unsigned() as usize].place,
            };
            self.by_code.insert(code, place);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Places, ReferenceError> {
        self.by_postcode.shrink_to_fit();
        Ok(Places {
            lsoa_values: self.lsoas.values()?,
            district_values: self.districts.values()?,
            authority_values: self.authorities.values()?,
            region_values: self.regions.values()?,
            columns: self.columns,
            by_postcode: self.by_postcode,
            by_postcode_district: self.by_postcode_district,
            by_code: self.by_code,
        })
    }
}
