//! The one door to DataFusion: a session of bounded memory, Parquet files as
//! tables, and SQL in, batches out.

use crate::PublishError;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Memory that grouping and sorting may hold before they spill to disk.
const MEMORY_BYTES_MAX: usize = 224 * 1024 * 1024;
/// One: queries here are small, and dealing rows out to threads costs more than
/// it gains. Models that do not read each other run side by side instead.
const PARTITIONS: usize = 1;

/// A DataFusion session; clones share its tables and its memory.
#[derive(Clone)]
pub(crate) struct Session {
    context: SessionContext,
}

impl Session {
    pub(crate) fn new() -> Result<Self, PublishError> {
        let config = SessionConfig::new()
            .with_target_partitions(PARTITIONS)
            .with_collect_statistics(false)
            .with_information_schema(false)
            // Few rows pass the filters here, so only theirs are decoded.
            .set_bool("datafusion.execution.parquet.pushdown_filters", true);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY_BYTES_MAX)))
            .build_arc()
            .map_err(PublishError::query("a session"))?;
        Ok(Self { context: SessionContext::new_with_config_rt(config, runtime) })
    }

    /// Names Parquet files of one `schema` as a table; no files, an empty one.
    pub(crate) async fn add_files(&self, name: &str, schema: &Schema, paths: &[PathBuf]) -> Result<(), PublishError> {
        let schema = viewed(schema);
        if paths.is_empty() {
            return self.add_batches(name, &schema, Vec::new());
        }
        let mut urls = Vec::with_capacity(paths.len());
        for path in paths {
            // A URL, since a bare path would be searched for wildcards.
            let url = Url::from_file_path(path).map_err(|()| PublishError::Io {
                action: "name as a table the relative path",
                path: path.clone(),
                source: std::io::Error::from(std::io::ErrorKind::InvalidInput),
            })?;
            urls.push(url.to_string());
        }
        let options = ParquetReadOptions::default().schema(&schema);
        let frame = self.context.read_parquet(urls, options).await.map_err(PublishError::query(name))?;
        self.context.register_table(name, frame.into_view()).map_err(PublishError::query(name))?;
        Ok(())
    }

    /// Names batches as a table, in place of an earlier one of that name.
    pub(crate) fn add_batches(
        &self,
        name: &str,
        schema: &SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), PublishError> {
        let table = MemTable::try_new(Arc::clone(schema), vec![batches]).map_err(PublishError::query(name))?;
        self.context.deregister_table(name).map_err(PublishError::query(name))?;
        self.context.register_table(name, Arc::new(table)).map_err(PublishError::query(name))?;
        Ok(())
    }

    /// Runs a query; `what` it computes is said in its error.
    pub(crate) async fn query(&self, what: &str, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), PublishError> {
        let frame = self.context.sql(sql).await.map_err(PublishError::query(what))?;
        let planned = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await.map_err(PublishError::query(what))?;
        // What comes may be text as views where the plan says text.
        let schema = batches.first().map_or(planned, RecordBatch::schema);
        Ok((schema, batches))
    }

    /// Runs a query and keeps its answer as a table in memory.
    pub(crate) async fn keep(&self, name: &str, sql: &str) -> Result<(), PublishError> {
        let (schema, batches) = self.query(name, sql).await?;
        self.add_batches(name, &schema, batches)
    }
}

/// Text and bytes as views: short ones need no copy of their own when grouped.
fn viewed(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Field::new(field.name(), DataType::Utf8View, field.is_nullable()),
        DataType::Binary => Field::new(field.name(), DataType::BinaryView, field.is_nullable()),
        _ => field.as_ref().clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
