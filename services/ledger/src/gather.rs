//! Rows gathered from many batches, column by column.
//!
//! Dictionaries are united once for all rows: each batch's keys are told where
//! its values stand in the united dictionary, and a row costs one lookup.

use crate::LedgerError;
use crate::columns::is_same_text;
use crate::post::NewRow;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow::buffer::NullBuffer;
use arrow::compute::interleave;
use arrow::datatypes::Int32Type;
use std::collections::HashMap;
use std::sync::Arc;

/// Named columns of some batches, ready to take rows from.
pub(crate) struct Gather<'a> {
    columns: Vec<Column<'a>>,
}

enum Column<'a> {
    Plain(Vec<&'a dyn Array>),
    Symbols(United<'a>),
}

/// A dictionary column over many batches.
struct United<'a> {
    keys: Vec<&'a Int32Array>,
    /// Per batch: which of `mappings` holds for its keys.
    mapping: Vec<usize>,
    /// Key in the united dictionary by key of the batch; none where all
    /// batches share one dictionary.
    mappings: Vec<Vec<i32>>,
    values: ArrayRef,
    nullable: bool,
}

impl<'a> Gather<'a> {
    /// The columns `names` of `batches`, which all have them in one type.
    pub(crate) fn new(batches: &'a [RecordBatch], names: &[String]) -> Result<Self, LedgerError> {
        let columns = names.iter().map(|name| Column::new(batches, name)).collect::<Result<_, _>>()?;
        Ok(Self { columns })
    }

    /// Column number `column` at `places` (batch and row), in that order.
    pub(crate) fn column(&self, column: usize, places: &[(usize, usize)]) -> Result<ArrayRef, LedgerError> {
        match self.columns.get(column) {
            Some(Column::Plain(arrays)) => Ok(interleave(arrays, places)?),
            Some(Column::Symbols(united)) => united.take(places),
            None => Err(LedgerError::Column("to gather")),
        }
    }

    /// All columns at `places`, in that order.
    pub(crate) fn columns(&self, places: &[(usize, usize)]) -> Result<Vec<ArrayRef>, LedgerError> {
        (0..self.columns.len()).map(|column| self.column(column, places)).collect()
    }
}

/// Where the rows lie.
pub(crate) fn places<'r>(rows: impl IntoIterator<Item = &'r NewRow>) -> Vec<(usize, usize)> {
    rows.into_iter().map(|row| (row.batch as usize, row.row as usize)).collect()
}

impl<'a> Column<'a> {
    fn new(batches: &'a [RecordBatch], name: &str) -> Result<Self, LedgerError> {
        let arrays = batches
            .iter()
            .map(|batch| batch.column_by_name(name).map(AsRef::as_ref))
            .collect::<Option<Vec<&dyn Array>>>()
            .ok_or(LedgerError::Column("of the enriched schema"))?;
        let symbols: Option<Vec<&DictionaryArray<Int32Type>>> =
            arrays.iter().map(|array| array.as_dictionary_opt()).collect();
        match symbols {
            Some(symbols) if !symbols.is_empty() => Ok(Self::Symbols(United::new(&symbols)?)),
            _ => Ok(Self::Plain(arrays)),
        }
    }
}

