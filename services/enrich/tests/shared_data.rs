//! The real files: ONS lookups, deprivation, classifications, org-id pairs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::batch::{Event, validated};
use common::{shared, texts};
use commonweal_enrich::{Kind, Reference, basis, enrich, load};
use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The rows of a gzipped CSV without quoted fields, each as its fields by name.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            names.iter().zip(line.split(',')).map(|(name, field)| ((*name).to_owned(), field.to_owned())).collect()
        })
        .collect()
}

fn load_all(dir: &Path, kinds: &[(Kind, Vec<PathBuf>, u64)]) -> Reference {
    let mut base: Option<String> = None;
    for (kind, files, expected) in kinds {
        let start = Instant::now();
        let mut last = (0, 0);
        let loaded = load(*kind, files, dir, base.as_deref(), &mut |progress| {
            last = (progress.bytes_read, progress.bytes_total);
        })
        .unwrap();
        println!("{kind}: {} rows in {:?}", loaded.rows, start.elapsed());
        assert_eq!(loaded.malformed, [], "{kind}");
        assert_eq!(loaded.rows, *expected, "{kind}");
        assert_eq!(last.0, last.1, "{kind}: the file was not read to its end");
        base = Some(loaded.version);
    }
    let start = Instant::now();
    let reference = Reference::open(dir, &base.unwrap()).unwrap();
    println!("opened in {:?}", start.elapsed());
    reference
}

fn at(postcode: &str) -> Event {
    Event { occurred_on: Some(18_307), postcode: Some(postcode.to_owned()), ..Event::default() }
}

/// What the sources say of single postcodes: LSOA, district, decile.
const POSTCODES: [(&str, &str, &str, &str); 4] = [
    ("L8 1TH", "E01006673", "E08000012", "1"),
    ("CH41 6AE", "E01007126", "E08000015", "1"),
    ("WA7 1AA", "E01012407", "E06000006", "1"),
    ("PR8 1AA", "E01006968", "E08000014", "1"),
];

/// What the pairs say of single ids, and METHOD's order of preference makes of it.
const IDS: [(&str, &str); 7] = [
    ("GB-COH-CE008706", "GB-CHC-1169028"),
    ("GB-COH-08591698", "GB-CHC-1000611"),
    ("GB-SC-SC002327", "GB-CHC-263710"),
    ("GB-COH-IP10002R", "GB-COH-IP10002R"),
    ("GB-MPR-10002R", "GB-COH-IP10002R"),
    // A charity of Scotland that is also one of England, through its CIO.
    ("GB-COH-CE006852", "GB-CHC-1165934"),
    ("GB-SC-SC047502", "GB-CHC-1165934"),
];

/// Each kind's real files and how many rows they make.
fn real_files(root: &Path) -> [(Kind, Vec<PathBuf>, u64); 9] {
    let of = |kind: Kind, name: &str, rows: u64| (kind, vec![root.join(name)], rows);
    let pairs = ["charity-company-numbers", "cio_company_numbers", "dual-registered-uk-charities", "mutual-companies"];
    let pairs = pairs.map(|name| root.join(format!("identifiers/{name}.csv.gz")));
    [
        of(Kind::Postcodes, "places/postcode_lsoa_lad_lcr_2022-05.csv.gz", 63_498),
        of(Kind::Lsoa, "places/lsoa11_msoa11_lad_england_wales_2022-05.csv.gz", 34_753),
        of(Kind::Lsoa21, "places/lsoa11_lsoa21_lad22.csv.gz", 35_795),
        of(Kind::Authorities, "places/lad23_cauth23.csv", 53),
        of(Kind::Regions, "places/lad24_region24.csv", 296),
        of(Kind::Imd2019, "deprivation/imd2019_england_lsoa11.csv.gz", 32_844),
        // 806 classes in 88 divisions in 21 sections.
        of(Kind::Sic, "classifications/sic2007.csv.gz", 915),
        of(Kind::Icnptso, "classifications/icnptso.csv", 127),
        (Kind::OrgIds, pairs.to_vec(), 70_615),
    ]
}

