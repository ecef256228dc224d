//! A column chunk of whole numbers that lie near one another, as most do here:
//! days, revisions, deciles, partitions, what one commit stamps.

use super::coded::Coded;
use super::pages::{Chunk, Press};
use crate::gather::NULL;
use arrow::array::{Array, ArrowPrimitiveType, PrimitiveArray};
use arrow::datatypes::{Date32Type, Int32Type};
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;
use std::ops::Range;

/// Numbers that lie this far apart are left to the Parquet library: a table of
/// all between them would not pay.
const SPAN_MAX: u32 = 1 << 16;

/// How many bytes of its plain encoding a number takes.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    Four,
    Eight,
}

/// Numbers of some rows, in the order of the file.
pub(crate) struct Numbers {
    width: Width,
    least: i64,
    /// How far each number is above the least; [`NULL`] for none.
    steps: Vec<u32>,
    /// One more than the greatest step.
    span: u32,
}

impl Numbers {
    /// The same number for all rows.
    pub(crate) fn same(number: i64, width: Width, rows: usize) -> Self {
        Self { width, least: number, steps: vec![0; rows], span: 1 }
    }

    /// Signs of the rows: -1, 0 or 1.
    pub(crate) fn signs(signs: impl Iterator<Item = i8>) -> Self {
        let steps = signs.map(|sign| u32::from(sign.clamp(-1, 1).wrapping_add(1).cast_unsigned())).collect();
        Self { width: Width::Four, least: -1, steps, span: 3 }
    }

    /// The numbers at `places` (array and position) of arrays of 32-bit numbers
    /// or days; `None` where they are of another type or lie too far apart.
    pub(crate) fn of(arrays: &[&dyn Array], places: &[(usize, usize)]) -> Option<Self> {
        of_type::<Int32Type>(arrays, places).or_else(|| of_type::<Date32Type>(arrays, places))
    }

    /// First and last of the rows, where there are any.
    pub(super) fn bounds(&self) -> Option<(i32, i32)> {
        let steps = || self.steps.iter().copied().filter(|step| *step != NULL);
        let number = |step: u32| i32::try_from(self.least + i64::from(step)).ok();
        Some((number(steps().min()?)?, number(steps().max()?)?))
    }
}

fn of_type<T: ArrowPrimitiveType<Native = i32>>(arrays: &[&dyn Array], places: &[(usize, usize)]) -> Option<Numbers> {
    let arrays: Vec<&PrimitiveArray<T>> =
        arrays.iter().map(|array| array.as_any().downcast_ref()).collect::<Option<_>>()?;
    let least = arrays.iter().filter_map(|array| arrow::compute::min(array)).min().unwrap_or(0);
    let greatest = arrays.iter().filter_map(|array| arrow::compute::max(array)).max().unwrap_or(0);
    let span = greatest.abs_diff(least).checked_add(1).filter(|span| *span <= SPAN_MAX)?;
    let step = |&(array, row): &(usize, usize)| {
        let numbers = arrays[array];
        if numbers.is_null(row) { NULL } else { numbers.value(row).abs_diff(least) }
    };
    Some(Numbers { width: Width::Four, least: least.into(), steps: places.iter().map(step).collect(), span })
}

/// Encodes the `rows` of `numbers` as one chunk of the flat column `descr`,
/// with bounds where they are wanted.
///
/// # Errors
/// As [`Coded::chunk`].
pub(super) fn chunk(
    descr: &ColumnDescPtr,
    press: &mut Press,
    numbers: &Numbers,
    rows: Range<usize>,
    bounded: bool,
) -> Result<Chunk> {
    let coded = Coded::new(numbers.steps[rows].iter().copied(), numbers.span as usize);
    let used = || coded.used.iter().map(|step| numbers.least + i64::from(*step));
    // Four bytes were read from as many: none is cut off.
    let four = |number: i64| i32::try_from(number).unwrap_or_default();
    let dictionary: Vec<u8> = match numbers.width {
        Width::Four => used().flat_map(|number| four(number).to_le_bytes()).collect(),
        Width::Eight => used().flat_map(i64::to_le_bytes).collect(),
    };
    let nulls = Some(coded.nulls as u64);
    let bounds = bounded.then(|| match numbers.width {
        Width::Four => {
            Statistics::Int32(ValueStatistics::new(used().min().map(four), used().max().map(four), None, nulls, false))
        }
        Width::Eight => Statistics::Int64(ValueStatistics::new(used().min(), used().max(), None, nulls, false)),
    });
    coded.chunk(descr, press, &dictionary, bounds)
}
