//! How much of each value comes of one: the models run over tables in which
//! every cell holds the same, so that no factor knows a count.

use super::{Raw, model};
use crate::PublishError;
use crate::method::MethodBook;
use crate::tables::{Disclosure, Figures};
use arrow::array::{ArrayRef, AsArray as _, Decimal128Array};
use arrow::datatypes::Decimal128Type;
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a cell holds at most, and all together: decimals of the tables have
/// room for values of so many.
const CELL_MAX: i128 = 1_000_000;
const ALL_MAX: i128 = 5_000_000_000;
const SCALE: i128 = 10_000;

/// Tables of units by name: rows in the order of the raw ones.
pub(super) type Units = BTreeMap<&'static str, RecordBatch>;

/// Runs the models of tables that have values.
pub(super) async fn run(
    session: &Session,
    method: &MethodBook,
    raw: &[Raw],
    cells: usize,
) -> Result<Units, PublishError> {
    let held = held(cells);
    for (table, batch) in raw {
        if let Disclosure::Protected(Figures { counts: [count], values: [], .. }) = &table.disclosure {
            let unit = filled(batch, count, held).map_err(PublishError::arrow(table.name))?;
            session.add_batches(table.name, &unit.schema(), vec![unit])?;
        }
    }
    let mut units = Units::new();
    let in_order = method.models.iter().filter_map(|model| raw.iter().find(|(table, _)| table.name == model.name));
    for (table, batch) in in_order {
        let Disclosure::Protected(figures) = &table.disclosure else { continue };
        if figures.values.is_empty() {
            continue;
        }
        let unit = model(session, method, table).await?;
        let same = table.key.iter().all(|name| unit.column_by_name(name) == batch.column_by_name(name));
        if !same {
            return Err(PublishError::Disclosure {
                table: table.name,
                row: String::new(),
                reason: "its rows depend on how much the cells hold, so factors cannot be told".to_owned(),
            });
        }
        session.add_batches(table.name, &unit.schema(), vec![unit.clone()])?;
        units.insert(table.name, unit);
    }
    Ok(units)
}

/// What each of so many cells holds: a power of ten.
fn held(cells: usize) -> i128 {
    let mut held = CELL_MAX;
    while held > 10 && held.saturating_mul(i128::try_from(cells).unwrap_or(i128::MAX)) > ALL_MAX {
        held /= 10;
    }
    held
}

/// The same rows with `held` wherever there is a count.
fn filled(batch: &RecordBatch, count: &str, held: i128) -> Result<RecordBatch, arrow::error::ArrowError> {
    let fields = batch.schema();
    let columns = fields.fields().iter().zip(batch.columns()).map(|(field, column)| match column.as_primitive_opt() {
        Some(counts) if field.name() == count => {
            let counts: &arrow::array::PrimitiveArray<Decimal128Type> = counts;
            let filled: Decimal128Array = counts.unary(|_| held * SCALE);
            Ok(Arc::new(filled.with_data_type(field.data_type().clone())) as ArrayRef)
        }
        _ => Ok(Arc::clone(column)),
    });
    RecordBatch::try_new(Arc::clone(&fields), columns.collect::<Result<_, arrow::error::ArrowError>>()?)
}
