//! What models see of the balances: netted over the day of booking and over
//! reversals, so that no trace is left of the order in which events came.
//!
//! One pass over a dataset's cells makes `funding_cells` or
//! `employment_cells` (without organisations), `parties` (organisations with an
//! entry in force, by role), and for work `stock_snapshots`, `stock_series`,
//! `stock_cells`, `flow_cells` and `flow_contributions`, which number each
//! other. Organisations are numbers in them: disclosure control asks how much
//! each contributes, not who it is.

use crate::PublishError;
use crate::balances::{Cells, Kind, Seen, sum_array};
use crate::grouping::{Amounts, Chunk, Codes, NULL, Pairs};
use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use commonweal_query::Session;
use commonweal_schemas::Dataset;
use std::sync::Arc;

const FUNDING_CELLS: &[&str] = &[
    "source",
    "measure",
    "unit",
    "instrument",
    "organisation_basis",
    "counterparty_id",
    "programme",
    "onward_grant",
    "district",
    "combined_authority",
    "region",
    "place_basis",
    "quarter",
];
const EMPLOYMENT_CELLS: &[&str] = &[
    "source",
    "measure",
    "unit",
    "job_basis",
    "prior_status",
    "organisation_basis",
    "programme",
    "district",
    "combined_authority",
    "region",
    "place_basis",
    "quarter",
];
/// What of a series is shown: series of one cell are added.
const STOCK_CELL: &[&str] = &["measure", "unit", "programme", "district", "combined_authority", "region", "job_basis"];

/// What of a flow is shown.
const FLOW_CELL: &[&str] = &["quarter", "measure", "programme", "district", "job_basis", "prior_status"];
const CONTRIBUTOR: &[&str] = &["organisation_id"];

const PARTIES: &[&str] = &["organisation_id", "counterparty_id"];
/// What a snapshot has beside its series.
const SNAPSHOT: &[&str] = &["source", "quarter", "as_of"];

/// A table by name.
type Table = (&'static str, SchemaRef, Vec<RecordBatch>);

/// Tables of one dataset.
pub(crate) struct Views(Vec<Table>);

impl Views {
    /// Registers the tables; `parties` of the datasets get names of their own.
    pub(crate) fn add_to(self, session: &Session) -> Result<(), PublishError> {
        for (name, schema, batches) in self.0 {
            session.add_batches(name, &schema, batches)?;
        }
        Ok(())
    }
}

/// Makes the tables of one dataset from its cells.
pub(crate) fn views(dataset: Dataset, cells: &Cells) -> Result<Views, PublishError> {
    let (cell_table, cell_names, party_table) = match dataset {
        Dataset::Funding => ("funding_cells", FUNDING_CELLS, "funding_parties"),
        Dataset::Employment => ("employment_cells", EMPLOYMENT_CELLS, "employment_parties"),
    };
    let (seen_as_cell, seen_as_parties) = (cells.seen_by(cell_names), cells.seen_by(PARTIES));
    let mut shown = Pairs::default();
    let mut parties = Pairs::default();
    let mut work = (dataset == Dataset::Employment).then(|| (Stocks::new(cells), Flows::new(cells)));
    for (cell, amounts) in cells.sums() {
        let mut amounts = *amounts;
        // Which cell carries a conflict depends on the order of arrival.
        amounts.counts[2] = 0;
        shown.add(seen_as_cell.pair(cell), &amounts);
        let party = parties.add(seen_as_parties.pair(cell), &amounts);
        if let Some((stocks, flows)) = &mut work {
            if stocks.are(cell) {
                stocks.add(cell, party, &amounts);
            } else {
                flows.add(cell, &amounts);
            }
        }
    }
    let mut tables = Vec::new();
    let shown = shown.chunks(|sum| !sum.is_zero()).collect();
    tables.push(table(cell_table, cells, &seen_as_cell, cell_names, shown, SUMS)?);
    let parties = parties.chunks(|sum| sum.counts[0] > 0).collect();
    tables.push(table(party_table, cells, &seen_as_parties, PARTIES, parties, &["entries"])?);
    if let Some((stocks, flows)) = work {
        tables.extend(stocks.into_tables(cells)?);
        tables.extend(flows.into_tables(cells)?);
    }
    Ok(Views(tables))
}

/// Snapshots of stocks, the series they belong to, and the cells series are
/// shown in. Series and cells have numbers, on which engines join fast.
struct Stocks {
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
    /// Organisation of each series.
    contributors: Codes,
}

impl Stocks {
    fn new(cells: &Cells) -> Self {
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
        }
    }

    /// Whether a cell is of a stock.
    fn are(&self, cell: [u32; 2]) -> bool {
        let (half, dates) = &self.dates;
        dates[cell[*half] as usize] != NULL
    }

    fn add(&mut self, cell: [u32; 2], parties: u32, amounts: &Amounts) {
        let shown = self.cells.add(self.seen_as_cell.pair(cell), amounts);
        let series = self.series.add([shown, parties], amounts);
        if self.contributors.len() == series as usize {
            self.contributors.push(contributor(&self.seen_as_contributor, cell));
        }
        let moment = self.moments.add(self.seen_as_snapshot.pair(cell), amounts);
        self.snapshots.add([series, moment], amounts);
    }

    fn into_tables(self, cells: &Cells) -> Result<Vec<Table>, PublishError> {
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
        let contributors: Vec<Codes> = series_numbers
            .iter()
            .map(|numbers| numbers.iter().map(|series| self.contributors[*series as usize]).collect())
            .collect();
        let of_cells = numbered("contributor", ("stock_series", schema, empty), &contributors)?;
        let of_cells = numbered("cell", of_cells, &cell_of_series)?;
        let moments: Vec<[u32; 2]> = self.moments.iter().map(|(pair, _)| pair).collect();
        let mut series_of_snapshots = Vec::new();
        let mut snapshots = Vec::new();
        for mut chunk in self.snapshots.chunks(live) {
            let [series, moment] = std::mem::take(&mut chunk.pairs);
            chunk.pairs = [0, 1].map(|half| moment.iter().map(|moment| moments[*moment as usize][half]).collect());
            series_of_snapshots.push(series);
            snapshots.push(chunk);
        }
        let dated =
            table("stock_snapshots", cells, &self.seen_as_snapshot, SNAPSHOT, snapshots, &["quantity", "entries"])?;
        Ok(vec![
            numbered("cell", named, &cell_numbers)?,
            numbered("series", of_cells, &series_numbers)?,
            numbered("series", dated, &series_of_snapshots)?,
        ])
    }
}

