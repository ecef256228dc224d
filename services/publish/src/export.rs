//! The tables that models read, as plain Parquet: so that another engine can
//! run the same SQL over the same balances.

use crate::balances::Balances;
use crate::publish::absolute;
use crate::{LedgerState, Options, PublishError, inputs};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use futures::future::BoxFuture;
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A table that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub table: String,
    pub rows: u64,
}

/// Writes each table that models read to `<folder>/<table>.parquet`. Files of
/// that name are replaced.
///
/// # Errors
/// The journal or the reference cannot be read, or a file cannot be written.
#[must_use]
pub fn export<'a>(options: &'a Options, folder: &'a Path) -> BoxFuture<'a, Result<Vec<Exported>, PublishError>> {
    Box::pin(async move {
        let state = LedgerState::now(options).await?;
        let dir = absolute(&options.data_dir)?.join("balances");
        let (mut balances, _) = Balances::refresh(&dir, &state).await?;
        let session = Session::new()?;
        inputs::add_all(&session, options, &state, &mut balances).await?;
        std::fs::create_dir_all(folder).map_err(PublishError::io("create", folder))?;
        let mut exported = Vec::new();
        for table in session.tables() {
            let sql = format!("SELECT * FROM {table}");
            let (schema, batches) = session.query(&table, &sql).await?;
            let rows = write(&folder.join(format!("{table}.parquet")), &schema, &batches)?;
            exported.push(Exported { table, rows });
        }
        Ok(exported)
    })
}

fn write(path: &Path, schema: &Schema, batches: &[RecordBatch]) -> Result<u64, PublishError> {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Field::new(field.name(), DataType::Utf8, true),
        DataType::BinaryView => Field::new(field.name(), DataType::Binary, true),
        _ => field.as_ref().clone().with_nullable(true),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let fault = || PublishError::parquet("write", path);
    let file = File::create(path).map_err(PublishError::io("create", path))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None).map_err(fault())?;
    let mut rows = 0;
    for batch in batches {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns.map(|(column, field)| arrow::compute::cast(column, field.data_type()));
        let columns =
            columns.collect::<Result<Vec<_>, _>>().map_err(PublishError::arrow(path.display().to_string()))?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(PublishError::arrow(path.display().to_string()))?;
        writer.write(&batch).map_err(fault())?;
        rows += batch.num_rows() as u64;
    }
    writer.close().map_err(fault())?;
    Ok(rows)
}
