//! Entries that another reference version says something else of.

use super::{Cause, NewRow, Pending, RowState, Target};
use crate::{LedgerError, Location};
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::or;
use commonweal_schemas::arrow_schema;

/// Columns by which enrichment decides; not the version that it went by.
///
/// An entry that has the same in all of them under another version is left
/// alone, and goes on carrying the version it was posted under.
#[must_use]
pub fn decided_columns() -> Vec<String> {
    let (enriched, validated) = (arrow_schema::enriched(), arrow_schema::validated());
    let added = enriched.fields().iter().skip(validated.fields().len()).map(|field| field.name().clone());
    added.filter(|name| name != "reference_version").collect()
}

/// Which rows of `entries` and `enriched`, which are of the same events in the
/// same order, differ in a column that enrichment decides.
///
/// # Errors
/// [`LedgerError::Column`] where one of the batches lacks such a column.
pub fn differing(entries: &RecordBatch, enriched: &RecordBatch) -> Result<BooleanArray, LedgerError> {
    let mut differing = BooleanArray::from(vec![false; entries.num_rows()]);
    for name in decided_columns() {
        let column = |batch: &RecordBatch| batch.column_by_name(&name).cloned();
        let (Some(old), Some(new)) = (column(entries), column(enriched)) else {
            return Err(LedgerError::Column("that enrichment decides"));
        };
        differing = or(&differing, &distinct(&old, &new)?)?;
    }
    Ok(differing)
}

/// Reverses the committed entries at `replaced` and posts `events`, which are
/// the same events enriched anew, in their place: the net of each event stays,
/// what it counts under changes. A conflict stays with the entry that opened it.
///
/// # Errors
/// More rows than can be numbered.
pub(crate) fn reclassify(
    events: &RecordBatch,
    replaced: &[Location],
    pending: &mut Pending,
) -> Result<(), LedgerError> {
    debug_assert_eq!(events.num_rows(), replaced.len());
    let batch = pending.add_batch(events)?;
    for (row, at) in (0_u32..).zip(replaced) {
        pending.reverse(Target::Committed(*at), Cause::Reclassification, 0);
        let state = RowState { entry: 1, cancelled: 0, conflict: 0, cause: Cause::Reclassification };
        // No index goes by these heads: whoever posts next builds his from the journal.
        pending.note(NewRow { batch, row, state });
    }
    Ok(())
}
