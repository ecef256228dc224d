//! What models see of the balances: netted over the day of booking and over
//! reversals, so that no trace is left of the order in which events came.
//!
//! One pass over a dataset's segments makes `funding_cells` or
//! `employment_cells` (without organisations), `parties` (organisations with an
//! entry in force, by role), and for stocks `stock_series` and
//! `stock_snapshots`.

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
/// What makes a series of snapshots of its own.
const SERIES: &[&str] = &[
    "organisation_id",
    "counterparty_id",
    "measure",
    "unit",
    "programme",
    "district",
    "combined_authority",
    "region",
    "job_basis",
];
/// Attributes of a series that models may group by.
const SERIES_SHOWN: &[&str] =
    &["measure", "unit", "programme", "district", "combined_authority", "region", "job_basis"];

/// Tables of one dataset, by name.
pub(crate) struct Views(Vec<(&'static str, SchemaRef, Vec<RecordBatch>)>);

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
        let (coders, codes) = names.iter().map(|_| (Coder::default(), Codes::new())).unzip();
        Self { names, coders, codes }
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

/// Series, and their snapshots.
struct Stocks {
    series: Groups,
    snapshots: Groups,
    /// Series of each row of a batch.
    numbers: Codes,
}

impl Stocks {
    fn new() -> Self {
        Self { series: Groups::new(SERIES.len()), snapshots: Groups::new(4), numbers: Codes::new() }
    }

    fn add(&mut self, columns: &Columns, amounts: &[Amounts]) {
        let as_of = &columns.codes[columns.at("as_of")];
        self.numbers.clear();
        self.numbers.resize(amounts.len(), NULL);
        let numbers = &mut self.numbers;
        let dated = |row: usize| as_of[row] != NULL;
        self.series.add(&columns.codes(SERIES), amounts, dated, |row, number| numbers[row] = number);
        let [source, quarter] = ["source", "quarter"].map(|name| columns.codes[columns.at(name)].as_slice());
        self.snapshots.add(&[&self.numbers, source, quarter, as_of], amounts, dated, |_, _| {});
    }

    fn into_tables(self, columns: &Columns) -> Result<[(&'static str, SchemaRef, Vec<RecordBatch>); 2], PublishError> {
        let series: Vec<Chunk> = self
            .series
            .into_chunks(|sum| sum.counts[0] > 0)
            .into_iter()
            .map(|mut chunk| {
                let shown = SERIES.iter().zip(chunk.columns).filter(|(name, _)| SERIES_SHOWN.contains(name));
                chunk.columns = shown.map(|(_, codes)| codes).collect();
                chunk
            })
            .collect();
        let snapshots = self.snapshots.into_chunks(|sum| sum.counts[0] > 0);
        let numbers: Vec<Codes> = snapshots.iter().map(|chunk| chunk.columns[0].clone()).collect();
        let rest: Vec<Chunk> = snapshots
            .into_iter()
            .map(|mut chunk| {
                chunk.columns.remove(0);
                chunk
            })
            .collect();
        let own: Vec<Codes> = series.iter().map(|chunk| chunk.groups.clone()).collect();
        let named = table("stock_series", SERIES_SHOWN, columns, &series, &[])?;
        let dated =
            table("stock_snapshots", &["source", "quarter", "as_of"], columns, &rest, &["quantity", "entries"])?;
        Ok([numbered(named, &own)?, numbered(dated, &numbers)?])
    }
}

const SUMS: &[&str] = &["quantity", "entries", "cancelled", "corrected"];

/// Puts a column `series` before the others.
fn numbered(
    (name, schema, batches): (&'static str, SchemaRef, Vec<RecordBatch>),
    numbers: &[Codes],
) -> Result<(&'static str, SchemaRef, Vec<RecordBatch>), PublishError> {
    let mut fields = vec![Field::new("series", DataType::Int32, false)];
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
) -> Result<(&'static str, SchemaRef, Vec<RecordBatch>), PublishError> {
    let types = Kind::Balances(Dataset::Funding).schema();
    let mut fields = Vec::new();
    let mut arrays: Vec<Vec<ArrayRef>> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let data_type = types.field_with_name(key).map_err(PublishError::arrow(*key))?.data_type();
        let codes: Vec<Codes> = chunks.iter().map(|chunk| chunk.columns[at].clone()).collect();
        let coder = &columns.coders[columns.at(key)];
        let decoded = coder.decode(data_type, &codes).map_err(PublishError::arrow(*key))?;
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
