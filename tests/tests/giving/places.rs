//! Where grants go and whom they reach, through the ledger.

use crate::{Scene, grant};
use arrow::array::AsArray as _;
use arrow::datatypes::Date32Type;
use commonweal_tests::journal::text;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn at(codes: &[(&str, &str)]) -> Value {
    let locations: Vec<Value> =
        codes.iter().map(|(code, kind)| json!({"geoCode": code, "geoCodeType": kind})).collect();
    json!({ "beneficiaryLocation": locations })
}

/// Proves for codes of each level and vintage where the grant lies in the
/// books: an LSOA before a district, a district before the recipient's
/// postcode, which goes before codes that are finer or coarser than what the
/// reference knows; and a code that the reference has not is kept and counted
/// as unknown, never guessed at.
#[test]
fn codes_of_every_level_have_their_place() {
    let nowhere = json!([{"id": "GB-COH-08253562", "name": "A club"}]);
    let with = |mut change: Value, recipient: &Value| {
        change["recipientOrganization"] = recipient.clone();
        change
    };
    let cases = [
        ("lsoa", at(&[("E08000015", "MD"), ("E01006512", "LSOA")]), "E08000012", "place-code"),
        ("district", at(&[("E12000002", "RGN/GOR"), ("E08000015", "MD")]), "E08000015", "place-code"),
        ("swapped", at(&[("MD", "E08000011")]), "E08000011", "place-code"),
        ("ward", at(&[("E05000886", "WD")]), "E08000012", "postcode-district"),
        ("msoa", at(&[("E02001347", "MSOA")]), "E08000012", "postcode-district"),
        ("output area", at(&[("E00032987", "OA")]), "E08000012", "postcode-district"),
        ("region", at(&[("E12000002", "RGN/GOR")]), "E08000012", "postcode-district"),
        ("ward alone", with(at(&[("E05000886", "WD")]), &nowhere), "unknown", "place-code-not-in-reference"),
        ("region alone", with(at(&[("E12000002", "RGN/GOR")]), &nowhere), "unknown", "place-code-not-in-reference"),
        ("country alone", with(at(&[("E92000001", "CTRY")]), &nowhere), "unknown", "place-code-not-in-reference"),
        ("another vintage", at(&[("E01099999", "LSOA")]), "unknown", "place-code-not-in-reference"),
        ("no place", with(json!({}), &nowhere), "unknown", "not-given"),
        ("name only", json!({"beneficiaryLocation": [{"name": "Toxteth"}]}), "E08000012", "postcode-district"),
    ];
    let scene = Scene::begin("places");
    scene.take_in(&cases.each_ref().map(|(name, change, ..)| grant(name, change)));
    let mut found = BTreeMap::new();
    for batch in scene.system.journal().batches("funding") {
        let (event, district, basis) =
            (text(&batch, "event_id"), text(&batch, "district"), text(&batch, "place_basis"));
        for row in 0..batch.num_rows() {
            let place = (district(row).unwrap_or_default().to_owned(), basis(row).unwrap_or_default().to_owned());
            found.insert(event(row).unwrap_or_default().to_owned(), place);
        }
    }
    for (name, _, district, basis) in &cases {
        let (found_district, found_basis) = &found[*name];
        let found_basis = if found_basis == "postcode" { "postcode-district" } else { found_basis.as_str() };
        assert_eq!((found_district.as_str(), found_basis), (*district, *basis), "{name}");
    }
}

/// Proves in the books that persons are counted, without any word of theirs,
/// that regrants are marked and stay out of totals, and that planned dates are
/// kept beside award and payment.
#[test]
fn persons_regrants_and_plans_reach_the_books() {
    let person = json!({
        "recipientOrganization": null, "recipientIndividual": {"id": "PERSON-7", "name": "Jo Doe"},
        "title": "To Jo Doe", "toIndividualsDetails": {"primaryGrantReason": "GTIR010"},
    });
    let planned = json!({
        "plannedDates": [{"startDate": "2020-05-01", "endDate": "2021-04-30"}], "amountDisbursed": 10,
    });
    let grants = [
        grant("person", &person),
        grant("regrant", &json!({"regrantType": "FRG010", "amountAwarded": 77})),
        grant("planned", &planned),
    ];
    let scene = Scene::begin("kinds");
    scene.take_in(&grants);
    let mut seen = BTreeMap::new();
    for batch in scene.system.journal().batches("funding") {
        let event = text(&batch, "event_id");
        let kind = text(&batch, "recipient_kind");
        let onward = batch.column_by_name("onward_grant").expect("a column").as_boolean().clone();
        let day = |name: &str| batch.column_by_name(name).expect("a column").as_primitive::<Date32Type>().clone();
        let (start, end) = (day("period_start"), day("period_end"));
        assert!(!format!("{batch:?}").contains("Doe") && !format!("{batch:?}").contains("PERSON-7"));
        for row in 0..batch.num_rows() {
            let plan = arrow::array::Array::is_valid(&start, row).then(|| end.value(row) - start.value(row));
            let told = (kind(row).unwrap_or_default().to_owned(), onward.value(row), plan);
            seen.insert(event(row).unwrap_or_default().to_owned(), told);
        }
    }
    let organisation = |onward, plan| ("ORGANISATION".to_owned(), onward, plan);
    let expected = [
        ("person", ("INDIVIDUAL".to_owned(), false, None)),
        ("regrant", organisation(true, None)),
        ("planned", organisation(false, Some(364))),
        ("planned/disbursed", organisation(false, Some(364))),
    ];
    assert_eq!(seen, expected.map(|(name, told)| (name.to_owned(), told)).into());
    let mut totals = BTreeMap::new();
    for batch in scene.system.published().batches("funding") {
        let in_totals = batch.column_by_name("in_totals").expect("a column").as_boolean();
        let amounts = commonweal_tests::journal::decimal(&batch, "amount");
        for row in 0..batch.num_rows() {
            *totals.entry(in_totals.value(row)).or_insert(0) += amounts(row).unwrap_or_default();
        }
    }
    // Who was given the regrant is not known to have given anything: it is the last that is known of the money.
    assert_eq!(totals, BTreeMap::from([(true, 2_087 * crate::ONE)]));
}
