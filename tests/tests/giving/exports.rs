//! Exports: valid by the standard's schema, and the same figures when they are
//! taken in again.

use crate::{Scene, grant};
use commonweal_runtime::Exit;
use commonweal_tests::environment::{python, repository, shared_data};
use commonweal_tests::process::Running;
use commonweal_tests::system::PATIENCE;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Holds a file against the standard's schema, where both a validator and the
/// schema are at hand; `faults` are what must be said of it, none of a valid one.
fn validate(file: &Path, faults: &[&str]) {
    let (Some(python), Some(data)) = (python(), shared_data()) else { return };
    let mut command = Command::new(python);
    command.arg("-B").arg(repository().join("tests/readers/giving_schema.py"));
    command.arg(data.join("standards/360giving")).arg(file);
    let ended = Running::start(command).finish(PATIENCE);
    println!("{}", ended.stdout);
    assert_eq!(ended.exit.code, Some(i32::from(!faults.is_empty())), "{}", ended.stderr);
    assert!(faults.iter().all(|fault| ended.stderr.contains(fault)), "{faults:?}: {}", ended.stderr);
}

fn by_id(package: &Value) -> BTreeMap<String, Value> {
    let grants = package["grants"].as_array().expect("grants").iter();
    grants.map(|grant| (grant["id"].as_str().expect("an id").to_owned(), grant.clone())).collect()
}

/// Proves what is written of each kind of grant, field by field, that the file
/// is valid, that persons are not in it, and that filters keep to award dates
/// and programmes.
#[test]
fn grants_in_force_are_written() {
    let listed =
        json!([{"id": "a", "value": 100.05}, {"value": 250, "transactionDate": "2020-05-01", "currency": "EUR"}]);
    let full = json!({
        "amountAwarded": 1234.5, "amountDisbursed": 350, "disbursementTransaction": listed,
        "beneficiaryLocation": [{"geoCode": "E01006512", "geoCodeType": "LSOA"}],
        "grantProgramme": [{"title": "Kitchens (2020)"}], "regrantType": "FRG030",
        "plannedDates": [{"startDate": "2020-05-01", "endDate": "2021-04-30"}],
        "dataSource": "https://example.org/grants.json", "fundingType": [{"title": "Loan"}],
    });
    let person = json!({"recipientOrganization": null, "recipientIndividual": {"id": "p1", "name": "Jo Doe"}});
    let bare = json!({
        "title": null, "dateModified": null, "awardDate": "2019-12-31", "amountDisbursed": 7,
        "recipientOrganization": [{"name": "A club"}],
    });
    let scene = Scene::begin("exported");
    scene.take_in(&[
        grant("full", &full),
        grant("person", &person),
        grant("bare", &bare),
        grant("leu", &json!({"currency": "SLE"})),
    ]);
    let (path, package) = scene.export(&[]);
    validate(&path, &[]);
    assert_eq!(package["version"], "1.4");
    let grants = by_id(&package);
    assert_eq!(grants.keys().collect::<Vec<_>>(), ["bare", "full"]);
    let expected = json!({
        "id": "full", "title": "A grant", "description": "A grant", "currency": "GBP", "amountAwarded": 1234.5,
        "amountDisbursed": 100.05, "awardDate": "2020-04-01", "dateModified": "2020-06-01T00:00:00Z",
        "fundingOrganization": [{"id": "GB-CHC-1159982", "name": "A trust"}],
        "recipientOrganization": [{"id": "GB-COH-08253562", "name": "A club"}],
        "beneficiaryLocation": [{"geoCode": "E01006512", "geoCodeType": "LSOA"}],
        "grantProgramme": [{"code": "KITCHENS-2020", "title": "KITCHENS-2020"}],
        "plannedDates": [{"startDate": "2020-05-01", "endDate": "2021-04-30"}],
        "fundingType": [{"title": "Loan"}], "regrantType": "FRG010", "dataSource": "https://example.org/grants.json",
        "disbursementTransaction": [
            {"id": "2", "value": 250, "currency": "EUR", "transactionDate": "2020-05-01", "dateModified": "2020-06-01T00:00:00Z"},
            {"id": "a", "value": 100.05, "currency": "GBP", "transactionDate": "2020-04-01", "dateModified": "2020-06-01T00:00:00Z"},
        ],
    });
    assert_eq!(grants["full"], expected);
    let bare = &grants["bare"];
    assert_eq!((&bare["title"], &bare["amountDisbursed"]), (&json!("Grant to A club"), &json!(7)));
    assert!(bare.get("dateModified").is_none() && bare.get("disbursementTransaction").is_none(), "{bare}");
    assert!(!package.to_string().contains("Doe"));

    let only = |arguments: &[&str]| by_id(&scene.export(arguments).1).into_keys().collect::<Vec<_>>();
    assert_eq!(only(&["--from", "2020-Q1"]), ["full"]);
    assert_eq!(only(&["--until", "2019-Q4"]), ["bare"]);
    assert_eq!(only(&["--programme", "kitchens 2020"]), ["full"]);
    let to = scene.system.scratch().join("none.json");
    let none = scene.system.run(["export", "360giving", "--to", &to.display().to_string(), "--from", "2021-Q1"]);
    assert_eq!(none.exit.code, Some(i32::from(Exit::CheckFailed.code())), "{}", none.stderr);
    assert!(!to.exists() && !to.with_extension("json.tmp").exists());
    let wrong = scene.system.run(["export", "360giving", "--to", "x.json", "--from", "2021"]);
    assert_eq!(wrong.exit.code, Some(i32::from(Exit::Usage.code())));
}

