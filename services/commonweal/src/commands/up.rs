//! `commonweal up`.

use crate::fused::{self, Progress, Run};
use crate::settings::Loaded;
use crate::{AppError, cli};
use commonweal_runtime::{Exit, Shutdown, SystemClock};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn run(settings: &cli::Settings, until_end: bool) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let runtime = loaded.runtime()?;
    runtime.block_on(async {
        let run = Run {
            until_end,
            clock: Arc::new(SystemClock),
            shutdown: Shutdown::on_signals(Duration::from_secs(loaded.config.shutdown.grace_seconds))
                .map_err(AppError::Runtime)?,
            progress: Arc::new(Progress::default()),
        };
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
