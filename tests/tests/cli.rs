//! The command line: what is wrong is said, with the exit code that is
//! documented for it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_runtime::Exit;
use commonweal_tests::broker::Broker;
use commonweal_tests::environment::repository;
use commonweal_tests::process::Ended;
use commonweal_tests::system::System;
use std::fs;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// Fails unless a command ended with `exit` and said each of `words`.
fn check(ended: &Ended, exit: Exit, words: &[&str]) {
    assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}\n{}", ended.stdout, ended.stderr);
    for word in words {
        assert!(
            ended.stderr.contains(word) || ended.stdout.contains(word),
            "{word:?} is said:\n{}\n{}",
            ended.stdout,
            ended.stderr
        );
    }
}

/// Proves that a sound configuration passes, and that what is wrong with one
/// is named: the key, where it stands, the value.
#[test]
fn configuration_is_checked() {
    let system = System::new(PROGRAM);
    check(&system.run(["config", "check"]), Exit::Ok, &["sound"]);
    let unknown = System::new(PROGRAM).set("ledger.flush_rowz", 3);
    check(&unknown.run(["config", "check"]), Exit::Config, &["flush_rowz"]);
    let range = System::new(PROGRAM).set("ledger.flush_rows", 0);
    check(&range.run(["config", "check"]), Exit::Config, &["ledger.flush_rows", "0"]);
    let method = System::new(PROGRAM).set("publish.method", "1066.1");
    check(&method.run(["config", "check"]), Exit::Config, &["1066.1"]);
    let file = system.scratch().join("broken.toml");
    fs::write(&file, "[ledger]\nbatch_rowz = 1\n").unwrap();
    let ended = system.run(["config", "check", "--config", &file.display().to_string()]);
    check(&ended, Exit::Config, &["batch_rowz", "broken.toml"]);
    check(
        &system.run(["config", "check", "--config", "/nowhere/at/all.toml"]),
        Exit::Config,
        &["/nowhere/at/all.toml"],
    );
}

/// Proves that the dump shows what is in force without its secrets, and that
/// it is a configuration file itself.
#[test]
fn configuration_is_dumped() {
    let system = System::new(PROGRAM).set("ledger.flush_rows", 4_321).set("kafka.properties.sasl.password", "hunter2");
    let ended = system.succeed(["config", "dump"]);
    assert!(!ended.stdout.contains("hunter2"), "{}", ended.stdout);
    let dumped: toml::Table = toml::from_str(&ended.stdout).unwrap();
    assert_eq!(dumped["ledger"]["flush_rows"].as_integer(), Some(4_321));

    let plain = System::new(PROGRAM).set("ledger.flush_rows", 4_321);
    let first = plain.succeed(["config", "dump"]).stdout;
    let file = plain.scratch().join("dumped.toml");
    fs::write(&file, &first).unwrap();
    let again = System::new(PROGRAM);
    assert_eq!(again.succeed(["config", "dump", "-c", &file.display().to_string()]).stdout, first);
}

/// Proves that a command line that cannot be understood is a usage error, and
/// that help and version are none.
#[test]
fn usage_is_told_from_errors() {
    let system = System::new(PROGRAM);
    check(&system.run(["frobnicate"]), Exit::Usage, &["frobnicate"]);
    check(&system.run(["import", "360giving"]), Exit::Usage, &["FILE"]);
    check(&system.run(["--help"]), Exit::Ok, &["verify", "demo"]);
    check(&system.run(["--version"]), Exit::Ok, &[env!("CARGO_PKG_VERSION")]);
}

/// Proves that a broker that does not answer is named, soon and with its code.
#[test]
fn no_broker_is_said() {
    let system = System::new(PROGRAM).set("kafka.brokers", "127.0.0.1:9").set("kafka.connect_timeout_seconds", 2);
    check(&system.run(["up", "--until-end"]), Exit::KafkaUnavailable, &["127.0.0.1:9"]);
}

/// Proves on Apache Kafka that a topic that is not there is named.
#[test]
fn a_missing_topic_is_named() {
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("missing", 1);
    let system = System::new(PROGRAM)
        .on(&broker, &topics)
        .set("topics.employment", "nobody.made.this")
        .set("kafka.topic_wait_seconds", 1);
    check(&system.run(["up", "--until-end"]), Exit::KafkaUnavailable, &["nobody.made.this"]);
}

/// Proves that files that are not there, or not what they should be, are told
/// apart and named.
#[test]
fn files_that_cannot_be_read_are_named() {
    let broker = Broker::embedded();
    let topics = broker.topics("files", 1);
    let system = System::new(PROGRAM).on(&broker, &topics);
    check(&system.run(["import", "360giving", "nowhere.json"]), Exit::Io, &["nowhere.json"]);
    fs::write(system.scratch().join("broken.json"), r#"{"grants": [{"id": "1"}, {"#).unwrap();
    check(&system.run(["import", "360giving", "broken.json"]), Exit::Data, &["broken.json"]);
    fs::write(system.scratch().join("broken.csv"), "name,colour\nx,y\n").unwrap();
    check(&system.run(["import", "employment", "broken.csv"]), Exit::Data, &["broken.csv"]);
    check(&system.run(["reference", "load", "--kind", "colours", "broken.csv"]), Exit::Data, &["colours", "postcodes"]);
}

/// Proves that a journal is continued under its own reference version alone,
/// and that the refusal says which that is.
#[test]
fn another_reference_version_is_refused() {
    let broker = Broker::embedded();
    let topics = broker.topics("reference", 2);
    let system = System::new(PROGRAM).on(&broker, &topics);
    system.succeed(["generate", "--events", "2000", "--seed", "3"]);
    system.up_to_end();
    let before = system.published();

    fs::write(
        system.scratch().join("authorities.csv"),
        "district,district_name,combined_authority,combined_authority_name\nE08000012,Liverpool,E47000004,Liverpool City Region\n",
    )
    .unwrap();
    let loaded = system.succeed(["reference", "load", "--kind", "authorities", "authorities.csv"]).stdout;
    let version = loaded.split('"').nth(1).unwrap().to_owned();
    let listed = system.succeed(["reference", "list"]).stdout;
    assert!(listed.contains(&version), "{listed}");

    let other = system.set("reference.version", &version);
    check(&other.run(["up", "--until-end"]), Exit::ReferenceMismatch, &[&version, "reference.version"]);
    let same = other.set("reference.version", "builtin");
    same.up_to_end();
    assert_eq!(same.published().digests(), before.digests());
}

/// Proves that every exit code is documented, so that each one asserted here
/// can be looked up.
#[test]
fn exit_codes_are_documented() {
    let page = fs::read_to_string(repository().join("docs/exit-codes.md")).unwrap();
    for exit in Exit::ALL {
        assert!(page.contains(&format!("| {} | {} |", exit.code(), exit.name())), "{exit}");
    }
}
