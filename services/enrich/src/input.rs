//! The columns of a validated batch that enrichment reads.

use crate::EnrichError;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Date32Array, DictionaryArray, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Int32Type, Schema};
use commonweal_schemas::arrow_schema;

/// Value of `recipient_kind` for people, who are counted and never identified.
const INDIVIDUAL: &str = "INDIVIDUAL";

/// Columns of a validated batch, by type.
pub(crate) struct Input<'a> {
    pub rows: usize,
    cancel: &'a BooleanArray,
    organisation_key: &'a StringArray,
    recipient_kind: &'a DictionaryArray<Int32Type>,
    /// For each value of `recipient_kind`, whether it means a person.
    is_individual: Vec<bool>,
    counterparty_key: &'a StringArray,
    occurred_on: &'a Date32Array,
    postcode: &'a StringArray,
    place_code: &'a StringArray,
}

impl<'a> Input<'a> {
    /// Checks that the batch has the columns of
    /// [`arrow_schema::validated`], in their order.
    pub(crate) fn new(batch: &'a RecordBatch) -> Result<Self, EnrichError> {
        check_schema(batch.schema_ref())?;
        let column = |name: &str| -> Result<&'a ArrayRef, EnrichError> {
            batch.column_by_name(name).ok_or_else(|| wrong(name, "is missing".to_owned()))
        };
        let recipient_kind = column("recipient_kind")?.as_dictionary::<Int32Type>();
        let kinds = recipient_kind.values().as_string::<i32>();
        Ok(Self {
            rows: batch.num_rows(),
            cancel: column("cancel")?.as_boolean(),
            organisation_key: column("organisation_key")?.as_string(),
            recipient_kind,
            is_individual: kinds.iter().map(|kind| kind == Some(INDIVIDUAL)).collect(),
            counterparty_key: column("counterparty_key")?.as_string(),
            occurred_on: column("occurred_on")?.as_primitive::<Date32Type>(),
            postcode: column("postcode")?.as_string(),
            place_code: column("place_code")?.as_string(),
        })
    }

    pub(crate) fn is_cancel(&self, row: usize) -> bool {
        self.cancel.value(row)
    }

    pub(crate) const fn organisation_keys(&self) -> &'a StringArray {
        self.organisation_key
    }

    pub(crate) const fn counterparty_keys(&self) -> &'a StringArray {
        self.counterparty_key
    }

    /// Key of the receiver or employer, where the event names one.
    #[inline]
    pub(crate) fn organisation(&self, row: usize) -> Option<&'a str> {
        given(self.organisation_key, row)
    }

    /// Key of the funder, where the event names one.
    #[inline]
    pub(crate) fn counterparty(&self, row: usize) -> Option<&'a str> {
        given(self.counterparty_key, row)
    }

    #[inline]
    pub(crate) fn is_individual(&self, row: usize) -> bool {
        self.recipient_kind.key(row).is_some_and(|key| self.is_individual[key])
    }

    /// Days since 1970-01-01.
    #[inline]
    pub(crate) fn occurred_on(&self, row: usize) -> Option<i32> {
        self.occurred_on.is_valid(row).then(|| self.occurred_on.value(row))
    }

    #[inline]
    pub(crate) fn postcode(&self, row: usize) -> Option<&'a str> {
        given(self.postcode, row)
    }

    #[inline]
    pub(crate) fn place_code(&self, row: usize) -> Option<&'a str> {
        given(self.place_code, row)
    }
}

#[inline]
fn given(array: &StringArray, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    Some(array.value(row)).filter(|text| !text.is_empty())
}

fn wrong(column: &str, problem: String) -> EnrichError {
    EnrichError::Input { column: column.to_owned(), problem }
}

fn check_schema(schema: &Schema) -> Result<(), EnrichError> {
    for (position, expected) in arrow_schema::validated().fields().iter().enumerate() {
        let problem = match schema.fields().get(position) {
            None => "is missing".to_owned(),
            Some(found) if found.name() != expected.name() => {
                format!("should stand where '{}' stands", found.name())
            }
            Some(found) if found.data_type() != expected.data_type() => {
                format!("is {} and should be {}", found.data_type(), expected.data_type())
            }
            Some(_) => continue,
        };
        return Err(wrong(expected.name(), problem));
    }
    Ok(())
}
