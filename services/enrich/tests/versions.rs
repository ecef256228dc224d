//! Version folders: content makes the id, folders come in whole, broken ones
//! are refused, faults in files are named.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{csv, load_file, texts};
use commonweal_enrich::{Kind, MALFORMED_ROWS_MAX, Reference, ReferenceError, latest, list, load, materialise_builtin};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(|line| (*line).to_owned()).collect()
}

const HEADER: &str = "pcds,doterm,oa11cd,lsoa11cd,msoa11cd,ladcd";
const ROWS: [&str; 3] = [
    "L8 1TH,,E00033846,E01006673,E02001383,E08000012",
    "CH41 6AE,200610,E00168415,E01007126,E02001482,E08000015",
    "WA7 1AA,,E00062588,E01012407,E02002588,E06000006",
];

/// Proves that the id depends on content alone: order, repetition, packing, file
/// names and the folder do not matter; any value does.
#[test]
fn equal_content_is_the_same_version() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let plain = csv(folder.path(), "plain.csv", &lines(&[HEADER, ROWS[0], ROWS[1], ROWS[2]]));
    let first = load_file(Kind::Postcodes, &plain, &one, None).unwrap();
    assert!(first.is_new);
    assert_eq!((first.rows, first.repeated, first.replaced), (3, 0, 0));

    let turned = [HEADER, ROWS[2], ROWS[0], "l81th,,E00033846,E01006673,E02001383,E08000012", ROWS[1]].join("\n");
    let packed = folder.path().join("other name.csv.gz");
    let mut encoder = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
    encoder.write_all(turned.as_bytes()).unwrap();
    encoder.finish().unwrap();
    for dir in [&one, &two] {
        let again = load_file(Kind::Postcodes, &packed, dir, None).unwrap();
        assert_eq!(again.version, first.version);
        assert_eq!(again.is_new, dir == &two);
        assert_eq!((again.rows, again.repeated, again.replaced), (3, 1, 0));
    }
    let files = ["kinds/postcodes.parquet", "places.parquet", "sectors.parquet"];
    for file in files {
        let bytes = [&one, &two].map(|dir| fs::read(dir.join(&first.version).join(file)).unwrap());
        assert_eq!(bytes[0], bytes[1], "{file}");
    }

    let changed = csv(
        folder.path(),
        "changed.csv",
        &lines(&[HEADER, ROWS[0], ROWS[1], &ROWS[2].replace("E06000006", "E08000013")]),
    );
    assert_ne!(load_file(Kind::Postcodes, &changed, &one, None).unwrap().version, first.version);
}

/// Proves that a load keeps the base's other kinds, that versions are listed in
/// the order they came, and that a later row with the same key counts.
#[test]
fn a_load_builds_on_its_base() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("reference");
    assert_eq!(latest(&dir).unwrap(), None);
    let moved = ROWS[0].replace("E08000012", "E08000011");
    let files = [
        csv(folder.path(), "a.csv", &lines(&[HEADER, ROWS[0], ROWS[1]])),
        csv(folder.path(), "b.csv", &lines(&[HEADER, &moved])),
    ];
    let mut seen = Vec::new();
    let loaded = load(Kind::Postcodes, &files, &dir, None, &mut |progress| {
        seen.push((progress.file_index, progress.rows, progress.bytes_read, progress.bytes_total));
    })
    .unwrap();
    assert_eq!((loaded.rows, loaded.replaced), (2, 1));
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|(_, _, read, total)| read == total));
    assert_eq!((seen[0].0, seen[0].1, seen[1].0, seen[1].1), (0, 2, 1, 3));

    let register = csv(folder.path(), "register.csv", &lines(&["organisation_id,name", "GB-CHC-1,One"]));
    let next = load_file(Kind::Organisations, &register, &dir, Some(&loaded.version)).unwrap();
    let builtin = materialise_builtin(&dir).unwrap();
    let versions: Vec<String> = list(&dir).unwrap().into_iter().map(|manifest| manifest.version).collect();
    assert_eq!(versions, [builtin.as_str(), &loaded.version, &next.version]);
    assert_eq!(latest(&dir).unwrap(), Some(next.version.clone()));

    let manifests = list(&dir).unwrap();
    assert_eq!(manifests[2].kind(Kind::Postcodes), manifests[1].kind(Kind::Postcodes));
    assert_eq!(manifests[2].kind(Kind::Sic), manifests[0].kind(Kind::Sic));
    assert_eq!(manifests[2].base.as_deref(), Some(loaded.version.as_str()));
    assert_eq!(manifests[1].kind(Kind::Postcodes).unwrap().sources.len(), 2);
    let reference = Reference::open(&dir, &next.version).unwrap();
    assert_eq!((reference.postcode_count(), reference.organisation_count()), (2, 1));
    assert_eq!(reference.version(), next.version);
}

