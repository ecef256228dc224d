//! Sums per cell while they are worked on, their keys in two halves.
//!
//! What belongs to a party and what belongs to a deed repeat much more often
//! than both together. So each half of a key is numbered in a table of its own,
//! a cell is a pair of numbers, and whoever looks at keys (segments, views)
//! looks at a few thousand halves instead of at every cell.

use super::amounts::{self, cell_amounts};
use super::kinds::{HALVES, Kind};
use crate::PublishError;
use crate::grouping::{Amounts, Chunk, Coder, Codes, NULL, Pairs, Tuples, scan};
use arrow::array::{Array as _, ArrayRef, AsArray as _, Int32Array, RecordBatch};
use arrow::datatypes::Int32Type;
use commonweal_schemas::codes::Kind as MeasureKind;
use commonweal_schemas::{Dataset, Measure};
use std::path::PathBuf;
use std::sync::Arc;

/// Columns that an organisation, its sector and its place mostly decide.
const OF_THE_PARTY: [&str; 11] = [
    "organisation_id",
    "organisation_basis",
    "recipient_kind",
    "legal_form",
    "sic",
    "icnptso",
    "district",
    "combined_authority",
    "region",
    "imd_decile",
    "place_basis",
];

/// Where a key column is kept: which half, and which column of it.
type Place = (usize, usize);

/// Cells under way: a coder a key column, the halves of keys, and the sums.
pub(crate) struct Cells {
    keys: Vec<&'static str>,
    coders: Vec<Coder>,
    /// Codes of the batch at hand, by key column.
    codes: Vec<Codes>,
    places: Vec<Place>,
    halves: [Tuples; 2],
    numbers: [Codes; 2],
    sums: Pairs,
}

impl Cells {
    pub(super) fn new(dataset: Dataset) -> Self {
        let keys = Kind::Keys(dataset).keys();
        let mut widths = [0, 0];
        let places = keys.iter().map(|key| {
            let half = usize::from(!OF_THE_PARTY.contains(key));
            widths[half] += 1;
            (half, widths[half] - 1)
        });
        let places = places.collect();
        Self {
            coders: keys.iter().map(|_| Coder::default()).collect(),
            codes: vec![Codes::new(); keys.len()],
            places,
            halves: widths.map(Tuples::new),
            numbers: [Codes::new(), Codes::new()],
            sums: Pairs::default(),
            keys,
        }
    }

    /// Reads segments, each its keys and its cells, and sums them.
    pub(crate) fn read(dataset: Dataset, segments: &[(PathBuf, PathBuf)]) -> Result<Self, PublishError> {
        Self::read_before(dataset, segments, None)
    }

    /// The same without what was booked on a day, in days since 1970, or later.
    pub(super) fn read_before(
        dataset: Dataset,
        segments: &[(PathBuf, PathBuf)],
        end: Option<i32>,
    ) -> Result<Self, PublishError> {
        let mut cells = Self::new(dataset);
        for (keys, sums) in segments {
            cells.read_segment(keys, sums, end)?;
        }
        Ok(cells)
    }

