//! Revisions as a table and a file.

use super::{ReleaseFacts, Revision, Revisions, RevisionsError};
use crate::PublishError;
use crate::conform::conform;
use crate::disclosure::Protection;
use crate::files::write_atomically;
use crate::publish::{absolute, same_folder};
use crate::tables::REVISIONS;
use crate::write::Encoded;
use arrow::array::{ArrayRef, Decimal128Array, StringArray};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::path::Path;
use std::sync::Arc;

/// Digits that a figure may have.
const DIGITS_MAX: u32 = 18;

impl Revisions {
    /// As one Parquet file with the metadata of published tables; a file of that
    /// name is replaced at once.
    ///
    /// # Errors
    /// The file cannot be written, or does not belong where it is to go.
    pub fn write(&self, file: &Path) -> Result<(), PublishError> {
        let file = absolute(file)?;
        let folder = file.parent().unwrap_or(&file);
        if self.labels.disclosure == Protection::None.label() && same_folder(folder, &self.published)? {
            return Err(PublishError::Unprotected(folder.to_owned()));
        }
        let encoded = Encoded::of(&REVISIONS, self.table()?, &self.labels)?;
        write_atomically(&file, &encoded.bytes)
    }

    fn table(&self) -> Result<RecordBatch, PublishError> {
        let rows = &self.rows;
        let given = |of: fn(&Revision) -> &str| text(rows.iter().map(|row| Some(of(row))));
        let optional = |of: fn(&Revision) -> Option<&str>| text(rows.iter().map(of));
        let constant = |value: &str| text(rows.iter().map(|_| Some(value)));
        let [old_release, new_release] = [&self.old, &self.new].map(ReleaseFacts::name);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("table_name", given(|row| row.table)),
            ("row_key", given(|row| &row.row_key)),
            ("figure", given(|row| row.figure)),
            ("cause", given(|row| &row.cause)),
            ("period", optional(|row| row.facts.period.as_deref())),
            ("subject", optional(|row| row.facts.subject.as_deref())),
            ("programme", optional(|row| row.facts.programme.as_deref())),
            ("place", optional(|row| row.facts.place.as_deref())),
            ("unit", optional(|row| row.unit.as_deref())),
            ("old", decimals(rows, |row| row.old)?),
            ("new", decimals(rows, |row| row.new)?),
            ("difference", decimals(rows, |row| row.difference)?),
            ("old_release", constant(old_release)),
            ("old_method", constant(&self.old.method)),
            ("new_release", constant(new_release)),
            ("new_method", constant(&self.new.method)),
            ("disclosure", optional(|row| row.disclosure)),
            ("kept_back", optional(|row| row.kept_back)),
            ("data_label", constant(&self.labels.data_label)),
        ];
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(PublishError::arrow(REVISIONS.name))?;
        let unfit = |reason: String| PublishError::arrow(REVISIONS.name)(ArrowError::SchemaError(reason));
        conform(&REVISIONS, &batch.schema(), std::slice::from_ref(&batch)).map_err(unfit)
    }
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn decimals(rows: &[Revision], of: fn(&Revision) -> Option<i128>) -> Result<ArrayRef, PublishError> {
    let is_large = |row: &&Revision| of(row).is_some_and(|value| value.unsigned_abs() >= 10_u128.pow(DIGITS_MAX));
    if let Some(row) = rows.iter().find(is_large) {
        return Err(RevisionsError::TooLarge { table: row.table, row: row.row_key.clone() }.into());
    }
    let array = rows.iter().map(of).collect::<Decimal128Array>();
    Ok(Arc::new(array.with_precision_and_scale(18, 4).map_err(PublishError::arrow(REVISIONS.name))?))
}
