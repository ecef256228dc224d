//! A registry that is gone for a while: refused connections, and ones that
//! nobody answers.

use crate::{await_line, events, posted, system};
use commonweal_tests::broker::Broker;
use commonweal_tests::events::Version;
use commonweal_tests::process::Signal;
use commonweal_tests::registry::Registry;
use commonweal_tests::system::{PATIENCE, is_commit};
use commonweal_tests::wire::{self, Wire};

/// Proves that in an outage of either kind messages of schemas seen before are
/// posted, that one of another schema waits and is posted once the registry is
/// back, and that nothing is refused.
#[test]
fn known_schemas_go_on() {
    for (gone, back) in [("pause", "resume"), ("stop", "start")] {
        let Some((registry, _turn)) = Registry::alone() else { return };
        let broker = Broker::embedded();
        let topics = broker.topics(gone, 1);
        let subject = format!("{}-value", topics.funding);
        let id = registry.register(&subject, &Version::Contract.schema(&topics.funding));
        let older_id = registry.register(&subject, &Version::Older.schema(&topics.funding));
        let system = system(&broker, &topics, &registry).set("registry.request_timeout_seconds", 1);
        let send = |numbers: std::ops::Range<usize>, version: Version, id: u32| {
            let messages: Vec<Wire> = numbers.map(|number| version.message(number, id)).collect();
            wire::send(&broker, &topics.funding, &messages);
        };

        send(0..100, Version::Contract, id);
        let mut running = system.start(["up"]);
        running.wait_for_line(PATIENCE, is_commit);
        registry.order(gone);
        send(100..200, Version::Contract, id);
        while posted(&system) != events(0..200) {
            running.wait_for_line(PATIENCE, is_commit);
        }
        send(200..210, Version::Older, older_id);
        await_line(&mut running, "a schema cannot be fetched");
        registry.order(back);
        await_line(&mut running, "a partition goes on");
        while posted(&system) != events(0..210) {
            running.wait_for_line(PATIENCE, is_commit);
        }
        running.signal(Signal::Terminate);
        let ended = running.finish(PATIENCE);
        assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
        system.succeed(["verify"]);
        let receipts = system.journal().receipts();
        receipts.check_conservation();
        assert_eq!((receipts.messages(), receipts.count("rejected")), (210, 0), "{gone}");
    }
}
