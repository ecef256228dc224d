//! A snapshot of the table: opened or created, reloaded, listed.

use crate::book::{self, JournalFile};
use crate::{Book, InternalTopic, JournalError, References, Writer, reference};
use commonweal_schemas::arrow_schema;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::{StructField, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::SaveMode;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError, TableProperty};
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

const POSTED_AT_APP: &str = "commonweal/posted-at";

/// Where a source partition has been read to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub topic: String,
    pub partition: i32,
    /// Next offset to read: one past the last that is in the books.
    pub next_offset: i64,
}

impl Position {
    /// Application id of the position's `txn` action.
    pub(crate) fn app_id(topic: &str, partition: i32) -> String {
        format!("commonweal/offset/{topic}/{partition}")
    }
}

/// An operation on the table under way. Its type hides what it is made of, so
/// that no other crate compiles the table format's futures again.
pub type Operation<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

/// A snapshot of the journal.
#[derive(Clone, Debug)]
pub struct Journal {
    pub(crate) dir: PathBuf,
    pub(crate) table: DeltaTable,
    pub(crate) references: References,
    pub(crate) posted_at: i64,
}

impl Journal {
    /// Opens the latest version.
    ///
    /// # Errors
    /// [`JournalError::Missing`] where there is no table.
    #[must_use]
    pub fn open(dir: &Path) -> Operation<'_, Self> {
        Box::pin(async move {
            let dir = &absolute(dir)?;
            if !dir.join("_delta_log").is_dir() {
                return Err(JournalError::Missing(dir.to_owned()));
            }
            let url = location(dir)?;
            let table = DeltaTableBuilder::from_url(url).map_err(JournalError::delta("open"))?.load().await;
            let table = match table {
                Ok(table) => table,
                Err(DeltaTableError::NotATable(_)) => return Err(JournalError::Missing(dir.to_owned())),
                Err(error) => return Err(JournalError::delta("open")(error)),
            };
            Self::from_table(dir, table).await
        })
    }

    /// Opens the table, or creates it for entries under `reference_version`.
    ///
    /// # Errors
    /// The folder cannot be written, or holds another kind of table.
    #[must_use]
    pub fn open_or_create<'a>(dir: &'a Path, reference_version: &'a str) -> Operation<'a, Self> {
        Box::pin(async move {
            match Self::open(dir).await {
                Err(JournalError::Missing(_)) => {}
                opened => return opened,
            }
            let dir = &absolute(dir)?;
            std::fs::create_dir_all(dir).map_err(|source| JournalError::Io { path: dir.to_owned(), source })?;
            let fields: StructType = arrow_schema::journal().as_ref().try_into_kernel()?;
            let columns: Vec<StructField> = fields.fields().cloned().collect();
            let created = CreateBuilder::new()
                .with_location(location(dir)?.as_str())
                .with_table_name("commonweal journal")
                .with_comment("append-only ledger: postings, rejections and receipts; corrected by reversal")
                .with_save_mode(SaveMode::ErrorIfExists)
                .with_columns(columns)
                .with_partition_columns(["book"])
                .with_configuration_property(TableProperty::EnableExpiredLogCleanup, Some("false"))
                .with_configuration_property(TableProperty::CheckpointInterval, Some("100"))
                .with_configuration([(reference::CURRENT, Some(reference_version))])
                .with_raise_if_key_not_exists(false)
                .await;
            match created {
                Ok(table) => Self::from_table(dir, table).await,
                // Somebody created it between the look and the leap.
                Err(_) if dir.join("_delta_log").is_dir() => Self::open(dir).await,
                Err(error) => Err(JournalError::delta("create")(error)),
            }
        })
    }

    async fn from_table(dir: &Path, table: DeltaTable) -> Result<Self, JournalError> {
        let references = references(dir, &table)?;
        let mut journal = Self { dir: dir.to_owned(), table, references, posted_at: 0 };
        journal.posted_at = journal.application_version(POSTED_AT_APP).await?.unwrap_or(0);
        Ok(journal)
    }

    /// Reads what other writers have committed since.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn reload(&mut self) -> Operation<'_, ()> {
        Box::pin(async move {
            self.table.update_state().await.map_err(JournalError::delta("reload"))?;
            self.references = references(&self.dir, &self.table)?;
            self.posted_at = self.application_version(POSTED_AT_APP).await?.unwrap_or(0);
            Ok(())
        })
    }

    /// Folder of the table.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Version of the table, which is the number of the last ledger commit; 0
    /// where nothing was posted yet.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.table.version().and_then(|version| i64::try_from(version).ok()).unwrap_or(0)
    }

    /// Identity of the table, made at its creation.
    #[must_use]
    pub fn table_id(&self) -> String {
        self.table.snapshot().map(|snapshot| snapshot.metadata().id().to_owned()).unwrap_or_default()
    }

    /// Reference version that events are posted under.
    #[must_use]
    pub fn reference_version(&self) -> &str {
        self.references.current()
    }

    /// That version, and how the journal came to it.
    #[must_use]
    pub const fn references(&self) -> &References {
        &self.references
    }

    /// Last commit that is no part of an adoption under way: the entries up to
    /// it are of one reference version.
    #[must_use]
    pub fn settled_version(&self) -> i64 {
        self.references.under_way().map_or_else(|| self.version(), |adoption| adoption.began - 1)
    }

    /// `posted_at` of the last commit in UTC microseconds, 0 for none.
    #[must_use]
    pub const fn posted_at_micros(&self) -> i64 {
        self.posted_at
    }

    /// Next offset to read of a source partition, `None` where nothing of it
    /// is in the books.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn next_offset(&self, topic: &str, partition: i32) -> Result<Option<i64>, JournalError> {
        self.application_version(&Position::app_id(topic, partition)).await
    }

    /// Last commit of a writer, 0 for none.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn last_commit(&self, writer: &Writer) -> Result<i64, JournalError> {
        Ok(self.application_version(&writer.app_id()).await?.unwrap_or(0))
    }

    /// What the table holds of an internal topic; `None` where nothing was
    /// posted from it.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn internal_topic(&self, topic: &Arc<str>) -> Result<Option<InternalTopic>, JournalError> {
        let number = |found: Option<i64>| found.and_then(|number| i32::try_from(number).ok());
        let partitions = number(self.application_version(&InternalTopic::partitions_app(topic)).await?);
        let repartition_to = number(self.application_version(&InternalTopic::repartition_app(topic)).await?);
        Ok(partitions.map(|partitions| InternalTopic {
            topic: Arc::clone(topic),
            partitions,
            repartition_to: repartition_to.unwrap_or(0),
        }))
    }

    fn application_version<'a>(&'a self, app_id: &'a str) -> Operation<'a, Option<i64>> {
        Box::pin(async move {
            let snapshot = self.table.snapshot().map_err(JournalError::delta("read"))?;
            let log_store = self.table.log_store();
            snapshot
                .transaction_version(log_store.as_ref(), app_id)
                .await
                .map_err(JournalError::delta("read a position of"))
        })
    }

    /// `txn` action that keeps `posted_at` from falling.
    pub(crate) const fn posted_at_app() -> &'static str {
        POSTED_AT_APP
    }

    /// Active files by commit and path; never those of refused commits.
    ///
    /// # Errors
    /// The table cannot be read, or holds a file the ledger did not write.
    pub fn files(&self) -> Result<Vec<JournalFile>, JournalError> {
        let snapshot = self.table.snapshot().map_err(JournalError::delta("list"))?;
        let mut files = Vec::new();
        for view in snapshot.log_data().iter() {
            let relative = view.path();
            let (book, commit, reversals) = book::parse(&relative)?;
            files.push(JournalFile {
                path: self.dir.join(relative.as_ref()),
                book,
                commit,
                rows: view.num_records().and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0),
                bytes: u64::try_from(view.size()).unwrap_or(0),
                reversals,
            });
        }
        files.sort_by(|a, b| (a.commit, &a.path).cmp(&(b.commit, &b.path)));
        Ok(files)
    }

    /// Files that one commit wrote.
    ///
    /// # Errors
    /// As [`Journal::files`].
    pub fn book_files_of(&self, commit: i64) -> Result<Vec<JournalFile>, JournalError> {
        Ok(self.files()?.into_iter().filter(|file| file.commit == commit).collect())
    }

    /// Active files of one book.
    ///
    /// # Errors
    /// As [`Journal::files`].
    pub fn book(&self, book: Book) -> Result<Vec<JournalFile>, JournalError> {
        Ok(self.files()?.into_iter().filter(|file| file.book == book).collect())
    }
}

/// What the table says of reference versions.
fn references(dir: &Path, table: &DeltaTable) -> Result<References, JournalError> {
    let snapshot = table.snapshot().map_err(JournalError::delta("read"))?;
    References::read(dir, snapshot.metadata().configuration())
}

fn location(dir: &Path) -> Result<Url, JournalError> {
    Url::from_directory_path(dir).map_err(|()| JournalError::Location(dir.to_owned()))
}

/// What the table's files are named by, whatever the working directory is.
fn absolute(dir: &Path) -> Result<PathBuf, JournalError> {
    std::path::absolute(dir).map_err(|source| JournalError::Io { path: dir.to_owned(), source })
}