/// Number of the organisation of a cell.
fn contributor(seen: &Seen, cell: [u32; 2]) -> u32 {
    // One column lies in one half; the other half has nothing to tell apart.
    seen.pair(cell).into_iter().max().unwrap_or(0)
}

/// What each organisation adds to flows.
struct Flows {
    seen_as_cell: Seen,
    seen_as_contributor: Seen,
    cells: Pairs,
    /// Cell and organisation.
    contributions: Pairs,
}

impl Flows {
    fn new(cells: &Cells) -> Self {
        Self {
            seen_as_cell: cells.seen_by(FLOW_CELL),
            seen_as_contributor: cells.seen_by(CONTRIBUTOR),
            cells: Pairs::default(),
            contributions: Pairs::default(),
        }
    }

    fn add(&mut self, cell: [u32; 2], amounts: &Amounts) {
        let shown = self.cells.add(self.seen_as_cell.pair(cell), amounts);
        self.contributions.add([shown, contributor(&self.seen_as_contributor, cell)], amounts);
    }

    fn into_tables(self, cells: &Cells) -> Result<Vec<Table>, PublishError> {
        let live = |sum: &Amounts| sum.counts[0] > 0;
        let shown: Vec<Chunk> = self.cells.chunks(live).collect();
        let numbers: Vec<Codes> = shown.iter().map(|chunk| chunk.numbers.clone()).collect();
        let named = table("flow_cells", cells, &self.seen_as_cell, FLOW_CELL, shown, &[])?;
        let mut contributions: Vec<Chunk> = self.contributions.chunks(live).collect();
        let (of_cells, contributors): (Vec<Codes>, Vec<Codes>) =
            contributions.iter_mut().map(|chunk| std::mem::take(&mut chunk.pairs)).map(|[cell, of]| (cell, of)).unzip();
        let quantities = table("flow_contributions", cells, &self.seen_as_cell, &[], contributions, &["quantity"])?;
        let quantities = numbered("contributor", quantities, &contributors)?;
        Ok(vec![numbered("cell", named, &numbers)?, numbered("cell", quantities, &of_cells)?])
    }
}

const SUMS: &[&str] = &["quantity", "entries", "cancelled", "corrected"];

/// Puts a column of numbers before the others.
fn numbered(column: &str, (name, schema, batches): Table, numbers: &[Codes]) -> Result<Table, PublishError> {
    let mut fields = vec![Field::new(column, DataType::Int32, false)];
    fields.extend(schema.fields().iter().map(|field| field.as_ref().clone()));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batches = batches.into_iter().zip(numbers).map(|(batch, numbers)| {
        let numbers = Int32Array::from_iter_values(numbers.iter().map(|number| number.cast_signed()));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(numbers)];
        columns.extend(batch.columns().iter().map(Arc::clone));
        RecordBatch::try_new(Arc::clone(&schema), columns)
    });
    let batches = batches.collect::<Result<_, _>>().map_err(PublishError::arrow(name))?;
    Ok((name, schema, batches))
}

/// Groups as batches: key columns in text views, then the named sums.
fn table(
    name: &'static str,
    cells: &Cells,
    seen: &Seen,
    keys: &[&str],
    mut chunks: Vec<Chunk>,
    sums: &[&str],
) -> Result<Table, PublishError> {
    let mut fields = Vec::new();
    let mut arrays: Vec<Vec<ArrayRef>> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let codes: Vec<Codes> = chunks.iter().map(|chunk| seen.codes(at, chunk)).collect();
        let (data_type, decoded) =
            viewed(Kind::key_type(key), cells.decode(key, &codes)?).map_err(PublishError::arrow(*key))?;
        fields.push(Field::new(*key, data_type, true));
        arrays.push(decoded);
    }
    for sum in sums {
        let data_type = if *sum == "quantity" { DataType::Decimal128(28, 4) } else { DataType::Int64 };
        fields.push(Field::new(*sum, data_type, false));
        arrays.push(chunks.iter_mut().map(|chunk| sum_array(sum, chunk)).collect::<Result<_, _>>()?);
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batch = |at: usize| {
        RecordBatch::try_new(Arc::clone(&schema), arrays.iter().map(|column| Arc::clone(&column[at])).collect())
    };
    let batches = (0..chunks.len()).map(batch).collect::<Result<_, _>>().map_err(PublishError::arrow(name))?;
    Ok((name, schema, batches))
}

/// Text as views, which the engine groups and compares fastest.
fn viewed(data_type: DataType, arrays: Vec<ArrayRef>) -> Result<(DataType, Vec<ArrayRef>), arrow::error::ArrowError> {
    if data_type != DataType::Utf8 {
        return Ok((data_type, arrays));
    }
    let views = arrays.iter().map(|array| cast(array, &DataType::Utf8View)).collect::<Result<_, _>>()?;
    Ok((DataType::Utf8View, views))
}
