//! Which schema id a producer writes with.

use super::client::Absence;
use super::{Client, RegistryError, RegistrySchemas};
use crate::config::{RegistryConfig, SubjectNaming};
use crate::shutdown::Shutdown;
use commonweal_schemas::avro::{Contract, writes_like};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Versions of a subject that are looked through, the newest first.
const VERSIONS_MAX: usize = 100;
/// Pause before asking a registry again that did not answer; it doubles up to
/// the greater.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Subject of the schema of `contract` in `topic`.
#[must_use]
pub fn subject(naming: SubjectNaming, topic: &str, contract: Contract) -> String {
    match naming {
        SubjectNaming::TopicName => format!("{topic}-value"),
        SubjectNaming::RecordName => contract.record_name().to_owned(),
    }
}

/// The configured registry.
#[derive(Clone, Debug)]
pub struct Registry {
    client: Arc<Client>,
    config: RegistryConfig,
}

impl Registry {
    /// The registry of the settings; `None` where they name none. Nothing is
    /// asked yet.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn new(config: &RegistryConfig) -> Result<Option<Self>, RegistryError> {
        if config.url.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { client: Arc::new(Client::new(config)?), config: config.clone() }))
    }

    /// The id that records of `contract` for `topic` are written with: that of
    /// the schema just registered, where the settings say to register, else of
    /// the newest one of the subject that writes the same data.
    ///
    /// Waits `registry.start_wait_seconds` for a registry that does not answer,
    /// and gives up early when `shutdown` is requested.
    ///
    /// # Errors
    /// The subject has no such schema or does not take it, or there is no
    /// answer.
    pub fn id_for(&self, contract: Contract, topic: &str, shutdown: &Shutdown) -> Result<u32, RegistryError> {
        let subject = subject(self.config.subject_naming, topic, contract);
        let id = patiently(self.config.start_wait(), shutdown, || {
            if self.config.register_on_start {
                self.register(contract, &subject)
            } else {
                self.find(contract, &subject)
            }
        })?;
        tracing::info!(subject, id, contract = contract.name(), "schema id from the registry");
        Ok(id)
    }

    /// Registers the schema of `contract` for `topic`, whatever the settings
    /// say; the subject and the id. A schema that is there already stays as it
    /// is.
    ///
    /// # Errors
    /// The subject does not take it, or there is no answer.
    pub fn register_for(&self, contract: Contract, topic: &str) -> Result<(String, u32), RegistryError> {
        let subject = subject(self.config.subject_naming, topic, contract);
        let register = || self.register(contract, &subject);
        let id = patiently(self.config.start_wait(), &Shutdown::new(), register)?;
        Ok((subject, id))
    }

    /// Schemas by id, asked for on a thread of their own.
    ///
    /// # Errors
    /// [`RegistryError::Settings`] where the system gives no thread.
    pub fn schemas(&self) -> Result<RegistrySchemas, RegistryError> {
        RegistrySchemas::start(Arc::clone(&self.client), self.config.unknown_id_wait())
    }

    fn register(&self, contract: Contract, subject: &str) -> Result<u32, RegistryError> {
        let not_taken =
            |reason| RegistryError::NotTaken { subject: subject.to_owned(), contract: contract.name(), reason };
        self.client.register(subject, contract.schema_json()).map_err(|absence| absence.of(not_taken))
    }

    fn find(&self, contract: Contract, subject: &str) -> Result<u32, RegistryError> {
        let missing =
            |reason| RegistryError::NotRegistered { subject: subject.to_owned(), contract: contract.name(), reason };
        match self.client.find(subject, contract.schema_json()) {
            Ok(id) => return Ok(id),
            Err(Absence::Failed(error)) => return Err(error),
            // It may be there in other words, which is another text to the registry.
            Err(Absence::NotFound(_) | Absence::NotTaken(_)) => {}
        }
        let versions = self.client.versions(subject).map_err(|absence| absence.of(missing))?;
        for version in versions.iter().rev().take(VERSIONS_MAX) {
            let (id, schema_json) = self.client.version(subject, *version).map_err(|absence| absence.of(missing))?;
            if writes_like(&schema_json, contract.schema_json()) {
                return Ok(id);
            }
        }
        Err(missing(format!("none of its {} versions writes the same data", versions.len())))
    }
}

/// Asks until there is an answer or `wait` has passed.
fn patiently<T>(
    wait: Duration,
    shutdown: &Shutdown,
    mut ask: impl FnMut() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    let begun = Instant::now();
    let mut pause = PAUSE.0;
    loop {
        let error = match ask() {
            Err(error) if error.is_transient() => error,
            outcome => return outcome,
        };
        let left = wait.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(error);
        }
        tracing::warn!(%error, "the schema registry is asked again");
        if shutdown.requested_within(pause.min(left)) {
            return Err(RegistryError::Interrupted);
        }
        pause = (pause * 2).min(PAUSE.1);
    }
}
