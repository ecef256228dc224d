//! Let in by tokens that run out: from an endpoint, and from a file.

use crate::{EVENTS, PROGRAM, check_hidden, generate, kafka, plain, spine};
use commonweal_runtime::Exit;
use commonweal_tests::broker::Topics;
use commonweal_tests::gatekeeper::Gatekeeper;
use commonweal_tests::issuer::{CLIENT, Issuer, Mood, SCOPE, SECRET, token_ending};
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::secure::SecureKafka;
use commonweal_tests::system::{PATIENCE, System, is_commit};
use std::fs;
use std::time::Duration;

/// A life that ends several times during a test.
const SHORT: Duration = Duration::from_secs(6);
const LONG: Duration = Duration::from_mins(5);

fn asking(kafka: &SecureKafka, url: &str, system: System) -> System {
    kafka
        .by("oauthbearer", system)
        .set("kafka.security.token_url", url)
        .set("kafka.security.token_client_id", CLIENT)
        .set("kafka.security.token_client_secret", SECRET)
        .set("kafka.security.token_scope", SCOPE)
}

/// Sends events and waits until `up` has so many in its books.
fn book(system: &System, up: &mut Running, seed: u64, messages: u64) {
    let events = EVENTS.to_string();
    system.succeed(["generate", "--events", &events, "--seed", &seed.to_string()]);
    let is_begun = || system.has_journal();
    while !is_begun() || system.journal().receipts().messages() < messages {
        up.wait_for_line(PATIENCE, is_commit);
    }
}

/// Ends `up`, which must have gone well, and tells its log.
fn end(up: Running) -> commonweal_tests::process::Ended {
    up.signal(Signal::Terminate);
    let ended = up.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    ended
}

/// Proves that every client is let in by tokens that its own name and secret
/// are given, and that neither the secret nor a token is shown.
#[test]
fn by_tokens_from_an_endpoint() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("tokens", 2);
    let issuer = Issuer::start(LONG);
    let system = asking(&kafka, &issuer.url(), plain(&kafka, &topics));
    spine(&kafka, &topics, &system, &[SECRET]);
    // Topics differ from the settings: that it says so is enough.
    let listed = system.run(["topics", "apply", "--dry-run"]);
    assert!(listed.stdout.contains(&topics.funding), "{}", listed.stderr);
    let again = system.succeed(generate(1));
    let issued = issuer.issued();
    let tokens: Vec<&str> = issued.iter().map(String::as_str).collect();
    assert!(!tokens.is_empty());
    for ended in [listed, again] {
        check_hidden(&ended, &tokens);
    }
}

/// Proves that the services on their own are let in by tokens, members of
/// groups and what makes topics anew included.
#[test]
fn services_on_their_own_by_tokens() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("apart-tokens", 2);
    let issuer = Issuer::start(LONG);
    let system = asking(&kafka, &issuer.url(), System::new(PROGRAM).on(&kafka.broker, &topics)).apart("by-token");
    system.succeed(generate(EVENTS));
    for service in ["ingest", "enrich", "ledger"] {
        system.succeed([service, "--until-end"]);
    }
    assert_eq!(system.journal().receipts().messages(), EVENTS);
    system.succeed(["topics", "repartition", "--partitions", "3"]);
}

fn lively(kafka: &SecureKafka, topics: &Topics) -> System {
    plain(kafka, topics).set("ledger.flush_interval_seconds", 1).set("telemetry.log", "info,librdkafka=debug")
}

/// Proves that `up` goes on over several lives of its token: it renews each in
/// time, and the brokers are shown the new one before they ask who is there.
#[test]
fn tokens_are_renewed_before_they_run_out() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("renewed", 2);
    let issuer = Issuer::start(SHORT);
    let system = asking(&kafka, &issuer.url(), lively(&kafka, &topics));
    let mut up = system.start(["up"]);
    book(&system, &mut up, 3, EVENTS);
    let given = issuer.issued().len();
    // Reader and writer of `up` each ask for their own.
    issuer.await_issued(given + 8, PATIENCE);
    book(&system, &mut up, 5, 2 * EVENTS);
    let ended = end(up);
    assert!(ended.stderr.contains("Received session lifetime"), "the brokers hold the session to the token's life");
    assert!(!ended.stderr.contains("authentication error"), "{}", ended.stderr);
    check_hidden(&ended, &[SECRET]);
}

/// Proves that an endpoint which is away for longer than a token lives is
/// waited for as brokers are, and that `up` goes on once it is back.
#[test]
fn an_endpoint_that_is_away_for_a_while() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("away", 2);
    let issuer = Issuer::start(SHORT);
    let system = asking(&kafka, &issuer.url(), lively(&kafka, &topics)).set("kafka.security.token_timeout_seconds", 1);
    let mut up = system.start(["up"]);
    book(&system, &mut up, 3, EVENTS);
    for mood in [Mood::Busy, Mood::Silent] {
        issuer.set_mood(mood);
        up.wait_for_line(PATIENCE, |line| line.contains("the token for kafka is not renewed"));
        assert!(up.ended_within(2 * SHORT).is_none(), "it stays");
        issuer.set_mood(Mood::Giving);
        up.wait_for_line(PATIENCE, |line| line.contains("there is a token to log in to kafka with again"));
    }
    book(&system, &mut up, 5, 2 * EVENTS);
    end(up);
}

