//! Feeds the embedded broker, never further ahead of the pipeline than it can
//! hold: it drops the oldest messages of a partition beyond 5 MiB, in silence.

use super::Options;
use crate::AppError;
use crate::commands::produce::{Messages, Outlet, giving};
use crate::fused::Progress;
use crate::settings::Loaded;
use commonweal_producers::{Codecs, Generator, Plan};
use commonweal_runtime::kafka::EMBEDDED_PARTITION_BYTES_MAX;
use commonweal_schemas::Dataset;
use indicatif::ProgressBar;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Bytes that may lie between the feeder and the pipeline: half of what one
/// partition holds, even if all of them went to one.
const LEAD_BYTES_MAX: usize = EMBEDDED_PARTITION_BYTES_MAX / 2;
/// What the broker stores beside key and value of a message, at most.
const OVERHEAD_BYTES: usize = 128;
/// The feeder gives up when the pipeline has not moved for so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages between two looks at the pipeline.
const STEP: u64 = 256;

/// What was fed.
pub(super) struct Fed {
    pub(super) messages: u64,
}

pub(super) struct Feeder {
    outlet: Outlet,
    /// Taken when the feeding starts.
    generator: Option<Generator>,
    grants: Vec<PathBuf>,
    codecs: Arc<Codecs>,
    progress: Arc<Progress>,
    /// Messages and bytes sent up to each step that the pipeline has not passed.
    steps: VecDeque<(u64, usize)>,
    sent: u64,
    sent_bytes: usize,
    passed_bytes: usize,
}

impl Feeder {
    pub(super) fn open(
        loaded: &Loaded,
        options: &Options,
        plan: &Plan,
        codecs: Codecs,
        progress: Arc<Progress>,
    ) -> Result<Self, AppError> {
        let codecs = Arc::new(codecs);
        Ok(Self {
            outlet: Outlet::open(&loaded.config, super::PARTITIONS)?,
            generator: Some(Generator::new(options.seed, plan, Arc::clone(&codecs))),
            grants: options.grants.clone(),
            codecs,
            progress,
            steps: VecDeque::new(),
            sent: 0,
            sent_bytes: 0,
            passed_bytes: 0,
        })
    }

    /// Messages to come, as far as known: the lengths of grant files are not.
    pub(super) fn messages(&self) -> u64 {
        self.generator.as_ref().map_or(0, Generator::messages)
    }

    /// Feeds everything and waits until it is in the pipeline.
    pub(super) fn run(mut self, bar: &ProgressBar) -> Result<Fed, AppError> {
        for message in self.all_messages()? {
            let message = message?;
            self.outlet.send(&message)?;
            self.sent += 1;
            self.sent_bytes += message.key.len() + message.value.len() + OVERHEAD_BYTES;
            if self.sent.is_multiple_of(STEP) {
                self.keep_lead()?;
                bar.set_position(self.progress.counts().taken);
            }
        }
        self.outlet.finish()?;
        let sent = self.sent;
        self.wait_for(sent)?;
        Ok(Fed { messages: sent })
    }

    fn all_messages(&mut self) -> Result<Messages, AppError> {
        let generator = self.generator.take().into_iter().flatten();
        if self.grants.is_empty() {
            return Ok(Box::new(generator));
        }
        let mut messages: Messages = Box::new(
            generator.filter(|message| !matches!(message, Ok(message) if message.dataset == Dataset::Funding)),
        );
        for path in &self.grants {
            messages = Box::new(messages.chain(giving(path, None, Arc::clone(&self.codecs))?));
        }
        Ok(messages)
    }

    fn keep_lead(&mut self) -> Result<(), AppError> {
        self.steps.push_back((self.sent, self.sent_bytes));
        let mut awaited = None;
        while let Some(&(messages, bytes)) = self.steps.front() {
            if self.sent_bytes - self.passed_bytes <= LEAD_BYTES_MAX {
                break;
            }
            awaited = Some(messages);
            self.passed_bytes = bytes;
            self.steps.pop_front();
        }
        match awaited {
            Some(messages) => self.wait_for(messages),
            None => Ok(()),
        }
    }

    fn wait_for(&self, messages: u64) -> Result<(), AppError> {
        if self.progress.wait_until(PATIENCE, |counts| counts.taken >= messages) {
            return Ok(());
        }
        let taken = self.progress.counts().taken;
        Err(AppError::Check(format!(
            "{} messages were fed, the pipeline has read {taken} and reads no more: the embedded broker lost some",
            self.sent
        )))
    }
}
