//! Where producers take their ids from, and how they are let in.

use crate::{PROGRAM, system};
use commonweal_runtime::Exit;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::wire::schema_id;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::gatekeeper::Gatekeeper;
use commonweal_tests::journal::Journal;
use commonweal_tests::registry::Registry;
use commonweal_tests::rejections::{by_reason, rejected};
use commonweal_tests::system::System;
use commonweal_tests::wire;
use std::collections::BTreeSet;
use std::fs;

const EVENTS: &str = "4000";

/// Ids that most messages of a topic are written with: faults on purpose are
/// few.
fn ids(broker: &Broker, topic: &str) -> BTreeSet<u32> {
    let messages = wire::read_all(broker, topic);
    let all: Vec<u32> =
        messages.iter().filter_map(|message| schema_id(message.value.as_deref().unwrap_or_default()).ok()).collect();
    let often = |id: &u32| all.iter().filter(|other| *other == id).count() * 10 > messages.len();
    all.iter().copied().filter(often).collect()
}

fn reasons(journal: &Journal) -> std::collections::BTreeMap<String, u64> {
    by_reason(&rejected(journal))
}

/// Proves that nothing rests on a particular id: the same events written with
/// a registry's ids, by either naming of subjects, come to the published bytes
/// and refusals that those with embedded ids come to, though no id is the same.
#[test]
fn ids_of_a_registry_make_no_difference() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let generate = ["generate", "--events", EVENTS, "--seed", "17"];
    let topics = broker.topics("embedded-ids", 2);
    let embedded = System::new(PROGRAM).on(&broker, &topics);
    embedded.succeed(generate);
    embedded.up_to_end();

    for naming in ["topic_name", "record_name"] {
        let topics = broker.topics(&naming.replace('_', "-"), 2);
        let system = system(&broker, &topics, &registry)
            .set("registry.subject_naming", naming)
            .set("registry.unknown_id_wait_seconds", 1);
        system.succeed(generate);
        system.up_to_end();
        assert_eq!(system.published().digests(), embedded.published().digests(), "{naming}");
        assert_eq!(reasons(&system.journal()), reasons(&embedded.journal()), "{naming}");
        for (contract, topic) in [(Contract::Funding, &topics.funding), (Contract::Employment, &topics.employment)] {
            let subject =
                if naming == "topic_name" { format!("{topic}-value") } else { contract.record_name().to_owned() };
            assert!(registry.subjects().contains(&subject), "{subject}");
            let id = registry.register(&subject, contract.schema_json());
            assert_eq!(ids(&broker, topic), BTreeSet::from([id]), "written with the id of {subject}");
            assert_ne!(id, contract.embedded_id(), "the registry's ids are shifted");
        }
    }
}

/// Fails unless the command ends as expected and says what it must.
fn refuse(system: &System, arguments: &[&str], exit: Exit, said: &[&str]) {
    let ended = system.run(arguments);
    assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{arguments:?}\n{}", ended.stderr);
    for word in said {
        assert!(ended.stderr.contains(word), "{word:?} is not in: {}", ended.stderr);
    }
}

