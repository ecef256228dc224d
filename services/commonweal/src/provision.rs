//! What becomes of a topic so that it is as the settings want it, without
//! losing anything that lies in it.

use commonweal_runtime::Config;
use commonweal_runtime::config::{Cleanup, KafkaConfig, ProvisionConfig};
use commonweal_runtime::kafka::{TopicFound, TopicSpec};
use std::collections::BTreeMap;
use std::fmt;

const RETENTION: &str = "retention.ms";
const CLEANUP: &str = "cleanup.policy";
const IN_SYNC: &str = "min.insync.replicas";
const LONGEST: &str = "max.message.bytes";
const HOUR_MILLIS: i64 = 3_600_000;

/// What a topic is for, which decides what may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Written by producers; any partition may hold any event.
    Raw,
    /// Between services: its workers rely on the partition of an identity.
    Internal,
    DeadLetters,
    /// Compacted: the last message of a key is found in the key's partition alone.
    Register,
}

/// A topic of the settings.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) role: Role,
    pub(crate) spec: TopicSpec,
}

/// All topics of the settings.
pub(crate) fn wanted(config: &Config) -> Vec<Wanted> {
    let (topics, provision) = (&config.topics, &config.provision);
    let one = |role: Role, name: &String, partitions: i32, settings: BTreeMap<String, String>| Wanted {
        role,
        spec: TopicSpec {
            name: name.clone(),
            partitions,
            replication_factor: (provision.replication_factor > 0).then_some(provision.replication_factor),
            settings,
        },
    };
    let raw = || settings(provision, provision.raw_retention_hours, provision.raw_cleanup);
    let internal = || {
        let mut all = settings(provision, provision.internal_retention_hours, Cleanup::Delete);
        all.insert(LONGEST.to_owned(), longest_internal(&config.kafka));
        all
    };
    let letters = settings(provision, provision.dead_letters_retention_hours, Cleanup::Delete);
    let register = settings(provision, 0, Cleanup::Compact);
    vec![
        one(Role::Raw, &topics.funding, provision.raw_partitions, raw()),
        one(Role::Raw, &topics.employment, provision.raw_partitions, raw()),
        one(Role::Internal, &topics.validated, config.split.partitions, internal()),
        one(Role::Internal, &topics.enriched, config.split.partitions, internal()),
        one(Role::DeadLetters, &topics.dead_letters, provision.dead_letters_partitions, letters),
        one(Role::Register, &topics.organisations, provision.register_partitions, register),
    ]
}

/// Whatever a raw topic took must pass on.
fn longest_internal(kafka: &KafkaConfig) -> String {
    kafka.produce_bytes_max.to_string()
}

fn settings(provision: &ProvisionConfig, retention_hours: i64, cleanup: Cleanup) -> BTreeMap<String, String> {
    let retention = if retention_hours == 0 { -1 } else { retention_hours * HOUR_MILLIS };
    let mut all = BTreeMap::from([
        (RETENTION.to_owned(), retention.to_string()),
        (CLEANUP.to_owned(), cleanup.policy().to_owned()),
    ]);
    if provision.min_insync_replicas > 0 {
        all.insert(IN_SYNC.to_owned(), provision.min_insync_replicas.to_string());
    }
    all
}

/// What is to be done to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Create,
    AddPartitions { from: i32, to: i32 },
    Set { setting: String, from: String, to: String },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => write!(f, "create"),
            Self::AddPartitions { from, to } => write!(f, "partitions {from} -> {to}"),
            Self::Set { setting, from, to } => write!(f, "{setting} {from} -> {to}"),
        }
    }
}

/// What to do to a topic, and what differs and is left as it is, with the way
/// out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) left: Vec<String>,
}

/// Compares a topic with what is wanted. `lossy`: changes may have the brokers
/// delete messages.
pub(crate) fn plan(wanted: &Wanted, found: Option<&TopicFound>, lossy: bool) -> Plan {
    let mut plan = Plan::default();
    let Some(found) = found else {
        plan.steps.push(Step::Create);
        return plan;
    };
    partitions(wanted, found.partitions, &mut plan);
    if let Some(factor) = wanted.spec.replication_factor.filter(|factor| *factor != found.replication_factor) {
        plan.left.push(format!(
            "it has {} replicas, {factor} are wanted: moving data between brokers is for kafka-reassign-partitions",
            found.replication_factor
        ));
    }
    for (setting, to) in &wanted.spec.settings {
        let from = found.settings.get(setting).cloned().unwrap_or_default();
        if is_same(setting, &from, to) {
            continue;
        }
        if !lossy && deletes(setting, &from, to) {
            plan.left.push(format!(
                "{setting} is {from}, {to} is wanted: the brokers may delete messages by it, so say --allow-deletion"
            ));
        } else {
            plan.steps.push(Step::Set { setting: setting.clone(), from, to: to.clone() });
        }
    }
    plan
}

