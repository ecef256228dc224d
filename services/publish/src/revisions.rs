//! Revisions: what a later release changes of an earlier one, and why, summing
//! to the total change exactly.
//!
//! Both releases are made anew from the journal and held against their
//! manifests. Then the books are taken from the one state to the other in
//! stages, one cause at a time, and valued after each: what a cause changed is
//! the difference of two values that follow each other, so the differences of
//! all causes add up to the whole whatever the models do.

mod between;
mod causes;
mod compare;
mod covered;
mod ends;
mod error;
mod figures;
mod spans;
mod split;
mod summary;
mod told;

pub use error::RevisionsError;
pub use figures::RowFacts;
pub use summary::HeadlineRevision;

use crate::balances::Balances;
use crate::blocking::blocking;
use crate::disclosure::Watch;
use crate::method::Shelf;
use crate::moment::Moment;
use crate::publish::{absolute, labels};
use crate::tables::Table;
use crate::write::Labels;
use crate::{LedgerState, Options, PublishError};
use arrow::array::AsArray as _;
use between::{Between, Tables};
use causes::Cause;
use compare::Horizon;
use covered::COVERED;
use ends::Release;
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};

/// Folders of two releases, and of those that they may be protected against.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    pub old: &'a Path,
    pub new: &'a Path,
    pub earlier: &'a [PathBuf],
}

/// What one cause changed a figure by. Amounts are in ten-thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub table: &'static str,
    /// Values of the table's key, with a bar between.
    pub row_key: String,
    /// Column of the table.
    pub figure: &'static str,
    pub cause: String,
    /// The whole figure in either release; none where there is none or it is
    /// confidential.
    pub old: Option<i128>,
    pub new: Option<i128>,
    /// None where one of them is confidential.
    pub difference: Option<i128>,
    pub facts: RowFacts,
    pub unit: Option<String>,
    pub disclosure: Option<&'static str>,
    /// Which of the two is confidential: `old` or `new`.
    pub kept_back: Option<&'static str>,
}

/// What a release says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// When its last entry was posted, RFC 3339 UTC; none where none was.
    pub as_of: Option<String>,
    pub ledger_version: i64,
    pub method: String,
    pub reference_version: String,
}

impl ReleaseFacts {
    /// What it is called: by its last entry.
    #[must_use]
    pub fn name(&self) -> &str {
        self.as_of.as_deref().unwrap_or("empty")
    }
}

/// The revisions between two releases.
#[derive(Clone)]
pub struct Revisions {
    pub old: ReleaseFacts,
    pub new: ReleaseFacts,
    /// By table, row and column, in the order of the tables.
    pub rows: Vec<Revision>,
    labels: Labels,
    /// Folder of what is published.
    published: PathBuf,
}

impl Revisions {
    /// Whether figures about work are protected from disclosure, in words.
    #[must_use]
    pub const fn disclosure(&self) -> &'static str {
        self.labels.disclosure
    }
}

/// Work on revisions; see [`crate::Publication`] on why its type is hidden.
pub type Revising<'a> = BoxFuture<'a, Result<Revisions, PublishError>>;

/// Compares two releases of the journal under `options.data_dir`. Their methods
/// come from the shelf; those of `options`, its label and its protection are
/// not looked at.
///
/// # Errors
/// The releases are not of this journal, were altered, or are not of a kind;
/// or as [`crate::publish`].
#[must_use]
pub fn revisions<'a>(options: &'a Options, shelf: &'a Shelf, ends: Ends<'a>) -> Revising<'a> {
    Box::pin(async move { run(options, &LedgerState::now(options).await?, shelf, ends).await })
}

/// The same for a given state of a journal.
///
/// # Errors
/// As [`revisions`].
#[must_use]
pub fn revisions_of_state<'a>(
    options: &'a Options,
    now: &'a LedgerState,
    shelf: &'a Shelf,
    ends: Ends<'a>,
) -> Revising<'a> {
    Box::pin(run(options, now, shelf, ends))
}

