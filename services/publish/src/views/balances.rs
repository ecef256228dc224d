//! `funding_balances` and `employment_balances`: every balance by number, with
//! all it is kept by. What figures are traced to; no model reads them.

use super::{SUMS, Views, table, views_noting};
use crate::PublishError;
use crate::balances::{Cells, Kind};
use crate::grouping::Chunk;
use arrow::array::{Array as _, ArrayRef, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use commonweal_schemas::Dataset;
use std::sync::Arc;

/// Their names, by dataset.
pub(crate) const BALANCES: [(Dataset, &str); 2] =
    [(Dataset::Funding, "funding_balances"), (Dataset::Employment, "employment_balances")];

/// The tables of one dataset, balances among them. A balance of a level has the
/// number of its series as `stock_series` has it.
pub(crate) fn views_with_balances(dataset: Dataset, cells: &Cells) -> Result<Views, PublishError> {
    let mut series = Vec::new();
    let mut views = views_noting(dataset, cells, |number| series.push(number.map(u32::cast_signed)))?;
    series.resize(cells.chunks().map(|chunk| chunk.numbers.len()).sum(), None);
    let name = BALANCES.iter().find(|(known, _)| *known == dataset).map_or("", |(_, name)| name);
    let keys = Kind::Keys(dataset).keys();
    let seen = cells.seen_by(&keys);
    let mut numbers = Vec::new();
    let chunks = cells.chunks().map(|mut chunk: Chunk| {
        numbers.push(chunk.numbers.clone());
        let [parties, deeds] = std::mem::take(&mut chunk.pairs);
        for pair in parties.into_iter().zip(deeds).map(|(party, deed)| seen.pair([party, deed])) {
            for (codes, code) in chunk.pairs.iter_mut().zip(pair) {
                codes.push(code);
            }
        }
        chunk
    });
    let chunks = chunks.collect();
    let (name, schema, batches) = table(name, cells, &seen, &keys, chunks, SUMS)?;
    let of_row = |number: &u32| series.get(*number as usize).copied().flatten();
    let columns: Vec<[ArrayRef; 2]> = numbers
        .iter()
        .map(|numbers| -> [ArrayRef; 2] {
            let series = numbers.iter().map(of_row).collect::<Int32Array>();
            [
                Arc::new(Int32Array::from_iter_values(numbers.iter().map(|number| number.cast_signed()))),
                Arc::new(series),
            ]
        })
        .collect();
    let fields = [Field::new("balance", DataType::Int32, false), Field::new("series", DataType::Int32, true)];
    let all: Vec<Field> =
        fields.into_iter().chain(schema.fields().iter().map(|field| field.as_ref().clone())).collect();
    let schema: SchemaRef = Arc::new(Schema::new(all));
    let batches = batches.into_iter().zip(columns).map(|(batch, columns)| {
        debug_assert_eq!(columns[0].len(), batch.num_rows());
        RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().chain(batch.columns().iter().cloned()).collect())
    });
    let batches = batches.collect::<Result<Vec<_>, _>>().map_err(PublishError::arrow(name))?;
    views.0.push((name, schema, batches));
    Ok(views)
}
