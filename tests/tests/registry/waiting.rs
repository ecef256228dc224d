//! Ids that the registry does not know yet, or never will.

use crate::{await_line, events, letters_id, posted, system};
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::dead_letters;
use commonweal_tests::events::Version;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::registry::Registry;
use commonweal_tests::rejections::{check_original_bytes, rejected};
use commonweal_tests::system::{PATIENCE, System, is_commit};
use commonweal_tests::wire::{self, Wire};

const PARTITIONS: i32 = 4;

/// Messages of a known id, with some of an id that is not yet given between
/// them, all of these in one partition.
struct Scene {
    registry: Registry,
    topics: Topics,
    /// The id that the next schema gets.
    future_id: u32,
    count: usize,
    /// Partition of the messages that wait.
    waiting: i32,
    /// Offset of the first of them.
    first: i64,
}

/// Event number of the messages that wait; they are one event's revisions by
/// key, and the same event by content, so that all but one are duplicates.
const LATE: usize = 1_000_000;
const LATE_COPIES: usize = 3;

impl Scene {
    fn new(registry: Registry, broker: &Broker, label: &str, count: usize) -> Self {
        let topics = broker.topics(label, PARTITIONS);
        let subject = format!("{}-value", topics.funding);
        let id = registry.register(&subject, &Version::Contract.schema(&topics.funding));
        // What the program registers itself must not take the next id.
        letters_id(&registry, &topics);
        let future_id = registry.next_id(&topics.funding);
        let mut messages: Vec<Wire> = (0..count).map(|number| Version::Contract.message(number, id)).collect();
        for copy in 0..LATE_COPIES {
            messages.insert(count / 4 * (copy + 1), Version::Older.message(LATE, future_id));
        }
        wire::send(broker, &topics.funding, &messages);
        let mut sent = wire::read_all(broker, &topics.funding).into_iter();
        let late = Version::Older.message(LATE, future_id).value;
        let first = sent.find(|message| message.value == late).expect("the late messages are there");
        Self { registry, topics, future_id, count, waiting: first.partition, first: first.offset }
    }

    fn register(&self) {
        let subject = format!("{}-value", self.topics.funding);
        let id = self.registry.register(&subject, &Version::Older.schema(&self.topics.funding));
        assert_eq!(id, self.future_id, "the registry counts its ids");
    }

    fn system(&self, broker: &Broker, wait_seconds: u64) -> System {
        // Small batches, so that the partition that waits is paused in the middle of much to read.
        system(broker, &self.topics, &self.registry)
            .set("ledger.batch_rows", 128)
            .set("registry.unknown_id_wait_seconds", wait_seconds)
    }

    /// Fails unless everything is posted, each message once in the receipts.
    fn check_all_posted(&self, system: &System) {
        assert_eq!(posted(system), events((0..self.count).chain([LATE])));
        let receipts = system.journal().receipts();
        receipts.check_conservation();
        assert_eq!(receipts.messages(), (self.count + LATE_COPIES) as u64);
        assert_eq!(receipts.count("duplicate"), (LATE_COPIES - 1) as u64);
        assert_eq!(receipts.count("rejected"), 0);
    }

    /// Whether the other partitions are in the books as a whole, while of the
    /// one that waits nothing is from its first late message on.
    fn others_are_posted(&self, system: &System, broker: &Broker) -> bool {
        let receipts = system.journal().receipts();
        receipts.check_conservation();
        let of = |partition| receipts.offsets(&self.topics.funding, partition, "posted");
        assert!(of(self.waiting).iter().all(|offset| *offset < self.first), "nothing passes a message that waits");
        let others = wire::read_all(broker, &self.topics.funding).into_iter();
        let others = others.filter(|message| message.partition != self.waiting).count();
        let posted = |partition: i32| if partition == self.waiting { 0 } else { of(partition).len() };
        (0..PARTITIONS).map(posted).sum::<usize>() == others
    }

    /// Waits until a partition waits and the others are posted.
    fn await_others(&self, running: &mut Running, system: &System, broker: &Broker) {
        await_line(running, "a partition waits for a schema");
        while !self.others_are_posted(system, broker) {
            running.wait_for_line(PATIENCE, is_commit);
        }
    }
}

