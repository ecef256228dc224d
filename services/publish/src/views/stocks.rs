//! `stock_snapshots`, `stock_series` and `stock_cells`.
//!
//! Of each snapshot it is said whether it is the last of its quarter, and how
//! far off the series' next one is: an engine would sort all snapshots for it.

use super::employers::Employers;
use super::{CONTRIBUTOR, Table, contributor, numbered, table};
use crate::PublishError;
use crate::balances::{Cells, Seen};
use crate::calendar::Quarter;
use crate::grouping::{Amounts, Chunk, Codes, NULL, Pairs};
use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// What of a series is shown: series of one cell are added.
const STOCK_CELL: &[&str] = &["measure", "unit", "programme", "district", "combined_authority", "region", "job_basis"];

/// What a snapshot has beside its series.
const SNAPSHOT: &[&str] = &["source", "quarter", "as_of"];
/// Place of the date in it.
const AS_OF: usize = 2;

/// Snapshots of stocks, the series they belong to, and the cells series are
/// shown in. Series and cells have numbers, on which engines join fast.
pub(super) struct Stocks {
    seen_as_cell: Seen,
    seen_as_snapshot: Seen,
    seen_as_contributor: Seen,
    /// Half of a key that has the date, and the dates by its number.
    dates: (usize, Codes),
    cells: Pairs,
    /// Cell and parties.
    series: Pairs,
    /// What a key is seen as, as one number.
    moments: Pairs,
    /// Series and moment.
    snapshots: Pairs,
    /// Organisation by number of the series.
    contributors: Codes,
    employers: Employers,
    /// Employer by number of the series.
    employer_of_series: Codes,
}

impl Stocks {
    pub(super) fn new(cells: &Cells) -> Self {
        Self {
            seen_as_cell: cells.seen_by(STOCK_CELL),
            seen_as_snapshot: cells.seen_by(SNAPSHOT),
            seen_as_contributor: cells.seen_by(CONTRIBUTOR),
            dates: cells.codes("as_of"),
            cells: Pairs::default(),
            series: Pairs::default(),
            moments: Pairs::default(),
            snapshots: Pairs::default(),
            contributors: Codes::new(),
            employers: Employers::new(cells),
            employer_of_series: Codes::new(),
        }
    }

    /// Whether a cell is of a stock.
    pub(super) fn are(&self, cell: [u32; 2]) -> bool {
        let (half, dates) = &self.dates;
        dates[cell[*half] as usize] != NULL
    }

    /// Takes a flow in, where it is a hire or a leaver.
    pub(super) fn moved(&mut self, cell: [u32; 2], amounts: &Amounts) {
        self.employers.add(cell, amounts);
    }

    /// Takes a level in, and returns the number of its series.
    pub(super) fn add(&mut self, cell: [u32; 2], parties: u32, amounts: &Amounts) -> u32 {
        let shown = self.cells.add(self.seen_as_cell.pair(cell), amounts);
        let series = self.series.add([shown, parties], amounts);
        if series as usize == self.employer_of_series.len() {
            self.employer_of_series.push(self.employers.number(cell, amounts));
            self.contributors.push(contributor(&self.seen_as_contributor, cell));
        }
        let moment = self.moments.add(self.seen_as_snapshot.pair(cell), amounts);
        self.snapshots.add([series, moment], amounts);
        series
    }

