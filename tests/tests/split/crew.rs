//! Workers of all services, that come and go.

use commonweal_tests::process::{Ended, Running, Signal};
use commonweal_tests::system::{PATIENCE, System, field};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The services that share out partitions.
pub(crate) const SERVICES: [&str; 3] = ["ingest", "enrich", "ledger"];

/// How long each worker is watched in turn.
const MOMENT: Duration = Duration::from_millis(10);

/// Workers by service and name.
pub(crate) struct Crew<'a> {
    system: &'a System,
    running: BTreeMap<(&'static str, char), Running>,
}

impl<'a> Crew<'a> {
    pub(crate) const fn new(system: &'a System) -> Self {
        Self { system, running: BTreeMap::new() }
    }

    /// Starts a worker of each service under each name.
    pub(crate) fn join(&mut self, names: &[char]) {
        for &name in names {
            for service in SERVICES {
                self.running.insert((service, name), self.system.start([service]));
            }
        }
    }

    /// Takes a worker in that was started elsewhere.
    pub(crate) fn adopt(&mut self, service: &'static str, name: char, worker: Running) {
        self.running.insert((service, name), worker);
    }

    fn worker(&mut self, service: &'static str, name: char) -> &mut Running {
        self.running.get_mut(&(service, name)).unwrap()
    }

    /// Waits until the worker has been given partitions.
    pub(crate) fn wait_for_share(&mut self, service: &'static str, name: char) {
        self.worker(service, name).wait_for_line(PATIENCE, has_share);
    }

    /// Takes a worker out of the crew, still running.
    fn take(&mut self, service: &'static str, name: char) -> Running {
        self.running.remove(&(service, name)).unwrap()
    }

    /// Asks a worker of each service to go, and sees it go well.
    pub(crate) fn leave(&mut self, name: char) -> [Ended; 3] {
        let gone = SERVICES.map(|service| self.take(service, name));
        for worker in &gone {
            worker.signal(Signal::Terminate);
        }
        gone.map(|worker| {
            let ended = worker.finish(PATIENCE);
            succeeded(&ended);
            ended
        })
    }

    /// Kills a worker of each service.
    pub(crate) fn kill(&mut self, name: char) {
        let gone = SERVICES.map(|service| self.take(service, name));
        for worker in &gone {
            worker.signal(Signal::Kill);
        }
        for worker in gone {
            let ended = worker.finish(PATIENCE);
            assert_eq!(ended.exit.signal, Some(9), "{}", ended.stderr);
        }
    }

    /// Asks all to go; their logs, by service and name.
    pub(crate) fn finish(mut self) -> BTreeMap<(&'static str, char), Ended> {
        for worker in self.running.values() {
            worker.signal(Signal::Terminate);
        }
        let ended = std::mem::take(&mut self.running).into_iter();
        ended
            .map(|(worker, running)| {
                let ended = running.finish(PATIENCE);
                succeeded(&ended);
                (worker, ended)
            })
            .collect()
    }

    /// Watches all for a moment, and fails where a worker has ended by itself.
    pub(crate) fn watch(&mut self) {
        let ended = |(worker, running): (&(&'static str, char), &mut Running)| {
            running.ended_within(MOMENT).is_some().then_some(*worker)
        };
        if let Some(worker) = self.running.iter_mut().find_map(ended) {
            let ended = self.running.remove(&worker).unwrap().finish(PATIENCE);
            panic!("{worker:?} has ended by itself: {:?}\n{}", ended.exit, ended.stderr);
        }
    }
}

/// Whether a log line tells that a worker was given partitions.
pub(crate) fn has_share(line: &str) -> bool {
    let given = field(line, "message").is_some_and(|message| message == "partitions taken over");
    given && field(line, "partitions").is_some_and(|partitions| !partitions.is_empty())
}

pub(crate) fn succeeded(ended: &Ended) {
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
}

/// Messages of the raw topics that are in the books.
pub(crate) fn booked(system: &System) -> u64 {
    if system.has_journal() { system.journal().receipts().messages() } else { 0 }
}

/// Waits until `messages` are in the books, while the crew is at work.
pub(crate) fn wait_until_booked(crew: &mut Crew<'_>, messages: u64) {
    let deadline = Instant::now() + PATIENCE * 4;
    loop {
        let booked = booked(crew.system);
        if booked >= messages {
            return;
        }
        assert!(Instant::now() < deadline, "{booked} of {messages} messages are in the books");
        crew.watch();
    }
}
