//! Topics as they are at the brokers, and changing them.

use std::collections::BTreeMap;

use futures::executor::block_on;
use rdkafka::admin::{
    AdminOptions, AlterConfig, ConfigEntry, ConfigSource, NewPartitions, NewTopic, OwnedResourceSpecifier,
    ResourceSpecifier, TopicReplication,
};
use rdkafka::error::KafkaResult;
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaErrorCode;

use super::admin::{Admin, AdminError};
use super::failure;
use crate::config::KafkaConfig;

/// A topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    /// `None`: what the brokers make by default.
    pub replication_factor: Option<i32>,
    /// Kafka's own names and values; whatever is not among them is left as it is.
    pub settings: BTreeMap<String, String>,
}

/// A topic as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicFound {
    pub partitions: i32,
    /// Of the partition that has the fewest.
    pub replication_factor: i32,
    /// Every setting in force, the brokers' defaults too.
    pub settings: BTreeMap<String, String>,
    /// Settings of this topic alone.
    pub own: BTreeMap<String, String>,
}

/// Looks at topics and changes them. Its calls block, each for at most
/// `kafka.connect_timeout_seconds`.
pub struct TopicAdmin<'a> {
    admin: Admin<'a>,
    config: &'a KafkaConfig,
}

impl<'a> TopicAdmin<'a> {
    /// # Errors
    /// The client cannot be made, or these are no brokers whose topics can be
    /// managed.
    pub fn connect(config: &'a KafkaConfig) -> Result<Self, AdminError> {
        let admin = Admin::connect(config)?;
        admin.cluster()?;
        if admin.is_embedded() {
            return Err(AdminError::Embedded);
        }
        Ok(Self { admin, config })
    }

    /// Those of the topics that are there, by name.
    ///
    /// # Errors
    /// The brokers do not answer or refuse.
    pub fn describe(&self, names: &[&str]) -> Result<BTreeMap<String, TopicFound>, AdminError> {
        let cluster = self.admin.cluster()?;
        let there: Vec<&MetadataTopic> = cluster
            .topics()
            .iter()
            .filter(|topic| names.contains(&topic.name()) && !topic.partitions().is_empty())
            .collect();
        let asked: Vec<ResourceSpecifier<'_>> =
            there.iter().map(|topic| ResourceSpecifier::Topic(topic.name())).collect();
        if asked.is_empty() {
            return Ok(BTreeMap::new());
        }
        let answers = block_on(self.admin.client().describe_configs(&asked, &self.options()));
        let answers = answers.map_err(|error| refused("describe", &names.join(", "), &failure::describe(&error)))?;
        let mut found = BTreeMap::new();
        for answer in answers {
            let answer = answer.map_err(|code| refused("describe", &names.join(", "), &code.to_string()))?;
            let OwnedResourceSpecifier::Topic(name) = answer.specifier else { continue };
            let Some(topic) = there.iter().find(|topic| topic.name() == name) else { continue };
            // A topic has dozens of settings; without the right to see them there are none.
            if answer.entries.is_empty() {
                return Err(refused(
                    "describe",
                    &name,
                    "the brokers do not show its settings; check this user's rights",
                ));
            }
            found.insert(name, as_found(topic, &answer.entries));
        }
        Ok(found)
    }

    /// Makes a topic and waits until it can be used. One that somebody else has
    /// made meanwhile is left as it is.
    ///
    /// # Errors
    /// The brokers refuse, or the topic does not come up.
    pub fn create(&self, spec: &TopicSpec) -> Result<(), AdminError> {
        // -1: as many replicas as the brokers make by default.
        let replication = TopicReplication::Fixed(spec.replication_factor.unwrap_or(-1));
        let new = NewTopic::new(&spec.name, spec.partitions, replication);
        let new = spec.settings.iter().fold(new, |new, (name, value)| new.set(name, value));
        let outcomes = block_on(self.admin.client().create_topics([&new], &self.options()));
        match one(outcomes, "create", &spec.name) {
            Err(AdminError::Refused { code: Some(RDKafkaErrorCode::TopicAlreadyExists), .. }) | Ok(()) => {
                self.admin.await_topics(&[&spec.name])
            }
            Err(error) => Err(error),
        }
    }

    /// Adds partitions to a topic, up to `total`.
    ///
    /// # Errors
    /// The brokers refuse.
    pub fn add_partitions(&self, topic: &str, total: i32) -> Result<(), AdminError> {
        let total = usize::try_from(total).unwrap_or(0);
        let outcomes =
            block_on(self.admin.client().create_partitions([&NewPartitions::new(topic, total)], &self.options()));
        one(outcomes, "add partitions to", topic)
    }

    /// Gives a topic other values of some settings; `found` is what it has.
    ///
    /// # Errors
    /// The brokers refuse.
    pub fn set(&self, topic: &str, found: &TopicFound, changes: &BTreeMap<String, String>) -> Result<(), AdminError> {
        // The brokers drop every setting of the topic that is not told again.
        let mut all = found.own.clone();
        all.extend(changes.clone());
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        let change = all.iter().fold(change, |change, (name, value)| change.set(name, value));
        let outcomes = block_on(self.admin.client().alter_configs([&change], &self.options()));
        let outcomes = outcomes
            .map(|all| all.into_iter().map(|one| one.map(|_| ()).map_err(|(_, code)| code)).collect::<Vec<_>>());
        let outcomes =
            outcomes.map_err(|error| refused("change the settings of", topic, &failure::describe(&error)))?;
        outcomes.into_iter().collect::<Result<(), _>>().map_err(|code| of_code("change the settings of", topic, code))
    }

    fn options(&self) -> AdminOptions {
        let timeout = Some(self.config.connect_timeout());
        AdminOptions::new().request_timeout(timeout).operation_timeout(timeout)
    }
}

impl std::fmt::Debug for TopicAdmin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TopicAdmin").field("brokers", &self.config.brokers).finish_non_exhaustive()
    }
}

fn as_found(topic: &MetadataTopic, entries: &[ConfigEntry]) -> TopicFound {
    let values = |wanted: &dyn Fn(&ConfigEntry) -> bool| {
        let chosen = entries.iter().filter(|entry| wanted(entry));
        chosen.filter_map(|entry| Some((entry.name.clone(), entry.value.clone()?))).collect()
    };
    TopicFound {
        partitions: i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX),
        replication_factor: topic
            .partitions()
            .iter()
            .filter_map(|partition| i32::try_from(partition.replicas().len()).ok())
            .min()
            .unwrap_or(0),
        settings: values(&|_| true),
        own: values(&|entry| entry.source == ConfigSource::DynamicTopic),
    }
}

/// The one outcome of a question about one topic.
fn one(
    outcomes: KafkaResult<Vec<Result<String, (String, RDKafkaErrorCode)>>>,
    action: &'static str,
    topic: &str,
) -> Result<(), AdminError> {
    let outcomes = outcomes.map_err(|error| refused(action, topic, &failure::describe(&error)))?;
    let failed = outcomes.into_iter().find_map(Result::err);
    failed.map_or(Ok(()), |(_, code)| Err(of_code(action, topic, code)))
}

fn of_code(action: &'static str, topic: &str, code: RDKafkaErrorCode) -> AdminError {
    AdminError::Refused { action, topic: topic.to_owned(), code: Some(code), reason: code.to_string() }
}

fn refused(action: &'static str, topic: &str, reason: &str) -> AdminError {
    AdminError::Refused { action, topic: topic.to_owned(), code: None, reason: reason.to_owned() }
}
