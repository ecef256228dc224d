//! Topics made and kept as the settings want them, on Apache Kafka.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_producers::{Codecs, key_of};
use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::events::sound;
use commonweal_tests::system::{PATIENCE, System};
use commonweal_tests::wire::{self, Wire};
use futures::executor::block_on;
use rdkafka::admin::{AdminOptions, AlterConfig, ResourceSpecifier};
use std::collections::BTreeMap;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const HOUR_MILLIS: u64 = 3_600_000;

/// Names that no topic has yet.
struct Names {
    topics: Topics,
    organisations: String,
}

impl Names {
    fn new() -> Self {
        // Made at brokers of their own, so not at the real ones.
        let topics = Broker::embedded().topics("apply", 1);
        let organisations = topics.funding.replace("funding", "organisations");
        Self { topics, organisations }
    }

    fn all(&self) -> [&str; 6] {
        let Topics { funding, employment, dead_letters, validated, enriched } = &self.topics;
        [funding, employment, validated, enriched, dead_letters, &self.organisations]
    }

    fn system(&self, broker: &Broker) -> System {
        System::new(PROGRAM)
            .on(broker, &self.topics)
            .set("topics.organisations", &self.organisations)
            .set("provision.raw_partitions", 3)
            .set("split.partitions", 2)
            .set("provision.raw_retention_hours", 48)
    }
}

/// Partitions of the topics that are there.
fn partitions(broker: &Broker, names: &[&str]) -> BTreeMap<String, usize> {
    let metadata = broker.admin().inner().fetch_metadata(None, PATIENCE).unwrap();
    let found = metadata.topics().iter().filter(|topic| names.contains(&topic.name()));
    found.map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect()
}

/// Settings of a topic that are in force.
fn settings(broker: &Broker, topic: &str) -> BTreeMap<String, String> {
    let asked = block_on(broker.admin().describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new()));
    let resource = asked.unwrap().pop().unwrap().unwrap();
    resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

fn apply(system: &System, options: &[&str], expected: Exit) -> String {
    let ended = system.run([&["topics", "apply"], options].concat());
    assert_eq!(ended.exit.code, Some(i32::from(expected.code())), "{options:?}\n{}\n{}", ended.stdout, ended.stderr);
    ended.stdout + &ended.stderr
}

/// Proves that topics are made with what the settings say, that a dry run says
/// the same and does nothing, and that a second run finds nothing to do.
#[test]
fn topics_are_made_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let names = Names::new();
    let system = names.system(&broker);
    let plan = apply(&system, &["--dry-run"], Exit::Ok);
    assert!(partitions(&broker, &names.all()).is_empty(), "a dry run makes nothing");
    assert_eq!(plan.matches("would create").count(), 6, "{plan}");
    let done = apply(&system, &[], Exit::Ok);
    assert_eq!(plan.replace("would ", ""), done, "what was said is done");
    let expected = names.all().into_iter().zip([3, 3, 2, 2, 4, 1]).map(|(name, count)| (name.to_owned(), count));
    assert_eq!(partitions(&broker, &names.all()), expected.collect());
    let raw = settings(&broker, &names.topics.funding);
    assert_eq!(
        (raw["retention.ms"].clone(), raw["cleanup.policy"].as_str()),
        ((48 * HOUR_MILLIS).to_string(), "delete")
    );
    let register = settings(&broker, &names.organisations);
    assert_eq!((register["retention.ms"].as_str(), register["cleanup.policy"].as_str()), ("-1", "compact"));
    assert_eq!(settings(&broker, &names.topics.enriched)["max.message.bytes"], "33554432");
    let again = apply(&system, &[], Exit::Ok);
    assert_eq!(again.matches("as it should be").count(), 6, "{again}");
    // They are topics that the pipeline runs on.
    let codec = Codecs::embedded().unwrap().funding;
    let message = |event: commonweal_schemas::records::FundingEvent| {
        Wire::new(&key_of(&event.source, &event.event_id), Some(codec.encode(&event).unwrap()))
    };
    wire::send(&broker, &names.topics.funding, &(0..20).map(|number| message(sound(number))).collect::<Vec<_>>());
    system.up_to_end();
    assert_eq!(system.journal().receipts().count("posted"), 20);
}

