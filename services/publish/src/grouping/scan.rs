//! Reading some columns of Parquet files, text as dictionaries.

use crate::PublishError;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

const BATCH_ROWS: usize = 16_384;

/// Reads `columns` of the files one after the other, a batch at a time.
pub(crate) fn scan(
    paths: &[PathBuf],
    columns: &[&str],
    mut take: impl FnMut(&RecordBatch) -> Result<(), PublishError>,
) -> Result<(), PublishError> {
    for path in paths {
        let file = File::open(path).map_err(PublishError::io("open", path))?;
        let fault = || PublishError::parquet("read", path);
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(fault())?;
        let options = ArrowReaderOptions::new().with_schema(Arc::new(dictionaries(plain.schema())));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(fault())?;
        let projection = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_projection(projection)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(fault())?;
        for batch in reader {
            take(&batch.map_err(PublishError::arrow(path.display().to_string()))?)?;
        }
    }
    Ok(())
}

/// The schema with text as dictionaries, as the files hold it.
fn dictionaries(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => {
            let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Field::new(field.name(), text, field.is_nullable())
        }
        _ => field.as_ref().clone(),
    });
    Schema::new(fields.collect::<Vec<_>>())
}
