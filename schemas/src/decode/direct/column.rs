//! One column being filled, value by value.

use super::Left;
use crate::decode::shape::{BRANCHES, Fault, block, items, long, states, take};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int32Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, TimeUnit};
use arrow::error::ArrowError;
use serde_json::Value;
use std::sync::Arc;

/// Bytes of the longest decimal.
const DECIMAL_BYTES: usize = size_of::<i128>();
/// Part of a batch's size that the next one gets on top of it.
const ROOM_DIVISOR: usize = 8;

pub(super) struct Column {
    values: Values,
    /// Null's branch as it is written, and which rows hold a value.
    optional: Option<(u8, Vec<bool>)>,
}

enum Values {
    Text { ends: Vec<i32>, bytes: Vec<u8> },
    Integer(Vec<i32>),
    Date(Vec<i32>),
    Instant(Vec<i64>, Option<Arc<str>>),
    Decimal(Vec<i128>, u8, i8),
    Flag(Vec<bool>),
    Symbol(Vec<i32>, Symbols),
    Symbols { ends: Vec<i32>, keys: Vec<i32>, symbols: Symbols, item: FieldRef },
}

/// The values of an enum: one array for all batches.
struct Symbols {
    values: ArrayRef,
    count: i64,
}

impl From<Fault> for Left {
    fn from(_: Fault) -> Self {
        Self
    }
}

impl Column {
    /// A column of an Avro type that comes as an Arrow field, where this way
    /// knows the pair.
    pub(super) fn new(avro: &Value, arrow: &Field) -> Option<Self> {
        let (avro, null) = match avro.as_array().map(Vec::as_slice) {
            None => (avro, None),
            Some([Value::String(null), avro]) if null == "null" => (avro, Some(BRANCHES[0])),
            Some([avro, Value::String(null)]) if null == "null" => (avro, Some(BRANCHES[1])),
            Some(_) => return None,
        };
        if null.is_some() != arrow.is_nullable() {
            return None;
        }
        Some(Self { values: Values::new(avro, arrow.data_type())?, optional: null.map(|null| (null, Vec::new())) })
    }

    #[inline]
    pub(super) fn read(&mut self, rest: &mut &[u8], strict: bool) -> Result<(), Left> {
        if let Some((null, stated)) = &mut self.optional {
            let states = states(*null, rest)?;
            stated.push(states);
            if !states {
                return self.values.push_nothing();
            }
        }
        self.values.read(rest, strict)
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        if let Some((_, stated)) = &mut self.optional {
            stated.truncate(rows);
        }
        self.values.truncate(rows);
    }

    /// The array of all rows; the column is then empty, with room for as many.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.optional.as_mut().and_then(|(_, stated)| {
            let nulls = stated.contains(&false).then(|| NullBuffer::new(packed(stated)));
            stated.clear();
            nulls
        });
        self.values.finish(nulls)
    }
}

impl Values {
    fn new(avro: &Value, arrow: &DataType) -> Option<Self> {
        let kind = avro.as_str().or_else(|| avro.get("type")?.as_str())?;
        let logical = avro.get("logicalType").and_then(Value::as_str);
        Some(match (kind, logical, arrow) {
            ("string", None, DataType::Utf8) => Self::Text { ends: vec![0], bytes: Vec::new() },
            ("int", None, DataType::Int32) => Self::Integer(Vec::new()),
            ("int", Some("date"), DataType::Date32) => Self::Date(Vec::new()),
            ("long", Some("timestamp-micros"), DataType::Timestamp(TimeUnit::Microsecond, zone @ Some(_))) => {
                Self::Instant(Vec::new(), zone.clone())
            }
            ("bytes", Some("decimal"), DataType::Decimal128(precision, scale)) => {
                let same = |key: &str, digits: i64| avro.get(key).and_then(Value::as_i64) == Some(digits);
                let same = same("precision", i64::from(*precision)) && same("scale", i64::from(*scale));
                same.then(|| Self::Decimal(Vec::new(), *precision, *scale))?
            }
            ("boolean", None, DataType::Boolean) => Self::Flag(Vec::new()),
            ("enum", None, arrow) => Self::Symbol(Vec::new(), Symbols::new(avro, arrow)?),
            ("array", None, DataType::List(item)) if !item.is_nullable() => {
                let symbols = Symbols::new(avro.get("items")?, item.data_type())?;
                Self::Symbols { ends: vec![0], keys: Vec::new(), symbols, item: Arc::clone(item) }
            }
            _ => return None,
        })
    }

    #[inline]
    fn read(&mut self, rest: &mut &[u8], strict: bool) -> Result<(), Left> {
        match self {
            Self::Text { ends, bytes } => {
                let text = block(rest)?;
                if strict && std::str::from_utf8(text).is_err() {
                    return Err(Left);
                }
                bytes.extend_from_slice(text);
                ends.push(i32::try_from(bytes.len()).map_err(|_| Left)?);
            }
            Self::Integer(values) | Self::Date(values) => values.push(i32::try_from(long(rest)?).map_err(|_| Left)?),
            Self::Instant(values, _) => values.push(long(rest)?),
            Self::Decimal(values, ..) => values.push(decimal(block(rest)?)?),
            Self::Flag(values) => match take(rest, 1)? {
                [flag @ (0 | 1)] => values.push(*flag == 1),
                _ => return Err(Left),
            },
            Self::Symbol(keys, symbols) => keys.push(symbols.key(long(rest)?)?),
            Self::Symbols { ends, keys, symbols, .. } => {
                items(rest, |rest| {
                    keys.push(symbols.key(long(rest)?)?);
                    Ok::<_, Left>(())
                })?;
                ends.push(i32::try_from(keys.len()).map_err(|_| Left)?);
            }
        }
        Ok(())
    }