/// Proves that nothing is registered unasked: a subject without the schema
/// stops producer and pipeline with its name and the way out; once somebody
/// registered it, in these words or others, it is found.
#[test]
fn nothing_is_registered_unasked() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("unasked", 1);
    let system = system(&broker, &topics, &registry).set("registry.register_on_start", false);
    let subject = format!("{}-value", topics.funding);
    fs::write(system.scratch().join("none.json"), r#"{"grants": []}"#).unwrap();
    let import = ["import", "360giving", "none.json"];
    refuse(&system, &import, Exit::RegistryUnavailable, &[&subject, "schemas register"]);
    assert!(!registry.subjects().contains(&subject));

    // Another version, another contract: neither is the schema asked for.
    registry.register(&subject, r#"{"type": "record", "name": "Other", "fields": []}"#);
    refuse(&system, &import, Exit::RegistryUnavailable, &[&subject, "none of its 1 versions"]);

    // Without its documentation it is another text, and the same schema.
    let spelt = Contract::Funding.schema_json().replace(r#""doc":"#, r#""remark":"#);
    let id = registry.register(&subject, &spelt);
    let employment = format!("{}-value", topics.employment);
    refuse(&system, &import, Exit::RegistryUnavailable, &[&employment]);
    registry.register(&employment, Contract::Employment.schema_json());
    fs::write(system.scratch().join("one.json"), r#"{"grants": [{"id": "360G-one"}]}"#).unwrap();
    system.succeed(["import", "360giving", "one.json"]);
    assert_eq!(ids(&broker, &topics.funding), BTreeSet::from([id]));

    let letters = format!("{}-value", topics.dead_letters);
    refuse(&system, &["up", "--until-end"], Exit::RegistryUnavailable, &[&letters]);
    let said = system.succeed(["schemas", "register"]).stdout;
    assert!(said.contains(&format!("{letters}: schema id ")), "{said}");
    system.up_to_end();
}

/// Proves that a registry which is not there, an address that is none of a
/// registry's and a missing setting each end with their own words.
#[test]
fn wrong_addresses_are_told_apart() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("addresses", 1);
    let generate = ["generate", "--events", "1"];
    let system = system(&broker, &topics, &registry).set("registry.start_wait_seconds", 0);
    let nobody = system.set("registry.url", "http://127.0.0.1:1/apis");
    refuse(&nobody, &generate, Exit::RegistryUnavailable, &["127.0.0.1:1", "does not answer"]);
    let elsewhere = nobody.set("registry.url", format!("{}/elsewhere", registry.url));
    refuse(&elsewhere, &generate, Exit::RegistryUnavailable, &["is no schema registry", "registry.url"]);
    let unset = elsewhere.set("registry.url", "");
    refuse(&unset, &["schemas", "register"], Exit::Usage, &["registry.url"]);
    let unreadable = unset.set("registry.url", &registry.url).set("registry.ca_file", "nowhere.pem");
    refuse(&unreadable, &generate, Exit::Config, &["nowhere.pem", "registry.ca_file"]);
}

/// Produces and posts a few events through the gatekeeper.
fn let_in(system: &System) {
    let generated = system.succeed(["--set", "telemetry.log=trace", "generate", "--events", "50", "--seed", "2"]);
    assert!(generated.stderr.contains("hyper"), "the HTTP library logs too");
    let ended = system.up_to_end();
    for log in [generated.stderr, ended.stderr] {
        assert!(!log.contains(SECRET) && !log.contains(BASIC), "the log shows the secret");
    }
    let dump = system.succeed(["config", "dump"]).stdout;
    assert!(dump.contains("[registry]") && !dump.contains(SECRET), "the dump shows the secret");
}

const SECRET: &str = "open-sesame-7";
/// Base64 of "reader:open-sesame-7".
const BASIC: &str = "cmVhZGVyOm9wZW4tc2VzYW1lLTc=";

fn behind(gate: &Gatekeeper, broker: &Broker, topics: &Topics, registry: &Registry) -> System {
    system(broker, topics, registry)
        .set("registry.url", &gate.url)
        .set("registry.ca_file", gate.authority.display())
        .set("registry.start_wait_seconds", 0)
        .set("registry.unknown_id_wait_seconds", 1)
}

/// Proves over HTTPS with a certificate of a custom authority that user and
/// password let in, that a wrong password is told as such, that a certificate
/// of somebody else is refused, and that no output shows the password.
#[test]
fn basic_login_over_https() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("basic", 1);
    let folder = tempfile::tempdir().unwrap();
    let Some(gate) = Gatekeeper::before(&registry, &format!("Basic {BASIC}"), folder.path()) else { return };
    let nobody = behind(&gate, &broker, &topics, &registry);
    let generate = ["generate", "--events", "1"];
    refuse(&nobody, &generate, Exit::RegistryUnavailable, &["refuses with 401", "who are you?"]);
    let wrong = nobody.set("registry.username", "reader").set("registry.password", "guess");
    refuse(&wrong, &generate, Exit::RegistryUnavailable, &["refuses with 401"]);
    let_in(&wrong.set("registry.password", SECRET));

    let stranger = behind(&gate, &broker, &topics, &registry).set("registry.ca_file", "");
    refuse(&stranger, &generate, Exit::RegistryUnavailable, &["does not answer", "certificate"]);
}

/// Proves the same of a bearer token from a file, and that a token which is
/// renewed there is taken up.
#[test]
fn bearer_token_over_https() {
    let Some((registry, _turn)) = Registry::real() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("bearer", 1);
    let folder = tempfile::tempdir().unwrap();
    let Some(gate) = Gatekeeper::before(&registry, &format!("Bearer {SECRET}"), folder.path()) else { return };
    let system = behind(&gate, &broker, &topics, &registry).set("registry.token_file", "token");
    let generate = ["generate", "--events", "1"];
    refuse(&system, &generate, Exit::Config, &["registry.token_file", "cannot be read"]);
    fs::write(system.scratch().join("token"), "yesterday's\n").unwrap();
    refuse(&system, &generate, Exit::RegistryUnavailable, &["refuses with 401"]);
    fs::write(system.scratch().join("token"), format!("{SECRET}\n")).unwrap();
    let_in(&system);
}
