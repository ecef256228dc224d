//! The one binary: a subcommand for each job.
//!
//! `up` runs the whole pipeline fused in one process; the other commands feed
//! it, publish from it, or check it.

mod books;
mod cli;
mod commands;
mod contracts;
pub mod demo;
mod error;
pub mod fused;
mod judge;
mod lag;
mod memory;
mod moves;
mod outlet;
mod provision;
mod replay;
mod settings;
mod split;
mod table;

pub use error::AppError;

use clap::Parser as _;
use cli::{Cli, Command};
use commands::split::Service;
use commonweal_runtime::Exit;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs one command line to its end and tells the process's exit code.
#[must_use]
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors: clap knows which stream each belongs to.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            return if error.print().is_ok() { exit.into() } else { Exit::Io.into() };
        }
    };
    memory::keep_freed();
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {}", error.chain());
            error.exit().into()
        }
    }
}

fn dispatch(cli: Cli) -> Result<Exit, AppError> {
    let settings = cli.settings;
    match cli.command {
        Command::Up { until_end } => commands::up::run(&settings, until_end),
        Command::Ingest(workers) => commands::split::run(&settings, Service::Ingest, workers.until_end),
        Command::Enrich(workers) => commands::split::run(&settings, Service::Enrich, workers.until_end),
        Command::Ledger(workers) => commands::split::run(&settings, Service::Ledger, workers.until_end),
        Command::Demo(options) => demo::run(&settings, &options.into()),
        Command::Gateway { command } => commands::gateway::run(&settings, command.as_ref()),
        Command::Generate(options) => commands::produce::generate(&settings, &options),
        Command::Import(options) => commands::produce::import(&settings, &options),
        Command::Export(command) => commands::export::run(&settings, &command),
        Command::Reference(options) => commands::reference::run(&settings, &options),
        Command::Topics(options) => commands::topics::run(&settings, &options),
        Command::Schemas(options) => commands::schemas::run(&settings, &options),
        Command::Lag(options) => commands::lag::run(&settings, &options),
        Command::DeadLetters(command) => commands::dead_letters::run(&settings, command),
        Command::Trace(asked) => commands::trace::run(&settings, &asked),
        Command::Publish(options) => commands::publish::run(&settings, &options),
        Command::Revisions(options) => commands::revisions::run(&settings, &options),
        Command::Method(command) => commands::method::run(&settings, &command),
        Command::Verify => commands::verify::run(&settings),
        Command::Config(options) => commands::config::run(&settings, &options),
    }
}
