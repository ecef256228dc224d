//! Bodies written under the contract itself, straight into its columns.
//!
//! Where writer and reader are one schema there is nothing to resolve, and one
//! walk both holds a body to its shape and takes it apart, for half of what
//! two cost. This way takes or leaves: what it leaves is judged by the others,
//! so that no message's fate depends on the way it went.

mod column;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use column::Column;
use serde_json::Value;
use std::sync::Arc;

/// The contract's columns, being filled.
pub(super) struct Direct {
    target: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

/// A value that this way leaves to the others.
pub(super) struct Left;

impl Direct {
    /// The columns of `target` for bodies of the schema `contract`, or `None`
    /// where they are not the same fields or one is of a type that this way
    /// does not know.
    pub(super) fn new(contract: &str, target: &SchemaRef) -> Option<Self> {
        let contract: Value = serde_json::from_str(contract).ok()?;
        let fields = contract.get("fields")?.as_array()?;
        if fields.len() != target.fields().len() {
            return None;
        }
        let columns = fields
            .iter()
            .zip(target.fields())
            .map(|(avro, arrow)| {
                let same = avro.get("name")?.as_str()? == arrow.name();
                same.then(|| Column::new(avro.get("type")?, arrow)).flatten()
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { target: Arc::clone(target), columns, rows: 0 })
    }

    /// Takes a body as the next row; false where it is left, and no trace of
    /// it stays. Text is only held to UTF-8 where `strict`, else by `finish`.
    pub(super) fn take(&mut self, body: &[u8], strict: bool) -> bool {
        let mut rest = body;
        let taken = self.columns.iter_mut().try_for_each(|column| column.read(&mut rest, strict));
        let whole = taken.is_ok() && rest.is_empty();
        if whole {
            self.rows += 1;
        } else {
            self.truncate(self.rows);
        }
        whole
    }

    /// The rows taken, and none are left behind.
    ///
    /// # Errors
    /// A text is no UTF-8.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Column::finish).collect::<Result<Vec<_>, _>>();
        self.clear();
        RecordBatch::try_new(Arc::clone(&self.target), columns?)
    }

    /// Forgets the rows taken.
    pub(super) fn clear(&mut self) {
        self.truncate(0);
    }

    fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::avro::Contract;
    use crate::{Dataset, arrow_schema};

    /// Proves that both raw contracts are taken directly, and that columns of
    /// another contract are not.
    #[test]
    fn contracts_alone_are_direct() {
        for dataset in Dataset::ALL {
            let (contract, target) = (dataset.contract().schema_json(), arrow_schema::raw(dataset));
            assert!(Direct::new(contract, &target).is_some());
            assert!(Direct::new(contract, &arrow_schema::validated()).is_none());
        }
        assert!(Direct::new(Contract::Organisation.schema_json(), &arrow_schema::funding_raw()).is_none());
    }

    /// Proves that a body that is left, wherever its fault lies, leaves no
    /// trace in the rows around it.
    #[test]
    fn what_is_left_leaves_no_trace() {
        let contract = Contract::Employment.schema_json();
        let codec = crate::records::Codec::embedded(Contract::Employment).unwrap();
        let event = crate::records::EmploymentEvent { source: "s".to_owned(), ..Default::default() };
        let whole = codec.encode(&event).unwrap().split_off(crate::wire::PREFIX_BYTES);
        let mut direct = Direct::new(contract, &arrow_schema::employment_raw()).unwrap();
        assert!(direct.take(&whole, false));
        let expected = direct.finish().unwrap();
        for end in 0..whole.len() {
            assert!(!direct.take(&whole[..end], false));
            assert!(direct.take(&whole, true));
            assert_eq!(direct.finish().unwrap(), expected);
        }
        let mut broken = whole.clone();
        broken[1] = 0xFF;
        assert!(direct.take(&broken, false) && direct.finish().is_err());
        assert!(!direct.take(&broken, true) && direct.finish().unwrap().num_rows() == 0);
    }
}
