//! Typed access to the columns of a batch.

use crate::LedgerError;
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::ArrowPrimitiveType;
use arrow::array::{BinaryArray, BooleanArray, PrimitiveArray, StringArray};

fn column<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a ArrayRef, LedgerError> {
    batch.column_by_name(name).ok_or(LedgerError::Column(name))
}

pub(crate) fn text<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a StringArray, LedgerError> {
    column(batch, name)?.as_string_opt().ok_or(LedgerError::Column(name))
}

pub(crate) fn binary<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a BinaryArray, LedgerError> {
    column(batch, name)?.as_binary_opt().ok_or(LedgerError::Column(name))
}

pub(crate) fn boolean<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a BooleanArray, LedgerError> {
    column(batch, name)?.as_boolean_opt().ok_or(LedgerError::Column(name))
}

pub(crate) fn primitive<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a PrimitiveArray<T>, LedgerError> {
    column(batch, name)?.as_primitive_opt().ok_or(LedgerError::Column(name))
}

/// First 8 bytes of a content digest.
pub(crate) fn digest_head(digest: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(digest) {
        *to = *from;
    }
    head
}
