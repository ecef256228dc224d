//! Holding a method's worked examples against what its models make of them.

use crate::PublishError;
use crate::made_up;
use crate::method::{Expected, MethodBook};
use arrow::array::{Array as _, RecordBatch};
use arrow::util::display::array_value_to_string;
use futures::future::BoxFuture;

/// A row that an example expects and its models do not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// File within the book.
    pub file: String,
    /// Line of the row.
    pub line: u64,
    pub table: &'static str,
    /// The row, as `column=value`.
    pub expected: String,
    /// What is published of the same key, likewise; none where nothing is.
    pub published: Option<String>,
}

/// Runs the models over each example's events, by themselves, and tells what of
/// the figures does not come out.
///
/// # Errors
/// A model does not run.
#[must_use]
pub fn unmet_examples(method: &MethodBook) -> BoxFuture<'_, Result<Vec<Unmet>, PublishError>> {
    Box::pin(async move {
        let mut unmet = Vec::new();
        for example in method.examples() {
            let tables = made_up::published(method, &example.postings).await?;
            for expected in &example.expected {
                let found = tables.iter().find(|(table, _)| table.name == expected.table.name);
                let rows = found.map_or(Ok(Vec::new()), |(_, batch)| texts(batch, &expected.columns))?;
                unmet.extend(missing(&example.file, expected, &rows));
            }
        }
        Ok(unmet)
    })
}

/// Some columns of a table as text; nulls are empty.
fn texts(batch: &RecordBatch, columns: &[String]) -> Result<Vec<Vec<String>>, PublishError> {
    let arrays: Vec<_> = columns.iter().filter_map(|name| batch.column_by_name(name)).collect();
    let text = |row: usize| {
        let values = arrays
            .iter()
            .map(|array| if array.is_null(row) { Ok(String::new()) } else { array_value_to_string(array, row) });
        values.collect::<Result<Vec<String>, _>>().map_err(PublishError::arrow("an example"))
    };
    (0..batch.num_rows()).map(text).collect()
}

fn missing(file: &str, expected: &Expected, rows: &[Vec<String>]) -> Vec<Unmet> {
    let Expected { table, columns, rows: wanted } = expected;
    let keys: Vec<usize> = (0..columns.len()).filter(|at| table.key.contains(&columns[*at].as_str())).collect();
    let tell = |row: &[String]| {
        columns.iter().zip(row).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    let missing = wanted.iter().filter(|(_, row)| !rows.contains(row));
    missing
        .map(|(line, row)| {
            let near = rows.iter().find(|published| keys.iter().all(|at| published[*at] == row[*at]));
            Unmet {
                file: file.to_owned(),
                line: *line,
                table: table.name,
                expected: tell(row),
                published: near.map(|row| tell(row)),
            }
        })
        .collect()
}
