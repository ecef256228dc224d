//! Places: what a postcode, a postcode district or a GSS code resolves to.

use crate::canonical::{outward_of, pack_gss, pack_postcode};
use crate::source::Source;
use crate::vocabulary::Vocabulary;
use crate::{Kind, NONE, ReferenceError, UNKNOWN};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use hashbrown::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Key of the value `unknown` in every vocabulary.
pub(crate) const UNKNOWN_KEY: i32 = 0;
/// Key of the value `none` among combined authorities.
const NONE_KEY: i32 = 1;
/// The place that is not known.
pub(crate) const NOWHERE: u32 = 0;
/// A place without a decile.
pub(crate) const NO_DECILE: i32 = 0;

/// Spreads packed codes, which differ in few bits, over the hash table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PackedHasher(u64);

impl Hasher for PackedHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        // The two halves of the product with the golden ratio, folded, so that
        // both the low bits (the slot) and the high ones (the tag) are mixed.
        let product = u128::from(word ^ self.0) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let [low, high] = [product as u64, (product >> 64) as u64];
        self.0 = low ^ high;
    }
}

type Packed<T> = HashMap<u64, T, BuildHasherDefault<PackedHasher>>;

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
        self.by_postcode_district
            .get(&outward_of(packed))
            .map(|place| (*place, false))
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
        let mut builder = Builder::new()?;
        builder.districts(source)?;
        builder.lsoas(source)?;
        builder.postcodes(source)?;
        builder.lsoas_2021(source)?;
        builder.finish()
    }
}

/// A column of text of a batch whose schema was checked when it was read.
pub(crate) fn text<'a>(batch: &'a RecordBatch, column: usize) -> impl Fn(usize) -> Option<&'a str> {
    let array = batch.column(column).as_string::<i32>();
    move |row| array.is_valid(row).then(|| array.value(row))
}

/// A column of integers of a batch whose schema was checked when it was read.
pub(crate) fn integer<'a>(batch: &'a RecordBatch, column: usize) -> impl Fn(usize) -> Option<i32> + 'a {
    let array = batch.column(column).as_primitive::<Int32Type>();
    move |row| array.is_valid(row).then(|| array.value(row))
}

/// What is known of a district, by its key.
#[derive(Clone, Copy)]
struct District {
    authority: i32,
    region: i32,
    /// Place of the whole district.
    place: u32,
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
        builder.district_rows.push(District {
            authority: UNKNOWN_KEY,
            region: UNKNOWN_KEY,
            place: NOWHERE,
        });
        builder.place(UNKNOWN_KEY, UNKNOWN_KEY, NO_DECILE)?;
        Ok(builder)
    }

    fn place(&mut self, lsoa: i32, district: i32, decile: i32) -> Result<u32, ReferenceError> {
        let place = u32::try_from(self.columns.lsoa.len()).map_err(|_| ReferenceError::TooLarge {
            what: "places",
            limit: u64::from(u32::MAX),
        })?;
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
