#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::gather::Column;
use arrow::array::{Array, BinaryArray, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use commonweal_schemas::arrow_schema::dictionary_type;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::statistics::Statistics;
use proptest::prelude::*;

/// Symbols, repeating text, text that does not repeat, and bytes.
fn batch(rows: &[Option<String>]) -> RecordBatch {
    let texts = || rows.iter().map(Option::as_deref);
    let columns: [(&str, ArrayRef); 5] = [
        ("measure", Arc::new(texts().collect::<DictionaryArray<Int32Type>>())),
        ("organisation_id", Arc::new(texts().collect::<StringArray>())),
        ("title", Arc::new(texts().collect::<StringArray>())),
        ("content_digest", Arc::new(texts().map(|text| text.map(str::as_bytes)).collect::<BinaryArray>())),
        ("quarter", Arc::new(texts().map(|text| text.or(Some(""))).collect::<DictionaryArray<Int32Type>>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, name != "quarter"))).unwrap()
}

fn schema() -> SchemaRef {
    let fields = [
        ("measure", dictionary_type()),
        ("organisation_id", DataType::Utf8),
        ("title", DataType::Utf8),
        ("content_digest", DataType::Binary),
        ("quarter", dictionary_type()),
    ];
    Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, name != "quarter")).to_vec()))
}

fn encoded(batches: &[RecordBatch], places: &[(usize, usize)]) -> Encoded {
    let starts: Vec<usize> =
        batches.iter().scan(0, |start, batch| Some(std::mem::replace(start, *start + batch.num_rows()))).collect();
    let in_all: Vec<u32> = places.iter().map(|(batch, row)| u32::try_from(starts[*batch] + row).unwrap()).collect();
    let schema = schema();
    let column = |number: usize| {
        let name = schema.field(number).name();
        Ok(match Column::new(batches, name, repeats(name))? {
            Column::Symbols(symbols) => Cells::Symbols(symbols, &in_all),
            Column::Plain(arrays) => Cells::Unique(Values::of(&arrays).unwrap(), places),
        })
    };
    encode_columns(Book::Funding, &schema, places.len(), column).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Proves that rows taken from batches in any order, some of them null,
    /// read back as they are, by the reader of whole columns and by the one of
    /// single rows, over more than one page and row group; and that bounds are
    /// those of the rows.
    #[test]
    fn rows_read_back(
        batches in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, "[a-c]{0,3}"), 1..40), 1..4),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 1..90_usize), 1..40),
        long in prop::bool::weighted(0.2),
    ) {
        let columns: Vec<RecordBatch> = batches.iter().map(|rows| batch(rows)).collect();
        let all: Vec<(usize, usize)> =
            batches.iter().enumerate().flat_map(|(at, rows)| (0..rows.len()).map(move |row| (at, row))).collect();
        let repeat = if long { 100 } else { 1 };
        let places: Vec<(usize, usize)> =
            picks.iter().flat_map(|(pick, count)| std::iter::repeat_n(*pick.get(&all), count * repeat)).collect();
        let expected: Vec<Option<&str>> = places.iter().map(|(at, row)| batches[*at][*row].as_deref()).collect();

        let encoded = encoded(&columns, &places);
        prop_assert_eq!(encoded.rows, places.len() as u64);
        let content = Bytes::from(encoded.content);
        let stored = commonweal_schemas::arrow_schema::stored(&schema());
        let stored = Arc::new(stored.as_ref().clone());
        let read = |rows: Rows<'_>| -> Vec<RecordBatch> {
            reader(content.clone(), Path::new("file"), &stored, None, rows, BATCH_ROWS).unwrap().map(Result::unwrap).collect()
        };
        let check = |found: &[RecordBatch], expected: &[Option<&str>]| -> Result<(), TestCaseError> {
            for (column, field) in stored.fields().iter().enumerate() {
                let texts = found.iter().map(|batch| arrow::compute::cast(batch.column(column), &DataType::Utf8).unwrap());
                let texts: Vec<Option<String>> =
                    texts.flat_map(|array| array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()).collect();
                let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
                let wanted: Vec<Option<&str>> = if field.is_nullable() {
                    expected.to_vec()
                } else {
                    expected.iter().map(|text| text.or(Some(""))).collect()
                };
                prop_assert_eq!(texts, wanted, "column {}", field.name());
            }
            Ok(())
        };
        check(&read(Rows::All), &expected)?;
        let some: Vec<u32> = (0..u32::try_from(places.len()).unwrap()).step_by(97).collect();
        let of_some: Vec<Option<&str>> = some.iter().map(|row| expected[*row as usize]).collect();
        check(&read(Rows::Only(&some)), &of_some)?;

        let metadata = SerializedFileReader::new(content.clone()).unwrap();
        let group = metadata.metadata().row_group(0).clone();
        let statistics = group.column(0).statistics().unwrap();
        let of_group = &expected[..expected.len().min(ROW_GROUP_ROWS)];
        let texts = || of_group.iter().flatten();
        prop_assert_eq!(statistics.min_bytes_opt(), texts().min().map(|text| text.as_bytes()));
        prop_assert_eq!(statistics.max_bytes_opt(), texts().max().map(|text| text.as_bytes()));
        prop_assert_eq!(statistics.null_count_opt(), Some(of_group.iter().filter(|text| text.is_none()).count() as u64));
        prop_assert!(group.column(1).statistics().is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Proves that numbers and days near each other, at either end of their
    /// range, with nulls or without, read back as they are with their bounds;
    /// and that those too far apart are left to the library.
    #[test]
    fn numbers_read_back(
        batches in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, 0..40_000_i32), 1..40), 1..4),
        (base, far) in (prop_oneof![Just(i32::MIN), Just(-20_000), Just(i32::MAX - 80_000)], prop::bool::weighted(0.2)),
        (days, long) in (any::<bool>(), prop::bool::weighted(0.2)),
    ) {
        let scale = if far { 2 } else { 1 };
        let value = |number: &Option<i32>| number.map(|number| base + number * scale);
        let arrays: Vec<ArrayRef> = batches.iter().map(|rows| -> ArrayRef {
            let numbers: Int32Array = rows.iter().map(value).collect();
            if days { Arc::new(numbers.reinterpret_cast::<Date32Type>()) } else { Arc::new(numbers) }
        }).collect();
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let all = || batches.iter().enumerate().flat_map(|(at, rows)| (0..rows.len()).rev().map(move |row| (at, row)));
        let places: Vec<(usize, usize)> = (0..if long { 2_000 } else { 1 }).flat_map(|_| all()).collect();
        let expected: Vec<Option<i32>> = places.iter().map(|(at, row)| value(&batches[*at][*row])).collect();
        let known = || expected.iter().copied().flatten();
        let span = known().max().zip(known().min()).map_or(0, |(greatest, least)| greatest.abs_diff(least));

        let Some(numbers) = Numbers::of(&arrays, &places) else {
            prop_assert!(span >= 1 << 16);
            return Ok(());
        };
        prop_assert!(span < 1 << 16);
        let kind = if days { DataType::Date32 } else { DataType::Int32 };
        let name = if days { DAY } else { "origin_partition" };
        let (read, statistics, of_days) = one_column(name, &kind, true, numbers, places.len());
        let found: Vec<Option<i32>> = if days {
            read.as_primitive::<Date32Type>().iter().collect()
        } else {
            read.as_primitive::<Int32Type>().iter().collect()
        };
        prop_assert_eq!(&found, &expected);
        if days {
            prop_assert_eq!(of_days, known().min().zip(known().max()));
        }
        let of_group = || expected.iter().take(ROW_GROUP_ROWS).copied().flatten();
        let bytes = |bound: Option<i32>| bound.map(|bound| bound.to_le_bytes().to_vec());
        prop_assert_eq!(statistics.min_bytes_opt().map(<[u8]>::to_vec), bytes(of_group().min()));
        prop_assert_eq!(statistics.max_bytes_opt().map(<[u8]>::to_vec), bytes(of_group().max()));
    }
}

