//! Columns of many batches as one: text that repeats as codes of the values in
//! use, everything else batch by batch.

use crate::LedgerError;
use crate::columns::is_same_text;
use crate::post::NewRow;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int32Type};
use hashbrown::HashMap;

/// Code of a null.
pub(crate) const NULL: u32 = u32::MAX;

/// One column over some batches.
pub(crate) enum Column<'a> {
    /// An array a batch.
    Plain(Vec<&'a dyn Array>),
    Symbols(Symbols<'a>),
}

/// Text by code.
pub(crate) struct Symbols<'a> {
    /// A code for each row of all batches, one after the other; [`NULL`] for none.
    pub(crate) codes: Vec<u32>,
    /// Text of each code, each once.
    pub(crate) texts: Vec<&'a str>,
}

impl<'a> Column<'a> {
    /// Column `name` of `batches`, which all have it in one type. Text becomes
    /// symbols where `repeats`; dictionaries always do.
    pub(crate) fn new(batches: &'a [RecordBatch], name: &str, repeats: bool) -> Result<Self, LedgerError> {
        let arrays = batches
            .iter()
            .map(|batch| batch.column_by_name(name))
            .collect::<Option<Vec<&ArrayRef>>>()
            .ok_or(LedgerError::Column("of the enriched schema"))?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let mut coder = Coder { codes: Vec::with_capacity(rows), ..Coder::default() };
        match arrays.first().map(Array::data_type) {
            Some(DataType::Dictionary(..)) => arrays.iter().try_for_each(|array| coder.dictionary(array))?,
            Some(DataType::Utf8) if repeats => arrays.iter().try_for_each(|array| coder.text(array))?,
            _ => return Ok(Self::Plain(arrays.into_iter().map(AsRef::as_ref).collect())),
        }
        Ok(Self::Symbols(Symbols { codes: coder.codes, texts: coder.texts }))
    }
}

/// Gives codes to texts.
#[derive(Default)]
struct Coder<'a> {
    known: HashMap<&'a str, u32>,
    texts: Vec<&'a str>,
    codes: Vec<u32>,
    /// The dictionary seen last and the codes of its values, [`NULL`] for those
    /// not met yet: batches share the reference's dictionaries.
    dictionary: Option<(&'a ArrayRef, Vec<u32>)>,
}

impl<'a> Coder<'a> {
    fn text(&mut self, array: &'a ArrayRef) -> Result<(), LedgerError> {
        let texts = array.as_string_opt::<i32>().ok_or(LedgerError::Column("of text"))?;
        for text in texts {
            let code = match text {
                Some(text) => code(&mut self.known, &mut self.texts, text)?,
                None => NULL,
            };
            self.codes.push(code);
        }
        Ok(())
    }

    fn dictionary(&mut self, array: &'a ArrayRef) -> Result<(), LedgerError> {
        let symbols: &DictionaryArray<Int32Type> =
            array.as_dictionary_opt().ok_or(LedgerError::Column("of symbols"))?;
        let values = symbols.values();
        let texts: &'a StringArray = values.as_string_opt().ok_or(LedgerError::Column("of text"))?;
        let (_, mut mapping) = match self.dictionary.take() {
            Some(last) if is_same_text(last.0, values) => last,
            _ => (values, vec![NULL; texts.len()]),
        };
        for key in symbols.keys() {
            let key = key.and_then(|key| usize::try_from(key).ok());
            let Some((key, own)) = key.and_then(|key| Some((key, mapping.get_mut(key)?))) else {
                self.codes.push(NULL);
                continue;
            };
            if *own == NULL && texts.is_valid(key) {
                *own = code(&mut self.known, &mut self.texts, texts.value(key))?;
            }
            self.codes.push(*own);
        }
        self.dictionary = Some((values, mapping));
        Ok(())
    }
}

fn code<'a>(known: &mut HashMap<&'a str, u32>, texts: &mut Vec<&'a str>, text: &'a str) -> Result<u32, LedgerError> {
    if let Some(code) = known.get(text) {
        return Ok(*code);
    }
    let next = u32::try_from(texts.len()).ok().filter(|next| *next != NULL);
    let next = next.ok_or(LedgerError::LocationOverflow("a dictionary key"))?;
    known.insert(text, next);
    texts.push(text);
    Ok(next)
}

/// Where rows lie among the batches they refer to.
pub(crate) struct Places {
    /// Batch and row.
    pub(crate) in_batches: Vec<(usize, usize)>,
    /// The same as positions over all batches.
    pub(crate) in_all: Vec<u32>,
}

impl Places {
    pub(crate) fn of<'r>(
        batches: &[RecordBatch],
        rows: impl IntoIterator<Item = &'r NewRow>,
    ) -> Result<Self, LedgerError> {
        let mut starts = Vec::with_capacity(batches.len());
        let mut total = 0_u32;
        for batch in batches {
            starts.push(total);
            let rows = u32::try_from(batch.num_rows()).ok();
            total =
                rows.and_then(|rows| total.checked_add(rows)).ok_or(LedgerError::LocationOverflow("a row number"))?;
        }
        let in_batches: Vec<(usize, usize)> =
            rows.into_iter().map(|row| (row.batch as usize, row.row as usize)).collect();
        let position = |&(batch, row): &(usize, usize)| -> Option<u32> {
            starts.get(batch)?.checked_add(u32::try_from(row).ok()?)
        };
        let in_all = in_batches.iter().map(position).collect::<Option<_>>();
        Ok(Self { in_all: in_all.ok_or(LedgerError::Column("batches"))?, in_batches })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn dictionary(texts: &[Option<String>], all: Option<&ArrayRef>) -> ArrayRef {
        let Some(all) = all else {
            return Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>());
        };
        let keys = texts.iter().map(|text| {
            let at = all.as_string::<i32>().iter().position(|value| value == text.as_deref());
            at.filter(|_| text.is_some()).map(|at| i32::try_from(at).unwrap())
        });
        Arc::new(DictionaryArray::<Int32Type>::try_new(keys.collect(), Arc::clone(all)).unwrap())
    }

    proptest! {
        /// Proves that each row keeps its own text, null included, whether
        /// batches hold plain text, share a dictionary, repeat one another's
        /// values or hold none; and that each text in use has one code.
        #[test]
        fn rows_keep_their_values(
            batches in prop::collection::vec(prop::collection::vec(prop::option::of("[abc]{0,2}"), 0..6), 1..5),
            (shared, plain) in any::<(bool, bool)>(),
        ) {
            let texts: Vec<&String> = batches.iter().flatten().flatten().collect();
            let all: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
            let columns: Vec<RecordBatch> = batches.iter().map(|texts| {
                let column: ArrayRef = if plain {
                    Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>())
                } else {
                    dictionary(texts, shared.then_some(&all))
                };
                RecordBatch::try_from_iter_with_nullable([("text", column, true)]).unwrap()
            }).collect();
            let Column::Symbols(symbols) = Column::new(&columns, "text", true).unwrap() else { panic!("no symbols") };
            let found: Vec<Option<&str>> =
                symbols.codes.iter().map(|code| symbols.texts.get(*code as usize).copied()).collect();
            let expected: Vec<Option<&str>> = batches.iter().flatten().map(Option::as_deref).collect();
            prop_assert_eq!(found, expected);
            let mut distinct = symbols.texts.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), symbols.texts.len());
        }
    }
}
