//! Making topics where nobody else has.

use std::time::{Duration, Instant};

use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;

use super::client::{self, ClientError, Events, Kept};
use super::failure;
use super::login::LoginError;
use crate::config::KafkaConfig;
use crate::exit::Exit;

/// Longest single question to the brokers.
const STEP: Duration = Duration::from_secs(5);
/// The same of the first one: it has no answer where the login is refused.
const FIRST_STEP: Duration = Duration::from_secs(1);
/// Pause between two looks for a topic that was just made: nothing tells when
/// all brokers know it.
const PAUSE: Duration = Duration::from_millis(50);

/// Why topics could not be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// A property that librdkafka does not take.
    #[error("the kafka client cannot be made: {reason}; check kafka.security and kafka.properties")]
    Settings { reason: String },
    /// No broker answered in time.
    #[error("no kafka broker answers at {brokers} after {seconds} s: {reason}; check kafka.brokers and the network")]
    Unavailable { brokers: String, seconds: u64, reason: String },
    /// The login is refused.
    #[error("kafka refuses: {reason}; check kafka.security and the rights of this user")]
    NotLetIn { reason: String },
    /// There is nothing to be let in with.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The brokers refuse to make a topic.
    #[error("failed to create topic {topic}: {reason}")]
    Create { topic: String, reason: String },
    /// The brokers refuse a change, or do not answer it.
    #[error("failed to {action} topic {topic}: {reason}")]
    Refused { action: &'static str, topic: String, code: Option<RDKafkaErrorCode>, reason: String },
    /// The embedded broker's topics are not managed.
    #[error("these are embedded brokers: their topics have no settings, and come to be when they are used")]
    Embedded,
    /// A topic was made, and cannot be used yet.
    #[error("topic {topic} was created, but is not ready after {seconds} s")]
    Unready { topic: String, seconds: u64 },
}

impl AdminError {
    /// How the program ends on this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } => Exit::Config,
            Self::Embedded => Exit::Usage,
            Self::Login(error) => error.exit(),
            _ => Exit::KafkaUnavailable,
        }
    }
}

impl From<ClientError> for AdminError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Settings { reason } => Self::Settings { reason },
            ClientError::Login(error) => Self::Login(error),
        }
    }
}

/// Makes those of `topics` (name and partitions) that do not exist, and waits
/// until all can be used. A topic that exists is left as it is, whatever its
/// number of partitions; the embedded broker chooses that number itself. Blocks,
/// for at most three times `kafka.connect_timeout_seconds`.
///
/// # Errors
/// No broker, a refusal, or a topic that does not come up.
pub fn ensure_topics(config: &KafkaConfig, topics: &[(&str, i32)]) -> Result<(), AdminError> {
    ensure(config, topics, &[])
}

/// The same for topics between services, which must take whatever message a
/// raw topic took and this program sends.
///
/// # Errors
/// As [`ensure_topics`].
pub fn ensure_internal_topics(config: &KafkaConfig, topics: &[(&str, i32)]) -> Result<(), AdminError> {
    ensure(config, topics, &[("max.message.bytes", &config.produce_bytes_max.to_string())])
}

fn ensure(config: &KafkaConfig, topics: &[(&str, i32)], properties: &[(&str, &str)]) -> Result<(), AdminError> {
    let admin = Admin::connect(config)?;
    let known = admin.cluster()?;
    let missing: Vec<_> = topics.iter().copied().filter(|(name, _)| partitions(&known, name) == 0).collect();
    if missing.is_empty() {
        return Ok(());
    }
    create(&admin, config, &missing, properties)?;
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    admin.await_topics(&names)
}

/// A client that manages topics. Nobody hears what such a client says on its
/// own account, a refused login included, so questions are put by another.
pub(super) struct Admin<'a> {
    client: Kept<AdminClient<Events>>,
    asker: Kept<BaseConsumer<Events>>,
    config: &'a KafkaConfig,
}

impl<'a> Admin<'a> {
    pub(super) fn connect(config: &'a KafkaConfig) -> Result<Self, AdminError> {
        let asker = client::make(config, client::common(config, &[]), None, |events| events)?;
        let client = client::make(config, client::common(config, &[]), None, |events| events)?;
        Ok(Self { client, asker, config })
    }

