//! Schema ids to write with, and schemas to read with: the registry's where
//! one is configured, else those compiled in.

use crate::AppError;
use commonweal_producers::Codecs;
use commonweal_runtime::config::TopicsConfig;
use commonweal_runtime::registry::{Registry, RegistrySchemas};
use commonweal_runtime::{Config, Shutdown};
use commonweal_schemas::avro::Contract;
use commonweal_schemas::records::Codec;

/// The configured source of schema ids. Asking waits, so it is asked before an
/// async runtime is entered.
pub(crate) struct Contracts {
    registry: Option<Registry>,
    topics: TopicsConfig,
    shutdown: Shutdown,
}

impl Contracts {
    /// # Errors
    /// The registry's settings cannot be used; nothing is asked yet.
    pub(crate) fn new(config: &Config, shutdown: &Shutdown) -> Result<Self, AppError> {
        let registry = Registry::new(&config.registry)?;
        Ok(Self { registry, topics: config.topics.clone(), shutdown: shutdown.clone() })
    }

    /// The contracts that this program writes under their own topic.
    pub(crate) const WRITTEN: [Contract; 6] = Contract::ALL;

    /// Topic that records of a contract are written to.
    pub(crate) fn topic(&self, contract: Contract) -> &str {
        match contract {
            Contract::Funding => &self.topics.funding,
            Contract::Employment => &self.topics.employment,
            Contract::Organisation => &self.topics.organisations,
            Contract::DeadLetter => &self.topics.dead_letters,
            Contract::Validated => &self.topics.validated,
            Contract::Enriched => &self.topics.enriched,
        }
    }

    /// Id that records of a contract are written with.
    ///
    /// # Errors
    /// The registry does not answer, or has no such schema.
    pub(crate) fn id(&self, contract: Contract) -> Result<u32, AppError> {
        let Some(registry) = &self.registry else { return Ok(contract.embedded_id()) };
        Ok(registry.id_for(contract, self.topic(contract), &self.shutdown)?)
    }

    /// # Errors
    /// As [`Contracts::id`].
    pub(crate) fn codec(&self, contract: Contract) -> Result<Codec, AppError> {
        Ok(Codec::with_id(contract, self.id(contract)?)?)
    }

    /// Codecs of the raw topics alone.
    ///
    /// # Errors
    /// As [`Contracts::codec`].
    pub(crate) fn codecs(&self) -> Result<Codecs, AppError> {
        let (funding, employment) = (self.codec(Contract::Funding)?, self.codec(Contract::Employment)?);
        Ok(Codecs { funding, employment, organisation: None })
    }

    /// The same for the generator, which also sends what does not belong there.
    ///
    /// # Errors
    /// As [`Contracts::codec`].
    pub(crate) fn codecs_to_generate(&self) -> Result<Codecs, AppError> {
        Ok(Codecs { organisation: Some(self.codec(Contract::Organisation)?), ..self.codecs()? })
    }

    /// Schemas to read with; `None` means the compiled-in ones.
    ///
    /// # Errors
    /// The system gives no thread to ask on.
    pub(crate) fn schemas(&self) -> Result<Option<RegistrySchemas>, AppError> {
        Ok(self.registry.as_ref().map(Registry::schemas).transpose()?)
    }

    /// Registers the schema of a contract: its subject and id. `None` where no
    /// registry is configured.
    ///
    /// # Errors
    /// The subject does not take it, or the registry does not answer.
    pub(crate) fn register(&self, contract: Contract) -> Result<Option<(String, u32)>, AppError> {
        let topic = self.topic(contract);
        Ok(self.registry.as_ref().map(|registry| registry.register_for(contract, topic)).transpose()?)
    }
}