    fn read_segment(&mut self, keys: &PathBuf, sums: &PathBuf, end: Option<i32>) -> Result<(), PublishError> {
        // Number here of each half of a key by its number in the segment.
        let mut known = [Codes::new(), Codes::new()];
        let wanted: Vec<&str> = [HALVES[0]].into_iter().chain(self.keys.iter().copied()).collect();
        scan(std::slice::from_ref(keys), &wanted, |batch| {
            let halves = integers(batch, HALVES[0])?;
            for at in 0..self.keys.len() {
                self.encode(at, batch, self.keys[at])?;
            }
            self.number(batch.num_rows());
            for (half, row) in halves.values().iter().zip(0..) {
                let half = usize::from(*half != 0);
                known[half].push(self.numbers[half][row]);
            }
            Ok(())
        })?;
        let (half_of_day, days) = self.codes("booked_on");
        let is_late = |halves: [u32; 2]| {
            end.is_some_and(|end| days.get(halves[half_of_day] as usize).is_some_and(|day| day.cast_signed() >= end))
        };
        let mut amounts = Vec::new();
        let wanted: Vec<&str> = HALVES.into_iter().chain(amounts::SUMS).collect();
        scan(std::slice::from_ref(sums), &wanted, |batch| {
            cell_amounts(batch, &mut amounts)?;
            let (parties, deeds) = (integers(batch, HALVES[0])?, integers(batch, HALVES[1])?);
            for ((party, deed), amount) in parties.values().iter().zip(deeds.values()).zip(&amounts) {
                let number = |half: usize, number: i32| {
                    usize::try_from(number).ok().and_then(|number| known[half].get(number).copied())
                };
                let (Some(party), Some(deed)) = (number(0, *party), number(1, *deed)) else {
                    let broken = format!("{} names keys that {} has not", sums.display(), keys.display());
                    return Err(PublishError::arrow("balances")(arrow::error::ArrowError::InvalidArgumentError(
                        broken,
                    )));
                };
                if !is_late([party, deed]) {
                    self.sums.add([party, deed], amount);
                }
            }
            Ok(())
        })
    }

    /// Takes the codes of key column `at` from the column `name` of a batch.
    pub(super) fn encode(&mut self, at: usize, batch: &RecordBatch, name: &str) -> Result<(), PublishError> {
        self.coders[at].encode(amounts::column(batch, name)?, &mut self.codes[at]).map_err(PublishError::arrow(name))
    }

    /// Blanks the date of what may be added over time.
    pub(super) fn keep_dates_of_stocks(&mut self) {
        let (measure, as_of) = (self.at("measure"), self.at("as_of"));
        let stocks: Vec<u32> = Measure::ALL
            .into_iter()
            .filter(|measure| measure.kind() == MeasureKind::Stock)
            .filter_map(|stock| self.coders[measure].find(stock.code()))
            .collect();
        let measures = std::mem::take(&mut self.codes[measure]);
        for (day, measure) in self.codes[as_of].iter_mut().zip(&measures) {
            if !stocks.contains(measure) {
                *day = NULL;
            }
        }
        self.codes[measure] = measures;
    }

    /// Adds the rows whose keys were encoded.
    pub(super) fn add(&mut self, amounts: &[Amounts]) {
        self.number(amounts.len());
        let [parties, deeds] = &self.numbers;
        for ((party, deed), amount) in parties.iter().zip(deeds).zip(amounts) {
            self.sums.add([*party, *deed], amount);
        }
    }

    fn number(&mut self, rows: usize) {
        for (half, (tuples, numbers)) in self.halves.iter_mut().zip(&mut self.numbers).enumerate() {
            let of_half = self.codes.iter().zip(&self.places).filter(|(_, place)| place.0 == half);
            let columns: Vec<&[u32]> = of_half.map(|(codes, _)| codes.as_slice()).collect();
            tuples.number(&columns, rows, numbers);
        }
    }

    /// Numbers of the cells that the rows whose keys were encoded belong to.
    pub(super) fn find_encoded(&mut self, rows: usize) -> Vec<Option<u32>> {
        self.number(rows);
        let [parties, deeds] = &self.numbers;
        parties.iter().zip(deeds).map(|(party, deed)| self.sums.find([*party, *deed])).collect()
    }

    pub(super) const fn pairs(&self) -> &Pairs {
        &self.sums
    }

    /// Cells, each as its halves' numbers, and their sums.
    pub(crate) fn sums(&self) -> impl Iterator<Item = ([u32; 2], &Amounts)> {
        self.sums.iter()
    }

    /// Rows of the segment of sums: cells that came to nothing are left out.
    pub(super) fn sum_batches(&self) -> impl Iterator<Item = Result<RecordBatch, PublishError>> {
        self.sums.chunks(|sum| !sum.is_zero()).map(|mut chunk| {
            let halves = chunk.pairs.each_ref().map(|codes| numbers(codes));
            let mut columns: Vec<(&str, ArrayRef)> = HALVES.into_iter().zip(halves).collect();
            for name in amounts::SUMS {
                columns.push((name, amounts::sum_array(name, &mut chunk)?));
            }
            let columns = columns.into_iter().map(|(name, array)| (name, array, true));
            RecordBatch::try_from_iter_with_nullable(columns).map_err(PublishError::arrow("balances"))
        })
    }

