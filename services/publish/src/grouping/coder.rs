//! Values of a column as 32-bit codes, and back.

use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Date32Array, DictionaryArray, Int32Array, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Int32Type};
use arrow::error::ArrowError;
use hashbrown::HashMap;
use std::sync::Arc;

/// Code of a null in every column.
pub(crate) const NULL: u32 = 1 << 31;

/// Codes of one column of a batch.
pub(crate) type Codes = Vec<u32>;

/// Gives codes to the values of a column over many batches.
#[derive(Default)]
pub(crate) struct Coder {
    known: HashMap<Arc<str>, u32>,
    values: Vec<Arc<str>>,
    /// Codes of the dictionary seen last: consecutive batches share theirs.
    dictionary: Option<(ArrayRef, Codes)>,
}

impl Coder {
    /// Writes the codes of `column` to `codes`. Text is interned; numbers,
    /// days and booleans are their own codes.
    pub(crate) fn encode(&mut self, column: &ArrayRef, codes: &mut Codes) -> Result<(), ArrowError> {
        codes.clear();
        codes.reserve(column.len());
        match column.data_type() {
            DataType::Dictionary(_, _) => return self.encode_dictionary(column, codes),
            DataType::Utf8 => {
                let texts = column.as_string::<i32>();
                codes.extend(texts.iter().map(|text| text.map_or(NULL, |text| self.code(text))));
            }
            DataType::Int32 => {
                let numbers = column.as_primitive::<Int32Type>();
                codes.extend(numbers.iter().map(|number| number.map_or(NULL, i32::cast_unsigned)));
            }
            DataType::Date32 => {
                let days = column.as_primitive::<Date32Type>();
                codes.extend(days.iter().map(|day| day.map_or(NULL, i32::cast_unsigned)));
            }
            DataType::Boolean => {
                codes.extend(column.as_boolean().iter().map(|flag| flag.map_or(NULL, u32::from)));
            }
            other => return Err(ArrowError::NotYetImplemented(format!("grouping by {other}"))),
        }
        Ok(())
    }

    fn encode_dictionary(&mut self, column: &ArrayRef, codes: &mut Codes) -> Result<(), ArrowError> {
        let Some(array) = column.as_dictionary_opt::<Int32Type>() else {
            return Err(ArrowError::NotYetImplemented(format!("grouping by {}", column.data_type())));
        };
        let values = array.values();
        let same = self.dictionary.as_ref().is_some_and(|(before, _)| same_values(before, values));
        if !same {
            let Some(texts) = values.as_string_opt::<i32>() else {
                return Err(ArrowError::NotYetImplemented(format!("grouping by {}", values.data_type())));
            };
            let of_values = texts.iter().map(|text| text.map_or(NULL, |text| self.code(text))).collect();
            self.dictionary = Some((Arc::clone(values), of_values));
        }
        if let Some((_, of_values)) = &self.dictionary {
            let code = |key: Option<i32>| key.and_then(|key| of_values.get(usize::try_from(key).ok()?).copied());
            codes.extend(array.keys().iter().map(|key| code(key).unwrap_or(NULL)));
        }
        Ok(())
    }

    /// Code of a text.
    pub(crate) fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.known.get(text) {
            return *code;
        }
        let code = u32::try_from(self.values.len()).unwrap_or(NULL);
        let text: Arc<str> = Arc::from(text);
        self.values.push(Arc::clone(&text));
        self.known.insert(text, code);
        code
    }

    /// Texts so far: codes are below.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Code of a text that may not have come yet.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.known.get(text).copied()
    }

    /// Columns of codes back as values of `data_type`; text as a dictionary.
    /// Each item of `chunks` becomes one array, and they share the dictionary.
    pub(crate) fn decode(&self, data_type: &DataType, chunks: &[Codes]) -> Result<Vec<ArrayRef>, ArrowError> {
        let number = |code: u32| (code != NULL).then_some(code.cast_signed());
        let each = |array: &dyn Fn(&Codes) -> ArrayRef| chunks.iter().map(array).collect();
        Ok(match data_type {
            DataType::Utf8 => {
                let values: ArrayRef = Arc::new(StringArray::from_iter_values(&self.values));
                let array = |codes: &Codes| -> Result<ArrayRef, ArrowError> {
                    let keys: Int32Array = codes.iter().map(|code| number(*code)).collect();
                    Ok(Arc::new(DictionaryArray::try_new(keys, Arc::clone(&values))?))
                };
                return chunks.iter().map(array).collect();
            }
            DataType::Int32 => each(&|codes| Arc::new(codes.iter().map(|code| number(*code)).collect::<Int32Array>())),
            DataType::Date32 => {
                each(&|codes| Arc::new(codes.iter().map(|code| number(*code)).collect::<Date32Array>()))
            }
            DataType::Boolean => each(&|codes| {
                Arc::new(codes.iter().map(|code| (*code != NULL).then_some(*code == 1)).collect::<BooleanArray>())
            }),
            other => return Err(ArrowError::NotYetImplemented(format!("grouping by {other}"))),
        })
    }
}

/// Whether two dictionaries are the same array, without looking at the texts.
fn same_values(one: &ArrayRef, other: &ArrayRef) -> bool {
    Arc::ptr_eq(one, other)
        || match (one.as_string_opt::<i32>(), other.as_string_opt::<i32>()) {
            (Some(one), Some(other)) => {
                one.len() == other.len()
                    && one.value_offsets().as_ptr() == other.value_offsets().as_ptr()
                    && one.value_data().as_ptr() == other.value_data().as_ptr()
            }
            _ => false,
        }
}
