//! What models see of the balances: netted over the day of booking and over
//! reversals, so that no trace is left of the order in which events came.
//!
//! One pass over a dataset's segments makes `funding_cells` or
//! `employment_cells` (without organisations), `parties` (organisations with an
//! entry in force, by role), and for stocks `stock_snapshots`, `stock_series`
//! and `stock_cells`, which number each other.

use crate::PublishError;
use crate::balances::{Kind, cell_amounts};
use crate::grouping::{Amounts, Chunk, Coder, Codes, Groups, NULL, scan};
use crate::session::Session;
use arrow::array::{ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use commonweal_schemas::Dataset;
use std::path::PathBuf;
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

/// Codes of the columns in use, filled batch by batch.
struct Columns {
    names: Vec<&'static str>,
    coders: Vec<Coder>,
    codes: Vec<Codes>,
}

impl Columns {
    fn new(names: Vec<&'static str>) -> Self {
        let coders = names.iter().map(|_| Coder::default()).collect();
        let filled = vec![Codes::new(); names.len()];
        Self { names, coders, codes: filled }
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<(), PublishError> {
        for ((name, coder), codes) in self.names.iter().zip(&mut self.coders).zip(&mut self.codes) {
            let column = batch.column_by_name(name).ok_or_else(|| {
                let missing = arrow::error::ArrowError::SchemaError(format!("column {name} is missing"));
                PublishError::arrow("balances")(missing)
            })?;
            coder.encode(column, codes).map_err(PublishError::arrow(*name))?;
        }
        Ok(())
    }

    fn at(&self, name: &str) -> usize {
        self.names.iter().position(|known| *known == name).unwrap_or(0)
    }

    fn codes(&self, names: &[&str]) -> Vec<&[u32]> {
        names.iter().map(|name| self.codes[self.at(name)].as_slice()).collect()
    }
}

/// Makes the tables of one dataset from its segments.
pub(crate) fn views(dataset: Dataset, paths: &[PathBuf]) -> Result<Views, PublishError> {
    let (cell_table, cell_names, party_table) = match dataset {
        Dataset::Funding => ("funding_cells", FUNDING_CELLS, "funding_parties"),
        Dataset::Employment => ("employment_cells", EMPLOYMENT_CELLS, "employment_parties"),
    };
    let mut wanted: Vec<&'static str> = cell_names.to_vec();
    for name in ["organisation_id", "counterparty_id", "as_of"] {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let mut columns = Columns::new(wanted.clone());
    wanted.extend(["quantity", "entries", "cancelled", "conflict", "corrected"]);
    let mut cells = Groups::new(cell_names.len());
    let mut parties = Groups::new(2);
    let mut stocks = Stocks::new();
    let mut amounts = Vec::new();
    scan(paths, &wanted, |batch| {
        columns.encode(batch)?;
        cell_amounts(batch, &mut amounts)?;
        for amount in &mut amounts {
            // Which cell carries a conflict depends on the order of arrival.
            amount.counts[2] = 0;
        }
        cells.add(&columns.codes(cell_names), &amounts, |_| true, |_, _| {});
        parties.add(&columns.codes(&["organisation_id", "counterparty_id"]), &amounts, |_| true, |_, _| {});
        if dataset == Dataset::Employment {
            stocks.add(&columns, &amounts);
        }
        Ok(())
    })?;
    let mut tables = Vec::new();
    let cells = cells.into_chunks(|sum| !sum.is_zero());
    tables.push(table(cell_table, cell_names, &columns, &cells, SUMS)?);
    let parties = parties.into_chunks(|sum| sum.counts[0] > 0);
    tables.push(table(party_table, &["organisation_id", "counterparty_id"], &columns, &parties, &["entries"])?);
    if dataset == Dataset::Employment {
        tables.extend(stocks.into_tables(&columns)?);
    }
    Ok(Views(tables))
}

/// Snapshots of stocks, the series they belong to, and the cells series are
/// shown in. Series and cells have numbers, on which engines join fast.
struct Stocks {
    cells: Groups,
    series: Groups,
    snapshots: Groups,
    /// Cell and series of each row of a batch.
    numbers: [Codes; 2],
}

impl Stocks {
    fn new() -> Self {
        Self {
            cells: Groups::new(STOCK_CELL.len()),
            series: Groups::new(3),
            snapshots: Groups::new(4),
            numbers: [Codes::new(), Codes::new()],
        }
    }

    fn add(&mut self, columns: &Columns, amounts: &[Amounts]) {
        let [organisation, counterparty, source, quarter, as_of] =
            ["organisation_id", "counterparty_id", "source", "quarter", "as_of"]
                .map(|name| columns.codes[columns.at(name)].as_slice());
        let dated = |row: usize| as_of[row] != NULL;
        let [cell, series] = &mut self.numbers;
        for numbers in [&mut *cell, &mut *series] {
            numbers.clear();
            numbers.resize(amounts.len(), NULL);
        }
        self.cells.add(&columns.codes(STOCK_CELL), amounts, dated, |row, number| cell[row] = number);
        let of_series = [cell.as_slice(), organisation, counterparty];
        self.series.add(&of_series, amounts, dated, |row, number| series[row] = number);
        self.snapshots.add(&[series, source, quarter, as_of], amounts, dated, |_, _| {});
    }

    fn into_tables(self, columns: &Columns) -> Result<Vec<Table>, PublishError> {
        let live = |sum: &Amounts| sum.counts[0] > 0;
        let cells = self.cells.into_chunks(live);
        let cell_numbers: Vec<Codes> = cells.iter().map(|chunk| chunk.groups.clone()).collect();
        let named = table("stock_cells", STOCK_CELL, columns, &cells, &[])?;
        let series = self.series.into_chunks(live);
        let series_numbers: Vec<Codes> = series.iter().map(|chunk| chunk.groups.clone()).collect();
        let cell_of_series: Vec<Codes> = series.iter().map(|chunk| chunk.columns[0].clone()).collect();
        let schema: SchemaRef = Arc::new(Schema::empty());
        let rows = |chunk: &Chunk| arrow::array::RecordBatchOptions::new().with_row_count(Some(chunk.sums.len()));
        let empty: Result<Vec<RecordBatch>, _> = series
            .iter()
            .map(|chunk| RecordBatch::try_new_with_options(Arc::clone(&schema), Vec::new(), &rows(chunk)))
            .collect();
        let empty = empty.map_err(PublishError::arrow("stock_series"))?;
        let of_cells = numbered("cell", ("stock_series", schema, empty), &cell_of_series)?;
        let mut snapshots = self.snapshots.into_chunks(live);
        let series_of_snapshots: Vec<Codes> = snapshots.iter_mut().map(|chunk| chunk.columns.remove(0)).collect();
        let dated =
            table("stock_snapshots", &["source", "quarter", "as_of"], columns, &snapshots, &["quantity", "entries"])?;
        Ok(vec![
            numbered("cell", named, &cell_numbers)?,
            numbered("series", of_cells, &series_numbers)?,
            numbered("series", dated, &series_of_snapshots)?,
        ])
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
    keys: &[&str],
    columns: &Columns,
    chunks: &[Chunk],
    sums: &[&str],
) -> Result<Table, PublishError> {
    let types = Kind::Balances(Dataset::Funding).schema();
    let mut fields = Vec::new();
    let mut arrays: Vec<Vec<ArrayRef>> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let data_type = types.field_with_name(key).map_err(PublishError::arrow(*key))?.data_type();
        let codes: Vec<Codes> = chunks.iter().map(|chunk| chunk.columns[at].clone()).collect();
        let decoded = columns.coders[columns.at(key)].decode(data_type, &codes).map_err(PublishError::arrow(*key))?;
        let (data_type, decoded) = viewed(data_type, decoded).map_err(PublishError::arrow(*key))?;
        fields.push(Field::new(*key, data_type, true));
        arrays.push(decoded);
    }
    for sum in sums {
        let data_type = if *sum == "quantity" { DataType::Decimal128(28, 4) } else { DataType::Int64 };
        fields.push(Field::new(*sum, data_type, false));
        arrays.push(chunks.iter().map(|chunk| sum_array(sum, &chunk.sums)).collect::<Result<_, _>>()?);
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batch = |at: usize| {
        RecordBatch::try_new(Arc::clone(&schema), arrays.iter().map(|column| Arc::clone(&column[at])).collect())
    };
    let batches = (0..chunks.len()).map(batch).collect::<Result<_, _>>().map_err(PublishError::arrow(name))?;
    Ok((name, schema, batches))
}

/// Text as views, which the engine groups and compares fastest.
fn viewed(data_type: &DataType, arrays: Vec<ArrayRef>) -> Result<(DataType, Vec<ArrayRef>), arrow::error::ArrowError> {
    if *data_type != DataType::Utf8 {
        return Ok((data_type.clone(), arrays));
    }
    let views = arrays.iter().map(|array| cast(array, &DataType::Utf8View)).collect::<Result<_, _>>()?;
    Ok((DataType::Utf8View, views))
}

fn sum_array(name: &str, sums: &[Amounts]) -> Result<ArrayRef, PublishError> {
    let counts = |at: usize| Arc::new(Int64Array::from_iter_values(sums.iter().map(|sum| sum.counts[at])));
    Ok(match name {
        "quantity" => {
            let quantities = Decimal128Array::from_iter_values(sums.iter().map(|sum| sum.quantity));
            Arc::new(quantities.with_precision_and_scale(28, 4).map_err(PublishError::arrow(name))?)
        }
        "cancelled" => counts(1),
        "corrected" => counts(3),
        _ => counts(0),
    })
}