impl<'a> United<'a> {
    fn new(symbols: &[&'a DictionaryArray<Int32Type>]) -> Result<Self, LedgerError> {
        let mut distinct: Vec<&'a ArrayRef> = Vec::new();
        let mut mapping = Vec::with_capacity(symbols.len());
        for symbols in symbols {
            let values = symbols.values();
            // Batches share the reference's dictionaries, often with the batch just before.
            let known = distinct.iter().rposition(|known| is_same_text(known, values));
            mapping.push(known.unwrap_or_else(|| {
                distinct.push(values);
                distinct.len() - 1
            }));
        }
        let keys: Vec<&Int32Array> = symbols.iter().map(|symbols| symbols.keys()).collect();
        let nullable = keys.iter().any(|keys| keys.null_count() > 0);
        let (values, mappings) = match distinct.as_slice() {
            [only] => (Arc::clone(only), Vec::new()),
            many => unite(many)?,
        };
        Ok(Self { keys, mapping, mappings, values, nullable })
    }

    fn take(&self, places: &[(usize, usize)]) -> Result<ArrayRef, LedgerError> {
        let keys: Vec<i32> = if self.mappings.is_empty() {
            let keys: Vec<&[i32]> = self.keys.iter().map(|keys| keys.values().as_ref()).collect();
            places.iter().map(|&(batch, row)| keys[batch][row]).collect()
        } else {
            let columns: Vec<(&[i32], &[i32])> = self
                .keys
                .iter()
                .zip(&self.mapping)
                .map(|(keys, &mapping)| (keys.values().as_ref(), self.mappings[mapping].as_slice()))
                .collect();
            // A null's key may be anything: looked up with care, masked below.
            let united = |keys: &[i32], mapping: &[i32], row: usize| -> i32 {
                usize::try_from(keys[row]).ok().and_then(|key| mapping.get(key)).copied().unwrap_or(0)
            };
            places.iter().map(|&(batch, row)| united(columns[batch].0, columns[batch].1, row)).collect()
        };
        let nulls = self
            .nullable
            .then(|| places.iter().map(|&(batch, row)| self.keys[batch].is_valid(row)).collect::<NullBuffer>());
        let keys = Int32Array::try_new(keys.into(), nulls)?;
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(&self.values))?))
    }
}

/// All values of `dictionaries`, each once, and where each of theirs went.
fn unite(dictionaries: &[&ArrayRef]) -> Result<(ArrayRef, Vec<Vec<i32>>), LedgerError> {
    let mut numbers: HashMap<&str, i32> = HashMap::new();
    let mut values: Vec<&str> = Vec::new();
    let mut mappings = Vec::with_capacity(dictionaries.len());
    for dictionary in dictionaries {
        let dictionary = dictionary.as_string_opt::<i32>().ok_or(LedgerError::Column("of text"))?;
        let mut mapping = Vec::with_capacity(dictionary.len());
        for row in 0..dictionary.len() {
            let value = dictionary.value(row);
            let next = i32::try_from(values.len()).map_err(|_| LedgerError::LocationOverflow("a dictionary key"))?;
            mapping.push(*numbers.entry(value).or_insert_with(|| {
                values.push(value);
                next
            }));
        }
        mappings.push(mapping);
    }
    Ok((Arc::new(StringArray::from_iter_values(values)), mappings))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Proves that gathering gives each row its own text, null included,
        /// whether batches share a dictionary, repeat one another's values or
        /// hold none.
        #[test]
        fn rows_keep_their_values(
            batches in prop::collection::vec(prop::collection::vec(prop::option::of("[abc]{0,2}"), 0..6), 1..5),
            shared in any::<bool>(),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let texts: Vec<&String> = batches.iter().flatten().flatten().collect();
            let all: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
            let columns: Vec<RecordBatch> = batches.iter().map(|texts| {
                let column: DictionaryArray<Int32Type> = if shared {
                    let keys = texts.iter().map(|text| {
                        let text = text.as_ref()?;
                        let at = all.as_string::<i32>().iter().position(|value| value == Some(text.as_str()));
                        at.map(|at| i32::try_from(at).unwrap())
                    });
                    DictionaryArray::try_new(keys.collect(), Arc::clone(&all)).unwrap()
                } else {
                    texts.iter().map(Option::as_deref).collect()
                };
                RecordBatch::try_from_iter([("text", Arc::new(column) as ArrayRef)]).unwrap()
            }).collect();
            let places: Vec<(usize, usize)> =
                batches.iter().enumerate().flat_map(|(batch, texts)| (0..texts.len()).map(move |row| (batch, row))).collect();
            prop_assume!(!places.is_empty());
            let picked: Vec<(usize, usize)> = picks.iter().map(|pick| *pick.get(&places)).collect();
            let gathered = Gather::new(&columns, &["text".to_owned()]).unwrap().columns(&picked).unwrap();
            let found = gathered[0].as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
            for (found, (batch, row)) in found.into_iter().zip(picked) {
                prop_assert_eq!(found, batches[batch][row].as_deref());
            }
        }
    }
}
