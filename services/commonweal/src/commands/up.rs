//! `commonweal up`.

use crate::contracts::Contracts;
use crate::fused::{self, Progress, Run};
use crate::settings::Loaded;
use crate::{AppError, cli};
use commonweal_runtime::{Exit, Shutdown, SystemClock};
use commonweal_schemas::avro::Contract;
use std::sync::Arc;

pub(crate) fn run(settings: &cli::Settings, until_end: bool) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let shutdown = Shutdown::on_signals(loaded.config.shutdown.grace()).map_err(AppError::Runtime)?;
    let contracts = Contracts::new(&loaded.config, &shutdown)?;
    let run = Run {
        until_end,
        clock: Arc::new(SystemClock),
        schemas: contracts.schemas()?,
        letters: contracts.codec(Contract::DeadLetter)?,
        shutdown,
        progress: Arc::new(Progress::default()),
    };
    loaded.runtime()?.block_on(async {
        let summary = fused::run(&loaded, run).await?;
        let counts = summary.counts;
        tracing::info!(
            messages = counts.taken,
            rejected = counts.rejected,
            commits = counts.commits,
            commit = summary.ledger_version,
            "everything read is in the books"
        );
        Ok(Exit::Ok)
    })
}
