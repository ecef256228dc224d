#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::gather::Column;
use arrow::array::{BinaryArray, DictionaryArray, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use commonweal_schemas::arrow_schema::dictionary_type;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
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
            reader(content.clone(), Path::new("file"), &stored, None, rows).unwrap().map(Result::unwrap).collect()
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
