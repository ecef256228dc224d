//! Generated events in the topics of a broker, and what an undisturbed run
//! makes of them: the yardstick of the tests that disturb.

use crate::broker::{Broker, Topics};
use crate::system::System;
use crate::wire::{self, Wire};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const PARTITIONS: i32 = 4;

/// Events in topics, and the published bytes they must come to.
#[derive(Debug)]
pub struct Load {
    pub broker: Broker,
    pub topics: Topics,
    pub events: u64,
    program: &'static str,
    /// SHA-256 by table.
    digests: BTreeMap<String, String>,
    /// Reads to the end in one go, default settings.
    undisturbed: System,
}

impl Load {
    /// Generates `events` events of `seed` and runs `program` over them once.
    pub fn prepare(program: &'static str, broker: Broker, label: &str, events: u64, seed: u64) -> Self {
        let topics = broker.topics(label, PARTITIONS);
        let undisturbed = System::new(program).on(&broker, &topics);
        undisturbed.succeed(["generate", "--events", &events.to_string(), "--seed", &seed.to_string()]);
        undisturbed.up_to_end();
        let digests = undisturbed.published().digests().clone();
        let receipts = undisturbed.journal().receipts();
        receipts.check_conservation();
        assert_eq!(receipts.messages(), events, "every generated message is in the books");
        Self { broker, topics, events, program, digests, undisturbed }
    }

    /// A fresh data folder over the same topics.
    pub fn system(&self) -> System {
        System::new(self.program).on(&self.broker, &self.topics)
    }

    /// The undisturbed run's data folder.
    pub const fn undisturbed(&self) -> &System {
        &self.undisturbed
    }

    /// Fails unless `system` published the very bytes of the undisturbed run
    /// and its books account for every message.
    pub fn check(&self, system: &System) {
        system.succeed(["verify"]);
        let receipts = system.journal().receipts();
        receipts.check_conservation();
        assert_eq!(receipts.messages(), self.events, "every message is in the books, once");
        self.check_published(system);
    }

    /// Fails unless the books of `system` are sound, whatever they hold so far.
    pub fn check_books(&self, system: &System) {
        system.succeed(["verify"]);
        assert!(system.journal().receipts().messages() <= self.events);
    }

    /// Fails unless the published bytes are those of the undisturbed run.
    pub fn check_published(&self, system: &System) {
        let published = system.published();
        for (table, digest) in published.digests() {
            assert_eq!(Some(digest), self.digests.get(table), "{table} differs from the undisturbed run");
        }
    }

    /// The same messages in another order, in topics of their own with another
    /// number of partitions.
    pub fn permuted(&self, label: &str, seed: u64) -> Topics {
        let topics = self.broker.topics(label, PARTITIONS - 1);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for (from, to) in [(&self.topics.funding, &topics.funding), (&self.topics.employment, &topics.employment)] {
            let mut messages: Vec<Wire> = wire::read_all(&self.broker, from);
            messages.shuffle(&mut random);
            wire::send(&self.broker, to, &messages);
        }
        topics
    }
}
