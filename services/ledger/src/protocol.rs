//! What to do when a commit is refused: decisions apart from their effects.

use commonweal_journal::Writer;

/// A writer's mark as this one knows it, against what the table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub writer: Writer,
    /// Last commit of the writer, as far as this one knows.
    pub known: i64,
    /// The same, as the table now says.
    pub table: i64,
}

/// What to do after a refused commit, once the table has been reloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The refused commit is in the table after all: its answer was lost.
    AlreadyCommitted,
    /// Somebody else posts in the place of this one, or of all: stop.
    Fenced { writer: Writer, commit: i64 },
    /// Other writers or maintenance moved the table: stamp anew, write again.
    Retry,
    /// The bound on attempts is reached.
    GiveUp,
}

/// Attempts at one commit before giving up: many, since whoever is slow among
/// many writers is overtaken again and again, and would do better to go on.
pub const ATTEMPTS_MAX: u32 = 64;

/// Decides after attempt number `attempt` (from 1) was refused. `found` tells
/// whether the table holds the files of the refused commit.
#[must_use]
pub fn after_conflict(attempt: u32, found: bool, marks: &[Mark]) -> Decision {
    if found {
        return Decision::AlreadyCommitted;
    }
    if let Some(mark) = marks.iter().find(|mark| mark.table != mark.known) {
        return Decision::Fenced { writer: mark.writer.clone(), commit: mark.table };
    }
    if attempt >= ATTEMPTS_MAX { Decision::GiveUp } else { Decision::Retry }
}

#[cfg(test)]
mod tests {
    use super::*;
    use commonweal_schemas::Dataset;

    const FUNDING: Writer = Writer::Dataset(Dataset::Funding);

    fn mark(known: i64, table: i64) -> Mark {
        Mark { writer: FUNDING, known, table }
    }

    /// Proves each decision: a found commit is never written twice, a foreign
    /// posting to the same dataset always fences, anything else is retried
    /// within the bound.
    #[test]
    fn decisions() {
        let ours = [mark(4, 4)];
        let foreign = [mark(4, 4), mark(4, 5)];
        assert_eq!(after_conflict(1, true, &foreign), Decision::AlreadyCommitted);
        assert_eq!(after_conflict(1, false, &foreign), Decision::Fenced { writer: FUNDING, commit: 5 });
        assert_eq!(after_conflict(1, false, &ours), Decision::Retry);
        assert_eq!(after_conflict(ATTEMPTS_MAX, false, &ours), Decision::GiveUp);
    }
}
