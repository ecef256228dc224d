//! A grant amended at its publisher: the later state stands, whichever file
//! comes first.

use crate::{ONE, Scene, grant};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What an older file, and a newer one, say of the same grants; and what must
/// stand. Each way in which a record can change has a grant of its own.
fn states() -> (Vec<Value>, Vec<Value>, BTreeMap<String, i128>) {
    let listed = json!([{"id": "a", "value": 100}, {"id": "b", "value": 250, "transactionDate": "2020-05-01"}]);
    let changes = [
        ("amount", json!({}), json!({"amountAwarded": 1200}), vec![("", 1200)]),
        ("moved", json!({}), json!({"awardDate": "2020-02-01"}), vec![("", 1000)]),
        ("paid", json!({"amountDisbursed": 0}), json!({"amountDisbursed": 400}), vec![("", 1000), ("/disbursed", 400)]),
        ("unpaid", json!({"amountDisbursed": 400}), json!({"amountDisbursed": 0}), vec![("", 1000)]),
        (
            "itemised",
            json!({"amountDisbursed": 350}),
            json!({"amountDisbursed": 350, "disbursementTransaction": listed}),
            vec![("", 1000), ("/disbursed/a", 100), ("/disbursed/b", 250)],
        ),
        (
            "corrected",
            json!({"disbursementTransaction": [{"id": "a", "value": 90}]}),
            json!({"disbursementTransaction": listed}),
            vec![("", 1000), ("/disbursed/a", 100), ("/disbursed/b", 250)],
        ),
        ("the same", json!({"amountDisbursed": 5}), json!({"amountDisbursed": 5}), vec![("", 1000), ("/disbursed", 5)]),
    ];
    let (mut older, mut newer, mut expected) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (name, before, mut after, stands) in changes {
        let id = format!("360G-test-{}", name.replace(' ', "-"));
        older.push(grant(&id, &before));
        after["dateModified"] = "2020-06-01T00:01:00Z".into();
        newer.push(grant(&id, &after));
        expected.extend(stands.into_iter().map(|(suffix, pounds)| (format!("{id}{suffix}"), pounds * ONE)));
    }
    (older, newer, expected)
}

/// Proves through the ledger that an amended grant supersedes what was posted,
/// that an older file imported later does not, that either order and a repeat
/// publish the same bytes, and that the books verify throughout.
#[test]
fn the_later_modification_stands() {
    let (older, newer, expected) = states();
    let in_order = Scene::begin("amended");
    in_order.take_in(&older);
    in_order.take_in(&newer);
    assert_eq!(in_order.money(), expected);
    let backwards = Scene::begin("amended-late");
    backwards.take_in(&newer);
    backwards.take_in(&older);
    assert_eq!(backwards.money(), expected);
    let published = in_order.system.published();
    assert_eq!(published.digests(), backwards.system.published().digests());
    in_order.take_in(&older);
    in_order.take_in(&newer);
    assert_eq!(in_order.system.published().digests(), published.digests());
    assert!(in_order.system.journal().receipts().count("superseded") > 0);
}

/// Proves that without dates of modification the second of two contents is no
/// amendment but a conflict: one of them stands, and whichever came first, the
/// same one.
#[test]
fn undated_records_conflict() {
    let undated = |pounds: u32| grant("360G-test-undated", &json!({"dateModified": null, "amountAwarded": pounds}));
    let stands = ["undated", "undated-late"].map(|label| {
        let scene = Scene::begin(label);
        let mut states = [undated(1000), undated(1200)];
        if label == "undated-late" {
            states.reverse();
        }
        for state in states {
            scene.take_in(&[state]);
        }
        scene.money()
    });
    assert_eq!(stands[0], stands[1]);
    assert_eq!(stands[0].len(), 1);
}