/// Proves that what all rows share, in either width, and signs read back.
#[test]
fn stamps_and_signs_read_back() {
    let wide = Numbers::same(1 << 40, Width::Eight, 9_000);
    let (read, statistics, _) = one_column("ledger_commit", &DataType::Int64, false, wide, 9_000);
    assert!(read.as_primitive::<Int64Type>().values().iter().all(|number| *number == 1 << 40));
    assert_eq!(statistics.min_bytes_opt(), Some((1_i64 << 40).to_le_bytes().as_slice()));
    let signs = Numbers::signs([1, 0, -1, 1].into_iter());
    let (read, _, _) = one_column("origin_partition", &DataType::Int32, false, signs, 4);
    assert_eq!(read.as_primitive::<Int32Type>().values(), &[1, 0, -1, 1]);
}

/// Numbers through a file of one column: the column read back, its bounds in
/// the first row group, and first and last day.
fn one_column(
    name: &str,
    kind: &DataType,
    nullable: bool,
    numbers: Numbers,
    rows: usize,
) -> (ArrayRef, Statistics, Option<(i32, i32)>) {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new(name, kind.clone(), nullable)]));
    let numbers = std::cell::Cell::new(Some(numbers));
    let column = |_| Ok(Cells::Numbers(numbers.take().unwrap()));
    let encoded = encode_columns(Book::Funding, &schema, rows, column).unwrap();
    let content = Bytes::from(encoded.content);
    let read: Vec<RecordBatch> = reader(content.clone(), Path::new("file"), &schema, None, Rows::All, BATCH_ROWS)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let read = Arc::clone(concat_batches(&schema, &read).unwrap().column(0));
    let file = SerializedFileReader::new(content).unwrap();
    (read, file.metadata().row_group(0).column(0).statistics().unwrap().clone(), encoded.days)
}
