//! Valuing states of the books from one release to the next.

use super::causes::Cause;
use super::covered::COVERED;
use super::ends::Release;
use super::spans::Posted;
use crate::balances::Balances;
use crate::disclosure::{Protection, Watch};
use crate::manifest::{Manifest, ManifestTable};
use crate::moment::Moment;
use crate::publish::{self, labels};
use crate::tables::Table;
use crate::write::Encoded;
use crate::{Options, PublishError};
use arrow::record_batch::RecordBatch;
use std::path::{Path, PathBuf};

/// Published tables of a state, as far as they are needed.
pub(super) type Tables = Vec<(&'static Table, RecordBatch)>;

/// Values a state.
pub(super) async fn value(
    options: &Options,
    balances: &Balances,
    moment: &Moment,
    watch: Option<&Watch>,
) -> Result<Vec<Encoded>, PublishError> {
    let mut past = balances.beside(moment).await?;
    publish::evaluate(options, &moment.state, &mut past, &labels(options, &moment.state), watch).await
}

/// The tables that are compared, and the calendar.
pub(super) fn tables(encoded: &[Encoded]) -> Tables {
    let is_wanted = |name: &str| name == "quarters" || COVERED.iter().any(|covered| covered.table == name);
    encoded
        .iter()
        .filter(|encoded| is_wanted(encoded.table.name))
        .map(|encoded| (encoded.table, encoded.rows.clone()))
        .collect()
}

/// States between two releases, as they are valued. Of protected ones each is
/// protected against both releases and all states before it, as if it were
/// published after them.
pub(super) struct Between<'a> {
    balances: &'a Balances,
    watch: Option<Watch>,
    /// Gets a folder for each state.
    folder: &'a Path,
    /// Folders of what is told already.
    told: Vec<PathBuf>,
    /// What manifests of states say but for their tables.
    pattern: Manifest,
    pub(super) states: Vec<Tables>,
    /// Causes that lead from each state to the next, the releases included.
    pub(super) steps: Vec<Vec<Cause>>,
}

impl<'a> Between<'a> {
    pub(super) fn new(balances: &'a Balances, watch: Option<&Watch>, folder: &'a Path, ends: [&Release; 2]) -> Self {
        Self {
            balances,
            watch: watch.map(Watch::between),
            folder,
            told: ends.map(|release| release.folder.clone()).into(),
            pattern: ends[1].manifest.clone(),
            states: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Values what was posted, cause by cause, by the older release's method,
    /// and then what the newer one's changes.
    pub(super) async fn go(
        &mut self,
        [old, new]: [&Options; 2],
        base: &Moment,
        posted: &Posted,
    ) -> Result<(), PublishError> {
        let (one, other) = (&old.method, &new.method);
        let (same_numbers, same_models) = (one.has_numbers_of(other), one.has_models_of(other));
        let same_method = same_numbers && same_models;
        for (at, stage) in posted.stages.iter().enumerate() {
            self.steps.push(vec![stage.cause]);
            if !same_method || at + 1 < posted.stages.len() {
                let moment = base.followed_by(posted.up_to(at), &stage.reference_version);
                let encoded = self.value(old, &moment).await?;
                self.keep(encoded)?;
            }
        }
        match (same_numbers, same_models) {
            (true, true) if posted.stages.is_empty() => self.steps.push(vec![Cause::Disclosure]),
            (true, true) => {}
            (false, true) => self.steps.push(vec![Cause::Parameter]),
            (true, false) => self.steps.push(vec![Cause::Method]),
            (false, false) => {
                let mixed = Options { method: one.with_numbers_of(other), ..old.clone() };
                let all = posted.stages.len().checked_sub(1);
                let moment = match all {
                    Some(all) => &base.followed_by(posted.up_to(all), &posted.stages[all].reference_version),
                    None => base,
                };
                match self.value(&mixed, moment).await {
                    Ok(encoded) => {
                        self.keep(encoded)?;
                        self.steps.extend([vec![Cause::Parameter], vec![Cause::Method]]);
                    }
                    // One book's models need not get on with another's numbers.
                    Err(PublishError::Model { .. } | PublishError::Query(_) | PublishError::Disclosure { .. }) => {
                        self.steps.push(vec![Cause::Parameter, Cause::Method]);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn value(&self, options: &Options, moment: &Moment) -> Result<Vec<Encoded>, PublishError> {
        let protection = match self.watch {
            Some(_) => Protection::Full { against: self.told.clone() },
            None => Protection::None,
        };
        let options = Options { protection, ..options.clone() };
        value(&options, self.balances, moment, self.watch.as_ref()).await
    }

    /// Keeps a state, and puts it where those after it are protected against it.
    fn keep(&mut self, encoded: Vec<Encoded>) -> Result<(), PublishError> {
        let folder = self.folder.join(format!("state-{}", self.states.len()));
        self.states.push(tables(&encoded));
        if self.watch.is_none() {
            return Ok(());
        }
        std::fs::create_dir(&folder).map_err(PublishError::io("create", &folder))?;
        let mut entries = Vec::with_capacity(encoded.len());
        for encoded in encoded {
            encoded.store(&folder)?;
            entries.push(ManifestTable::of(encoded));
        }
        Manifest { tables: entries, descriptors: Vec::new(), ..self.pattern.clone() }.write(&folder)?;
        self.told.push(folder);
        Ok(())
    }
}