    /// Rows of the segment of keys: one a half, in the order of their numbers.
    pub(super) fn key_batches(&self) -> impl Iterator<Item = Result<RecordBatch, PublishError>> {
        (0..2).map(|half| {
            let count = self.halves[half].count();
            let which: ArrayRef = Arc::new(Int32Array::from(vec![i32::from(half == 1); count]));
            let mut columns = vec![(HALVES[0], which, true)];
            for (at, key) in self.keys.iter().enumerate() {
                let place = self.places[at];
                let codes = if place.0 == half { self.halves[half].column(place.1) } else { vec![NULL; count] };
                columns.push((*key, self.decode(key, &[codes])?.remove(0), true));
            }
            RecordBatch::try_from_iter_with_nullable(columns).map_err(PublishError::arrow("balances"))
        })
    }

    fn at(&self, key: &str) -> usize {
        self.keys.iter().position(|known| *known == key).unwrap_or(0)
    }

    /// Half of a key column, and its codes by the number of that half.
    pub(crate) fn codes(&self, key: &str) -> (usize, Codes) {
        let (half, place) = self.places[self.at(key)];
        (half, self.halves[half].column(place))
    }

    /// Code of a text in a key column, where it has come.
    pub(crate) fn find(&self, key: &str, text: &str) -> Option<u32> {
        self.coders[self.at(key)].find(text)
    }

    /// Codes of a key column as arrays; text as dictionaries.
    pub(crate) fn decode(&self, key: &str, codes: &[Codes]) -> Result<Vec<ArrayRef>, PublishError> {
        self.coders[self.at(key)].decode(&Kind::key_type(key), codes).map_err(PublishError::arrow(key))
    }

    /// The cells seen by some of their key columns only.
    pub(crate) fn seen_by(&self, keys: &[&str]) -> Seen {
        let mut halves = [0, 1].map(|half| {
            let of_half = |key: &&&str| self.places[self.at(key)].0 == half;
            let columns: Vec<Codes> = keys.iter().filter(of_half).map(|key| self.codes(key).1).collect();
            let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
            let (mut tuples, mut numbers) = (Tuples::new(columns.len()), Codes::new());
            tuples.number(&columns, self.halves[half].count(), &mut numbers);
            (tuples, numbers, 0)
        });
        let places = keys.iter().map(|key| {
            let half = self.places[self.at(key)].0;
            halves[half].2 += 1;
            (half, halves[half].2 - 1)
        });
        let places = places.collect();
        let [(one, of_one, _), (other, of_other, _)] = halves;
        Seen { places, tuples: [one, other], numbers: [of_one, of_other] }
    }
}

/// Cells seen by some of their key columns: fewer halves, numbered anew.
pub(crate) struct Seen {
    places: Vec<Place>,
    tuples: [Tuples; 2],
    /// Number here by the number there.
    numbers: [Codes; 2],
}

impl Seen {
    /// What a cell is seen as.
    pub(crate) fn pair(&self, [one, other]: [u32; 2]) -> [u32; 2] {
        [self.numbers[0][one as usize], self.numbers[1][other as usize]]
    }

    /// Codes of the key column `at` of those asked for.
    pub(crate) fn codes(&self, at: usize, chunk: &Chunk) -> Codes {
        let (half, place) = self.places[at];
        chunk.pairs[half].iter().map(|number| self.tuples[half].code(*number, place)).collect()
    }
}

/// Numbers as a column.
fn numbers(codes: &Codes) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(codes.iter().map(|code| code.cast_signed())))
}

fn integers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int32Array, PublishError> {
    let column = amounts::column(batch, name)?;
    column.as_primitive_opt::<Int32Type>().ok_or_else(|| amounts::mistyped(name, column.data_type()))
}
