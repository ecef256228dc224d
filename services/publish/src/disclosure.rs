//! Control of statistical disclosure: no published table, release or
//! difference of the two tells a count that must be protected (L10).
//!
//! Everything published about work is a weighted sum of cells, the rows of
//! `jobs` and `volunteering`; which of which, the method's model `work_parts`
//! says, and is held to. Three steps:
//!
//! 1. **Primary rules** ([`problem`]): a figure is kept back below the
//!    threshold, with too few contributors, or where one outweighs the rest.
//! 2. **Secondary** ([`decide`]): more cells, and where that does not help
//!    sums, are kept back until no cell that must stay uncertain follows from
//!    what is told. Cells that every known sum treats alike make a class
//!    ([`classes`]); the reader is taken to know the sum of its hidden cells to
//!    the last digit, which is more than rounded figures tell.
//! 3. What is told is rounded, and what is proportional to it is recomputed
//!    from the rounded count ([`apply`], [`units`]).
//!
//! Where the change between two releases is told by its causes, states between
//! the two are told as well, and what they differ by is protected too
//! ([`changes`]).
//!
//! The result depends on the tables, the thresholds and the earlier releases
//! alone, not on the order of events.

mod apply;
mod changes;
mod classes;
mod decide;
mod earlier;
mod gather;
mod policy;
mod problem;
mod units;

use changes::Verdict;
pub(crate) use changes::Watch;
pub use policy::Policy;

use crate::PublishError;
use crate::blocking::blocking;
use crate::conform::conform;
use crate::files::hex_digest;
use crate::manifest::Manifest;
use crate::method::MethodBook;
use crate::tables::Table;
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use decide::Decision;
use earlier::Earlier;
use gather::Gathered;
use std::path::PathBuf;
use std::time::Instant;
use tokio::task::JoinHandle;

/// Models run at a time: each may hold memory of its own.
const RUNNING_MAX: usize = 2;

/// Models that nothing but this reads.
pub(crate) const MODELS: [&str; 3] = ["work_cells", "work_contributions", "work_parts"];

/// Mark of a figure that is kept back.
pub const CONFIDENTIAL: &str = "c";
/// Mark of a figure that is rounded.
pub const ROUNDED: &str = "r";
/// Mark of a figure that is what an earlier release said, whether or not a small
/// change hides in it.
pub const HELD: &str = "h";

/// Whether tables are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Protected, also against what these folders of earlier releases tell;
    /// the latest comes last.
    Full { against: Vec<PathBuf> },
    /// As the models give them, for the body's own officers; never in the
    /// folder of what is published.
    None,
}

impl Default for Protection {
    fn default() -> Self {
        Self::Full { against: Vec::new() }
    }
}

impl Protection {
    /// SHA-256 of the manifests of the earlier releases, in hexadecimal.
    pub(crate) fn digests(&self) -> Result<Vec<String>, PublishError> {
        let Self::Full { against } = self else { return Ok(Vec::new()) };
        let digest = |folder: &PathBuf| {
            let (_, text) = Manifest::read(folder)?;
            Ok(hex_digest(text))
        };
        against.iter().map(digest).collect()
    }

    /// What files and the manifest say of it.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Full { .. } => "controlled",
            Self::None => "before disclosure control, not for publication",
        }
    }
}

/// A table as its model gives it.
pub(crate) type Raw = (&'static Table, RecordBatch);

/// What is told of the tables that need protection, before any is changed.
pub(crate) struct Decided {
    protected: Vec<Raw>,
    gathered: Gathered,
    decision: Decision,
    /// Of rows, where states between releases are told.
    verdicts: Vec<Option<Verdict>>,
    /// Whether it is a release, not such a state.
    is_release: bool,
    policy: Policy,
}

/// Decides what to tell of the tables `protected`, which are those that need it
/// for their own sake, as their models gave them. Looks at what [`MODELS`] gave
/// and changes nothing in the session, so other models may run meanwhile.
pub(crate) async fn decide(
    session: Session,
    policy: Policy,
    protected: Vec<Raw>,
    against: Vec<PathBuf>,
    watch: Option<Watch>,
) -> Result<Decided, PublishError> {
    let started = Instant::now();
    let inputs = gather::Inputs::read(&session).await?;
    let decided = blocking(move || {
        let earlier = against.iter().map(|folder| Earlier::read(folder)).collect::<Result<Vec<_>, _>>()?;
        let gathered = Gathered::new(&inputs, &protected, &earlier, policy)?;
        let decision = decide::decide(&gathered.problem, policy);
        let is_release = watch.is_none();
        let verdicts = match watch {
            Some(watch) => watch.see(&inputs, &gathered, &protected, &earlier)?,
            None => Vec::new(),
        };
        Ok(Decided { protected, gathered, decision, verdicts, is_release, policy })
    });
    let decided = decided.finish().await?;
    tracing::debug!(seconds = started.elapsed().as_secs_f64(), "disclosure decided");
    Ok(decided)
}

/// Protects tables as was decided, and makes those anew that are `made_of` them;
/// all others must be registered in the session, and these as their models gave
/// them.
pub(crate) async fn protect(
    session: &Session,
    method: &MethodBook,
    decided: Decided,
    made_of: &[&'static Table],
) -> Result<Vec<Raw>, PublishError> {
    let started = Instant::now();
    let Decided { protected, gathered, decision, verdicts, is_release, policy } = decided;
    if decision.given_away > 0 && is_release {
        let sums = decision.given_away;
        tracing::warn!(sums, "earlier releases tell figures that would be kept back today; nothing can take them back");
    }
    let units = units::run(session, method, &protected, gathered.problem.cells.len()).await?;
    let mut finished = apply::apply(&gathered, &decision, &verdicts, policy, protected, &units)?;
    for (table, batch) in &finished {
        session.add_batches(table.name, &batch.schema(), vec![batch.clone()])?;
    }
    for some in made_of.chunks(RUNNING_MAX) {
        let running = some.iter().map(|&table| {
            let (session, method) = (session.clone(), method.clone());
            tokio::spawn(async move { Ok((table, model(&session, &method, table).await?)) })
        });
        let running: Vec<JoinHandle<Result<Raw, PublishError>>> = running.collect();
        for made in running {
            finished.push(made.await.map_err(PublishError::Lost)??);
        }
    }
    tracing::debug!(seconds = started.elapsed().as_secs_f64(), "disclosure controlled");
    Ok(finished)
}

/// Runs the model of a table over what the session holds now.
async fn model(session: &Session, method: &MethodBook, table: &'static Table) -> Result<RecordBatch, PublishError> {
    let fault = |reason: String| PublishError::Model {
        model: table.name.to_owned(),
        method: method.version().to_owned(),
        reason,
    };
    let known = method.models.iter().find(|model| model.name == table.name);
    let known = known.ok_or_else(|| fault("the method has no such model".to_owned()))?;
    let (schema, batches) = session.query(table.name, &known.sql).await?;
    conform(table, &schema, &batches).map_err(fault)
}
