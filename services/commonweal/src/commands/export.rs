//! `commonweal export`: what is in force, by other standards.

use crate::AppError;
use crate::cli::{ExportCommand, GivingExport, Settings};
use crate::settings::Loaded;
use commonweal_ingest::canonical_programme;
use commonweal_publish::{GivingFilter, export_360giving};
use commonweal_runtime::Exit;

pub(crate) fn run(settings: &Settings, command: &ExportCommand) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let ExportCommand::Giving(asked) = command;
    giving(&loaded, asked)
}

fn giving(loaded: &Loaded, asked: &GivingExport) -> Result<Exit, AppError> {
    let programme = asked.programme.as_deref().map(|name| {
        let code = canonical_programme(name).map(std::borrow::Cow::into_owned);
        code.ok_or_else(|| AppError::Usage(format!("{name:?} can be no programme: it has neither letter nor digit")))
    });
    let filter =
        GivingFilter { from: asked.from.clone(), until: asked.until.clone(), programme: programme.transpose()? };
    let options = loaded.publish_options()?;
    let told = loaded.runtime()?.block_on(export_360giving(&options, &filter, &asked.to))?;
    if told.grants == 0 {
        return Err(AppError::Check("no grant in force passes the filters; nothing was written".to_owned()));
    }
    println!("wrote {} grants with {} payments to {}", told.grants, told.payments, asked.to.display());
    if told.unattached > 0 {
        println!("left out: {} payments whose award is not in force", told.unattached);
    }
    if told.foreign > 0 {
        println!("left out: {} entries in currencies that the standard lacks", told.foreign);
    }
    Ok(Exit::Ok)
}
