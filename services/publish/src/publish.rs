//! From a state of the journal to published files.

use crate::PublishError;
use crate::balances::{Balances, Refreshed};
use crate::inputs;
use crate::manifest::{Manifest, ManifestMethod, ManifestTable};
use crate::method::MethodBook;
use crate::models;
use crate::tables;
use crate::write::{Encoded, Labels};
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
    /// Encoding the published tables included.
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
    let labels = Labels {
        method_version: options.method.version().to_owned(),
        reference_version: state.reference_version.clone(),
        data_label: inputs::data_label(options.label.as_deref()).to_owned(),
    };
    let tables = evaluate(options, state, &mut balances, &labels).await?;
    let evaluated_at = Instant::now();

    let published = data_dir.join("published");
    std::fs::create_dir_all(&published).map_err(PublishError::io("create", &published))?;
    let mut rewritten = Vec::new();
    let mut entries = Vec::with_capacity(tables.len());
    for encoded in tables {
        if encoded.store(&published)? {
            rewritten.push(encoded.table.name);
        }
        entries.push(ManifestTable::of(encoded));
    }
    let manifest = Manifest {
        format: Manifest::FORMAT,
        data_label: labels.data_label,
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

/// Runs the models; the published tables come back encoded, in their own order.
async fn evaluate(
    options: &Options,
    state: &LedgerState,
    balances: &mut Balances,
    labels: &Labels,
) -> Result<Vec<Encoded>, PublishError> {
    let session = Session::new()?;
    inputs::add_all(&session, options, state, balances).await?;
    let mut encoded = models::evaluate(&session, &options.method, labels).await?;
    encoded.sort_by_key(|encoded| tables::ALL.iter().position(|known| known.name == encoded.table.name));
    Ok(encoded)
}
