//! Typed access to the columns of a batch.

use crate::LedgerError;
use arrow::array::{Array as _, ArrayRef, AsArray, DictionaryArray, RecordBatch};
use arrow::array::{BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type};

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

/// A column of few values.
pub(crate) struct Symbols<'a> {
    pub(crate) keys: &'a DictionaryArray<Int32Type>,
    pub(crate) values: &'a StringArray,
}

impl<'a> Symbols<'a> {
    /// Number of a row's value; `None` where it is null.
    pub(crate) fn key(&self, row: usize) -> Option<usize> {
        self.keys.key(row)
    }

    /// Value of a row; `None` where it is null.
    pub(crate) fn value(&self, row: usize) -> Option<&'a str> {
        self.key(row).filter(|&key| self.values.is_valid(key)).map(|key| self.values.value(key))
    }
}

pub(crate) fn symbols<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<Symbols<'a>, LedgerError> {
    let keys = column(batch, name)?.as_dictionary_opt::<Int32Type>().ok_or(LedgerError::Column(name))?;
    let values = keys.values().as_string_opt().ok_or(LedgerError::Column(name))?;
    Ok(Symbols { keys, values })
}

/// Whether two columns of text are one in memory.
pub(crate) fn is_same_text(a: &ArrayRef, b: &ArrayRef) -> bool {
    match (a.as_string_opt::<i32>(), b.as_string_opt::<i32>()) {
        (Some(a), Some(b)) => a.len() == b.len() && a.values().ptr_eq(b.values()) && a.offsets().ptr_eq(b.offsets()),
        _ => false,
    }
}

/// First 8 bytes of a content digest.
pub(crate) fn digest_head(digest: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(digest) {
        *to = *from;
    }
    head
}