/// Proves that the built-in reference is the same version in memory and on
/// disk, that its dimension tables are in both, and that they name the region.
#[test]
fn the_builtin_reference_materialises() {
    let folder = tempfile::tempdir().unwrap();
    let version = materialise_builtin(folder.path()).unwrap();
    assert_eq!(materialise_builtin(folder.path()).unwrap(), version);
    let memory = Reference::builtin().unwrap();
    assert_eq!(memory.version(), version);
    let disk = Reference::open(folder.path(), &version).unwrap();
    let tables = [
        ("places", memory.places().unwrap(), disk.places().unwrap()),
        ("organisations", memory.organisations().unwrap(), disk.organisations().unwrap()),
        ("sectors", memory.sectors().unwrap(), disk.sectors().unwrap()),
    ];
    for (name, in_memory, on_disk) in &tables {
        assert_eq!(in_memory, on_disk, "{name}");
        let file = File::open(folder.path().join(&version).join(format!("{name}.parquet"))).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(rows, in_memory.num_rows(), "{name}");
    }
    let places = &tables[0].1;
    let rows: Vec<[String; 4]> = texts(places, "code")
        .into_iter()
        .zip(texts(places, "name"))
        .zip(texts(places, "level"))
        .zip(texts(places, "parent_code"))
        .map(|(((code, name), level), parent)| [code, name, level, parent])
        .collect();
    for expected in [
        ["E06000006", "Halton", "district", "E47000004"],
        ["E08000011", "Knowsley", "district", "E47000004"],
        ["E08000012", "Liverpool", "district", "E47000004"],
        ["E08000013", "St. Helens", "district", "E47000004"],
        ["E08000014", "Sefton", "district", "E47000004"],
        ["E08000015", "Wirral", "district", "E47000004"],
        ["E47000004", "Liverpool City Region", "combined-authority", "E12000002"],
        ["E12000002", "North West", "region", ""],
        ["E06000049", "Cheshire East", "district", "E12000002"],
    ] {
        assert!(rows.contains(&expected.map(str::to_owned)), "{expected:?} is missing");
    }
    let unnamed: Vec<&[String; 4]> = rows.iter().filter(|row| row[0] == row[1]).collect();
    assert!(unnamed.is_empty(), "places without a name: {unnamed:?}");
    let sectors = &tables[2].1;
    assert!(texts(sectors, "code").contains(&"88990".to_owned()));
    assert!(texts(sectors, "code").contains(&"D10".to_owned()));
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn truncate(path: &Path, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[40] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn rename_a_kind(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replace("\"imd2019\"", "\"imd2004\"")).unwrap();
}

/// A change to a folder, and what is said of it.
type Damage = (fn(&Path), &'static str);

const DAMAGES: [Damage; 7] = [
    (|folder| remove(&folder.join("kinds/lsoa.parquet")), "kinds/lsoa.parquet cannot be read"),
    (|folder| remove(&folder.join("places.parquet")), "places.parquet cannot be read"),
    (|folder| truncate(&folder.join("kinds/sic.parquet"), 100), "kinds/sic.parquet has 100 bytes"),
    (|folder| flip_a_bit(&folder.join("kinds/regions.parquet")), "kinds/regions.parquet was changed"),
    (|folder| remove(&folder.join("reference.json")), "reference.json cannot be read"),
    (|folder| truncate(&folder.join("reference.json"), 40), "reference.json is no manifest"),
    (|folder| rename_a_kind(&folder.join("reference.json")), "names no file of kind imd2019"),
];

/// Proves that a folder that is not as it was written is refused, and that the
/// message says what is wrong and where.
#[test]
fn broken_folders_are_refused() {
    for (damage, expected) in DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let version = materialise_builtin(folder.path()).unwrap();
        damage(&folder.path().join(&version));
        let error = Reference::open(folder.path(), &version).unwrap_err();
        assert!(matches!(error, ReferenceError::Broken { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(expected) && message.contains(&version), "{message}");
        assert!(materialise_builtin(folder.path()).is_err(), "a broken version was taken for whole");
    }

    // A version under another's name.
    let folder = tempfile::tempdir().unwrap();
    let version = materialise_builtin(folder.path()).unwrap();
    fs::rename(folder.path().join(&version), folder.path().join("000000000000")).unwrap();
    let message = Reference::open(folder.path(), "000000000000").unwrap_err().to_string();
    assert!(message.contains("its content makes") && message.contains(&version), "{message}");
}

/// Proves that a version that is not there is named with those that are, and
/// that a version still being written is none.
#[test]
fn missing_versions_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let version = materialise_builtin(folder.path()).unwrap();
    fs::create_dir_all(folder.path().join(".incoming-1-1/kinds")).unwrap();
    assert_eq!(list(folder.path()).unwrap().len(), 1);
    for name in ["abc", "../abc", ""] {
        let message = Reference::open(folder.path(), name).unwrap_err().to_string();
        assert!(message.contains(&version) && message.contains(&format!("'{name}'")), "{message}");
    }
}

/// Proves that malformed rows are left out, counted and reported with file, line
/// and column, and that the rest is loaded.
#[test]
fn malformed_rows_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("reference");
    let path = folder.path().join("dirty.csv");
    let mut bytes =
        [HEADER, ROWS[0], "L8 1T,,,,,", "L8 1TJ,200613,,,,", "L8 1TL,,,E0100667,,E08000012", "L8 1TN,,,", ROWS[1]]
            .join("\n")
            .into_bytes();
    bytes.extend_from_slice(b"\nL8 1TP,,,\xff,,\n\"L8\n1TQ\",,,,,\n");
    fs::write(&path, bytes).unwrap();
    let loaded = load_file(Kind::Postcodes, &path, &dir, None).unwrap();
    assert_eq!(loaded.rows, 2);
    let found: Vec<(u64, &str)> = loaded.malformed.iter().map(|row| (row.line, row.column.as_str())).collect();
    assert_eq!(found, [(3, "postcode"), (4, "doterm"), (5, "lsoa11"), (6, "*"), (8, "lsoa11"), (9, "postcode")]);
    assert!(loaded.malformed.iter().all(|row| row.file == path && !row.message.is_empty()));
}

/// Proves that a file that is not of its kind stops the load, naming file, line
/// and column, and leaves nothing behind.
#[test]
fn hopeless_files_stop_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("reference");
    let mut rows = lines(&[HEADER, ROWS[0]]);
    rows.extend((0..=MALFORMED_ROWS_MAX).map(|row| format!("no postcode {row},,,,,")));
    let many = csv(folder.path(), "many.csv", &rows);
    let other = csv(folder.path(), "other.csv", &lines(&["lsoa21_code,IMD_decile", "E01000001,8"]));
    let empty = csv(folder.path(), "empty.csv", &lines(&["organisation_id,name"]));
    let worthless = csv(folder.path(), "worthless.csv", &lines(&["organisation_id,name", "DUMMY01,Dummy"]));
    let cut = folder.path().join("cut.csv.gz");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(rows.join("\n").as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    fs::write(&cut, &packed[..packed.len() / 2]).unwrap();
    let cases = [
        (Kind::Postcodes, &many, vec!["many.csv", "line 103", "'postcode'", "101", "100"]),
        (Kind::Imd2019, &other, vec!["other.csv", "'lsoa11'", "lsoa21_code"]),
        (Kind::Organisations, &empty, vec!["empty.csv", "no rows"]),
        (Kind::Organisations, &worthless, vec!["worthless.csv", "line 2", "DUMMY01"]),
        (Kind::Postcodes, &cut, vec!["cut.csv.gz", "line"]),
        (Kind::Postcodes, &folder.path().join("absent.csv"), vec!["absent.csv", "open"]),
    ];
    for (kind, file, expected) in cases {
        let message = load_file(kind, file, &dir, None).unwrap_err().to_string();
        for part in expected {
            assert!(message.contains(part), "'{part}' is not in: {message}");
        }
    }
    assert!(matches!(load(Kind::Sic, &[], &dir, None, &mut |_| {}), Err(ReferenceError::NoFiles { .. })));
    let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 1, "only the base is there: {left:?}");
}

/// Proves that kinds are named on the command line as they name themselves.
#[test]
fn kinds_have_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse::<Kind>().unwrap(), kind);
    }
    let message = "postcode".parse::<Kind>().unwrap_err().to_string();
    assert!(message.contains("'postcode'") && message.contains("org-ids"), "{message}");
}
