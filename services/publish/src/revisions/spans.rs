//! What was posted between two releases, as stages: between adoptions of
//! another reference version by cause, and each adoption as one.
//!
//! Of every event a stage adds what follows on what the stages before it have
//! added, so after each the books are as they might have been.

use super::causes::Cause;
use super::split::{POSTED, split};
use crate::{LedgerState, PublishError};
use commonweal_journal::{Adoption, Book, JournalFile};
use std::path::Path;

/// Entries posted for one cause.
pub(super) struct Stage {
    pub(super) cause: Cause,
    pub(super) files: Vec<JournalFile>,
    /// Under which they were.
    pub(super) reference_version: String,
}

/// What was posted.
pub(super) struct Posted {
    pub(super) stages: Vec<Stage>,
    /// Refused messages, which no figure rests on.
    pub(super) refused: Vec<JournalFile>,
}

impl Posted {
    /// Files of all stages up to one.
    pub(super) fn up_to(&self, last: usize) -> impl Iterator<Item = JournalFile> + '_ {
        let stages = self.stages.iter().take(last + 1).flat_map(|stage| &stage.files);
        stages.chain(&self.refused).cloned()
    }

    /// All files.
    pub(super) fn all(&self) -> impl Iterator<Item = JournalFile> + '_ {
        self.up_to(self.stages.len())
    }
}

/// Commits above `from` up to `to`, both states that were published; rows that
/// have to be split lie in `folder`.
pub(super) fn posted(
    now: &LedgerState,
    (from, to): (i64, i64),
    reference_version: &str,
    last_quarter: Option<&str>,
    folder: &Path,
) -> Result<Posted, PublishError> {
    let of_books = |above: i64, up_to: i64, is_wanted: fn(Book) -> bool| {
        let chosen = now.files.iter().filter(move |file| above < file.commit && file.commit <= up_to);
        chosen.filter(move |file| is_wanted(file.book)).collect::<Vec<_>>()
    };
    let is_of_entries = |book: Book| book.dataset().is_some();
    let mut stages = Vec::new();
    let (mut reached, mut reference_version) = (from, reference_version.to_owned());
    let ordinary = |above: i64, up_to: i64, reference_version: &str| {
        let files = of_books(above, up_to, is_of_entries);
        // Nothing is reversed but what is corrected.
        let (reversals, entries): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.reversals);
        let mut parts = split(&entries, last_quarter, folder)?;
        parts.entry(Cause::Correction).or_default().extend(reversals.into_iter().cloned());
        let stage = |cause| {
            let files = parts.remove(&cause).filter(|files| !files.is_empty())?;
            Some(Stage { cause, files, reference_version: reference_version.to_owned() })
        };
        Ok::<_, PublishError>(POSTED.into_iter().filter_map(stage).collect::<Vec<_>>())
    };
    for Adoption { to: adopted, began, ended, .. } in &now.adoptions {
        let Some(end) = ended.filter(|end| from < *began && end.commit <= to) else { continue };
        stages.extend(ordinary(reached, began - 1, &reference_version)?);
        reference_version.clone_from(adopted);
        let files = of_books(began - 1, end.commit, is_of_entries).into_iter().cloned().collect();
        stages.push(Stage { cause: Cause::Reclassification, files, reference_version: reference_version.clone() });
        reached = end.commit;
    }
    stages.extend(ordinary(reached, to, &reference_version)?);
    let refused = of_books(from, to, |book| book == Book::Rejections).into_iter().cloned().collect();
    Ok(Posted { stages, refused })
}