/// Proves on Apache Kafka that messages of an id that is registered within the
/// wait are posted in their place, everything around them too, and that the
/// other partitions do not wait.
#[test]
fn registered_within_the_wait_over_real_kafka() {
    let Some(broker) = Broker::real() else { return };
    registered_within_the_wait(&broker, 200_000);
}

/// Proves the same over the embedded broker.
#[test]
fn registered_within_the_wait_over_the_embedded_broker() {
    registered_within_the_wait(&Broker::embedded(), 8_000);
}

fn registered_within_the_wait(broker: &Broker, count: usize) {
    let Some((registry, _turn)) = Registry::alone() else { return };
    let scene = Scene::new(registry, broker, "late", count);
    let system = scene.system(broker, 3_600);
    let mut running = system.start(["up", "--until-end"]);
    scene.await_others(&mut running, &system, broker);
    scene.register();
    let ended = running.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("a partition goes on"), "{}", ended.stderr);
    system.succeed(["verify"]);
    scene.check_all_posted(&system);
}

/// Proves that at the bound of what may be held everything waits and nothing
/// is lost.
#[test]
fn nothing_is_lost_at_the_bound() {
    let Some((registry, _turn)) = Registry::alone() else { return };
    let broker = Broker::embedded();
    let scene = Scene::new(registry, &broker, "bound", 4_000);
    let system = scene.system(&broker, 3_600).set("registry.held_rows_max", 1);
    let mut running = system.start(["up", "--until-end"]);
    await_line(&mut running, "a partition waits for a schema");
    running.wait_for_line(PATIENCE, is_commit);
    assert!(!scene.others_are_posted(&system, &broker), "reading waits at the bound");
    scene.register();
    let ended = running.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    system.succeed(["verify"]);
    scene.check_all_posted(&system);
}

/// Proves that messages of an id that never comes are dead letters after the
/// wait, byte by byte, and that everything else is posted.
#[test]
fn given_up_after_the_wait() {
    let Some((registry, _turn)) = Registry::alone() else { return };
    let broker = Broker::embedded();
    let scene = Scene::new(registry, &broker, "never", 4_000);
    let system = scene.system(&broker, 2);
    let ended = system.up_to_end();
    assert!(ended.stderr.contains("a schema id is given up"), "{}", ended.stderr);
    assert!(ended.exit.wall.as_secs() >= 2, "it was waited for");
    assert_eq!(posted(&system), events(0..scene.count));
    let refused = rejected(&system.journal());
    assert_eq!(refused.len(), LATE_COPIES);
    let named = format!("schema id {} is not known", scene.future_id);
    assert!(refused.iter().all(|one| one.reason == "SCHEMA_UNKNOWN" && one.message.contains(&named)), "{refused:?}");
    check_original_bytes(&broker, &scene.topics.funding, &refused);
    let letters_id = letters_id(&scene.registry, &scene.topics);
    let letters = dead_letters::read_under(&broker, &scene.topics.dead_letters, letters_id);
    dead_letters::check(&letters, &refused, 1 << 19);
    system.journal().receipts().check_conservation();
}

/// Proves that a kill, and an end on request, while messages wait lose
/// nothing: no position has passed them, and the next start reads them again.
#[test]
fn stopped_while_waiting() {
    let Some((registry, _turn)) = Registry::alone() else { return };
    let broker = Broker::embedded();
    let scene = Scene::new(registry, &broker, "stopped", 4_000);
    let system = scene.system(&broker, 3_600);
    for signal in [Signal::Kill, Signal::Terminate] {
        let mut running = system.start(["up"]);
        scene.await_others(&mut running, &system, &broker);
        running.signal(signal);
        let ended = running.finish(PATIENCE);
        if signal == Signal::Terminate {
            assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
            assert!(ended.stderr.contains("still wait for a schema"), "{}", ended.stderr);
        }
        system.succeed(["verify"]);
    }
    scene.register();
    system.up_to_end();
    scene.check_all_posted(&system);
}