/// Proves that the validator finds what it is there to find: a missing field, a
/// date and an address that are none, a code that is in no list, an id twice.
#[test]
fn the_validator_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.json");
    let faults = [
        (json!({"title": null}), "$.grants[0].title"),
        (json!({"awardDate": "01/04/2020"}), "$.grants[0].awardDate"),
        (json!({"dataSource": "see our site"}), "$.grants[0].dataSource"),
        (json!({"currency": "SLE"}), "$.grants[0].currency"),
        (json!({"regrantType": "FRG999"}), "regrantType is FRG999"),
    ];
    for (change, fault) in faults {
        fs::write(&path, json!({"grants": [grant("one", &change)]}).to_string()).unwrap();
        validate(&path, &[fault]);
    }
    let twice = [grant("one", &json!({})), grant("one", &json!({"amountAwarded": 2}))];
    fs::write(&path, json!({ "grants": twice }).to_string()).unwrap();
    validate(&path, &["more than one grant has this id"]);
}

/// Proves that the demonstration's export is valid: grants and loans of many
/// sources, programmes and currencies.
#[test]
fn the_demonstrations_export_is_valid() {
    let scene = Scene::begin("exported-demo");
    scene.system.succeed(["demo", "--data", &scene.system.data().display().to_string()]);
    let (path, package) = scene.export(&[]);
    validate(&path, &[]);
    println!("{} grants", package["grants"].as_array().expect("grants").len());
}

/// Proves on the real grants of the city region that an export, taken into an
/// empty ledger, publishes the same bytes of every table of money and of what
/// it is read with; and exports the same file again.
#[test]
fn an_export_taken_in_again_gives_the_same_figures() {
    let Some(data) = shared_data() else { return };
    let first = Scene::begin("exported-real");
    first.import(&data.join("grants/lcr_recipients.json"));
    let (path, package) = first.export(&[]);
    validate(&path, &[]);
    let second = Scene::begin("exported-again");
    second.import(&path);
    let (before, after) = (first.system.published(), second.system.published());
    for table in ["funding", "quarters", "programmes", "places", "organisations"] {
        assert_eq!(before.digests()[table], after.digests()[table], "{table}");
    }
    assert_eq!(first.money(), second.money());
    let (_, again) = second.export(&[]);
    assert_eq!(again["grants"], package["grants"]);
}
