//! What models see of the balances: netted over the day of booking and over
//! reversals, so that no trace is left of the order in which events came.
//!
//! One pass over a dataset's cells makes `funding_cells` or
//! `employment_cells` (without organisations), `parties` (organisations with an
//! entry in force, by role), for money granted on `onward_cells` (with who
//! received it), for stocks `stock_snapshots`, `stock_series` and `stock_cells`,
//! which number each other, `employers` with their `employer_moves`, and for
//! flows `flow_cells` and `flow_contributions`. Organisations are numbers in
//! what is told of work: disclosure control asks how much each contributes, not
//! who it is.

mod balances;
mod employers;
mod flows;
mod stocks;

pub(crate) use balances::{BALANCES, views_with_balances};

use crate::PublishError;
use crate::balances::{Cells, Kind, Seen, sum_array};
use crate::grouping::{Amounts, Chunk, Codes, Pairs};
use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use commonweal_query::Session;
use commonweal_schemas::Dataset;
use flows::Flows;
use std::sync::Arc;
use stocks::Stocks;

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
/// The same of onward grants, by whom they went through.
const ONWARD_CELLS: &[&str] = &[
    "measure",
    "unit",
    "instrument",
    "organisation_id",
    "counterparty_id",
    "programme",
    "district",
    "combined_authority",
    "region",
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
const CONTRIBUTOR: &[&str] = &["organisation_id"];

const PARTIES: &[&str] = &["organisation_id", "counterparty_id"];

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
    views_noting(dataset, cells, |_| {})
}

/// The same, telling `note` of each cell the series it belongs to; none where
/// it is of no stock.
fn views_noting(dataset: Dataset, cells: &Cells, mut note: impl FnMut(Option<u32>)) -> Result<Views, PublishError> {
    let (cell_table, cell_names, party_table) = match dataset {
        Dataset::Funding => ("funding_cells", FUNDING_CELLS, "funding_parties"),
        Dataset::Employment => ("employment_cells", EMPLOYMENT_CELLS, "employment_parties"),
    };
    let (seen_as_cell, seen_as_parties) = (cells.seen_by(cell_names), cells.seen_by(PARTIES));
    let mut shown = Pairs::default();
    let mut parties = Pairs::default();
    let mut work = (dataset == Dataset::Employment).then(|| (Stocks::new(cells), Flows::new(cells)));
    let mut onward = (dataset == Dataset::Funding).then(|| Onward::new(cells));
    for (cell, amounts) in cells.sums() {
        let mut amounts = *amounts;
        // Which cell carries a conflict depends on the order of arrival.
        amounts.counts[2] = 0;
        shown.add(seen_as_cell.pair(cell), &amounts);
        let party = parties.add(seen_as_parties.pair(cell), &amounts);
        if let Some((stocks, flows)) = &mut work {
            if stocks.are(cell) {
                note(Some(stocks.add(cell, party, &amounts)));
            } else {
                note(None);
                stocks.moved(cell, &amounts);
                flows.add(cell, &amounts);
            }
        }
        if let Some(onward) = &mut onward {
            onward.add(cell, &amounts);
        }
    }
    let mut tables = Vec::new();
    let shown = shown.chunks(|sum| !sum.is_zero()).collect();
    tables.push(table(cell_table, cells, &seen_as_cell, cell_names, shown, SUMS)?);
    let parties = parties.chunks(|sum| sum.counts[0] > 0).collect();
    tables.push(table(party_table, cells, &seen_as_parties, PARTIES, parties, &["entries"])?);
    if let Some(onward) = onward {
        let chunks = onward.grants.chunks(|sum| !sum.is_zero()).collect();
        tables.push(table("onward_cells", cells, &onward.seen, ONWARD_CELLS, chunks, &["quantity", "entries"])?);
    }
    if let Some((stocks, flows)) = work {
        tables.extend(stocks.into_tables(cells)?);
        tables.extend(flows.into_tables(cells)?);
    }
    Ok(Views(tables))
}

/// Money that is granted on, with who received it first.
struct Onward {
    seen: Seen,
    /// Half of a key that has the flag, and the flags by its number.
    flags: (usize, Codes),
    grants: Pairs,
}

impl Onward {
    fn new(cells: &Cells) -> Self {
        Self { seen: cells.seen_by(ONWARD_CELLS), flags: cells.codes("onward_grant"), grants: Pairs::default() }
    }

    fn add(&mut self, cell: [u32; 2], amounts: &Amounts) {
        let (half, flags) = &self.flags;
        // A flag is its own code.
        if flags[cell[*half] as usize] == u32::from(true) {
            self.grants.add(self.seen.pair(cell), amounts);
        }
    }
}

/// Number of the organisation of a cell.
fn contributor(seen: &Seen, cell: [u32; 2]) -> u32 {
    // One column lies in one half; the other half has nothing to tell apart.
    seen.pair(cell).into_iter().max().unwrap_or(0)
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