async fn run(options: &Options, now: &LedgerState, shelf: &Shelf, asked: Ends<'_>) -> Result<Revisions, PublishError> {
    let (old, new) = (Release::read(asked.old, shelf)?, Release::read(asked.new, shelf)?);
    agree(&old, &new)?;
    let ends = [&old, &new];
    let folders = ends::by_digest(ends, asked.earlier)?;
    let by = [old.options(options, &folders)?, new.options(options, &folders)?];
    let data_dir = absolute(&options.data_dir)?;
    // Locked to the end: what is valued later is told apart by what was there.
    let (balances, _) = Balances::refresh(&data_dir.join("balances"), now).await?;
    let folder = balances.folder("revisions")?;
    let watch = old.is_protected().then(|| Watch::new([old.method.disclosure(), new.method.disclosure()]));
    let (base, later) = (state_of(&old, now)?, state_of(&new, now)?);

    let again = between::value(&by[0], &balances, &base, watch.as_ref()).await?;
    old.check(&again)?;
    let first = between::tables(&again);
    let last_quarter = last_quarter(&first);
    let posted = {
        let (now, rows, last) = (now.clone(), folder.path().to_owned(), last_quarter.clone());
        let (range, reference) = ((base.state.version, later.state.version), base.state.reference_version.clone());
        blocking(move || spans::posted(&now, range, &reference, last.as_deref(), &rows)).finish().await?
    };
    let moment = base.followed_by(posted.all(), &later.state.reference_version);
    let again = between::value(&by[1], &balances, &moment, watch.as_ref()).await?;
    new.check(&again)?;
    let last = between::tables(&again);
    drop(again);

    let mut between = Between::new(&balances, watch.as_ref(), folder.path(), ends);
    between.go([&by[0], &by[1]], &base, &posted).await?;
    let horizon = Horizon { last: [last_quarter, self::last_quarter(&last)] };
    let steps = std::mem::take(&mut between.steps);
    let mut states = vec![first];
    states.append(&mut between.states);
    states.push(last);
    let rows = blocking(move || compared(&states, &steps, &horizon)).finish().await?;
    let labels = labels(&by[1], &later.state);
    Ok(Revisions { old: facts(&old), new: facts(&new), rows, labels, published: data_dir.join("published") })
}

/// Whether two releases can be compared.
fn agree(old: &Release, new: &Release) -> Result<(), RevisionsError> {
    let [before, after] = [old, new].map(|release| release.manifest.ledger_version);
    if before > after {
        return Err(RevisionsError::Backwards { old: before, new: after });
    }
    if old.is_protected() != new.is_protected() {
        return Err(RevisionsError::Mixed);
    }
    Ok(())
}

/// The state of the books that a release is of.
fn state_of(release: &Release, now: &LedgerState) -> Result<Moment, PublishError> {
    let version = release.manifest.ledger_version;
    let moment = Moment::of_commit(now, version)?;
    let strange = || RevisionsError::NotOfThisJournal { folder: release.folder.clone(), version, last: now.version };
    Ok(moment.ok_or_else(strange)?)
}

fn last_quarter(tables: &Tables) -> Option<String> {
    let (_, quarters) = tables.iter().find(|(table, _)| table.name == "quarters")?;
    let names = quarters.column_by_name("quarter")?.as_string_opt::<i32>()?;
    names.iter().flatten().max().map(str::to_owned)
}

fn compared(states: &[Tables], steps: &[Vec<Cause>], horizon: &Horizon) -> Result<Vec<Revision>, PublishError> {
    let mut revisions = Vec::new();
    for covered in &COVERED {
        let Some(table) = Table::named(covered.table) else { continue };
        let mut rows = Vec::with_capacity(states.len());
        for state in states {
            let batch = state.iter().find(|(known, _)| known.name == table.name).map(|(_, batch)| batch);
            rows.push(batch.map_or_else(|| Ok(figures::Rows::new()), |batch| figures::read(covered, table, batch))?);
        }
        revisions.extend(compare::table(covered, &rows, steps, horizon));
    }
    Ok(revisions)
}

fn facts(release: &Release) -> ReleaseFacts {
    let manifest = &release.manifest;
    ReleaseFacts {
        as_of: manifest.as_of.clone(),
        ledger_version: manifest.ledger_version,
        method: manifest.method.version.clone(),
        reference_version: manifest.reference_version.clone(),
    }
}
