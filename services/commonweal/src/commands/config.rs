//! `commonweal config check|dump`.

use crate::AppError;
use crate::cli::{ConfigCommand, Settings};
use crate::settings::Loaded;
use commonweal_runtime::Exit;

pub(crate) fn run(settings: &Settings, command: &ConfigCommand) -> Result<Exit, AppError> {
    let loaded = Loaded::quiet(settings)?;
    match command {
        ConfigCommand::Check => {
            loaded.config.check_build()?;
            loaded.publish_options()?;
            loaded.store()?;
            println!("configuration is sound");
        }
        ConfigCommand::Dump => print!("{}", loaded.config.dump()?),
    }
    Ok(Exit::Ok)
}
