//! The OpenAPI document, held against what is served.

use crate::{Gateway, JSON, KEYS_FILE, bearer, new_key, system};
use commonweal_tests::broker::Broker;
use commonweal_tests::environment::{repository, schemathesis};
use commonweal_tests::process::Running;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// Longest that schemathesis may take.
const LIMIT: Duration = Duration::from_mins(9);

/// Proves that the examples of the document are taken, and that it names every
/// path that answers and no other.
#[test]
fn the_documents_examples_are_taken() {
    let broker = Broker::embedded();
    let topics = broker.topics("examples", 1);
    let gateway = Gateway::start(&system(&broker, &topics));
    let document = gateway.connect().get("/openapi.json").json();
    let mut posts = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_some() {
            assert_eq!(gateway.connect().get(path).status, 200, "{path}");
        }
        let Some(post) = methods.get("post") else { continue };
        let example: &Value = &post["requestBody"]["content"]["application/json"]["example"];
        let answer = gateway.connect().post(path, &[JSON], example.to_string().as_bytes());
        assert_eq!(answer.status, 202, "{path}: {answer:?}");
        posts += 1;
    }
    assert_eq!(posts, 2);
    gateway.end();
}

/// Proves by schemathesis against the real process that what the document says
/// is so: every answer is one that it names, in its form; what it forbids is
/// refused; keys are asked for; nothing ends in a fault.
#[test]
fn schemathesis_finds_the_document_true() {
    let Some(python) = schemathesis() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("conformance", 1);
    let system = system(&broker, &topics).set("gateway.keys_file", KEYS_FILE);
    let key = new_key(&system, "schemathesis", "funding,employment", 1_000_000);
    let gateway = Gateway::start(&system);
    let folder = repository().join("tests/schemathesis");
    let mut command = Command::new(python);
    command.current_dir(system.scratch()).env("SCHEMATHESIS_HOOKS", folder.join("hooks.py"));
    command.args(["-B", "-m", "schemathesis.cli", "--config-file"]).arg(folder.join("schemathesis.toml"));
    command.args(["run", "--header"]).arg(format!("Authorization: {}", bearer(&key)));
    command.arg(format!("http://{}/openapi.json", gateway.address));
    let ended = Running::start(command).finish(LIMIT);
    println!("{}", ended.stdout);
    assert_eq!(ended.exit.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    gateway.end();
}