fn partitions(wanted: &Wanted, from: i32, plan: &mut Plan) {
    let to = wanted.spec.partitions;
    if from == to {
        return;
    }
    plan.left.push(match wanted.role {
        Role::Internal => format!(
            "it has {from} partitions, {to} are wanted: an event's partition would change under its workers; \
             `commonweal topics repartition --partitions {to}` drains the topics and makes them anew"
        ),
        _ if from > to => format!(
            "it has {from} partitions, {to} are wanted: Kafka takes none away; raise the setting to {from}, or name a \
             new topic"
        ),
        Role::Register => format!(
            "it has {from} partitions, {to} are wanted: keys would change their partition, and the last message of \
             each lie in two; send the register to a new topic"
        ),
        Role::Raw | Role::DeadLetters => {
            plan.steps.push(Step::AddPartitions { from, to });
            return;
        }
    });
}

/// Whether two values of a setting mean the same.
fn is_same(setting: &str, one: &str, other: &str) -> bool {
    let policies = |text: &str| {
        let mut all: Vec<String> = text.split(',').map(|policy| policy.trim().to_owned()).collect();
        all.sort();
        all
    };
    one == other || (setting == CLEANUP && policies(one) == policies(other))
}

/// Whether a change may have the brokers delete what they keep now.
fn deletes(setting: &str, from: &str, to: &str) -> bool {
    // Whatever is no number of milliseconds is for ever: -1 is.
    let kept = |text: &str| text.parse::<i64>().ok().filter(|millis| *millis >= 0).unwrap_or(i64::MAX);
    match setting {
        RETENTION => kept(to) < kept(from),
        CLEANUP => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(role: Role) -> Wanted {
        let config = Config::builtin().unwrap();
        wanted(&config).into_iter().find(|topic| topic.role == role).unwrap()
    }

    /// A topic just as it is wanted.
    fn found(wanted: &Wanted) -> TopicFound {
        TopicFound {
            partitions: wanted.spec.partitions,
            replication_factor: 1,
            settings: wanted.spec.settings.clone(),
            ..TopicFound::default()
        }
    }

    /// Proves that a topic is made where there is none, and left alone where
    /// it is as it should be.
    #[test]
    fn a_topic_is_made_once() {
        for role in [Role::Raw, Role::Internal, Role::DeadLetters, Role::Register] {
            let wanted = topic(role);
            assert_eq!(plan(&wanted, None, false).steps, [Step::Create]);
            assert_eq!(plan(&wanted, Some(&found(&wanted)), false), Plan::default());
        }
    }

    /// Proves that partitions are only ever added, and only where an event may
    /// lie in any of them; all else names the way out.
    #[test]
    fn partitions_grow_where_they_may() {
        for (role, difference, grows, way_out) in [
            (Role::Raw, 2, true, ""),
            (Role::DeadLetters, 2, true, ""),
            (Role::Register, 2, false, "new topic"),
            (Role::Internal, 2, false, "topics repartition --partitions 9"),
            (Role::Internal, -2, false, "topics repartition --partitions 5"),
            (Role::Raw, -2, false, "raise the setting"),
            (Role::Register, -2, false, "raise the setting"),
        ] {
            let mut wanted = topic(role);
            let found = TopicFound { partitions: 7, ..found(&wanted) };
            wanted.spec.partitions = 7 + difference;
            for lossy in [false, true] {
                let plan = plan(&wanted, Some(&found), lossy);
                let expected = Step::AddPartitions { from: 7, to: 9 };
                assert_eq!(plan.steps, if grows { vec![expected] } else { vec![] }, "{role:?}");
                assert_eq!(plan.left.len(), usize::from(!grows));
                assert!(plan.left.iter().all(|left| left.contains(way_out)), "{:?}", plan.left);
            }
        }
    }

    /// Proves that what could delete messages is done on request alone, and
    /// what could not is done at once.
    #[test]
    fn nothing_is_deleted_unasked() {
        let mut wanted = topic(Role::Raw);
        for (setting, from, to, deletes) in [
            (RETENTION, "-1", "3600000", true),
            (RETENTION, "7200000", "3600000", true),
            (RETENTION, "3600000", "7200000", false),
            (RETENTION, "3600000", "-1", false),
            (CLEANUP, "delete", "compact", true),
            (IN_SYNC, "1", "2", false),
        ] {
            wanted.spec.settings = BTreeMap::from([(setting.to_owned(), to.to_owned())]);
            let mut found = found(&wanted);
            found.settings = BTreeMap::from([(setting.to_owned(), from.to_owned())]);
            let step = Step::Set { setting: setting.to_owned(), from: from.to_owned(), to: to.to_owned() };
            let cautious = plan(&wanted, Some(&found), false);
            assert_eq!((cautious.steps.len(), cautious.left.len()), (usize::from(!deletes), usize::from(deletes)));
            assert_eq!(plan(&wanted, Some(&found), true), Plan { steps: vec![step], left: vec![] });
        }
        wanted.spec.settings = BTreeMap::from([(CLEANUP.to_owned(), "compact,delete".to_owned())]);
        let mut same = found(&wanted);
        same.settings = BTreeMap::from([(CLEANUP.to_owned(), "delete,compact".to_owned())]);
        assert_eq!(plan(&wanted, Some(&same), false), Plan::default());
    }

    /// Proves that another number of replicas is told and not acted on.
    #[test]
    fn replicas_are_not_moved() {
        let mut wanted = topic(Role::Raw);
        wanted.spec.replication_factor = Some(3);
        let plan = plan(&wanted, Some(&found(&wanted)), true);
        assert!(plan.steps.is_empty() && plan.left[0].contains("kafka-reassign-partitions"), "{plan:?}");
    }
}
