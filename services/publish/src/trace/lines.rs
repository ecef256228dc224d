//! What a trace's SQL answers: a line for each factor.

use super::arithmetic::{Factor, Figures, Operation, Part, RowId, Values};
use crate::PublishError;
use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use rust_decimal::Decimal;

/// Decimals of a factor.
const SCALE: u8 = 12;
/// Column that the key of the row is put into.
pub(super) const ROW_KEY: &str = "row_key";

/// A line: a factor of a figure of a row.
pub(super) struct Line {
    pub(super) key: String,
    pub(super) figure: String,
    pub(super) term: String,
    /// Order within the term.
    pub(super) place: i64,
    pub(super) factor: Factor,
}

impl Line {
    /// Puts the factor where it belongs.
    pub(super) fn put(self, figures: &mut Figures) {
        let figure = figures.entry(self.figure).or_default();
        figure.terms.entry(self.term).or_default().factors.push(self.factor);
    }
}

/// Reads the lines of the trace in `file`, in the order of rows, terms and places.
///
/// # Errors
/// A column is missing or of another type, or a value is none of those allowed.
pub(super) fn read(file: &str, batches: &[RecordBatch]) -> Result<Vec<Line>, PublishError> {
    let mut lines = Vec::new();
    for batch in batches {
        let columns = Columns::of(file, batch)?;
        for row in 0..batch.num_rows() {
            lines.push(columns.line(row)?);
        }
    }
    let order = |line: &Line| (line.key.clone(), line.figure.clone(), line.term.clone(), line.place);
    lines.sort_by_cached_key(order);
    Ok(lines)
}

/// Columns of a batch; those that may be left out may be none.
struct Columns<'a> {
    file: &'a str,
    key: ArrayRef,
    figure: ArrayRef,
    what: ArrayRef,
    central: ArrayRef,
    term: Option<ArrayRef>,
    place: Option<ArrayRef>,
    operation: Option<ArrayRef>,
    /// Low and high.
    spread: [Option<ArrayRef>; 2],
    digits: Option<ArrayRef>,
    /// Table, key and figure.
    part: [Option<ArrayRef>; 3],
}

impl<'a> Columns<'a> {
    fn of(file: &'a str, batch: &RecordBatch) -> Result<Self, PublishError> {
        let fault = |reason: String| PublishError::book(file, reason);
        let optional = |name: &str, wanted: &DataType| {
            let cast =
                |column: &ArrayRef| cast(column, wanted).map_err(|error| fault(format!("column {name}: {error}")));
            batch.column_by_name(name).map(cast).transpose()
        };
        let needed = |name: &str, wanted: &DataType| {
            optional(name, wanted)?.ok_or_else(|| fault(format!("column {name} is missing")))
        };
        let decimal = DataType::Decimal128(38, SCALE.cast_signed());
        Ok(Self {
            file,
            key: needed(ROW_KEY, &DataType::Utf8)?,
            figure: needed("figure", &DataType::Utf8)?,
            what: needed("what", &DataType::Utf8)?,
            central: needed("central", &decimal)?,
            term: optional("term", &DataType::Utf8)?,
            place: optional("place", &DataType::Int64)?,
            operation: optional("op", &DataType::Utf8)?,
            spread: [optional("low", &decimal)?, optional("high", &decimal)?],
            digits: optional("digits", &DataType::Int64)?,
            part: [
                optional("part", &DataType::Utf8)?,
                optional("part_key", &DataType::Utf8)?,
                optional("part_figure", &DataType::Utf8)?,
            ],
        })
    }

    fn line(&self, row: usize) -> Result<Line, PublishError> {
        let central = self.decimal(&self.central, row)?;
        let [low, high] = &self.spread;
        let spread =
            |column: &Option<ArrayRef>| column.as_ref().map_or(Ok(central), |column| self.decimal(column, row));
        let values: Values = [spread(low)?, central, spread(high)?];
        let code = text(self.operation.as_ref(), row).unwrap_or("x");
        let operation =
            Operation::of(code).ok_or_else(|| self.fault(format!("op {code:?} is none of x, /, 1- and from")))?;
        let digits = whole(self.digits.as_ref(), row).and_then(|digits| u32::try_from(digits).ok());
        let [table, key, figure] = &self.part;
        let part = text(table.as_ref(), row).map(|table| Part {
            row: RowId { table: table.to_owned(), key: text(key.as_ref(), row).unwrap_or_default().to_owned() },
            figure: text(figure.as_ref(), row).unwrap_or_default().to_owned(),
        });
        let what = text(Some(&self.what), row).unwrap_or_default().to_owned();
        Ok(Line {
            key: text(Some(&self.key), row).unwrap_or_default().to_owned(),
            figure: text(Some(&self.figure), row).unwrap_or_default().to_owned(),
            term: text(self.term.as_ref(), row).unwrap_or_default().to_owned(),
            place: whole(self.place.as_ref(), row).unwrap_or(1),
            factor: Factor { what, operation, values, digits, part },
        })
    }

    fn decimal(&self, column: &ArrayRef, row: usize) -> Result<Option<Decimal>, PublishError> {
        let column = column.as_primitive::<Decimal128Type>();
        if column.is_null(row) {
            return Ok(None);
        }
        let value = Decimal::try_from_i128_with_scale(column.value(row), u32::from(SCALE));
        value.map(|value| Some(value.normalize())).map_err(|error| self.fault(error.to_string()))
    }

    fn fault(&self, reason: String) -> PublishError {
        PublishError::book(self.file, reason)
    }
}

fn text(column: Option<&ArrayRef>, row: usize) -> Option<&str> {
    let texts = column?.as_string::<i32>();
    texts.is_valid(row).then(|| texts.value(row))
}

fn whole(column: Option<&ArrayRef>, row: usize) -> Option<i64> {
    let numbers = column?.as_primitive::<Int64Type>();
    numbers.is_valid(row).then(|| numbers.value(row))
}