/// Proves that all real files load without a malformed row, and that postcodes,
/// deciles and org-ids resolve to what the sources say of them.
#[test]
fn real_files_load_and_resolve() {
    let Some(root) = shared("") else { return };
    let folder = tempfile::tempdir().unwrap();
    let reference = load_all(folder.path(), &real_files(&root));
    assert_eq!(reference.postcode_count(), 63_498);
    let events = POSTCODES.map(|(postcode, ..)| at(postcode));
    let batch = enrich(&validated(&events), &reference).unwrap();
    for (row, (postcode, lsoa, district, decile)) in POSTCODES.iter().enumerate() {
        assert_eq!(texts(&batch, "lsoa")[row], *lsoa, "{postcode}");
        assert_eq!(texts(&batch, "district")[row], *district, "{postcode}");
        assert_eq!(texts(&batch, "imd_decile")[row], *decile, "{postcode}");
        assert_eq!(texts(&batch, "combined_authority")[row], "E47000004", "{postcode}");
        assert_eq!(texts(&batch, "region")[row], "E12000002", "{postcode}");
    }
    // The most and the least deprived LSOA of England in 2019.
    let extremes =
        ["E01021988", "E01017787"].map(|code| Event { place_code: Some(code.to_owned()), ..Event::default() });
    let batch = enrich(&validated(&extremes), &reference).unwrap();
    assert_eq!(texts(&batch, "imd_decile"), ["1", "10"]);
    for (id, preferred) in IDS {
        assert_eq!(reference.preferred_id(id), Some(preferred), "{id}");
    }
}

/// Proves that every postcode of the north-west file resolves to the LSOA, the
/// district and the decile that the two files, read naively, give it; those
/// without a district to their postcode district or to a cause.
#[test]
fn every_postcode_resolves_as_its_row_says() {
    let Some(root) = shared("places") else { return };
    let path = root.join("postcode_lsoa_lad_north_west_2022-05.csv.gz");
    let imd = root.join("../deprivation/imd2019_england_lsoa11.csv.gz");
    let folder = tempfile::tempdir().unwrap();
    let kinds = [(Kind::Postcodes, vec![path.clone()], 123_403), (Kind::Imd2019, vec![imd.clone()], 32_844)];
    let reference = load_all(folder.path(), &kinds);
    let deciles: BTreeMap<String, String> =
        rows(&imd).into_iter().map(|row| (row["lsoa11_code"].clone(), row["IMD_decile"].clone())).collect();
    let rows = rows(&path);
    for chunk in rows.chunks(4_096) {
        let events: Vec<Event> = chunk.iter().map(|row| at(&row["pcds"])).collect();
        let batch = enrich(&validated(&events), &reference).unwrap();
        let [lsoas, districts, found_deciles, bases] =
            ["lsoa", "district", "imd_decile", "place_basis"].map(|name| texts(&batch, name));
        for (index, row) in chunk.iter().enumerate() {
            let postcode = &row["pcds"];
            if row["ladcd"].is_empty() {
                assert_ne!(bases[index], basis::POSTCODE, "{postcode}");
                continue;
            }
            assert_eq!(lsoas[index], row["lsoa11cd"], "{postcode}");
            assert_eq!(districts[index], row["ladcd"], "{postcode}");
            assert_eq!(&found_deciles[index], deciles.get(&row["lsoa11cd"]).map_or("", String::as_str), "{postcode}");
            assert_eq!(bases[index], basis::POSTCODE, "{postcode}");
        }
    }
    assert_eq!(reference.postcode_count(), rows.iter().filter(|row| !row["ladcd"].is_empty()).count());
}

