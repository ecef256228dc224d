//! `commonweal ingest`, `enrich` and `ledger`: services as processes of their own.

use crate::contracts::Contracts;
use crate::settings::Loaded;
use crate::split::{self, Worker};
use crate::{AppError, cli};
use commonweal_runtime::{Exit, Shutdown};

/// A service that workers run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    Ingest,
    Enrich,
    Ledger,
}

pub(crate) fn run(settings: &cli::Settings, service: Service, until_end: bool) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let shutdown = Shutdown::on_signals(loaded.config.shutdown.grace()).map_err(AppError::Runtime)?;
    let contracts = Contracts::new(&loaded.config, &shutdown)?;
    let worker = Worker { loaded: &loaded, contracts: &contracts, shutdown, until_end };
    let messages = match service {
        Service::Ingest => split::ingest(&worker),
        Service::Enrich => split::enrich(&worker),
        Service::Ledger => split::ledger(&worker),
    }?;
    tracing::info!(messages, "everything read is passed on");
    Ok(Exit::Ok)
}
