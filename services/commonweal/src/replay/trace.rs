//! What became of letters that were being sent when a run broke off.

use super::log::Line;
use super::{LetterSet, ReplayLog};
use crate::AppError;
use commonweal_runtime::Shutdown;
use commonweal_runtime::config::KafkaConfig;
use commonweal_runtime::kafka::{Isolation, Source, SourceError, read_to_end};
use commonweal_schemas::replay::replay_of;
use std::collections::BTreeMap;

/// Finds out which of the letters in question lie in their topics, and writes
/// it into the log. Reads what was added to those topics since the run that
/// broke off began. Tells how many there were, and how many were found.
///
/// # Errors
/// The brokers do not answer, or the log cannot be written.
pub(crate) fn settle(log: &mut ReplayLog, kafka: &KafkaConfig, shutdown: &Shutdown) -> Result<(u64, u64), AppError> {
    let open = log.replayed().open.clone();
    let mut found = LetterSet::default();
    for topic in open.topics() {
        // Without ends nothing was sent to the topic: they are written first.
        let Some(ends) = log.replayed().ends.get(&topic) else { continue };
        found.extend(&look(kafka, shutdown, &topic, ends, &open)?);
    }
    let mut unsent = open.clone();
    unsent.remove(&found);
    for (letters, line) in [(&found, Line::Sent as fn(LetterSet) -> Line), (&unsent, Line::Unsent)] {
        if !letters.is_empty() {
            log.append(line(letters.clone()))?;
        }
    }
    Ok((open.len(), found.len()))
}

/// Those of the wanted letters that lie in `topic` from `ends` on.
fn look(
    kafka: &KafkaConfig,
    shutdown: &Shutdown,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
    wanted: &LetterSet,
) -> Result<LetterSet, AppError> {
    // Letters are sent outside of transactions; one of somebody else's that is
    // still open must not hide them.
    let isolation = Isolation::Uncommitted;
    let connected =
        Source::connect_by(isolation, kafka, shutdown, &[topic], |_, partition| ends.get(&partition).copied());
    let mut source = match connected {
        Ok(source) => source,
        // The topic was made anew, and what was sent to the old one is gone.
        Err(SourceError::PositionAhead { .. }) => return Ok(LetterSet::default()),
        Err(error) => return Err(error.into()),
    };
    let mut found = LetterSet::default();
    read_to_end(&mut source, shutdown, |message| {
        if let Some(letter) = replay_of(&message.headers()).filter(|letter| wanted.contains(letter)) {
            found.insert(&letter);
        }
    })?;
    Ok(found)
}
