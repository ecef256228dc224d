//! From a state of the journal to published files.

use crate::PublishError;
use crate::balances::{Balances, Refreshed};
use crate::inputs;
use crate::manifest::{Manifest, ManifestMethod, ManifestTable};
use crate::method::MethodBook;
use crate::models;
use crate::tables::{self, Table};
use crate::write;
use arrow::record_batch::RecordBatch;
use commonweal_journal::{Journal, JournalFile};
use commonweal_query::Session;
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What to publish, by which method, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Holds `journal/`, and gets `balances/` and `published/`.
    pub data_dir: PathBuf,
    /// Holds a folder per reference version.
    pub reference_dir: PathBuf,
    pub method: MethodBook,
    /// What kind of data it is, said in every file: `synthetic`, say. None
    /// for recorded data.
    pub label: Option<String>,
}

/// A state of the journal: what of it publishing needs.
#[derive(Clone, Debug)]
pub struct LedgerState {
    /// Identity of the journal; another journal means other balances.
    pub table_id: String,
    /// Last ledger commit.
    pub version: i64,
    /// Time of the last commit, UTC microseconds; 0 for none.
    pub posted_at_micros: i64,
    /// Reference version the entries carry.
    pub reference_version: String,
    /// Active files.
    pub files: Vec<JournalFile>,
}

/// Time spent, by step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    pub balances: Duration,
    pub models: Duration,
    pub writing: Duration,
}

/// What was published.
#[derive(Clone, Debug)]
pub struct Published {
    pub manifest: Manifest,
    pub refreshed: Refreshed,
    /// Tables whose bytes changed.
    pub rewritten: Vec<&'static str>,
    pub timing: Timing,
}

/// A publication under way. Its type hides what it is made of: otherwise every
/// program that publishes would compile the query engine's futures again, which
/// takes minutes each.
pub type Publication<'a> = BoxFuture<'a, Result<Published, PublishError>>;

/// Publishes the journal under `options.data_dir` as it is now.
///
/// # Errors
/// There is no journal, it or the reference cannot be read, a model does not
/// give what its table promises, or a file cannot be written. Files are
/// replaced one by one and the manifest last, so after an error the manifest
/// does not match the files.
#[must_use]
pub fn publish(options: &Options) -> Publication<'_> {
    Box::pin(async move {
        let journal = Journal::open(&options.data_dir.join("journal")).await?;
        let state = LedgerState {
            table_id: journal.table_id(),
            version: journal.version(),
            posted_at_micros: journal.posted_at_micros(),
            reference_version: journal.reference_version().to_owned(),
            files: journal.files()?,
        };
        run(options, &state).await
    })
}

/// Publishes a given state of a journal.
///
/// # Errors
/// As [`publish`].
#[must_use]
pub fn publish_state<'a>(options: &'a Options, state: &'a LedgerState) -> Publication<'a> {
    Box::pin(run(options, state))
}

async fn run(options: &Options, state: &LedgerState) -> Result<Published, PublishError> {
    let data_dir = std::path::absolute(&options.data_dir).map_err(PublishError::io("find", &options.data_dir))?;
    let started = Instant::now();
    let (mut balances, refreshed) = Balances::refresh(&data_dir.join("balances"), state).await?;
    let refreshed_at = Instant::now();
    let results = evaluate(options, state, &mut balances).await?;
    let evaluated_at = Instant::now();

    let published = data_dir.join("published");
    std::fs::create_dir_all(&published).map_err(PublishError::io("create", &published))?;
    let label = write::Labels {
        method_version: options.method.version(),
        reference_version: &state.reference_version,
        data_label: inputs::data_label(options.label.as_deref()),
    };
    let mut rewritten = Vec::new();
    let mut entries = Vec::with_capacity(results.len());
    for (table, batch) in &results {
        let written = write::table(&published, table, batch, &label)?;
        if written.changed {
            rewritten.push(table.name);
        }
        entries.push(ManifestTable::of(table, batch.num_rows(), written));
    }
    let manifest = Manifest {
        format: Manifest::FORMAT,
        data_label: label.data_label.to_owned(),
        method: ManifestMethod::of(&options.method),
        reference_version: state.reference_version.clone(),
        ledger_version: state.version,
        as_of: Manifest::instant(state.posted_at_micros),
        tables: entries,
    };
    manifest.write(&published)?;
    let timing = Timing {
        balances: refreshed_at - started,
        models: evaluated_at - refreshed_at,
        writing: evaluated_at.elapsed(),
    };
    tracing::info!(
        ledger_version = state.version,
        files_read = refreshed.files,
        rows_read = refreshed.rows,
        tables_rewritten = rewritten.len(),
        balances_seconds = timing.balances.as_secs_f64(),
        models_seconds = timing.models.as_secs_f64(),
        "published"
    );
    Ok(Published { manifest, refreshed, rewritten, timing })
}

/// Runs the models; the published tables come back in their own order.
async fn evaluate(
    options: &Options,
    state: &LedgerState,
    balances: &mut Balances,
) -> Result<Vec<(&'static Table, RecordBatch)>, PublishError> {
    let session = Session::new()?;
    inputs::add_all(&session, options, state, balances).await?;
    let mut results = models::evaluate(&session, &options.method).await?;
    results.sort_by_key(|(table, _)| tables::ALL.iter().position(|known| known.name == table.name));
    Ok(results)
}
