//! Keeping balances and files: what is read, what is left alone, what is
//! cleaned up, and what is refused before anything is written.
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::tables::ALL;
use commonweal_publish::{MethodBook, publish_state};
use std::fs;
use std::path::Path;
use support::book::copy_of_the_book;
use support::events::Event;
use support::journal::Journal;
use support::read;

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn grants(range: std::ops::Range<i128>) -> Vec<Event> {
    range.map(|number| Event::grant(&number.to_string(), "R", "2020-02-01", number)).collect()
}

/// Proves: a refresh reads the files of new commits only; with nothing new no
/// table is rewritten; and the manifest names the commit, which tables do not.
#[tokio::test]
async fn a_refresh_reads_what_is_new() {
    let mut journal = Journal::new();
    journal.commit(&grants(0..5));
    let first = journal.publish().await;
    assert!(first.refreshed.rebuilt && first.refreshed.files == 1 && first.rewritten.len() == ALL.len());
    let again = journal.publish().await;
    assert!(again.refreshed.files == 0 && again.rewritten.is_empty());
    // A commit of duplicates only: no file, another version.
    journal.version += 1;
    let later = journal.publish().await;
    assert!(later.rewritten.is_empty());
    assert_eq!(later.manifest.ledger_version, first.manifest.ledger_version + 1);
    assert_eq!(later.manifest.tables, first.manifest.tables);
    journal.commit(&grants(5..7));
    let more = journal.publish().await;
    assert_eq!((more.refreshed.files, more.refreshed.rows, more.refreshed.rebuilt), (1, 2, false));
    assert!(more.rewritten.contains(&"funding") && !more.rewritten.contains(&"places"));
}

/// Proves: the manifest's sums are those of the files, and the file's metadata
/// carry table, columns, method, reference and the kind of data.
#[tokio::test]
async fn files_and_manifest_describe_themselves() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use sha2::Digest as _;
    let mut journal = Journal::new();
    journal.commit(&grants(1..3));
    let published = journal.publish().await;
    let folder = journal.dir.path().join("published");
    let manifest: commonweal_publish::Manifest =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest, published.manifest);
    assert_eq!(manifest.as_of.as_deref(), Some("2024-10-04T00:00:00.000001Z"));
    for table in &manifest.tables {
        let bytes = fs::read(folder.join(&table.file)).unwrap();
        assert_eq!(table.sha256, format!("{:x}", sha2::Sha256::digest(&bytes)));
        let reader = SerializedFileReader::new(fs::File::open(folder.join(&table.file)).unwrap()).unwrap();
        let metadata = reader.metadata().file_metadata();
        assert_eq!(u64::try_from(metadata.num_rows()).unwrap(), table.rows);
        let pairs = metadata.key_value_metadata().unwrap();
        let value = |key: &str| pairs.iter().find(|pair| pair.key == key).unwrap().value.clone().unwrap();
        assert_eq!(value("commonweal.table"), table.table);
        assert_eq!(value("commonweal.method_version"), "2026.1");
        assert_eq!(value("commonweal.reference_version"), support::journal::REFERENCE);
        assert_eq!(value("commonweal.data_label"), "synthetic");
        let columns: serde_json::Value = serde_json::from_str(&value("commonweal.columns")).unwrap();
        assert_eq!(columns.as_array().unwrap().len(), metadata.schema_descr().num_columns());
    }
}

