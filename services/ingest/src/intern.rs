//! Free text of few values made a dictionary, canonical once a value.

use crate::columns::Symbols;
use arrow::array::{Array, Int32Array, StringArray};
use arrow::error::ArrowError;
use hashbrown::HashMap;
use std::borrow::Cow;
use std::sync::Arc;

/// Key of a value, or `None` where the text has no canonical form.
type Key = Option<i32>;

struct Interner<'a, F> {
    canonical: F,
    /// Texts as sent: each is brought into form once.
    sent: HashMap<&'a str, Key>,
    keys: HashMap<Cow<'a, str>, i32>,
    values: Vec<Cow<'a, str>>,
    last: Option<(&'a str, Key)>,
}

impl<'a, F: Fn(&'a str) -> Option<Cow<'a, str>>> Interner<'a, F> {
    fn key(&mut self, text: &'a str) -> Key {
        if let Some((last, key)) = self.last
            && last == text
        {
            return key;
        }
        let known = self.sent.get(text).copied();
        let key = known.unwrap_or_else(|| {
            let key = (self.canonical)(text).map(|form| self.intern(form));
            self.sent.insert(text, key);
            key
        });
        self.last = Some((text, key));
        key
    }

    fn intern(&mut self, form: Cow<'a, str>) -> i32 {
        if let Some(key) = self.keys.get(&form) {
            return *key;
        }
        // A batch has fewer rows than a key has values.
        let key = i32::try_from(self.values.len()).unwrap_or(i32::MAX);
        self.keys.insert(form.clone(), key);
        self.values.push(form);
        key
    }
}

/// `column` as a dictionary of canonical values, in order of first sight.
/// Nulls take the value `absent`, or stay null; rows whose text has no
/// canonical form are told to `malformed` and become null.
///
/// # Errors
/// None in practice: keys are made with their values.
pub(crate) fn intern<'a>(
    column: &'a StringArray,
    absent: Option<&'a str>,
    canonical: impl Fn(&'a str) -> Option<Cow<'a, str>>,
    mut malformed: impl FnMut(usize, &'a str),
) -> Result<Symbols, ArrowError> {
    let mut interner =
        Interner { canonical, sent: HashMap::new(), keys: HashMap::new(), values: Vec::new(), last: None };
    let absent = absent.map(|absent| interner.intern(Cow::Borrowed(absent)));
    let keys: Int32Array = (0..column.len())
        .map(|row| {
            if column.is_null(row) {
                return absent;
            }
            let text = column.value(row);
            let key = interner.key(text);
            if key.is_none() {
                malformed(row, text);
            }
            key
        })
        .collect();
    let values = StringArray::from_iter_values(interner.values);
    Symbols::try_new(keys, Arc::new(values))
}

/// `symbols` with null where the value is `blank`; values and keys are shared.
///
/// # Errors
/// None in practice: the keys are those of `symbols`.
pub(crate) fn without(symbols: &Symbols, blank: &str) -> Result<Symbols, ArrowError> {
    let blanks = crate::columns::per_value(symbols, |value| value == blank);
    if !blanks.contains(&true) {
        return Ok(symbols.clone());
    }
    let stated = (0..symbols.len()).map(|row| !crate::columns::verdict(symbols, &blanks, row, true)).collect();
    let keys = Int32Array::try_new(symbols.keys().values().clone(), Some(stated))?;
    Symbols::try_new(keys, Arc::clone(symbols.values()))
}

/// `rows` times the same value, or null where there is none.
///
/// # Errors
/// None in practice: the one key has its value.
pub(crate) fn constant(value: Option<&str>, rows: usize) -> Result<Symbols, ArrowError> {
    let (keys, values) = match value {
        Some(value) => (Int32Array::from(vec![0; rows]), StringArray::from_iter_values([value])),
        None => (Int32Array::new_null(rows), StringArray::from_iter_values::<&str, _>([])),
    };
    Symbols::try_new(keys, Arc::new(values))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use arrow::array::AsArray;
    use proptest::prelude::*;

    proptest! {
        /// Proves that interning equals bringing each row into form by itself,
        /// and that no value stands twice in the dictionary.
        #[test]
        fn interning_is_per_row(rows in proptest::collection::vec(proptest::option::of("[ab!]{0,2}"), 0..30)) {
            let column = StringArray::from(rows.clone());
            let form = |text| crate::programme::canonical(text);
            let mut refused = Vec::new();
            let symbols = intern(&column, Some("unknown"), form, |row, _| refused.push(row)).unwrap();
            for (row, text) in rows.iter().enumerate() {
                let naive = text.as_deref().map_or(Some(Cow::Borrowed("unknown")), form);
                let values = symbols.values().as_string::<i32>();
                prop_assert_eq!(symbols.key(row).map(|key| values.value(key)), naive.as_deref());
                prop_assert_eq!(refused.contains(&row), naive.is_none());
            }
            let mut values: Vec<_> = symbols.values().as_string::<i32>().iter().collect();
            values.sort_unstable();
            prop_assert!(values.is_sorted_by(|a, b| a < b));
        }
    }
}