    pub(super) fn client(&self) -> &AdminClient<Events> {
        &self.client
    }

    /// What the cluster has. Asking for all topics makes none.
    pub(super) fn cluster(&self) -> Result<Metadata, AdminError> {
        let deadline = Instant::now() + self.config.connect_timeout();
        let mut step = FIRST_STEP;
        loop {
            let error = match self.asker.fetch_metadata(None, step.min(self.config.connect_timeout())) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            step = STEP;
            // Waits for whatever the client has to say, so that a refused login ends this at once.
            let mut event = self.asker.poll(PAUSE);
            while event.is_some() {
                event = self.asker.poll(Duration::ZERO);
            }
            let events = self.asker.context();
            if let Some(lasting) = events.take().filter(|lasting| failure::is_refusal(lasting.code)) {
                return Err(AdminError::NotLetIn { reason: lasting.reason });
            }
            let passes = error.rdkafka_error_code().is_some_and(failure::is_transient);
            if !passes || Instant::now() >= deadline {
                return Err(AdminError::Unavailable {
                    brokers: self.config.brokers.clone(),
                    seconds: self.config.connect_timeout_seconds,
                    reason: events.explain(&error),
                });
            }
        }
    }

    /// Waits until topics that were made can be used.
    pub(super) fn await_topics(&self, topics: &[&str]) -> Result<(), AdminError> {
        let deadline = Instant::now() + self.config.connect_timeout();
        for topic in topics {
            while partitions(&self.cluster()?, topic) == 0 {
                if Instant::now() >= deadline {
                    return Err(AdminError::Unready {
                        topic: (*topic).to_owned(),
                        seconds: self.config.connect_timeout_seconds,
                    });
                }
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// Whether this is the embedded broker, which leaves a request to create
    /// topics without an answer until its time is up.
    pub(super) fn is_embedded(&self) -> bool {
        self.asker.client().fetch_cluster_id(STEP).is_some_and(|id| id.starts_with("mockCluster"))
    }
}

/// Partitions of a topic that have a leader; 0 unless all of them have.
pub(super) fn partitions(metadata: &Metadata, topic: &str) -> usize {
    let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
    found.map_or(0, |found| {
        let led = found.partitions().iter().all(|partition| partition.leader() >= 0);
        if led { found.partitions().len() } else { 0 }
    })
}

fn create(
    admin: &Admin<'_>,
    config: &KafkaConfig,
    topics: &[(&str, i32)],
    properties: &[(&str, &str)],
) -> Result<(), AdminError> {
    if admin.is_embedded() {
        return create_by_asking(admin.client(), topics);
    }
    // -1: as many replicas as the broker makes by default.
    let new: Vec<NewTopic<'_>> = topics
        .iter()
        .map(|(name, partitions)| {
            let topic = NewTopic::new(name, *partitions, TopicReplication::Fixed(-1));
            properties.iter().fold(topic, |topic, (property, value)| topic.set(property, value))
        })
        .collect();
    let timeout = Some(config.connect_timeout());
    let options = AdminOptions::new().request_timeout(timeout).operation_timeout(timeout);
    let outcomes = block_on(admin.client().create_topics(&new, &options)).map_err(|error| {
        let names: Vec<_> = topics.iter().map(|(name, _)| *name).collect();
        AdminError::Create { topic: names.join(", "), reason: failure::describe(&error) }
    })?;
    for outcome in outcomes {
        match outcome {
            Ok(topic) => tracing::info!(topic, "topic created"),
            Err((topic, RDKafkaErrorCode::TopicAlreadyExists)) => {
                tracing::debug!(topic, "topic exists");
            }
            Err((topic, code)) => {
                return Err(AdminError::Create { topic, reason: code.to_string() });
            }
        }
    }
    Ok(())
}

/// The embedded broker makes a topic that is asked for by name, with four
/// partitions.
fn create_by_asking(admin: &AdminClient<Events>, topics: &[(&str, i32)]) -> Result<(), AdminError> {
    for (topic, _) in topics {
        let asked = admin.inner().fetch_metadata(Some(topic), STEP);
        asked.map_err(|error| AdminError::Create { topic: (*topic).to_owned(), reason: failure::describe(&error) })?;
    }
    Ok(())
}
