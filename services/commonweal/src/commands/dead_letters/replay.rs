//! Dead letters sent back to where they came from.

use super::filter;
use crate::AppError;
use crate::cli::LetterFilter;
use crate::commands::produce::counting;
use crate::replay::{LetterSet, ReplayLog, Replayed, Sender, settle};
use crate::settings::Loaded;
use crate::table::short;
use commonweal_journal::Journal;
use commonweal_ledger::letters::{Filter, Letter, Parts, each_letter};
use commonweal_runtime::{Exit, Shutdown};
use indicatif::ProgressBar;
use std::ops::ControlFlow;

/// Lines of a list, and characters of a line, that tell which letters were
/// passed over.
const LINES_MAX: usize = 20;
const LINE_CHARS_MAX: usize = 200;

pub(super) struct Options {
    pub(super) attempts_max: u32,
    /// Replayed letters too.
    pub(super) again: bool,
    pub(super) dry_run: bool,
}

/// What becomes of a letter that matches.
#[derive(PartialEq, Eq)]
enum Verdict {
    Due,
    ReplayedBefore,
    /// Replayed as often as it may be.
    Exhausted,
}

impl Options {
    fn verdict(&self, letter: &Letter, replayed: &Replayed) -> Verdict {
        if letter.attempt() >= self.attempts_max {
            Verdict::Exhausted
        } else if !self.again && replayed.contains(&letter.origin()) {
            Verdict::ReplayedBefore
        } else {
            Verdict::Due
        }
    }
}

/// What there is to do.
#[derive(Default)]
struct Plan {
    due: u64,
    replayed_before: LetterSet,
    exhausted: LetterSet,
}

pub(super) fn run(loaded: &Loaded, wanted: &LetterFilter, options: &Options) -> Result<Exit, AppError> {
    let shutdown = Shutdown::on_signals(loaded.config.shutdown.grace()).map_err(AppError::Runtime)?;
    // A snapshot: what these replays lead to is another run's affair.
    let journal = loaded.runtime()?.block_on(Journal::open(&loaded.config.journal_dir()))?;
    let filter = filter(wanted);
    if options.dry_run {
        let replayed = Replayed::read(&loaded.config.replays_dir())?;
        let plan = plan(&journal, &filter, options, &replayed)?;
        println!("{} dead letters would be sent", plan.due);
        tell(&plan);
        return Ok(Exit::Ok);
    }
    let kafka = &loaded.config.kafka;
    let mut log = ReplayLog::open(&loaded.config.replays_dir())?;
    let (open, found) = settle(&mut log, kafka, &shutdown)?;
    if open > 0 {
        println!("an earlier replay broke off while it sent {open} dead letters: {found} of them had gone");
    }
    let plan = plan(&journal, &filter, options, log.replayed())?;
    let mut sender = Sender::new(log, &loaded.config, &shutdown)?;
    let bar = counting(plan.due);
    send(&journal, &filter, options, &mut sender, &shutdown, &bar)?;
    bar.finish_and_clear();
    println!("{} of {} dead letters sent back to their topics", sender.sent(), plan.due);
    tell(&plan);
    let refused = sender.refused();
    for (origin, why) in refused.iter().take(LINES_MAX) {
        println!("not sent: {origin}: {why}");
    }
    if refused.len() > LINES_MAX {
        println!("not sent: and {} more", refused.len() - LINES_MAX);
    }
    if !refused.is_empty() {
        return Ok(Exit::CheckFailed);
    }
    if sender.sent() < plan.due {
        println!("stopped before the end; the same command goes on from here");
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Ok)
}

/// Counts what there is to do, without reading payloads.
fn plan(journal: &Journal, filter: &Filter, options: &Options, replayed: &Replayed) -> Result<Plan, AppError> {
    let mut plan = Plan::default();
    each_letter::<AppError>(journal, filter, Parts::Heads, |letter| {
        match options.verdict(&letter, replayed) {
            Verdict::Due => plan.due += 1,
            Verdict::ReplayedBefore => plan.replayed_before.insert(&letter.origin()),
            Verdict::Exhausted => plan.exhausted.insert(&letter.origin()),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(plan)
}

/// Sends what is due until all is sent or shutdown is requested.
fn send(
    journal: &Journal,
    filter: &Filter,
    options: &Options,
    sender: &mut Sender<'_>,
    shutdown: &Shutdown,
    bar: &ProgressBar,
) -> Result<(), AppError> {
    each_letter::<AppError>(journal, filter, Parts::Whole, |letter| {
        if shutdown.is_requested() {
            return Ok(ControlFlow::Break(()));
        }
        if options.verdict(&letter, sender.log().replayed()) == Verdict::Due {
            sender.send(letter)?;
            bar.set_position(sender.sent());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    sender.flush()
}

/// Says which letters are passed over.
fn tell(plan: &Plan) {
    for (letters, why) in [
        (&plan.replayed_before, "were replayed before and are passed over"),
        (&plan.exhausted, "were refused in as many attempts as --attempts-max allows and are passed over"),
    ] {
        if letters.is_empty() {
            continue;
        }
        println!("{} {why}:", letters.len());
        for line in letters.lines().take(LINES_MAX) {
            println!("  {}", short(&line, LINE_CHARS_MAX));
        }
        let more = letters.lines().count().saturating_sub(LINES_MAX);
        if more > 0 {
            println!("  and those of {more} more partitions");
        }
    }
}
