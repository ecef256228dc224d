//! Identifiers, postcodes and places of real grants.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use commonweal_ingest::{canonical_programme, is_active_currency, org_id, place};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The folder of real data, or `None` where the test may be skipped.
#[expect(clippy::disallowed_methods, reason = "where the data lies is for whoever runs the tests to say")]
fn shared_data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("COMMONWEAL_SHARED_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.join("grants").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "needs ../shared/data, and CI=true skips nothing");
    println!("skipped: needs ../shared/data");
    None
}

fn grants(folder: &std::path::Path) -> Vec<Value> {
    let mut grants = Vec::new();
    for name in
        ["covid19_grants_2020-05-07_openly_licensed", "dulverton", "lloyds_bank_foundation_ew", "power_to_change"]
    {
        let file = std::fs::File::open(folder.join(format!("grants/{name}.json.gz"))).unwrap();
        let package: Value = serde_json::from_reader(GzDecoder::new(file)).unwrap();
        grants.extend(package["grants"].as_array().unwrap().iter().cloned());
    }
    grants
}

/// Proves on 8,358 real grants that every funder and nearly every recipient
/// passes, and that what is refused is what the sources hold of dirt: counted
/// here, so that a rule that grows too strict or too lax is seen.
#[test]
fn real_identifiers_pass_and_dirt_is_refused() {
    let Some(folder) = shared_data() else { return };
    let grants = grants(&folder);
    assert_eq!(grants.len(), 8_358);
    let mut refused: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for grant in &grants {
        let texts = [
            ("funder", grant["fundingOrganization"][0]["id"].as_str()),
            ("recipient", grant["recipientOrganization"][0]["id"].as_str()),
        ];
        for (party, text) in texts {
            if let Some(text) = text.filter(|text| org_id::canonical(text).is_none()) {
                refused.entry(party).or_default().push(text.to_owned());
            }
        }
        let postcode = grant["recipientOrganization"][0]["postalCode"].as_str();
        if let Some(text) = postcode.filter(|text| place::canonical_postcode(text).is_none()) {
            refused.entry("postcode").or_default().push(text.to_owned());
        }
        assert!(is_active_currency(grant["currency"].as_str().unwrap()));
        let programme = grant["grantProgramme"][0]["title"].as_str().unwrap_or_default();
        assert!(canonical_programme(programme).is_some(), "{programme}");
    }
    for (what, texts) in &refused {
        println!("{what}: {} refused: {texts:?}", texts.len());
    }
    assert_eq!(refused.get("funder"), None);
    // Half of the recipients' are the bare list code `GB-REV`.
    assert_eq!(refused["recipient"].len(), 74);
    assert_eq!(refused["recipient"].iter().filter(|text| *text == "GB-REV").count(), 36);
    assert_eq!(refused["postcode"].len(), 48);
}