/// Proves that a token in a file is taken, that a newer one there is taken up
/// by who is at work, and that one which has ended or is none is told.
#[test]
fn by_a_token_from_a_file() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("token-file", 2);
    let system = kafka.by("oauthbearer", lively(&kafka, &topics)).set("kafka.security.token_file", "token");
    let file = system.scratch().join("token");
    // As the kubelet does it: nobody sees half of it.
    let renew = |seconds: i64| {
        let token = token_ending("workload", seconds);
        fs::write(file.with_extension("new"), format!("{token}\n")).unwrap();
        fs::rename(file.with_extension("new"), &file).unwrap();
        token
    };
    let refused = |exit: Exit, words: &[&str]| {
        for command in [&["lag"][..], &["topics", "apply", "--dry-run"]] {
            let ended = system.run(command);
            assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}", ended.stderr);
            let last = ended.stderr.lines().last().unwrap_or_default();
            assert!(words.iter().all(|word| last.contains(word)), "{last}");
        }
    };
    refused(Exit::Config, &["kafka.security.token_file", "cannot be read"]);
    renew(-5);
    refused(Exit::KafkaUnavailable, &["kafka.security.token_file", "it ended"]);
    fs::write(&file, "two words").unwrap();
    refused(Exit::KafkaUnavailable, &["kafka.security.token_file", "one word"]);
    fs::write(&file, "opaque").unwrap();
    refused(Exit::KafkaUnavailable, &["kafka refuses", "invalid_token"]);

    let tokens = [renew(8)];
    let mut up = system.start(["up"]);
    book(&system, &mut up, 3, EVENTS);
    let tokens = [tokens[0].clone(), renew(600)];
    assert!(up.ended_within(Duration::from_secs(10)).is_none(), "it goes on with the newer token");
    book(&system, &mut up, 5, 2 * EVENTS);
    let ended = end(up);
    check_hidden(&ended, &[&tokens[0], &tokens[1]]);
}

/// Proves that a client which the endpoint does not know, an endpoint that is
/// not there, and one that is none, are told apart, soon, and by their settings.
#[test]
fn endpoints_that_give_no_token() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("no-token", 1);
    let issuer = Issuer::start(LONG);
    let system = || plain(&kafka, &topics).set("kafka.connect_timeout_seconds", 3);
    let refuse = |system: System, exit: Exit, words: &[&str]| {
        for command in [&["lag"][..], &["topics", "apply", "--dry-run"], &["up", "--until-end"]] {
            let ended = system.run(command);
            assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}", ended.stderr);
            assert!(ended.exit.wall < Duration::from_secs(20), "{command:?} took {:?}", ended.exit.wall);
            let last = ended.stderr.lines().last().unwrap_or_default();
            assert!(words.iter().all(|word| last.contains(word)), "{last}");
            check_hidden(&ended, &[SECRET, "open-sesame-17"]);
        }
    };
    let known = || asking(&kafka, &issuer.url(), system());
    let stranger = known().set("kafka.security.token_client_secret", "open-sesame-17");
    refuse(stranger, Exit::KafkaUnavailable, &["refuses with 401", "who are you?", "token_client_secret"]);
    let elsewhere = asking(&kafka, &format!("{}s", issuer.url()), system());
    refuse(elsewhere, Exit::KafkaUnavailable, &["refuses with 400", "invalid_request"]);
    let nobody = asking(&kafka, "http://127.0.0.1:1/token", system());
    refuse(nobody, Exit::KafkaUnavailable, &["does not answer", "kafka.security.token_url"]);
    issuer.set_mood(Mood::Silent);
    let silent = known().set("kafka.security.token_timeout_seconds", 1);
    refuse(silent, Exit::KafkaUnavailable, &["nothing within 1 s"]);
    let unreadable =
        known().set("kafka.security.token_client_secret", "").set("kafka.security.token_client_secret_file", "nowhere");
    refuse(unreadable, Exit::Config, &["kafka.security.token_client_secret_file", "nowhere"]);
}

/// Proves that tokens come over HTTPS from an endpoint whose certificate is of
/// an authority of one's own, and from none that is not trusted.
#[test]
fn by_tokens_over_https() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("tokens-https", 1);
    let (issuer, folder) = (Issuer::guarded(LONG), tempfile::tempdir().unwrap());
    let login = "Basic bGVkZ2VyJTQwY291bmNpbDpzM2NyM3QlMkJvZiUyRnRoZSUzQWNsaWVudA==";
    let Some(gate) = Gatekeeper::before_server(&issuer.address, "/token", login, folder.path()) else { return };
    let system = asking(&kafka, &gate.url, plain(&kafka, &topics)).set("kafka.connect_timeout_seconds", 3);
    let ended = system.run(["lag"]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::KafkaUnavailable.code())), "{}", ended.stderr);
    assert!(ended.stderr.contains("token_ca_file"), "{}", ended.stderr);
    let system = system.set("kafka.security.token_ca_file", gate.authority.display());
    check_hidden(&system.succeed(["lag"]), &[SECRET, &issuer.issued()[0]]);
}
