//! Running the models: each as soon as what it reads is there.

use crate::PublishError;
use crate::blocking::{Task, blocking};
use crate::conform::conform;
use crate::disclosure::{self, Protection, Raw, Watch};
use crate::method::{MethodBook, Model};
use crate::tables::{Disclosure, Table};
use crate::write::{Encoded, Labels};
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use std::time::Instant;
use tokio::task::JoinSet;

/// Models under way at a time: each may hold memory of its own.
const RUNNING_MAX: usize = 2;

/// A published table; none where the model is a step on the way.
type Evaluated = Option<(&'static Table, RecordBatch)>;

/// Runs all models and returns the published tables, encoded: those that need
/// no protection as soon as they are there, while others are computed.
///
/// Where several fail, the error is that of the first in the method's order,
/// whichever failed first.
pub(crate) async fn evaluate(
    session: &Session,
    method: &MethodBook,
    labels: &Labels,
    protection: &Protection,
    watch: Option<&Watch>,
) -> Result<Vec<Encoded>, PublishError> {
    let models = &method.models;
    let waits = waits(models);
    let mut waiting: Vec<usize> = (0..models.len()).collect();
    let mut done = vec![false; models.len()];
    let mut running = JoinSet::new();
    let (mut encoding, mut kept) = (Vec::new(), Vec::new());
    let mut failed: Option<(usize, PublishError)> = None;
    loop {
        while running.len() < RUNNING_MAX {
            let end = failed.as_ref().map_or(models.len(), |(first, _)| *first);
            let ready = waiting.iter().position(|at| *at < end && waits[*at].iter().all(|before| done[*before]));
            let Some(ready) = ready else { break };
            let at = waiting.remove(ready);
            let (session, model, version) = (session.clone(), models[at].clone(), method.version().to_owned());
            running.spawn(async move { (at, run(&session, &model, version).await) });
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.map_err(PublishError::Lost)? {
            (at, Ok(table)) => {
                done[at] = true;
                let Some((table, batch)) = table else { continue };
                if is_protected(table) && *protection != Protection::None {
                    kept.push((table, batch));
                } else {
                    encoding.push(encode(table, batch, labels));
                }
            }
            (at, Err(error)) if failed.as_ref().is_none_or(|(first, _)| at < *first) => failed = Some((at, error)),
            (_, Err(_)) => {}
        }
    }
    if let Some((_, error)) = failed {
        return Err(error);
    }
    if let Protection::Full { against } = protection {
        kept.sort_by_key(|(table, _): &Raw| models.iter().position(|model| model.name == table.name));
        let protected = disclosure::protect(session, method, kept, against, watch).await?;
        encoding.extend(protected.into_iter().map(|(table, batch)| encode(table, batch, labels)));
    }
    let mut results = Vec::with_capacity(encoding.len());
    for encoded in encoding {
        results.push(encoded.finish().await?);
    }
    Ok(results)
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
    reads(model, &other.name)
}

/// Whether the text of a model has a table's name as a word.
pub(crate) fn reads(model: &Model, table: &str) -> bool {
    let mut words = model.sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
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
}
