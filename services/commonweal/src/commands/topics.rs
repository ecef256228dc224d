//! `commonweal topics apply|repartition`.

use crate::AppError;
use crate::cli::{Settings, TopicsCommand};
use crate::commands::provision;
use crate::contracts::Contracts;
use crate::settings::Loaded;
use crate::split::{self, Worker};
use commonweal_runtime::{Exit, Shutdown};

pub(crate) fn run(settings: &Settings, command: &TopicsCommand) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let partitions = match command {
        TopicsCommand::Apply { dry_run, allow_deletion } => {
            return provision::apply(&loaded, *dry_run, *allow_deletion);
        }
        TopicsCommand::Repartition { partitions } => *partitions,
    };
    let shutdown = Shutdown::on_signals(loaded.config.shutdown.grace()).map_err(AppError::Runtime)?;
    let contracts = Contracts::new(&loaded.config, &shutdown)?;
    let worker = Worker { loaded: &loaded, contracts: &contracts, shutdown, until_end: true };
    split::repartition(&worker, partitions)?;
    Ok(Exit::Ok)
}