/// Proves that the built-in reference, which knows no postcode, places at least
/// nine in ten postcodes of the region in their district; prints how many.
#[test]
fn the_builtin_reference_places_the_region() {
    let Some(path) = shared("places/postcode_lsoa_lad_lcr_2022-05.csv.gz") else {
        return;
    };
    let reference = Reference::builtin().unwrap();
    let rows = rows(&path);
    let events: Vec<Event> = rows.iter().map(|row| at(&row["pcds"])).collect();
    let batch = enrich(&validated(&events), &reference).unwrap();
    let right =
        texts(&batch, "district").iter().zip(&rows).filter(|(district, row)| **district == row["ladcd"]).count();
    println!(
        "built-in districts: {right} of {} postcodes right, {:.1} %",
        rows.len(),
        100.0 * f64::from(u32::try_from(right).unwrap()) / 63_498.0
    );
    assert_eq!(rows.len(), 63_498);
    assert!(right * 10 >= rows.len() * 9, "{right} of {} are right", rows.len());
    let bases: BTreeSet<String> = texts(&batch, "place_basis").into_iter().collect();
    assert_eq!(bases, BTreeSet::from([basis::POSTCODE_DISTRICT.to_owned()]));
}

/// Proves that the compiled-in postcode districts are what the method in
/// `builtin/README.md` makes of the full files, row by row.
#[test]
fn the_builtin_postcode_districts_are_computed() {
    let Some(root) = shared("places") else { return };
    let deciles: BTreeMap<String, u32> = rows(&root.join("../deprivation/imd2019_england_lsoa11.csv.gz"))
        .into_iter()
        .map(|row| (row["lsoa11_code"].clone(), row["IMD_decile"].parse().unwrap()))
        .collect();
    let mut by_outward: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for row in rows(&root.join("postcode_lsoa_lad_north_west_2022-05.csv.gz")) {
        if !row["ladcd"].is_empty() {
            by_outward.entry(row["pcds"].split(' ').next().unwrap().to_owned()).or_default().push(row);
        }
    }
    let mut computed = Vec::new();
    for (outward, mut rows) in by_outward {
        if rows.iter().any(|row| row["doterm"].is_empty()) {
            rows.retain(|row| row["doterm"].is_empty());
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &rows {
            *counts.entry(&row["ladcd"]).or_default() += 1;
        }
        let (district, count) = counts.iter().max_by_key(|(code, count)| (**count, std::cmp::Reverse(**code))).unwrap();
        let of_district = rows.iter().filter(|row| row["ladcd"] == *district);
        let mut median: Vec<u32> = of_district.filter_map(|row| deciles.get(&row["lsoa11cd"]).copied()).collect();
        median.sort_unstable();
        let decile = median.get(median.len().saturating_sub(1) / 2).map_or(String::new(), u32::to_string);
        computed.push(format!("{outward},{district},{decile},{}", 100 * count / rows.len()));
    }
    let built_in = include_str!("../builtin/postcode-districts.csv");
    let built_in: Vec<&str> = built_in.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert_eq!(computed, built_in);
}

/// Proves that the built-in deciles and LSOAs are those of the full files, and
/// that they are all of the region's.
#[test]
fn the_builtin_lsoas_are_the_regions() {
    let Some(root) = shared("places") else { return };
    let region = ["E06000006", "E08000011", "E08000012", "E08000013", "E08000014", "E08000015"];
    let deciles: BTreeMap<String, String> = rows(&root.join("../deprivation/imd2019_england_lsoa11.csv.gz"))
        .into_iter()
        .map(|row| (row["lsoa11_code"].clone(), row["IMD_decile"].clone()))
        .collect();
    let mut expected: Vec<[String; 3]> = rows(&root.join("lsoa11_msoa11_lad_england_wales_2022-05.csv.gz"))
        .into_iter()
        .filter(|row| region.contains(&row["ladcd"].as_str()))
        .map(|row| [row["lsoa11cd"].clone(), row["ladcd"].clone(), deciles[&row["lsoa11cd"]].clone()])
        .collect();
    expected.sort();
    let events: Vec<Event> =
        expected.iter().map(|row| Event { place_code: Some(row[0].clone()), ..Event::default() }).collect();
    let batch = enrich(&validated(&events), &Reference::builtin().unwrap()).unwrap();
    let found: Vec<[String; 3]> = (0..events.len())
        .zip(texts(&batch, "lsoa").into_iter().zip(texts(&batch, "district")).zip(texts(&batch, "imd_decile")))
        .map(|(_, ((lsoa, district), decile))| [lsoa, district, decile])
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 989);
}
