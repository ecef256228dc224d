//! Published files in an object store, over one in memory that fails on demand.

#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/objects.rs"]
mod objects;

use commonweal_publish::{Manifest, ManifestFile, ManifestMethod, ManifestTable, Store, StoreError};
use objects::Objects;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const TABLES: usize = 5;

fn digest(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

/// What a publication leaves in a folder: tables, then the manifest.
fn publish(data_dir: &Path, version: i64, contents: [u8; TABLES]) {
    let published = data_dir.join("published");
    std::fs::create_dir_all(&published).unwrap();
    std::fs::create_dir_all(data_dir.join("balances")).unwrap();
    let tables = contents.iter().enumerate().map(|(number, content)| {
        let (table, content) = (format!("table{number}"), vec![*content; 100 + number]);
        let file = format!("{table}.parquet");
        std::fs::write(published.join(&file), &content).unwrap();
        let (bytes, sha256) = (content.len() as u64, digest(&content));
        ManifestTable { table, file, rows: 1, bytes, sha256, description: String::new() }
    });
    let manifest = Manifest {
        format: 1,
        data_label: "synthetic".to_owned(),
        disclosure: "controlled".to_owned(),
        against: Vec::new(),
        method: ManifestMethod {
            version: "1".to_owned(),
            title: String::new(),
            status: String::new(),
            date: String::new(),
            price_base_year: 2019,
            perspective: String::new(),
        },
        reference_version: "1".to_owned(),
        ledger_version: version,
        as_of: None,
        tables: tables.collect(),
        descriptors: vec![describe(&published, version)],
    };
    std::fs::write(published.join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// A descriptor that tells of the version.
fn describe(published: &Path, version: i64) -> ManifestFile {
    let (file, content) = ("about.json".to_owned(), format!("version {version}"));
    std::fs::write(published.join(&file), &content).unwrap();
    let (bytes, sha256) = (content.len() as u64, digest(content.as_bytes()));
    ManifestFile { file, bytes, sha256, media_type: "application/json".to_owned() }
}

fn files(data_dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(data_dir.join("published")).unwrap();
    let read = |entry: std::fs::DirEntry| {
        (format!("some/prefix/{}", entry.file_name().into_string().unwrap()), std::fs::read(entry.path()).unwrap())
    };
    entries.map(|entry| read(entry.unwrap())).collect()
}

/// The check that readers are told to make: the manifest first, then each table
/// against its digest. The ledger commit where all agree.
fn reads_as(objects: &BTreeMap<String, Vec<u8>>) -> Option<i64> {
    let manifest: Manifest = serde_json::from_slice(objects.get("some/prefix/manifest.json")?).unwrap();
    let holds = |table: &ManifestTable| {
        objects.get(&format!("some/prefix/{}", table.file)).is_some_and(|content| digest(content) == table.sha256)
    };
    let told = manifest.descriptors.iter().all(|file| {
        objects.get(&format!("some/prefix/{}", file.file)).is_some_and(|content| digest(content) == file.sha256)
    });
    (told && manifest.tables.iter().all(holds)).then_some(manifest.ledger_version)
}

fn store(objects: &Objects) -> Store {
    Store::over(Arc::new(objects.clone()), "some/prefix", 3)
}

/// Proves that a copy holds the folder's very bytes, that the manifest is put
/// after every table and descriptor, that the next copy sends what changed alone, and nothing
/// where nothing did.
#[tokio::test]
async fn what_changed_is_sent_and_the_manifest_last() {
    let (folder, objects) = (tempfile::tempdir().unwrap(), Objects::default());
    let store = store(&objects);
    publish(folder.path(), 7, [1; TABLES]);
    let sent = store.send(folder.path()).await.unwrap();
    assert_eq!((sent.tables, sent.ledger_version), (TABLES, 7));
    assert_eq!(objects.contents().await, files(folder.path()));
    assert_eq!(objects.take_puts().last().unwrap(), "some/prefix/manifest.json");

    publish(folder.path(), 8, [1, 1, 9, 1, 1]);
    let sent = store.send(folder.path()).await.unwrap();
    assert_eq!(sent.tables, 1);
    let mut puts = objects.take_puts();
    assert_eq!(puts.pop().unwrap(), "some/prefix/manifest.json");
    puts.sort_unstable();
    assert_eq!(puts, ["some/prefix/about.json", "some/prefix/table2.parquet"]);
    assert_eq!(objects.contents().await, files(folder.path()));

    let sent = store.send(folder.path()).await.unwrap();
    assert_eq!((sent.tables, sent.bytes, sent.ledger_version), (0, 0, 8));
    assert!(objects.take_puts().is_empty());
}

/// Proves that a table which is not what its manifest says is not sent, that
/// the manifest is not either, and that the error names the file.
#[tokio::test]
async fn a_folder_that_contradicts_itself_is_not_copied() {
    let (folder, objects) = (tempfile::tempdir().unwrap(), Objects::default());
    publish(folder.path(), 7, [1; TABLES]);
    std::fs::write(folder.path().join("published/table3.parquet"), "something else").unwrap();
    let error = store(&objects).send(folder.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }) && error.to_string().contains("table3"), "{error}");
    assert!(!objects.contents().await.contains_key("some/prefix/manifest.json"));
}

/// Proves that of two copies at once from one folder each takes its turn: the
/// store ends as the folder is.
#[tokio::test(flavor = "multi_thread")]
async fn copies_take_turns() {
    let (folder, objects) = (tempfile::tempdir().unwrap(), Objects::default());
    let (one, other) = (store(&objects), store(&objects));
    publish(folder.path(), 7, [1; TABLES]);
    let (one, other) = tokio::join!(one.send(folder.path()), other.send(folder.path()));
    assert_eq!(one.unwrap().tables + other.unwrap().tables, TABLES);
    assert_eq!(objects.contents().await, files(folder.path()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Proves that whatever is published and wherever copies break off, a
    /// reader who makes the check either finds the state of one publication
    /// whole or knows that he did not; and that the next copy that succeeds
    /// leaves the last publication, also where a table went back to what an
    /// earlier manifest said of it.
    #[test]
    fn a_reader_is_never_misled(
        history in prop::collection::vec((prop::array::uniform5(0_u8..3), prop::option::of(0_usize..8)), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (folder, objects) = (tempfile::tempdir().unwrap(), Objects::default());
            let store = store(&objects);
            let mut published = Vec::new();
            for (version, (contents, breaks_after)) in history.into_iter().enumerate() {
                let version = i64::try_from(version).unwrap();
                publish(folder.path(), version, contents);
                published.push(files(folder.path()));
                objects.fail_after(breaks_after);
                let outcome = store.send(folder.path()).await;
                let stored = objects.contents().await;
                if let Some(told) = reads_as(&stored) {
                    assert_eq!(&stored, &published[usize::try_from(told).unwrap()]);
                }
                match outcome {
                    Ok(_) => assert_eq!(reads_as(&stored), Some(version)),
                    Err(error) => assert!(matches!(error, StoreError::Refused { .. }), "{error}"),
                }
            }
            objects.fail_after(None);
            store.send(folder.path()).await.unwrap();
            assert_eq!(objects.contents().await, files(folder.path()));
        });
    }
}
