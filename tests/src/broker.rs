//! The two brokers that the system is tested on.

use crate::environment;
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

const ADMIN_WAIT: Duration = Duration::from_secs(30);

/// A broker for as long as this lives.
pub struct Broker {
    address: String,
    /// The embedded one; it keeps at most 5 MiB a partition and drops the
    /// oldest beyond, so what is sent to it is kept small.
    embedded: Option<Sender<Making>>,
}

/// A topic to be made, and where to say that it is.
struct Making {
    topic: String,
    partitions: i32,
    made: Sender<()>,
}

/// Topics of one test, of names that no other test has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    pub funding: String,
    pub employment: String,
    pub dead_letters: String,
    /// Those between services, which the program makes.
    pub validated: String,
    pub enriched: String,
}

/// A name that no other test has, and no earlier run: brokers outlive both.
pub fn fresh(label: &str) -> String {
    format!("{label}.{:016x}", RandomState::new().build_hasher().finish())
}

impl Broker {
    /// Apache Kafka, where there is one; says so where there is none.
    pub fn real() -> Option<Self> {
        environment::real_kafka().map(|address| Self { address, embedded: None })
    }

    /// librdkafka's mock cluster in this process: the real protocol, no install.
    pub fn embedded() -> Self {
        let (orders, to_make) = channel::<Making>();
        let (address, started) = channel();
        // The cluster stays on the thread that made it, and ends when nobody can order any more.
        thread::spawn(move || {
            let cluster = MockCluster::new(1).expect("a mock cluster");
            address.send(cluster.bootstrap_servers()).expect("somebody waits");
            for making in to_make {
                cluster.create_topic(&making.topic, making.partitions, 1).expect("a topic of the mock cluster");
                making.made.send(()).expect("somebody waits");
            }
        });
        Self { address: started.recv().expect("the cluster starts"), embedded: Some(orders) }
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub const fn is_real(&self) -> bool {
        self.embedded.is_none()
    }

    /// Makes the topics of a test; raw topics have `partitions` partitions.
    pub fn topics(&self, label: &str, partitions: i32) -> Topics {
        let unique = fresh(label);
        let name = |part: &str| format!("{unique}.{part}");
        let topics = Topics {
            funding: name("funding"),
            employment: name("employment"),
            dead_letters: name("dead-letters"),
            validated: name("validated"),
            enriched: name("enriched"),
        };
        for (topic, partitions) in
            [(&topics.funding, partitions), (&topics.employment, partitions), (&topics.dead_letters, 1)]
        {
            self.create(topic, partitions);
        }
        topics
    }

    /// Partitions a topic has.
    pub fn partitions(&self, topic: &str) -> usize {
        let metadata = self.admin().inner().fetch_metadata(None, ADMIN_WAIT).expect("the broker answers");
        metadata.topics().iter().find(|found| found.name() == topic).map_or(0, |found| found.partitions().len())
    }

    /// The node that leads each partition of a topic, by number.
    pub fn leaders(&self, topic: &str) -> BTreeMap<i32, i32> {
        let metadata = self.admin().inner().fetch_metadata(Some(topic), ADMIN_WAIT).expect("the broker answers");
        let found = metadata.topics().iter().find(|found| found.name() == topic).expect("the topic is there");
        found.partitions().iter().map(|partition| (partition.id(), partition.leader())).collect()
    }

    /// Makes a topic.
    pub fn create(&self, topic: &str, partitions: i32) {
        if let Some(orders) = &self.embedded {
            let (made, done) = channel();
            orders.send(Making { topic: topic.to_owned(), partitions, made }).expect("the cluster runs");
            done.recv().expect("the topic is made");
            return;
        }
        // As many copies as the brokers make by default: one, or one on each of three nodes.
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
        let made = block_on(self.admin().create_topics([&new], &options()));
        for outcome in made.expect("the broker answers") {
            outcome.expect("the topic is made");
        }
    }

    /// Deletes the messages of a partition below an offset, on Apache Kafka.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(before)).expect("an offset");
        let deleted = block_on(self.admin().delete_records(&offsets, &options())).expect("the broker answers");
        for partition in deleted.elements() {
            partition.error().expect("the messages are deleted");
        }
    }

    /// Adds partitions to a topic up to `total`, on Apache Kafka.
    pub fn add_partitions(&self, topic: &str, total: usize) {
        let added = block_on(self.admin().create_partitions([&NewPartitions::new(topic, total)], &options()));
        for outcome in added.expect("the broker answers") {
            outcome.expect("the partitions are added");
        }
    }

    /// A client that manages topics, of Apache Kafka.
    pub fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new().set("bootstrap.servers", &self.address).create().expect("an admin client")
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ADMIN_WAIT)).request_timeout(Some(ADMIN_WAIT))
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("address", &self.address).field("real", &self.is_real()).finish_non_exhaustive()
    }
}
