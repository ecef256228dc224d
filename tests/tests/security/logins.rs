//! Let in by certificate and by password.

use crate::{EVENTS, PROGRAM, check_hidden, generate, kafka, plain, spine};
use commonweal_tests::http::Http;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::system::{PATIENCE, System, field};
use std::fs;

/// Proves that a client certificate lets in, under an authority of one's own,
/// and that a key that is encrypted opens with its password.
#[test]
fn by_certificate() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("by-certificate", 2);
    let system = kafka.by_certificate(plain(&kafka, &topics), "client");
    spine(&kafka, &topics, &system, &[]);
    let encrypted = system.scratch().join("encrypted.key");
    let password = "open-sesame-11";
    let ended = std::process::Command::new("openssl")
        .args(["pkcs8", "-topk8", "-in"])
        .arg(kafka.file("client.key"))
        .arg("-out")
        .arg(&encrypted)
        .args(["-passout", &format!("pass:{password}")])
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    fs::write(system.scratch().join("password"), format!("{password}\n")).unwrap();
    let system =
        system.set("kafka.security.key_file", encrypted.display()).set("kafka.security.key_password_file", "password");
    check_hidden(&system.succeed(["lag", "--max", "0"]), &[password]);
}

/// Proves that SCRAM over TLS lets every command in that speaks to Kafka, with
/// the password from the environment.
#[test]
fn by_scram() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("by-scram", 2);
    let password = kafka.read("password");
    let system = kafka.by_password_file("scram_sha_512", plain(&kafka, &topics));
    spine(&kafka, &topics, &system, &[&password]);
    for command in [&["topics", "apply", "--dry-run"][..], &["dead-letters", "list"], &["verify"], &["config", "check"]]
    {
        let ended = system.run(command);
        assert!(matches!(ended.exit.code, Some(0 | 1)), "{command:?}: {}", ended.stderr);
        check_hidden(&ended, &[&password]);
    }

    let system = kafka
        .by("scram_sha_512", System::new(PROGRAM).on(&kafka.broker, &topics))
        .set("kafka.security.username", kafka.read("username"));
    for command in ["lag", "config"] {
        let arguments = if command == "lag" { vec!["lag"] } else { vec!["config", "dump"] };
        let mut command = system.command(arguments);
        command.env("COMMONWEAL__KAFKA__SECURITY__PASSWORD", &password);
        let ended = Running::start(command).finish(PATIENCE);
        assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
        check_hidden(&ended, &[&password]);
    }
}

/// Proves the same of PLAIN, with the password in a file that ends in a line's
/// end.
#[test]
fn by_plain() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("by-plain", 2);
    let password = kafka.read("password");
    let system = kafka.by_password_file("plain", plain(&kafka, &topics));
    fs::write(system.scratch().join("password"), format!("{password}\n")).unwrap();
    let system = system.set("kafka.security.password_file", "password");
    spine(&kafka, &topics, &system, &[&password]);
}

/// Proves that the services on their own are let in as `up` is: consumers in
/// groups, producers, and what makes the topics between them; and that the
/// topics between can be made anew.
#[test]
fn services_on_their_own() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("apart-by-scram", 2);
    let system = kafka.by_password_file("scram_sha_512", System::new(PROGRAM).on(&kafka.broker, &topics));
    let system = system.apart("by-scram");
    system.succeed(generate(EVENTS));
    for command in
        [&["ingest", "--until-end"][..], &["enrich", "--until-end"], &["ledger", "--until-end"], &["publish"]]
    {
        system.succeed(command);
    }
    let open = System::new(PROGRAM).on(&kafka.broker, &topics);
    open.up_to_end();
    assert_eq!(system.published().digests(), open.published().digests());
    system.succeed(["topics", "repartition", "--partitions", "3"]);
}

/// Proves that the gateway's events are acknowledged by a Kafka that asks for a
/// login.
#[test]
fn the_gateway() {
    let Some((kafka, _turn)) = kafka() else { return };
    let topics = kafka.broker.topics("gateway-by-scram", 1);
    let system = kafka.by_password_file("scram_sha_512", System::new(PROGRAM).on(&kafka.broker, &topics));
    let mut gateway = system.set("gateway.listen", "127.0.0.1:0").start(["gateway"]);
    let line = gateway
        .wait_for_line(PATIENCE, |line| field(line, "message").is_some_and(|said| said == "the gateway listens"));
    let event = serde_json::json!({
        "source": "urn:test:secure", "event_id": "one", "recorded_at": "2021-01-04T00:00:00Z",
        "stage": "COMMITTED", "instrument": "GRANT", "funder_name": "A funder", "recipient_name": "A charity",
        "amount": "1.25", "currency": "GBP", "occurred_on": "2021-01-01",
    });
    let answer = Http::connect(&field(&line, "address").unwrap()).post(
        "/v1/funding",
        &[("content-type", "application/json")],
        event.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 202, "{answer:?}");
    gateway.signal(Signal::Terminate);
    let ended = gateway.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
}
