//! Not let in: what is said, how the program ends, and how soon.

use crate::{PROGRAM, check_hidden, generate, kafka, plain};
use commonweal_runtime::Exit;
use commonweal_tests::secure::SecureKafka;
use commonweal_tests::system::System;
use std::time::Duration;

/// Longest that a refusal may take to be told: the brokers take their time over
/// a wrong login, and machines may be slow.
const SOON: Duration = Duration::from_secs(20);
const GUESS: &str = "open-sesame-13";

/// Fails unless each command that speaks to Kafka ends soon, as expected, with
/// the words that tell what is wrong, and without the secret.
fn refuse(system: &System, exit: Exit, words: &[&str]) {
    for arguments in [generate(1).to_vec(), vec!["up".to_owned(), "--until-end".to_owned()], vec!["lag".to_owned()]] {
        let ended = system.run(&arguments);
        assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{arguments:?}\n{}", ended.stderr);
        assert!(ended.exit.wall < SOON, "{arguments:?} took {:?}", ended.exit.wall);
        check_hidden(&ended, &[GUESS]);
        let last = ended.stderr.lines().last().unwrap_or_default();
        for word in words {
            assert!(last.contains(word), "{word:?} is not in: {last}");
        }
    }
}

fn guessing(kafka: &SecureKafka, mechanism: &str, system: System) -> System {
    kafka
        .by(mechanism, system)
        .set("kafka.security.username", kafka.read("username"))
        .set("kafka.security.password", GUESS)
}

/// Proves that a wrong password is told as such by either kind of login, and a
/// mechanism that the brokers do not have with those they have.
#[test]
fn wrong_passwords() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("wrong-password", 1);
    let wrong = |mechanism| guessing(&kafka, mechanism, plain(&kafka, &topics));
    refuse(
        &wrong("scram_sha_512"),
        Exit::KafkaUnavailable,
        &["kafka refuses", "invalid credentials", "kafka.security"],
    );
    refuse(&wrong("plain"), Exit::KafkaUnavailable, &["kafka refuses", "Invalid username or password"]);
    refuse(&wrong("scram_sha_256"), Exit::KafkaUnavailable, &["SCRAM-SHA-512,PLAIN", "kafka.security.sasl_mechanism"]);
}

/// Proves that brokers whose authority is not trusted are told by that setting,
/// and that so is a certificate that the brokers do not take, or none.
#[test]
fn wrong_certificates() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("wrong-certificate", 1);
    let system = || plain(&kafka, &topics);
    let wrong_ca = kafka.file("wrong-ca.pem");
    for stranger in [
        kafka.by_certificate(system(), "client").set("kafka.security.ca_file", wrong_ca.display()),
        kafka.by_certificate(system(), "client").set("kafka.security.ca_file", ""),
        guessing(&kafka, "plain", system()).set("kafka.security.ca_file", wrong_ca.display()),
    ] {
        refuse(&stranger, Exit::KafkaUnavailable, &["certificate verify failed", "kafka.security.ca_file"]);
    }
    for unknown in [kafka.by_certificate(system(), "wrong-client"), kafka.without_certificate(system())] {
        refuse(&unknown, Exit::KafkaUnavailable, &["alert bad certificate", "kafka.security.certificate_file"]);
    }
}

/// Proves that TLS where the brokers speak none, none where they do, and no
/// login where they want one, end at the limit for connecting with a guess at
/// what it is.
#[test]
fn the_wrong_listener() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("wrong-listener", 1);
    let impatient = || plain(&kafka, &topics).set("kafka.connect_timeout_seconds", 4).set("telemetry.log", "warn");
    let secure = kafka.without_certificate(impatient());
    let address = secure.setting("kafka.brokers").unwrap().to_owned();
    let open = impatient().set("kafka.brokers", address);
    refuse(&open, Exit::KafkaUnavailable, &["brokers that want TLS", "kafka.security.tls"]);
    let nobody = kafka.by("", impatient());
    refuse(&nobody, Exit::KafkaUnavailable, &["brokers that want a login", "kafka.security.sasl_mechanism"]);
    let closed = secure.set("kafka.brokers", kafka.broker.address());
    refuse(&closed, Exit::KafkaUnavailable, &["brokers that speak no TLS", "kafka.security.tls"]);
}

/// Proves that a file which a setting names and which cannot be used is told
/// with both names before anything is connected.
#[test]
fn unusable_files() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("unusable", 1);
    let system = || plain(&kafka, &topics);
    let by_certificate = || kafka.by_certificate(system(), "client");
    for (setting, wrong) in [
        ("kafka.security.ca_file", by_certificate()),
        ("kafka.security.certificate_file", by_certificate()),
        ("kafka.security.key_file", by_certificate()),
        ("kafka.security.key_password_file", by_certificate()),
        ("kafka.security.password_file", kafka.by_password_file("plain", system())),
    ] {
        refuse(&wrong.set(setting, "nowhere.pem"), Exit::Config, &[setting, "nowhere.pem", "cannot be read"]);
    }
    let mismatched = by_certificate().set("kafka.security.key_file", kafka.file("wrong-client.key").display());
    refuse(&mismatched, Exit::Config, &["key values mismatch", "kafka.security"]);
    let empty = kafka.by_password_file("plain", system()).set("kafka.security.password_file", "/dev/null");
    refuse(&empty, Exit::Config, &["kafka.security.password_file", "/dev/null"]);
}

/// Proves that settings which leave a login half said are refused by `config
/// check`, whatever the build and without a broker.
#[test]
fn half_a_login() {
    let system = System::new(PROGRAM)
        .set("kafka.security.sasl_mechanism", "plain")
        .set("kafka.security.username", "me")
        .set("kafka.security.password", GUESS);
    let ended = system.run(["config", "check"]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::Config.code())));
    assert!(ended.stderr.contains("kafka.security.login_without_tls"), "{}", ended.stderr);
    check_hidden(&ended, &[GUESS]);
    system.set("kafka.security.login_without_tls", true).succeed(["config", "check"]);
}
