//! The split topology: each service a process of its own, with topics between
//! that are keyed by event identity. Each scales by workers that share out the
//! partitions of what it reads.
//!
//! A message may come twice to the next service, since positions are committed
//! after what they stand for; the ledger books each origin offset once. What is
//! booked is where it comes from in the raw topics, never where it lay between.

mod enrich;
mod ingest;
mod internal;
mod ledger;
mod notes;
mod outbound;
mod repartition;
mod start;

pub(crate) use enrich::run as enrich;
pub(crate) use ingest::run as ingest;
pub(crate) use ledger::run as ledger;
pub(crate) use repartition::run as repartition;

use crate::AppError;
use crate::contracts::Contracts;
use crate::settings::Loaded;
use commonweal_runtime::kafka::ensure_internal_topics;
use commonweal_runtime::{Config, Shutdown};
use std::time::Duration;

/// Longest wait for messages before a worker looks at what else there is.
const POLL_WAIT: Duration = Duration::from_millis(50);

/// How a worker runs.
pub(crate) struct Worker<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) contracts: &'a Contracts,
    pub(crate) shutdown: Shutdown,
    /// Stop at the ends that the partitions have when they are assigned.
    pub(crate) until_end: bool,
}

impl Worker<'_> {
    const fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// Name of the group that the workers of a service form.
    fn group(&self, service: &str) -> String {
        format!("{}-{service}", self.config().kafka.group_id)
    }

    /// Makes the topics between services where they are not there.
    fn ensure_topics(&self) -> Result<(), AppError> {
        let (topics, partitions) = (&self.config().topics, self.config().split.partitions);
        let between = [(topics.validated.as_str(), partitions), (topics.enriched.as_str(), partitions)];
        Ok(ensure_internal_topics(&self.config().kafka, &between)?)
    }
}