/// Proves that raw topics grow, that nothing shrinks, that the partitions of
/// a topic between services stay with the way out named, and that a setting is
/// changed beside those that somebody else has made, deleting on request alone.
#[test]
fn topics_are_changed_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let names = Names::new();
    apply(&names.system(&broker), &[], Exit::Ok);
    let funding = names.topics.funding.as_str();
    let foreign = AlterConfig::new(ResourceSpecifier::Topic(funding))
        .set("retention.ms", "172800000")
        .set("segment.bytes", "2097152");
    block_on(broker.admin().alter_configs([&foreign], &AdminOptions::new())).unwrap().pop().unwrap().unwrap();
    let count = |name: &str| partitions(&broker, &[name])[name];

    let more = names.system(&broker).set("provision.raw_partitions", 5).set("provision.raw_retention_hours", 72);
    let plan = apply(&more, &["--dry-run"], Exit::Ok);
    assert!(plan.contains("would change: partitions 3 -> 5"), "{plan}");
    assert_eq!(count(funding), 3, "a dry run changes nothing");
    apply(&more, &[], Exit::Ok);
    let changed = settings(&broker, funding);
    assert_eq!((count(funding), changed["retention.ms"].clone()), (5, (72 * HOUR_MILLIS).to_string()));
    assert_eq!(changed["segment.bytes"], "2097152", "somebody else's setting stays");

    let fewer = names.system(&broker).set("provision.raw_retention_hours", 72);
    let said = apply(&fewer, &[], Exit::CheckFailed);
    assert!(said.contains("it has 5 partitions, 3 are wanted: Kafka takes none away"), "{said}");
    assert_eq!(count(funding), 5);
    for partitions in [1, 6] {
        let internal = names
            .system(&broker)
            .set("provision.raw_partitions", 5)
            .set("provision.raw_retention_hours", 72)
            .set("split.partitions", partitions);
        let said = apply(&internal, &[], Exit::CheckFailed);
        assert_eq!(said.matches("commonweal topics repartition").count(), 2, "{said}");
        assert_eq!((count(&names.topics.validated), count(&names.topics.enriched)), (2, 2));
    }
    let shorter = names.system(&broker).set("provision.raw_partitions", 5).set("provision.raw_retention_hours", 1);
    let said = apply(&shorter, &[], Exit::CheckFailed);
    assert!(said.contains("--allow-deletion"), "{said}");
    assert_eq!(settings(&broker, funding)["retention.ms"], (72 * HOUR_MILLIS).to_string());
    apply(&shorter, &["--allow-deletion"], Exit::Ok);
    let changed = settings(&broker, funding);
    assert_eq!(
        (changed["retention.ms"].clone(), changed["segment.bytes"].as_str()),
        (HOUR_MILLIS.to_string(), "2097152")
    );
}

/// Proves that each partition has as many replicas as are asked for where
/// there are brokers for them, and that fewer brokers are said and nothing
/// half made.
#[test]
fn replicas_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    let names = Names::new();
    let system = names.system(&broker).set("provision.replication_factor", 3).set("provision.min_insync_replicas", 2);
    let brokers = broker.admin().inner().fetch_metadata(None, PATIENCE).unwrap().brokers().len();
    if brokers < 3 {
        println!("{brokers} broker: three replicas are refused; with tests/kafka/run --nodes 3 they are made");
        let said = apply(&system, &[], Exit::KafkaUnavailable);
        assert!(said.contains(&names.topics.funding) && said.contains("replication"), "{said}");
        assert!(partitions(&broker, &names.all()).is_empty());
        return;
    }
    apply(&system, &[], Exit::Ok);
    let metadata = broker.admin().inner().fetch_metadata(None, PATIENCE).unwrap();
    for topic in metadata.topics().iter().filter(|topic| names.all().contains(&topic.name())) {
        assert!(topic.partitions().iter().all(|partition| partition.replicas().len() == 3), "{}", topic.name());
    }
    assert_eq!(settings(&broker, &names.topics.employment)["min.insync.replicas"], "2");
    assert_eq!(apply(&system, &[], Exit::Ok).matches("as it should be").count(), 6);
    let fewer = names.system(&broker).set("provision.replication_factor", 2);
    assert!(apply(&fewer, &[], Exit::CheckFailed).contains("it has 3 replicas, 2 are wanted"));
}

/// Proves that brokers whose topics cannot be managed are named as such.
#[test]
fn other_brokers_are_said() {
    let broker = Broker::embedded();
    let names = Names::new();
    assert!(apply(&names.system(&broker), &["--dry-run"], Exit::Usage).contains("embedded"));
    let away = names.system(&broker).set("kafka.brokers", "127.0.0.1:9").set("kafka.connect_timeout_seconds", 1);
    assert!(apply(&away, &[], Exit::KafkaUnavailable).contains("127.0.0.1:9"));
}
