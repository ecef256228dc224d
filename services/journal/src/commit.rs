//! One commit: files of any of the books, positions, and the time of posting.

use crate::book;
use crate::{Book, InternalTopic, Journal, JournalError, Operation, Position, References, Writer};
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, MetadataExt as _, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::io::Write as _;

/// A file written for the next commit.
#[derive(Clone, Debug)]
pub struct Addition {
    relative: String,
    book: Book,
    rows: u64,
    bytes: u64,
    /// Days since 1970 of the earliest and latest `occurred_on`, where the
    /// book has that column: readers skip files by it.
    occurred_on: Option<(i32, i32)>,
}

impl Addition {
    /// With the first and last day of the file's entries, for file skipping.
    #[must_use]
    pub fn with_days(self, occurred_on: Option<(i32, i32)>) -> Self {
        Self { occurred_on, ..self }
    }

    /// Length of the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// What one commit carries.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    pub additions: Vec<Addition>,
    pub positions: Vec<Position>,
    /// Writers this commit is made by: whoever else is one of them is fenced
    /// by it.
    pub writers: Vec<Writer>,
    /// What changed of an internal topic.
    pub internal: Option<InternalTopic>,
    /// What changed of the reference versions.
    pub references: Option<References>,
    /// UTC microseconds; not before [`Journal::posted_at_micros`].
    pub posted_at: i64,
}

impl Journal {
    /// Number the next commit of this snapshot will carry.
    #[must_use]
    pub fn next_commit(&self) -> i64 {
        self.version() + 1
    }

    /// Writes a file of the next commit, durably, under the name of its own
    /// SHA-256, so that anyone can tell later that it never changed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_file(&self, book: Book, reversals: bool, rows: u64, content: &[u8]) -> Result<Addition, JournalError> {
        let relative = book::relative_path(book, self.next_commit(), reversals, &book::content_digest(content));
        let path = self.dir.join(&relative);
        let io = |source| JournalError::Io { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        // Under another name first: a file that is committed already may carry this one.
        let written = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = fs::File::create(&written).map_err(io)?;
        file.write_all(content).map_err(io)?;
        file.sync_all().map_err(io)?;
        fs::rename(&written, &path).map_err(io)?;
        Ok(Addition { relative, book, rows, bytes: content.len() as u64, occurred_on: None })
    }

    /// Whether this snapshot holds a file: how a writer learns that a commit
    /// whose answer it never got did happen.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn holds(&self, addition: &Addition) -> Result<bool, JournalError> {
        let path = self.dir.join(&addition.relative);
        Ok(self.files()?.iter().any(|file| file.path == path))
    }

    /// Commits at exactly the next version.
    ///
    /// # Errors
    /// [`JournalError::Conflict`] where the table has moved on: nothing was
    /// committed; reload, compare positions, stamp anew and write again.
    pub fn commit<'a>(&'a mut self, commit: &'a Commit) -> Operation<'a, i64> {
        Box::pin(async move {
            let expected = self.version();
            let mut transactions: Vec<Transaction> = commit
                .positions
                .iter()
                .map(|position| {
                    Transaction::new(Position::app_id(&position.topic, position.partition), position.next_offset)
                })
                .collect();
            transactions.push(Transaction::new(Self::posted_at_app(), commit.posted_at));
            transactions.extend(commit.writers.iter().map(|writer| Transaction::new(writer.app_id(), expected + 1)));
            if let Some(InternalTopic { topic, partitions, repartition_to }) = &commit.internal {
                let of_topic = [
                    (InternalTopic::partitions_app(topic), partitions),
                    (InternalTopic::repartition_app(topic), repartition_to),
                ];
                transactions.extend(of_topic.map(|(app, number)| Transaction::new(app, i64::from(*number))));
            }
            let mut actions: Vec<Action> = commit.additions.iter().map(|file| Action::Add(add(file, commit))).collect();
            // No retries: a commit rebased upon another would carry a wrong commit number in its rows.
            let properties = CommitProperties::default()
                .with_max_retries(0)
                .with_create_checkpoint(true)
                .with_cleanup_expired_logs(Some(false))
                .with_application_transactions(transactions);
            let mut operation = DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec!["book".to_owned()]),
                predicate: None,
            };
            if let Some(references) = &commit.references {
                let properties = references.properties().map(|(key, value)| (key.to_owned(), value));
                actions.push(self.with_properties(&properties)?);
                operation = DeltaOperation::SetTableProperties { properties: properties.into() };
            }
            let snapshot = self.table.snapshot().map_err(JournalError::delta("read"))?.snapshot().clone();
            let finalized = CommitBuilder::from(properties)
                .with_actions(actions)
                .build(Some(&snapshot), self.table.log_store(), operation)
                .await
                .map_err(|error| JournalError::commit(expected, error))?;
            self.table.update_state().await.map_err(JournalError::delta("reload"))?;
            self.posted_at = commit.posted_at;
            if let Some(references) = &commit.references {
                self.references.clone_from(references);
            }
            Ok(i64::try_from(finalized.version()).unwrap_or(i64::MAX))
        })
    }

    /// The table's metadata with some properties changed.
    fn with_properties(&self, properties: &[(String, String)]) -> Result<Action, JournalError> {
        let fault = JournalError::delta("describe");
        let mut metadata = self.table.snapshot().map_err(&fault)?.metadata().clone();
        for (key, value) in properties {
            let changed = metadata.add_config_key(key.clone(), value.clone());
            metadata = changed.map_err(DeltaTableError::from).map_err(&fault)?;
        }
        Ok(Action::Metadata(metadata))
    }
}

fn add(file: &Addition, commit: &Commit) -> Add {
    Add {
        path: file.relative.clone(),
        partition_values: HashMap::from([("book".to_owned(), Some(file.book.name().to_owned()))]),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: commit.posted_at / 1_000,
        data_change: true,
        stats: Some(stats(file)),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

fn stats(file: &Addition) -> String {
    let day = |days: i32| {
        chrono::DateTime::from_timestamp(i64::from(days) * 86_400, 0).map(|at| at.format("%Y-%m-%d").to_string())
    };
    let (min, max) = match file.occurred_on {
        Some((first, last)) => (json!({ "occurred_on": day(first) }), json!({ "occurred_on": day(last) })),
        None => (json!({}), json!({})),
    };
    json!({ "numRecords": file.rows, "minValues": min, "maxValues": max, "nullCount": {} }).to_string()
}
