//! Running the models: each as soon as what it reads is there.

use crate::PublishError;
use crate::blocking::{Task, blocking};
use crate::conform::conform;
use crate::disclosure::{self, Decided, Protection, Raw, Watch};
use crate::method::{MethodBook, Model};
use crate::tables::{Disclosure, Table};
use crate::write::{Encoded, Labels};
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use std::time::Instant;
use tokio::task::JoinSet;

/// Work under way at a time, models and disclosure control: each may hold
/// memory of its own.
const RUNNING_MAX: usize = 2;

/// A published table; none where the model is a step on the way.
type Evaluated = Option<(&'static Table, RecordBatch)>;

/// Work that ended.
enum Ended {
    Model(usize, Result<Evaluated, PublishError>),
    Decided(Result<Box<Decided>, PublishError>),
}

/// Runs all models and returns the published tables, encoded: those that need
/// no protection as soon as they are there, while others are computed.
///
/// Where several fail, the error is that of the first in the method's order,
/// whichever failed first; but tables made of protected ones come last.
pub(crate) async fn evaluate(
    session: &Session,
    method: &MethodBook,
    labels: &Labels,
    protection: &Protection,
    watch: Option<&Watch>,
) -> Result<Vec<Encoded>, PublishError> {
    let models = &method.models;
    let plan = Plan::of(models, *protection != Protection::None);
    let mut waiting: Vec<usize> = plan.order();
    let mut done = plan.later.clone();
    let mut running = JoinSet::new();
    let (mut encoding, mut kept, mut decided) = (Vec::new(), Vec::new(), None);
    let mut failed: Option<(usize, PublishError)> = None;
    loop {
        while running.len() < RUNNING_MAX {
            let end = failed.as_ref().map_or(models.len(), |(first, _)| *first);
            let ready = waiting.iter().position(|at| *at < end && plan.waits[*at].iter().all(|before| done[*before]));
            let Some(ready) = ready else { break };
            let at = waiting.remove(ready);
            let (session, model, version) = (session.clone(), models[at].clone(), method.version().to_owned());
            running.spawn(async move { Ended::Model(at, run(&session, &model, version).await) });
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.map_err(PublishError::Lost)? {
            Ended::Model(at, Ok(table)) => {
                done[at] = true;
                match table {
                    Some((table, batch)) if plan.is_protected(table) => kept.push((at, table, batch)),
                    Some((table, batch)) => encoding.push(encode(table, batch, labels)),
                    None => {}
                }
                if let (true, Protection::Full { against }) = (plan.lets_decide(at, &done), protection) {
                    let (session, against, watch) = (session.clone(), against.clone(), watch.cloned());
                    let (policy, protected) = (method.disclosure(), protected(&mut kept));
                    running.spawn(async move {
                        let decided = disclosure::decide(session, policy, protected, against, watch).await;
                        Ended::Decided(decided.map(Box::new))
                    });
                }
            }
            Ended::Model(at, Err(error)) if failed.as_ref().is_none_or(|(first, _)| at < *first) => {
                failed = Some((at, error));
            }
            Ended::Model(_, Err(_)) => {}
            Ended::Decided(Ok(made)) => decided = Some(*made),
            Ended::Decided(Err(error)) => failed = failed.or(Some((models.len(), error))),
        }
    }
    if let Some((_, error)) = failed {
        return Err(error);
    }
    if let Some(decided) = decided {
        let protected = disclosure::protect(session, method, decided, &plan.made_of).await?;
        encoding.extend(protected.into_iter().map(|(table, batch)| encode(table, batch, labels)));
    }
    let mut results = Vec::with_capacity(encoding.len());
    for encoded in encoding {
        results.push(encoded.finish().await?);
    }
    Ok(results)
}

/// The tables that are decided upon, in the method's order.
fn protected(kept: &mut Vec<(usize, &'static Table, RecordBatch)>) -> Vec<Raw> {
    kept.sort_by_key(|(at, ..)| *at);
    let kept = std::mem::take(kept).into_iter().map(|(_, table, batch)| (table, batch));
    kept.filter(|(table, _)| matches!(table.disclosure, Disclosure::Protected(_))).collect()
}

/// In what order models run.
struct Plan {
    /// Models that each model waits for.
    waits: Vec<Vec<usize>>,
    /// What disclosure control decides upon and what that is made of: it comes
    /// first, so that the decision is made beside the other models.
    urgent: Vec<bool>,
    /// Run over the protected tables alone, since nobody reads what they give
    /// before.
    later: Vec<bool>,
    /// Tables made of protected ones, in the method's order.
    made_of: Vec<&'static Table>,
}

impl Plan {
    /// The plan for tables that are to be protected, or that are not.
    fn of(models: &[Model], protected: bool) -> Self {
        let waits = waits(models);
        let disclosure = |at: usize| Table::named(&models[at].name).map(|table| &table.disclosure);
        let count = if protected { models.len() } else { 0 };
        let mut urgent = vec![false; models.len()];
        let mut later = vec![false; models.len()];
        for at in (0..count).rev() {
            if disclosure::MODELS.contains(&models[at].name.as_str())
                || matches!(disclosure(at), Some(Disclosure::Protected(_)))
            {
                urgent[at] = true;
            }
            if urgent[at] {
                waits[at].iter().for_each(|before| urgent[*before] = true);
            }
            let mut others = (0..models.len()).filter(|other| *other != at && !later[*other]);
            later[at] = matches!(disclosure(at), Some(Disclosure::OfProtected))
                && !others.any(|other| names(&models[other], &models[at]));
        }
        let made_of = tables_of(&models[..count], |disclosure| matches!(disclosure, Disclosure::OfProtected));
        Self { waits, urgent, later, made_of }
    }

    /// Models in the order they are looked at.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.urgent.len()).filter(|at| !self.later[*at]).collect();
        order.sort_by_key(|at| !self.urgent[*at]);
        order
    }

    /// Whether a table is not to be published as its model gives it first.
    fn is_protected(&self, table: &Table) -> bool {
        self.urgent.contains(&true) && is_protected(table)
    }

    /// Whether the model that ended is the last that a decision waits for.
    fn lets_decide(&self, ended: usize, done: &[bool]) -> bool {
        self.urgent[ended] && self.urgent.iter().zip(done).all(|(urgent, done)| *done || !urgent)
    }
}

/// The published tables that models make and that stand so to disclosure
/// control, in the method's order.
pub(crate) fn tables_of(models: &[Model], wanted: impl Fn(&Disclosure) -> bool) -> Vec<&'static Table> {
    let tables = models.iter().filter_map(|model| Table::named(&model.name));
    tables.filter(|table| wanted(&table.disclosure)).collect()
}

/// Whether disclosure control has to do with a table.
pub(crate) fn is_protected(table: &Table) -> bool {
    matches!(table.disclosure, Disclosure::Protected(_) | Disclosure::OfProtected)
}

fn encode(table: &'static Table, batch: RecordBatch, labels: &Labels) -> Task<Encoded> {
    let labels = labels.clone();
    blocking(move || Encoded::of(table, batch, &labels))
}

async fn run(session: &Session, model: &Model, version: String) -> Result<Evaluated, PublishError> {
    let started = Instant::now();
    let outcome = evaluate_one(session, model, version).await;
    tracing::debug!(model = model.name, seconds = started.elapsed().as_secs_f64(), "model evaluated");
    outcome
}

async fn evaluate_one(session: &Session, model: &Model, version: String) -> Result<Evaluated, PublishError> {
    let Some(table) = Table::named(&model.name) else {
        session.keep(&model.name, &model.sql).await?;
        return Ok(None);
    };
    let what = format!("model {}.sql of method {version}", model.name);
    let (schema, batches) = session.query(&what, &model.sql).await?;
    let batch = conform(table, &schema, &batches).map_err(|reason| PublishError::Model {
        model: model.name.clone(),
        method: version,
        reason,
    })?;
    session.add_batches(table.name, &batch.schema(), vec![batch.clone()])?;
    Ok(Some((table, batch)))
}

/// Models that each model waits for: of two where one names the other, the
/// later one waits, so that what a name means does not depend on who was quick.
fn waits(models: &[Model]) -> Vec<Vec<usize>> {
    let earlier = |at: usize| (0..at).filter(move |before| names(&models[at], &models[*before]));
    let named = |at: usize| (0..at).filter(move |before| names(&models[*before], &models[at]));
    (0..models.len()).map(|at| earlier(at).chain(named(at)).collect()).collect()
}

/// Whether the text of a model has the name of another as a word: in comments
/// and quotes too, since waiting in vain does no harm.
fn names(model: &Model, other: &Model) -> bool {
    reads(&model.sql, &other.name)
}

/// Whether a query has a table's name as a word.
pub(crate) fn reads(sql: &str, table: &str) -> bool {
    let mut words = sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.any(|word| word.eq_ignore_ascii_case(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a model waits for those before it that it names or that
    /// name it, and for no other.
    #[test]
    fn models_wait_for_those_they_read() {
        let model = |name: &str, sql: &str| Model { name: name.to_owned(), sql: sql.to_owned() };
        let models = [
            model("a", "SELECT 1 FROM d"),
            model("b", "SELECT * FROM \"A\""),
            model("ab", "SELECT b_a FROM x"),
            model("d", "SELECT 1 -- of b"),
        ];
        assert_eq!(waits(&models), [vec![], vec![0], vec![], vec![1, 0]]);
    }

    /// Proves that what disclosure control decides upon is computed first, and
    /// that tables made of protected ones wait for those unless another model
    /// reads them; and that without protection the method's order stands.
    #[test]
    fn what_is_decided_upon_comes_first() {
        let model = |name: &str, sql: &str| Model { name: name.to_owned(), sql: sql.to_owned() };
        let mut models = vec![
            model("stock_levels", "SELECT 1"),
            model("funding", "SELECT 1"),
            model("jobs", "SELECT * FROM stock_levels"),
            model("claims", "SELECT * FROM jobs"),
            model("work_cells", "SELECT * FROM jobs"),
        ];
        let plan = Plan::of(&models, true);
        assert_eq!(plan.order(), [0, 2, 4, 1]);
        assert_eq!(plan.made_of.iter().map(|table| table.name).collect::<Vec<_>>(), ["claims"]);
        assert!(plan.lets_decide(4, &[true, false, true, true, true]));
        assert!(!plan.lets_decide(2, &[true, true, true, true, false]));
        let plan = Plan::of(&models, false);
        assert_eq!((plan.order(), plan.made_of.len()), (vec![0, 1, 2, 3, 4], 0));
        models.push(model("quoted", "SELECT * FROM claims"));
        assert_eq!(Plan::of(&models, true).order(), [0, 2, 4, 1, 3, 5]);
    }
}
