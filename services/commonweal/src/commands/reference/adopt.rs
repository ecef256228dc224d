//! `commonweal reference adopt`: the journal brought to another version.

use super::bar;
use crate::AppError;
use crate::settings::Loaded;
use commonweal_enrich::enrich;
use commonweal_ledger::{Adopter, AdoptionLimits, AdoptionStep, Committed};
use commonweal_runtime::clock::Clock as _;
use commonweal_runtime::{Exit, SystemClock};

const TEMPLATE: &str = "{msg} {wide_bar} {human_pos}/{human_len} {eta}";

pub(super) fn adopt(loaded: &Loaded, name: &str) -> Result<Exit, AppError> {
    let reference = loaded.reference_named(name)?;
    let version = reference.version();
    let ledger = &loaded.config.ledger;
    let limits = AdoptionLimits {
        batch_rows: ledger.batch_rows,
        flush_rows: ledger.flush_rows,
        flush_bytes: ledger.flush_bytes,
    };
    loaded.runtime()?.block_on(async {
        let dir = loaded.config.journal_dir();
        let Some(mut adopter) = Adopter::begin(&dir, version, limits, SystemClock.now_micros()).await? else {
            println!("the journal is under reference version {version} already");
            return Ok(Exit::Ok);
        };
        tracing::info!(version, rows = adopter.progress().rows, "adoption begins; whoever posts to the journal is fenced");
        let bar = bar(TEMPLATE);
        let commit = loop {
            let step = adopter.step(
                |events| Ok::<_, AppError>(enrich(events, &reference)?),
                |progress| {
                    bar.set_length(progress.rows);
                    bar.set_position(progress.rows_read);
                    bar.set_message(format!("{} of {} entries change", progress.changed, progress.in_force));
                },
                SystemClock.now_micros(),
            );
            match step.await? {
                AdoptionStep::Posted(Committed { commit, entries, reversals, bytes, .. }) => {
                    tracing::info!(commit, entries, reversals, bytes, "committed");
                }
                AdoptionStep::Ended { commit } => break commit,
            }
        };
        bar.finish_and_clear();
        let progress = adopter.progress();
        println!(
            "reference version {version} is adopted as of ledger commit {commit}: of {} entries in force {} were reversed \
             and posted anew",
            progress.in_force, progress.changed
        );
        println!("start the services with reference.version = \"{name}\"");
        Ok(Exit::Ok)
    })
}
