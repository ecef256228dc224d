//! `commonweal dead-letters list|show|export|replay`.
//!
//! Letters are read from the journal's rejections book, which holds each once
//! and whole; their topic is a copy.

mod export;
mod list;
mod replay;
mod show;

use crate::AppError;
use crate::cli::{DeadLettersCommand, LetterFilter, Selection, Settings, YesNo};
use crate::replay::Replayed;
use crate::settings::Loaded;
use chrono::{DateTime, SecondsFormat};
use commonweal_journal::Journal;
use commonweal_ledger::letters::{Filter, Letter, Parts, each_letter};
use commonweal_runtime::Exit;
use commonweal_schemas::replay::MessageOrigin;
use std::ops::ControlFlow;

pub(crate) fn run(settings: &Settings, command: DeadLettersCommand) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    match command {
        DeadLettersCommand::List { selection, each: false, format, .. } => list::totals(&loaded, &selection, format),
        DeadLettersCommand::List { selection, each: true, skip, limit, format } => {
            list::each(&loaded, &selection, &list::Page { skip, limit }, format)
        }
        DeadLettersCommand::Show { origin, bytes } => show::run(&loaded, &origin, bytes),
        DeadLettersCommand::Export { selection, file } => export::run(&loaded, &selection, &file),
        DeadLettersCommand::Replay { filter, attempts_max, again, dry_run } => {
            replay::run(&loaded, &filter, &replay::Options { attempts_max, again, dry_run })
        }
    }
}

/// The books as they stand, and what was replayed.
struct Letters {
    journal: Journal,
    replayed: Replayed,
}

impl Letters {
    fn open(loaded: &Loaded) -> Result<Self, AppError> {
        let journal = loaded.runtime()?.block_on(Journal::open(&loaded.config.journal_dir()))?;
        Ok(Self { journal, replayed: Replayed::read(&loaded.config.replays_dir())? })
    }

    /// Gives the selected letters, each with whether it was replayed.
    fn each(
        &self,
        selection: &Selection,
        parts: Parts,
        mut take: impl FnMut(Letter, bool) -> Result<ControlFlow<()>, AppError>,
    ) -> Result<(), AppError> {
        each_letter(&self.journal, &filter(&selection.filter), parts, |letter| {
            let replayed = self.replayed.contains(&letter.origin());
            match selection.replayed {
                Some(wanted) if (wanted == YesNo::Yes) != replayed => Ok(ControlFlow::Continue(())),
                _ => take(letter, replayed),
            }
        })
    }

    /// The letter of an origin.
    fn one(&self, origin: &MessageOrigin) -> Result<Option<Letter>, AppError> {
        let mut found = None;
        let filter = Filter { origin: Some(origin.clone()), ..Filter::default() };
        each_letter::<AppError>(&self.journal, &filter, Parts::Whole, |letter| {
            found = Some(letter);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
}

fn filter(wanted: &LetterFilter) -> Filter {
    let LetterFilter { reasons, topics, from, to } = wanted.clone();
    Filter { reasons, topics, from, to, origin: None }
}

/// UTC microseconds as people and programs read them.
fn instant(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map_or_else(|| format!("{micros} us"), |at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}
