//! The validated batch: columns in the contract's order, cancellations
//! emptied, refused rows left out, each row with the digest of its content.

use crate::columns::{Columns, Symbols};
use crate::digest;
use crate::error::IngestError;
use crate::findings::Findings;
use crate::kept::Kept;
use crate::{identity, intern};
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::nullif;
use arrow::error::ArrowError;
use commonweal_schemas::{Rejection, arrow_schema};
use std::sync::Arc;

/// What became of a raw batch: each row is in one of the two.
#[derive(Clone, Debug)]
pub struct Validated {
    /// In [`arrow_schema::validated`], in the order of the raw rows.
    pub valid: RecordBatch,
    /// By row of the raw batch, ascending.
    pub rejected: Vec<Rejection>,
}

/// Content columns in canonical form, one row a raw row.
pub(crate) struct Content {
    pub(crate) measure: Symbols,
    pub(crate) quantity: ArrayRef,
    pub(crate) unit: Symbols,
    pub(crate) instrument: Symbols,
    pub(crate) job_basis: Symbols,
    pub(crate) prior_status: Symbols,
    pub(crate) organisation_key: StringArray,
    pub(crate) organisation_name: StringArray,
    pub(crate) recipient_kind: Symbols,
    pub(crate) counterparty_key: StringArray,
    pub(crate) counterparty_name: StringArray,
    pub(crate) programme: Symbols,
    pub(crate) award_id: StringArray,
    pub(crate) onward_grant: BooleanArray,
    pub(crate) occurred_on: Date32Array,
    pub(crate) period_start: Date32Array,
    pub(crate) period_end: Date32Array,
    pub(crate) postcode: StringArray,
    pub(crate) place_code: StringArray,
    pub(crate) title: StringArray,
    pub(crate) source_document: StringArray,
}

impl Content {
    /// The columns after `content_digest`; what a cancellation says is null.
    fn into_columns(self, cancelled: Option<&BooleanArray>) -> Result<Vec<ArrayRef>, ArrowError> {
        let onward_grant = match cancelled {
            Some(cancelled) => arrow::compute::and_not(&self.onward_grant, cancelled)?,
            None => self.onward_grant,
        };
        let emptied = |column: ArrayRef| match cancelled {
            Some(cancelled) => nullif(&column, cancelled),
            None => Ok(column),
        };
        Ok(vec![
            emptied(Arc::new(self.measure))?,
            emptied(self.quantity)?,
            emptied(Arc::new(self.unit))?,
            emptied(Arc::new(self.instrument))?,
            emptied(Arc::new(self.job_basis))?,
            emptied(Arc::new(self.prior_status))?,
            emptied(Arc::new(self.organisation_key))?,
            emptied(Arc::new(self.organisation_name))?,
            emptied(Arc::new(self.recipient_kind))?,
            emptied(Arc::new(self.counterparty_key))?,
            emptied(Arc::new(self.counterparty_name))?,
            emptied(Arc::new(self.programme))?,
            emptied(Arc::new(self.award_id))?,
            Arc::new(onward_grant),
            emptied(Arc::new(self.occurred_on))?,
            emptied(Arc::new(self.period_start))?,
            emptied(Arc::new(self.period_end))?,
            emptied(Arc::new(self.postcode))?,
            emptied(Arc::new(self.place_code))?,
            emptied(Arc::new(self.title))?,
            Arc::new(self.source_document),
        ])
    }
}

/// The batch of what passed, and the rejections.
///
/// # Errors
/// [`IngestError::Arrow`] where the columns do not make a validated batch,
/// which is a fault of this crate.
pub(crate) fn assemble(
    columns: &Columns<'_>,
    cancelled: Option<&BooleanBuffer>,
    content: Content,
    findings: Findings<'_>,
) -> Result<Validated, IngestError> {
    let rows = columns.rows();
    let cancel = cancelled.map(|cancelled| BooleanArray::from(cancelled.clone()));
    let origins = columns.origins;
    let mut before: Vec<ArrayRef> = vec![
        Arc::new(intern::constant(Some(&origins.topic), rows)?),
        Arc::new(Int32Array::from(origins.partition.clone())),
        Arc::new(Int64Array::from(origins.offset.clone())),
        Arc::clone(columns.any("source")?),
        Arc::clone(columns.any("event_id")?),
        Arc::clone(columns.any("revision")?),
        Arc::new(cancel.clone().unwrap_or_else(|| BooleanArray::from(vec![false; rows]))),
        Arc::clone(columns.any("recorded_at")?),
    ];
    let mut after = content.into_columns(cancel.as_ref())?;
    if let Some(keep) = findings.keep() {
        let kept = Kept::new(&keep);
        for column in before.iter_mut().chain(&mut after) {
            *column = kept.of(column)?;
        }
    }
    let schema = arrow_schema::validated();
    before.push(Arc::new(digest::content_digests(&schema, &before, &after)?));
    before.append(&mut after);
    let valid = RecordBatch::try_new(schema, before)?;

    let (sources, event_ids) = (columns.text("source")?, columns.text("event_id")?);
    let rejected =
        findings.into_rejections(|row| (identity::readable(sources, row), identity::readable(event_ids, row)));
    Ok(Validated { valid, rejected })
}