    /// What stands where a null is.
    #[inline]
    fn push_nothing(&mut self) -> Result<(), Left> {
        match self {
            Self::Text { ends, bytes: items } => ends.push(i32::try_from(items.len()).map_err(|_| Left)?),
            Self::Symbols { ends, keys: items, .. } => ends.push(i32::try_from(items.len()).map_err(|_| Left)?),
            Self::Integer(values) | Self::Date(values) | Self::Symbol(values, _) => values.push(0),
            Self::Instant(values, _) => values.push(0),
            Self::Decimal(values, ..) => values.push(0),
            Self::Flag(values) => values.push(false),
        }
        Ok(())
    }

    fn truncate(&mut self, rows: usize) {
        match self {
            Self::Text { ends, bytes: items } => truncate_items(rows, ends, items),
            Self::Symbols { ends, keys: items, .. } => truncate_items(rows, ends, items),
            Self::Integer(values) | Self::Date(values) | Self::Symbol(values, _) => values.truncate(rows),
            Self::Instant(values, _) => values.truncate(rows),
            Self::Decimal(values, ..) => values.truncate(rows),
            Self::Flag(values) => values.truncate(rows),
        }
    }

    fn finish(&mut self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text { ends, bytes } => {
                let bytes = Buffer::from_vec(handed_on(bytes));
                Arc::new(StringArray::try_new(offsets(ends), bytes, nulls)?)
            }
            Self::Integer(values) => Arc::new(Int32Array::try_new(handed_on(values).into(), nulls)?),
            Self::Date(values) => Arc::new(Date32Array::try_new(handed_on(values).into(), nulls)?),
            Self::Instant(values, zone) => {
                let instants = TimestampMicrosecondArray::try_new(handed_on(values).into(), nulls)?;
                Arc::new(instants.with_timezone_opt(zone.clone()))
            }
            Self::Decimal(values, precision, scale) => {
                let decimals = Decimal128Array::try_new(handed_on(values).into(), nulls)?;
                Arc::new(decimals.with_precision_and_scale(*precision, *scale)?)
            }
            Self::Flag(values) => {
                let flags = BooleanArray::new(packed(values), nulls);
                values.clear();
                Arc::new(flags)
            }
            Self::Symbol(keys, symbols) => Arc::new(symbols.array(handed_on(keys), nulls)?),
            Self::Symbols { ends, keys, symbols, item } => {
                let values = symbols.array(handed_on(keys), None)?;
                Arc::new(ListArray::try_new(Arc::clone(item), offsets(ends), Arc::new(values), nulls)?)
            }
        })
    }
}

impl Symbols {
    fn new(avro: &Value, arrow: &DataType) -> Option<Self> {
        let plain = avro.get("type")?.as_str()? == "enum" && *arrow == crate::arrow_schema::dictionary_type();
        let symbols = avro.get("symbols")?.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
        let count = i64::from(i32::try_from(symbols.len()).ok()?);
        plain.then(|| Self { values: Arc::new(StringArray::from_iter_values(symbols)), count })
    }

    #[inline]
    fn key(&self, symbol: i64) -> Result<i32, Left> {
        let known = (0..self.count).contains(&symbol);
        i32::try_from(symbol).ok().filter(|_| known).ok_or(Left)
    }

    fn array(&self, keys: Vec<i32>, nulls: Option<NullBuffer>) -> Result<DictionaryArray<Int32Type>, ArrowError> {
        DictionaryArray::try_new(Int32Array::try_new(keys.into(), nulls)?, Arc::clone(&self.values))
    }
}

fn truncate_items<T>(rows: usize, ends: &mut Vec<i32>, items: &mut Vec<T>) {
    ends.truncate(rows + 1);
    let end = ends.last().and_then(|end| usize::try_from(*end).ok());
    items.truncate(end.unwrap_or(0));
}

/// A number of as many bytes as it takes, the greatest first.
#[inline]
fn decimal(bytes: &[u8]) -> Result<i128, Left> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    if bytes.len() > DECIMAL_BYTES {
        return Err(Left);
    }
    Ok(bytes.iter().fold(if negative { -1 } else { 0 }, |value, byte| (value << 8) | i128::from(*byte)))
}

/// A bit for each flag.
fn packed(flags: &[bool]) -> BooleanBuffer {
    BooleanBuffer::collect_bool(flags.len(), |row| flags[row])
}

/// What `values` holds, and in its place room for about as many again, so that
/// the next batch need not grow from nothing.
fn handed_on<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = values.len() + values.len() / ROOM_DIVISOR;
    std::mem::replace(values, Vec::with_capacity(room))
}

fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let taken = handed_on(ends);
    ends.push(0);
    OffsetBuffer::new(taken.into())
}