    pub(super) fn into_tables(self, cells: &Cells) -> Result<Vec<Table>, PublishError> {
        let live = |sum: &Amounts| sum.counts[0] > 0;
        let shown: Vec<Chunk> = self.cells.chunks(live).collect();
        let cell_numbers: Vec<Codes> = shown.iter().map(|chunk| chunk.numbers.clone()).collect();
        let named = table("stock_cells", cells, &self.seen_as_cell, STOCK_CELL, shown, &[])?;
        let series: Vec<Chunk> = self.series.chunks(live).collect();
        let rows = |chunk: &Chunk| arrow::array::RecordBatchOptions::new().with_row_count(Some(chunk.numbers.len()));
        let schema: SchemaRef = Arc::new(Schema::empty());
        let empty: Result<Vec<RecordBatch>, _> = series
            .iter()
            .map(|chunk| RecordBatch::try_new_with_options(Arc::clone(&schema), Vec::new(), &rows(chunk)))
            .collect();
        let empty = empty.map_err(PublishError::arrow("stock_series"))?;
        let (series_numbers, cell_of_series): (Vec<Codes>, Vec<Codes>) =
            series.into_iter().map(|Chunk { numbers, pairs: [cell, _], .. }| (numbers, cell)).unzip();
        let of_series = |told: &Codes| -> Vec<Codes> {
            let told = |numbers: &Codes| numbers.iter().map(|series| told[*series as usize]).collect();
            series_numbers.iter().map(told).collect()
        };
        let contributors = of_series(&self.contributors);
        let of_contributors = numbered("contributor", ("stock_series", schema, empty), &contributors)?;
        let of_employers = numbered("employer", of_contributors, &of_series(&self.employer_of_series))?;
        let of_cells = numbered("cell", of_employers, &cell_of_series)?;
        let moments: Vec<[u32; 2]> = self.moments.iter().map(|(pair, _)| pair).collect();
        let mut series_of_snapshots = Vec::new();
        let mut snapshots = Vec::new();
        let mut days = Vec::new();
        for mut chunk in self.snapshots.chunks(live) {
            let [series, moment] = std::mem::take(&mut chunk.pairs);
            chunk.pairs = [0, 1].map(|half| moment.iter().map(|moment| moments[*moment as usize][half]).collect());
            days.push(self.seen_as_snapshot.codes(AS_OF, &chunk));
            series_of_snapshots.push(series);
            snapshots.push(chunk);
        }
        let dated =
            table("stock_snapshots", cells, &self.seen_as_snapshot, SNAPSHOT, snapshots, &["quantity", "entries"])?;
        let [employers, moves] = self.employers.into_tables(cells)?;
        Ok(vec![
            employers,
            moves,
            numbered("cell", named, &cell_numbers)?,
            numbered("series", of_cells, &series_numbers)?,
            numbered("series", in_line(dated, &series_of_snapshots, &days)?, &series_of_snapshots)?,
        ])
    }
}

/// Says of each snapshot whether it is the last of its quarter, and in how many
/// quarters the series has its next.
fn in_line((name, schema, batches): Table, series: &[Codes], days: &[Codes]) -> Result<Table, PublishError> {
    let line = Line::of(series, days);
    let fields = [
        Field::new("last_of_quarter", DataType::Boolean, false),
        Field::new("quarters_to_next", DataType::Int32, true),
    ];
    let schema: SchemaRef = Arc::new(Schema::new(
        schema.fields().iter().map(|field| field.as_ref().clone()).chain(fields).collect::<Vec<_>>(),
    ));
    let batches = batches.into_iter().zip(series.iter().zip(days)).map(|(batch, (series, days))| {
        let told = series.iter().zip(days).map(|(series, day)| line.after(*series, day.cast_signed()));
        let (last, next): (Vec<bool>, Vec<Option<i32>>) = told.unzip();
        let mut columns = batch.columns().to_vec();
        columns.extend([Arc::new(BooleanArray::from(last)) as ArrayRef, Arc::new(Int32Array::from(next))]);
        RecordBatch::try_new(Arc::clone(&schema), columns)
    });
    let batches = batches.collect::<Result<_, _>>().map_err(PublishError::arrow(name))?;
    Ok((name, schema, batches))
}

/// Days on which each series has a snapshot, all in one rising line.
struct Line(Vec<(u32, i32)>);

impl Line {
    fn of(series: &[Codes], days: &[Codes]) -> Self {
        let pairs = series.iter().flatten().zip(days.iter().flatten());
        let mut line: Vec<(u32, i32)> = pairs.map(|(series, day)| (*series, day.cast_signed())).collect();
        line.sort_unstable();
        line.dedup();
        Self(line)
    }

    /// Whether a series has no later snapshot in the day's quarter, and the
    /// quarters to the next that has one.
    fn after(&self, series: u32, day: i32) -> (bool, Option<i32>) {
        let quarter = Quarter::of_day(day);
        let later = self.0.partition_point(|known| *known <= (series, quarter.last_day()));
        let last = later.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|known| *known == (series, day));
        let next = self.0.get(later).filter(|known| known.0 == series);
        (last, next.map(|known| Quarter::of_day(known.1).since(quarter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> u32 {
        text.parse::<chrono::NaiveDate>().unwrap().to_epoch_days().cast_unsigned()
    }

    /// Proves: of two snapshots of a quarter the later is its last; the next is
    /// counted in quarters, across a year's end; another series does not count.
    #[test]
    fn snapshots_know_what_follows() {
        let days = ["2019-10-01", "2019-12-31", "2020-07-01", "2020-12-31", "2019-11-01"].map(day);
        let line = Line::of(&[vec![1, 1, 1, 2], vec![2]], &[days[..4].to_vec(), days[4..].to_vec()]);
        let after = |series, at: usize| line.after(series, days[at].cast_signed());
        assert_eq!(after(1, 0), (false, Some(3)));
        assert_eq!(after(1, 1), (true, Some(3)));
        assert_eq!(after(1, 2), (true, None));
        assert_eq!(after(2, 4), (true, Some(4)));
        assert_eq!(after(2, 3), (true, None));
    }
}
