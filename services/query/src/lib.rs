//! The one door to DataFusion: a session of bounded memory, Parquet files as
//! tables, and SQL in, batches out.
//!
//! A crate of its own, whose futures hide what they are made of: whoever awaits
//! a future of the query engine in the open compiles the engine's planner once
//! more, which takes minutes.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("failed to compute {what}")]
    Failed {
        what: String,
        #[source]
        source: Box<DataFusionError>,
    },
    #[error("{} cannot be a table: its path is not absolute", .0.display())]
    RelativePath(PathBuf),
}

impl QueryError {
    fn failed(what: impl Into<String>) -> impl FnOnce(DataFusionError) -> Self {
        let what = what.into();
        move |source| Self::Failed { what, source: Box::new(source) }
    }
}

/// An answer's schema and rows.
pub type Answer = (SchemaRef, Vec<RecordBatch>);

/// An answer's rows as they come.
pub type Rows = BoxStream<'static, Result<RecordBatch, QueryError>>;

/// Memory that grouping and sorting may hold before they spill to disk.
const MEMORY_BYTES_MAX: usize = 224 * 1024 * 1024;
/// One: queries here are small, and dealing rows out to threads costs more than
/// it gains. Models that do not read each other run side by side instead.
const PARTITIONS: usize = 1;

/// A DataFusion session; clones share its tables and its memory.
#[derive(Clone)]
pub struct Session {
    context: SessionContext,
}

impl Session {
    /// A session without tables.
    ///
    /// # Errors
    /// The engine does not start.
    pub fn new() -> Result<Self, QueryError> {
        let config = SessionConfig::new()
            .with_target_partitions(PARTITIONS)
            .with_collect_statistics(false)
            .with_information_schema(false)
            // Few rows pass the filters here, so only theirs are decoded.
            .set_bool("datafusion.execution.parquet.pushdown_filters", true);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY_BYTES_MAX)))
            .build_arc()
            .map_err(QueryError::failed("a session"))?;
        Ok(Self { context: SessionContext::new_with_config_rt(config, runtime) })
    }

    /// Names Parquet files of one `schema` as a table; no files, an empty one.
    ///
    /// # Errors
    /// A path is not absolute, or the files cannot be read as this.
    #[must_use]
    pub fn add_files<'a>(
        &'a self,
        name: &'a str,
        schema: &'a Schema,
        paths: &'a [PathBuf],
    ) -> BoxFuture<'a, Result<(), QueryError>> {
        Box::pin(self.name_files(name, schema, paths))
    }

    async fn name_files(&self, name: &str, schema: &Schema, paths: &[PathBuf]) -> Result<(), QueryError> {
        let schema = viewed(schema);
        if paths.is_empty() {
            return self.add_batches(name, &schema, Vec::new());
        }
        let mut urls = Vec::with_capacity(paths.len());
        for path in paths {
            // A URL, since a bare path would be searched for wildcards.
            let url = Url::from_file_path(path).map_err(|()| QueryError::RelativePath(path.clone()))?;
            urls.push(url.to_string());
        }
        let options = ParquetReadOptions::default().schema(&schema);
        let frame = self.context.read_parquet(urls, options).await.map_err(QueryError::failed(name))?;
        self.context.register_table(name, frame.into_view()).map_err(QueryError::failed(name))?;
        Ok(())
    }

    /// Names batches as a table, in place of an earlier one of that name.
    ///
    /// # Errors
    /// The batches are not all of `schema`.
    pub fn add_batches(&self, name: &str, schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<(), QueryError> {
        let table = MemTable::try_new(Arc::clone(schema), vec![batches]).map_err(QueryError::failed(name))?;
        self.context.deregister_table(name).map_err(QueryError::failed(name))?;
        self.context.register_table(name, Arc::new(table)).map_err(QueryError::failed(name))?;
        Ok(())
    }

    /// Names a query as a table that is computed whenever it is read.
    ///
    /// # Errors
    /// The query cannot be planned, or the name is taken.
    #[must_use]
    pub fn view<'a>(&'a self, name: &'a str, sql: &'a str) -> BoxFuture<'a, Result<(), QueryError>> {
        Box::pin(async move {
            let frame = self.context.sql(sql).await.map_err(QueryError::failed(name))?;
            self.context.register_table(name, frame.into_view()).map_err(QueryError::failed(name))?;
            Ok(())
        })
    }

    /// Names of the tables, in their order.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        let catalogs = self.context.catalog_names().into_iter().filter_map(|name| self.context.catalog(&name));
        let schemas = catalogs.flat_map(|catalog| {
            catalog.schema_names().into_iter().filter_map(|name| catalog.schema(&name)).collect::<Vec<_>>()
        });
        let mut names: Vec<String> = schemas.flat_map(|schema| schema.table_names()).collect();
        names.sort_unstable();
        names
    }

    /// Runs a query; `what` it computes is said in its error.
    ///
    /// # Errors
    /// The query cannot be planned or run.
    #[must_use]
    pub fn query<'a>(&'a self, what: &'a str, sql: &'a str) -> BoxFuture<'a, Result<Answer, QueryError>> {
        Box::pin(self.answer(what, sql))
    }

    async fn answer(&self, what: &str, sql: &str) -> Result<Answer, QueryError> {
        let frame = self.context.sql(sql).await.map_err(QueryError::failed(what))?;
        let planned = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await.map_err(QueryError::failed(what))?;
        // What comes may be text as views where the plan says text.
        let schema = batches.first().map_or(planned, RecordBatch::schema);
        Ok((schema, batches))
    }

    /// Runs a query whose answer need not fit into memory; `what` it computes is
    /// said in its errors.
    ///
    /// # Errors
    /// The query cannot be planned or begun; each item, that it cannot go on.
    #[must_use]
    pub fn stream<'a>(&'a self, what: &'static str, sql: &'a str) -> BoxFuture<'a, Result<Rows, QueryError>> {
        Box::pin(async move {
            let frame = self.context.sql(sql).await.map_err(QueryError::failed(what))?;
            let rows = frame.execute_stream().await.map_err(QueryError::failed(what))?;
            let rows: Rows = rows.map(move |batch| batch.map_err(QueryError::failed(what))).boxed();
            Ok(rows)
        })
    }

    /// Runs a query and keeps its answer as a table in memory.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn keep(&self, name: &str, sql: &str) -> Result<(), QueryError> {
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
