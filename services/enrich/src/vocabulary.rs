//! Interned text: each distinct value once, named by a number.

use crate::ReferenceError;
use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use hashbrown::HashTable;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Distinct texts behind one another in one buffer, found by hash.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    text: String,
    /// Where each value ends; it starts where the one before ends.
    ends: Vec<u32>,
    slots: HashTable<u32>,
}

impl Vocabulary {
    /// A vocabulary that starts with these values, numbered from 0.
    ///
    /// # Errors
    /// As [`Self::intern`].
    pub(crate) fn with(values: &[&str]) -> Result<Self, ReferenceError> {
        let mut vocabulary = Self::default();
        for value in values {
            vocabulary.intern(value)?;
        }
        Ok(vocabulary)
    }

    pub(crate) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a number that [`Self::intern`] gave.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> &str {
        value(&self.text, &self.ends, number)
    }

    /// The number of a text, if it was interned.
    #[inline]
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.slots.find(xxh3_64(text.as_bytes()), |number| self.get(*number) == text).copied()
    }

    /// The number of a text, new or old.
    ///
    /// # Errors
    /// The vocabulary would outgrow what an Arrow string array can hold.
    pub(crate) fn intern(&mut self, text: &str) -> Result<u32, ReferenceError> {
        if let Some(number) = self.find(text) {
            return Ok(number);
        }
        let limit = i32::MAX.unsigned_abs();
        let too_large = || ReferenceError::TooLarge { what: "bytes of text in one column", limit: u64::from(limit) };
        let number = u32::try_from(self.ends.len()).map_err(|_| too_large())?;
        let end = u32::try_from(self.text.len() + text.len()).map_err(|_| too_large())?;
        if end > limit {
            return Err(too_large());
        }
        self.text.push_str(text);
        self.ends.push(end);
        let (all, ends) = (&self.text, &self.ends);
        self.slots
            .insert_unique(xxh3_64(text.as_bytes()), number, |number| xxh3_64(value(all, ends, *number).as_bytes()));
        Ok(number)
    }

    /// As [`Self::intern`], as the key of an Arrow dictionary.
    ///
    /// # Errors
    /// As [`Self::intern`].
    pub(crate) fn key(&mut self, text: &str) -> Result<i32, ReferenceError> {
        // Each number costs four bytes of ends and lies far below i32::MAX.
        Ok(self.intern(text)?.cast_signed())
    }

    /// The values as a dictionary's value array, in the order of their numbers.
    ///
    /// # Errors
    /// Never for a vocabulary built by [`Self::intern`].
    pub(crate) fn values(&self) -> Result<ArrayRef, ReferenceError> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.cast_signed()));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(starts.collect::<Vec<i32>>()));
        let text = Buffer::from(self.text.as_bytes());
        Ok(Arc::new(StringArray::try_new(offsets, text, None)?))
    }

    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

#[inline]
fn value<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a str {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &text[start as usize..ends[number] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use proptest::prelude::*;

    proptest! {
        /// Proves that texts keep the number of their first coming, that the
        /// array holds each once in that order, and that others are not found.
        #[test]
        fn numbers_are_stable(texts in prop::collection::vec("[a-dé]{0,3}", 0..60), other in "[w-z]{1,2}") {
            let mut vocabulary = Vocabulary::with(&["unknown"]).unwrap();
            let mut model = vec!["unknown".to_owned()];
            for text in &texts {
                let number = vocabulary.intern(text).unwrap() as usize;
                if !model.contains(text) {
                    model.push(text.clone());
                }
                prop_assert_eq!(&model[number], text);
            }
            let values = vocabulary.values().unwrap();
            let values: Vec<&str> = values.as_string::<i32>().iter().flatten().collect();
            prop_assert_eq!(values, model);
            prop_assert_eq!(vocabulary.find(&other), None);
        }
    }
}
