//! What lies beside the tables for catalogues.
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::{Catalogue, Options, publish_state, tables};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use support::events::Event;
use support::journal::Journal;

const FILES: [&str; 2] = ["datapackage.json", "dcat.jsonld"];

fn read(journal: &Journal) -> [Vec<u8>; 2] {
    FILES.map(|file| fs::read(journal.dir.path().join("published").join(file)).unwrap())
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

fn journal() -> Journal {
    let mut journal = Journal::new();
    journal.commit(&[Event::grant("a", "R", "2020-01-01", 100)]);
    journal
}

/// Proves that the same state gives the same bytes, that the manifest lists
/// them with their digests, and that another state tells of itself.
#[tokio::test]
async fn descriptors_follow_the_manifest() {
    let mut journal = journal();
    let published = journal.publish().await;
    let first = read(&journal);
    for (listed, text) in published.manifest.descriptors.iter().zip(&first) {
        assert_eq!(listed.sha256, format!("{:x}", Sha256::digest(text)));
        assert_eq!(listed.bytes, text.len() as u64);
    }
    assert_eq!(published.manifest.descriptors.iter().map(|listed| listed.file.as_str()).collect::<Vec<_>>(), FILES);
    journal.publish().await;
    assert!(read(&journal) == first, "publishing again changes no byte");
    journal.commit(&[Event::grant("b", "R", "2020-02-01", 100)]);
    let later = journal.publish().await;
    let package = json(&read(&journal)[0]);
    assert_eq!(package["created"].as_str(), later.manifest.as_of.as_deref());
    assert_eq!(package["version"], format!("2026.1+{}", later.manifest.ledger_version));
    assert_eq!(package["resources"].as_array().unwrap().len(), tables::ALL.len());
}

/// Proves that of what is not configured nothing is said, and of what is, all,
/// at the address that is given; and that the data's label shows.
#[tokio::test]
async fn the_catalogue_is_what_the_settings_say() {
    let journal = journal();
    journal.publish().await;
    let [package, catalogue] = read(&journal).map(|text| json(&text));
    assert!(package.get("licenses").is_none() && package.get("homepage").is_none());
    assert!(package["description"].as_str().unwrap().contains("synthetic"));
    let graph = graph(&catalogue);
    assert_eq!(graph["dcat.jsonld#funding.parquet"]["dcat:downloadURL"]["@id"], "funding.parquet");
    assert!(!graph.contains_key("dcat.jsonld#contact"));

    let said = Catalogue {
        publisher_name: "A \"region\"".to_owned(),
        publisher_id: "GB-LAE-LIV".to_owned(),
        contact_email: "desk@example.org".to_owned(),
        licence_url: "https://example.org/licence".to_owned(),
        address: "https://example.org/data/".to_owned(),
        ..Catalogue::default()
    };
    let options = Options { catalogue: said, label: None, ..journal.options() };
    publish_state(&options, &journal.state()).await.unwrap();
    let [package, catalogue] = read(&journal).map(|text| json(&text));
    assert_eq!(package["licenses"][0]["path"], "https://example.org/licence");
    assert_eq!(package["contributors"][0]["title"], "A \"region\"");
    assert_eq!(package["contributors"][1]["email"], "desk@example.org");
    assert!(!package["description"].as_str().unwrap().contains("labelled"));
    let graph = self::graph(&catalogue);
    let funding = &graph["https://example.org/data/dcat.jsonld#funding.parquet"];
    assert_eq!(funding["dcat:downloadURL"]["@id"], "https://example.org/data/funding.parquet");
    assert_eq!(funding["dct:license"]["@id"], "https://example.org/licence");
    let publisher = &graph["https://example.org/data/dcat.jsonld#publisher"];
    assert_eq!(publisher["dct:identifier"], "GB-LAE-LIV");
}

fn graph(catalogue: &Value) -> BTreeMap<String, Value> {
    let nodes = catalogue["@graph"].as_array().unwrap().iter();
    nodes.map(|node| (node["@id"].as_str().unwrap().to_owned(), node.clone())).collect()
}
