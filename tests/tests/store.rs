//! Published files in an S3 store: the very bytes of the folder, and a store
//! that is away harms nothing but itself.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, Topics, fresh};
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::s3::S3;
use commonweal_tests::system::{PATIENCE, System, field};
use std::collections::BTreeMap;
use std::fs;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const SECRET: &str = "commonweal-tests";

/// An installation that copies to a prefix of its own.
struct Scene {
    _broker: Broker,
    prefix: String,
    system: System,
}

impl Scene {
    fn begin(s3: &S3, label: &str) -> Self {
        let broker = Broker::embedded();
        let topics: Topics = broker.topics(label, 2);
        let prefix = format!("{}/published", fresh(label));
        let mut system = System::new(PROGRAM).on(&broker, &topics).set("store.retry_seconds", 1);
        for (key, value) in s3.settings(&prefix) {
            system = system.set(key, value);
        }
        Self { _broker: broker, prefix, system }
    }

    fn feed(&self, seed: &str) {
        self.system.succeed(["generate", "--events", "2000", "--seed", seed]);
    }

    fn folder(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.system.data().join("published")).unwrap().map(Result::unwrap);
        entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
    }

    /// Fails unless the store has what the folder has, byte for byte.
    fn check(&self, s3: &S3) {
        let (stored, folder) = (s3.objects(&self.prefix), self.folder());
        assert_eq!(stored.keys().collect::<Vec<_>>(), folder.keys().collect::<Vec<_>>());
        assert!(stored == folder, "the store has other bytes than the folder");
    }
}

fn await_message(running: &mut Running, message: &str) {
    running.wait_for_line(PATIENCE, |line| field(line, "message").is_some_and(|said| said.contains(message)));
}

/// Proves that `up` and `publish` leave in the store the very bytes of the
/// published folder, and that what the store has already is not sent again.
#[test]
fn the_store_has_what_the_folder_has() {
    let Some(s3) = S3::real() else { return };
    let scene = Scene::begin(&s3, "store");
    scene.feed("1");
    scene.system.up_to_end();
    scene.check(&s3);
    let again = scene.system.succeed(["publish"]);
    assert!(again.stdout.contains("0 tables that differed, 0 bytes"), "{}", again.stdout);
    scene.feed("2");
    scene.system.up_to_end();
    scene.check(&s3);
}

/// Proves that a wrong login, a missing bucket and settings that cannot be used
/// end `publish` with their exit codes, with the folder published, and that no
/// secret is told.
#[test]
fn a_refusal_has_its_exit_code() {
    let Some(s3) = S3::real() else { return };
    let scene = Scene::begin(&s3, "refused");
    scene.feed("1");
    let up = scene.system.run(["-s", "publish.store_url=", "up", "--until-end"]);
    assert_eq!(up.exit.code, Some(0), "{}", up.stderr);
    let wrong = [
        ("store.secret_access_key=another-secret", Exit::StoreUnavailable),
        ("publish.store_url=s3://no-such-bucket/x", Exit::StoreUnavailable),
        ("store.endpoint=http://127.0.0.1:1", Exit::StoreUnavailable),
        ("store.endpoint=nowhere", Exit::Config),
    ];
    for (setting, exit) in wrong {
        let ended = scene.system.run(["-s", setting, "publish"]);
        assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{setting}: {}", ended.stderr);
        let told = ended.stdout + &ended.stderr;
        assert!(!told.contains(SECRET) && !told.contains("another-secret"), "{told}");
    }
    assert!(s3.objects(&scene.prefix).is_empty());
    scene.system.published();
}

/// Proves that `publish --follow` and `up` stay while the store is away, go on
/// publishing to the folder, and bring the store up to date once it is back,
/// though nothing more is posted.
#[test]
fn a_store_that_comes_back_is_brought_up_to_date() {
    let Some(s3) = S3::real() else { return };
    if !s3.can_stop() {
        return;
    }
    for command in [&["publish", "--follow"][..], &["up"]] {
        let scene = Scene::begin(&s3, command[0]);
        scene.feed("1");
        if command[0] == "publish" {
            scene.system.run(["-s", "publish.store_url=", "up", "--until-end"]);
        }
        s3.order("stop");
        let settings = ["-s", "publish.interval_seconds=1", "-s", "ledger.flush_interval_seconds=1"];
        let mut running = scene.system.start(settings.iter().chain(command));
        await_message(&mut running, "the object store has not the last publication");
        scene.system.published();
        s3.order("start");
        await_message(&mut running, "copied to the object store");
        scene.check(&s3);
        running.signal(Signal::Terminate);
        let ended = running.finish(PATIENCE);
        assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
        assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
        scene.check(&s3);
    }
}
