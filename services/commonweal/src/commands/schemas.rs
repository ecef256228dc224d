//! `commonweal schemas register`.

use crate::AppError;
use crate::cli::{SchemasCommand, Settings};
use crate::contracts::Contracts;
use crate::settings::Loaded;
use commonweal_runtime::{Exit, Shutdown};

pub(crate) fn run(settings: &Settings, command: &SchemasCommand) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let contracts = Contracts::new(&loaded.config, &Shutdown::new())?;
    match command {
        SchemasCommand::Register => {
            for contract in Contracts::WRITTEN {
                let registered = contracts.register(contract)?;
                let (subject, id) = registered
                    .ok_or_else(|| AppError::Usage("no registry is configured; set registry.url".to_owned()))?;
                println!("{subject}: schema id {id} ({} contract)", contract.name());
            }
        }
    }
    Ok(Exit::Ok)
}