/// Proves: many refreshes end in few segments, whose sums are the same; and
/// what a broken run left behind is removed.
#[tokio::test]
async fn segments_are_merged_and_strangers_removed() {
    let mut journal = Journal::new();
    for number in 0..12 {
        journal.commit(&grants(number..number + 1));
        journal.publish().await;
    }
    let folder = journal.dir.path().join("balances");
    let segments = names(&folder).into_iter().filter(|name| name.starts_with("balances-")).count();
    assert!(segments <= 8, "{segments} segments");
    fs::write(folder.join("balances-99999999.parquet"), b"left behind").unwrap();
    fs::write(folder.join("names-00000001.parquet.tmp"), b"left behind").unwrap();
    let before = read::published(journal.dir.path());
    journal.publish().await;
    assert_eq!(read::published(journal.dir.path()), before);
    let left: Vec<String> =
        names(&folder).into_iter().filter(|name| name.contains("99999999") || name.contains("tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Proves: balances of another journal, a broken index, a missing segment or a
/// journal that went back are made anew, with the same bytes as from scratch.
#[tokio::test]
async fn foreign_or_broken_balances_are_made_anew() {
    let mut journal = Journal::new();
    journal.commit(&grants(0..4));
    journal.commit(&grants(4..8));
    journal.publish().await;
    let expected = read::published(journal.dir.path());
    let folder = journal.dir.path().join("balances");
    let segment = names(&folder).into_iter().find(|name| name.starts_with("balances-")).unwrap();
    let breakages: [&dyn Fn(); 3] = [
        &|| fs::write(folder.join("balances.json"), b"{").unwrap(),
        &|| fs::remove_file(folder.join("balances.json")).unwrap(),
        &|| {
            for name in names(&folder).iter().filter(|name| name.starts_with(&segment[..8])) {
                if name != "balances.json" {
                    fs::remove_file(folder.join(name)).unwrap();
                }
            }
        },
    ];
    for broken in breakages {
        broken();
        let published = journal.publish().await;
        assert!(published.refreshed.rebuilt);
        assert_eq!(read::published(journal.dir.path()), expected);
    }
    let mut state = journal.state();
    state.table_id = "another".to_owned();
    assert!(publish_state(&journal.options(), &state).await.unwrap().refreshed.rebuilt);
    state.version = 1;
    state.files.truncate(1);
    let back = publish_state(&journal.options(), &state).await.unwrap();
    assert!(back.refreshed.rebuilt && back.rewritten.contains(&"funding"));
}

/// Proves: a second publisher of the same folder waits for the first.
#[tokio::test]
async fn a_second_publisher_waits() {
    let mut journal = Journal::new();
    journal.commit(&grants(0..1));
    journal.publish().await;
    journal.commit(&grants(1..2));
    let manifest = journal.dir.path().join("published/manifest.json");
    let before = fs::read(&manifest).unwrap();
    let lock = fs::File::open(journal.dir.path().join("balances/lock")).unwrap();
    lock.lock().unwrap();
    let (options, state) = (journal.options(), journal.state());
    let second = tokio::spawn(async move { publish_state(&options, &state).await.unwrap() });
    // Far more turns than publishing takes where nothing holds it up.
    for _ in 0..100_000 {
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
    }
    assert_eq!(fs::read(&manifest).unwrap(), before);
    lock.unlock().unwrap();
    assert_eq!(second.await.unwrap().manifest.ledger_version, 2);
}

/// Proves: an empty journal publishes eleven empty or constant tables.
#[tokio::test]
async fn an_empty_journal_publishes_empty_tables() {
    let journal = Journal::new();
    let published = journal.publish().await;
    assert_eq!(published.manifest.tables.len(), ALL.len());
    let rows = |name: &str| published.manifest.tables.iter().find(|table| table.table == name).unwrap().rows;
    assert_eq!((rows("funding"), rows("headline"), rows("measures")), (0, 0, 14));
}

/// Proves: a book with a fault is refused when it is opened, so before
/// anything is written, with file, row and reason.
#[test]
fn a_faulty_method_is_refused_with_file_row_and_reason() {
    type Fault = (&'static str, &'static str, &'static str, &'static str);
    let faults: [Fault; 10] = [
        (
            "parameters.csv",
            "wellby.value",
            "wellby.valeu",
            "models/valuations.sql, row 3: parameter wellby.value is needed",
        ),
        (
            "parameters.csv",
            "0.296,0.54,0.769",
            "0.296,0.84,0.769",
            "parameters.csv, row 9: the values are not in the order",
        ),
        (
            "parameters.csv",
            "10000,13000",
            "10 000,13000",
            "parameters.csv, row 2: value_low \"10 000\" is not a decimal",
        ),
        ("parameters.csv", ",B,OGL-3.0", ",Z,OGL-3.0", "confidence \"Z\" is not A, B or C"),
        ("parameters.csv", "2019-12-31", "2020-12-31", "gva-per-job.lcr holds at the same time in row"),
        ("parameters.csv", "optimism-bias.grade-6", "optimism-bias.grade-7", "needs optimism-bias.grade-6"),
        ("deflators.csv", "2019,", "3019,", "deflators.csv, row 31: year \"3019\" is not a year"),
        ("method.toml", "\"jobs\",", "", "method.toml: models does not name jobs"),
        ("method.toml", "\"stock_levels\"", "\"levels\"", "models/levels.sql: the file is missing"),
        ("traces/net_shares.sql", "-- key: quarter, outcomes\n", "", "traces/net_shares.sql: no line \"-- key:\""),
    ];
    for (file, from, to, expected) in faults {
        let dir = tempfile::TempDir::new().unwrap();
        copy_of_the_book(dir.path());
        assert!(MethodBook::open(dir.path()).is_ok());
        let path = dir.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not hold {from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = MethodBook::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Proves: the embedded book is complete, the parts of its net share come to
/// what its README says, and the region's claims are there to be shown.
#[test]
fn the_embedded_book_is_consistent() {
    let book = MethodBook::embedded("2026.1").unwrap();
    let central = |id: &str| book.parameters().iter().find(|parameter| parameter.id == id).unwrap().value_central;
    let one = rust_decimal::Decimal::ONE;
    let net = (one - central("additionality.deadweight"))
        * (one - central("additionality.displacement"))
        * (one - central("additionality.leakage"))
        * (one - central("additionality.substitution"))
        * central("additionality.multiplier");
    assert_eq!(net, "0.612".parse().unwrap());
    assert_eq!(book.untraced(), [""; 0]);
    assert_eq!(book.claims().len(), 4);
    assert!(MethodBook::embedded("1999.1").unwrap_err().to_string().contains("there is 2026.1"));
}
