//! Every rule that an event breaks, for whoever can still correct it.

use crate::columns::Columns;
use crate::error::IngestError;
use crate::findings::Findings;
use crate::rules::Rules;
use crate::{employment, funding, identity};
use arrow::array::RecordBatch;
use commonweal_schemas::{Dataset, Origins, Rejection};
use std::sync::Arc;

/// Every broken rule of each row of a raw batch, by row; a row's first is the
/// one that [`crate::validate_funding`] or [`crate::validate_employment`]
/// refuses it with. A row without any passes there.
///
/// # Errors
/// Where the batch is not of the contract.
pub fn breaches(dataset: Dataset, raw: &RecordBatch, rules: &Rules) -> Result<Vec<Rejection>, IngestError> {
    let rows = raw.num_rows();
    // No verdict depends on where an event came from.
    let origins = Origins { topic: Arc::from(""), partition: vec![0; rows], offset: vec![0; rows] };
    let columns = Columns::new(dataset, raw, &origins)?;
    let cancelled = identity::cancellations(columns.symbols("action")?);
    let mut findings = Findings::of_all_rules(rows, cancelled.as_ref());
    match dataset {
        Dataset::Funding => funding::examine(&columns, rules, &mut findings)?,
        Dataset::Employment => employment::examine(&columns, rules, &mut findings)?,
    };
    let (sources, event_ids) = (columns.text("source")?, columns.text("event_id")?);
    Ok(findings.into_breaches(|row| (identity::readable(sources, row), identity::readable(event_ids, row))))
}
