//! From a state of the journal to published files.

use crate::PublishError;
use crate::balances::{Balances, Refreshed};
use crate::blocking::blocking;
use crate::catalogue::Catalogue;
use crate::descriptors;
use crate::disclosure::{Protection, Watch};
use crate::inputs;
use crate::manifest::{Manifest, ManifestMethod, ManifestTable};
use crate::method::MethodBook;
use crate::models;
use crate::moment::Moment;
use crate::tables::{self, Table};
use crate::write::{Encoded, Labels};
use arrow::record_batch::RecordBatch;
use commonweal_journal::{Adoption, Journal, JournalFile};
use commonweal_query::Session;
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
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
    /// What descriptors and exports say of the whole.
    pub catalogue: Catalogue,
    /// Whether figures about work are protected, and against what.
    pub protection: Protection,
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
    /// Reference version the entries in force are as of.
    pub reference_version: String,
    /// How the journal came to its reference version, by the latest state.
    pub adoptions: Vec<Adoption>,
    /// Active files.
    pub files: Vec<JournalFile>,
}

impl LedgerState {
    pub(crate) async fn now(options: &Options) -> Result<Self, PublishError> {
        let journal = Journal::open(&options.data_dir.join("journal")).await?;
        let references = journal.references();
        // Half an adoption is no state to publish: what was before it is published until it is through.
        let version = journal.settled_version();
        let before = references.under_way().map(|adoption| adoption.before_micros);
        let mut files = journal.files()?;
        files.retain(|file| file.commit <= version);
        Ok(Self {
            table_id: journal.table_id(),
            version,
            posted_at_micros: before.unwrap_or_else(|| journal.posted_at_micros()),
            reference_version: references.current().to_owned(),
            adoptions: references.adoptions().to_vec(),
            files,
        })
    }
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
    Box::pin(async move { run(options, &LedgerState::now(options).await?).await })
}

/// Publishes into `folder` what would have been published at an instant, in
/// UTC microseconds: every entry posted up to then. The same bytes whenever it
/// is done, whatever was posted since.
///
/// # Errors
/// As [`publish`].
#[must_use]
pub fn publish_as_of<'a>(options: &'a Options, micros: i64, folder: &'a Path) -> Publication<'a> {
    Box::pin(async move { run_as_of(options, &LedgerState::now(options).await?, micros, folder).await })
}

/// The same for a given state of a journal.
///
/// # Errors
/// As [`publish`].
#[must_use]
pub fn publish_state_as_of<'a>(
    options: &'a Options,
    now: &'a LedgerState,
    micros: i64,
    folder: &'a Path,
) -> Publication<'a> {
    Box::pin(run_as_of(options, now, micros, folder))
}

async fn run_as_of(
    options: &Options,
    now: &LedgerState,
    micros: i64,
    folder: &Path,
) -> Result<Published, PublishError> {
    let (started, data_dir) = (Instant::now(), absolute(&options.data_dir)?);
    let moment = Moment::find(now, micros)?;
    let balances = Balances::at(&data_dir.join("balances"), now, &moment).await?;
    store(options, &moment.state, balances, Refreshed::default(), started, folder).await
}

/// The published tables, not yet anywhere.
pub type Valuation<'a> = BoxFuture<'a, Result<Vec<(&'static Table, RecordBatch)>, PublishError>>;

/// Values the journal under `options.data_dir` as it is now, and publishes
/// nothing: only the balances are brought up to date.
///
/// # Errors
/// As [`publish`].
#[must_use]
pub fn value(options: &Options) -> Valuation<'_> {
    Box::pin(async move {
        let state = LedgerState::now(options).await?;
        let data_dir = absolute(&options.data_dir)?;
        let (mut balances, _) = Balances::refresh(&data_dir.join("balances"), &state).await?;
        let tables = evaluate(options, &state, &mut balances, &labels(options, &state), None).await?;
        Ok(tables.into_iter().map(|encoded| (encoded.table, encoded.rows)).collect())
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
    let data_dir = absolute(&options.data_dir)?;
    let started = Instant::now();
    let (balances, refreshed) = Balances::refresh(&data_dir.join("balances"), state).await?;
    store(options, state, balances, refreshed, started, &data_dir.join("published")).await
}

pub(crate) fn absolute(dir: &Path) -> Result<PathBuf, PublishError> {
    std::path::absolute(dir).map_err(PublishError::io("find", dir))
}

/// Whether two paths name one folder, by whatever links.
pub(crate) fn same_folder(one: &Path, other: &Path) -> Result<bool, PublishError> {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => Ok(one == other),
        _ => Ok(absolute(one)? == absolute(other)?),
    }
}

/// Values balances and puts the tables into a folder.
async fn store(
    options: &Options,
    state: &LedgerState,
    mut balances: Balances,
    refreshed: Refreshed,
    started: Instant,
    published: &Path,
) -> Result<Published, PublishError> {
    if options.protection == Protection::None && same_folder(published, &options.data_dir.join("published"))? {
        return Err(PublishError::Unprotected(published.to_owned()));
    }
    let refreshed_at = Instant::now();
    let labels = labels(options, state);
    let tables = evaluate(options, state, &mut balances, &labels, None).await?;
    let evaluated_at = Instant::now();
    std::fs::create_dir_all(published).map_err(PublishError::io("create", published))?;
    let mut rewritten = Vec::new();
    let mut entries = Vec::with_capacity(tables.len());
    for stored in store_all(tables, published).await {
        let (encoded, changed) = stored?;
        if changed {
            rewritten.push(encoded.table.name);
        }
        entries.push(ManifestTable::of(encoded));
    }
    let mut manifest = Manifest {
        format: Manifest::FORMAT,
        data_label: labels.data_label,
        disclosure: labels.disclosure.to_owned(),
        against: options.protection.digests()?,
        method: ManifestMethod::of(&options.method),
        reference_version: state.reference_version.clone(),
        ledger_version: state.version,
        as_of: Manifest::instant(state.posted_at_micros),
        tables: entries,
        descriptors: Vec::new(),
    };
    descriptors::write(published, options, &mut manifest)?;
    manifest.write(published)?;
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

/// Stores tables side by side, since each waits for the disk; what became of
/// each, once all have ended.
async fn store_all(tables: Vec<Encoded>, folder: &Path) -> Vec<Result<(Encoded, bool), PublishError>> {
    let store = |encoded: Encoded| {
        let folder = folder.to_owned();
        blocking(move || {
            let changed = encoded.store(&folder)?;
            Ok((encoded, changed))
        })
    };
    let storing: Vec<_> = tables.into_iter().map(store).collect();
    let mut stored = Vec::with_capacity(storing.len());
    for task in storing {
        stored.push(task.finish().await);
    }
    stored
}

pub(crate) fn labels(options: &Options, state: &LedgerState) -> Labels {
    Labels {
        method_version: options.method.version().to_owned(),
        reference_version: state.reference_version.clone(),
        data_label: inputs::data_label(options.label.as_deref()).to_owned(),
        disclosure: options.protection.label(),
    }
}

/// Runs the models; the published tables come back encoded, in their own order.
pub(crate) async fn evaluate(
    options: &Options,
    state: &LedgerState,
    balances: &mut Balances,
    labels: &Labels,
    watch: Option<&Watch>,
) -> Result<Vec<Encoded>, PublishError> {
    let session = Session::new()?;
    inputs::add_all(&session, options, state, balances).await?;
    let mut encoded = models::evaluate(&session, &options.method, labels, &options.protection, watch).await?;
    encoded.sort_by_key(|encoded| tables::ALL.iter().position(|known| known.name == encoded.table.name));
    Ok(encoded)
}
