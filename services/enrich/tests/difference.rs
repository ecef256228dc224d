//! How two versions differ, against a naive comparison.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{reference_of, scratch};
use commonweal_enrich::{Kind, KindDifference, Reference, difference};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Registered name and legal form by id and first day.
type Register = BTreeMap<(u8, u8), (u8, Option<u8>)>;

fn register() -> impl Strategy<Value = Register> {
    let row = ((0..6_u8, 0..3_u8), (0..3_u8, prop::option::of(0..2_u8)));
    prop::collection::vec(row, 1..14).prop_map(|rows| rows.into_iter().collect())
}

/// A day of the register; the first one is open.
fn day(number: u8) -> String {
    if number == 0 { String::new() } else { format!("202{number}-02-01") }
}

fn id(number: u8) -> String {
    // Ids of which one begins like another sort by what stands behind.
    format!("GB-CHC-{}", ["1", "10", "1-2", "2", "100", "9"][usize::from(number)])
}

fn form(form: Option<u8>) -> Option<String> {
    form.map(|form| format!("form {form}"))
}

fn reference(register: &Register) -> (tempfile::TempDir, Reference) {
    let dir = scratch();
    let mut lines = vec!["organisation_id,valid_from,name,legal_form".to_owned()];
    for ((number, from), (name, legal)) in register {
        lines.push(format!("{},{},name {name},{}", id(*number), day(*from), form(*legal).unwrap_or_default()));
    }
    let reference = reference_of(dir.path(), &[(Kind::Organisations, lines)]);
    (dir, reference)
}

fn of_kind(differences: &[KindDifference], kind: Kind) -> &KindDifference {
    differences.iter().find(|difference| difference.kind == kind).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves that rows added, removed and changed are those that a comparison
    /// of two maps finds, with the columns that differ, whatever the keys; that
    /// no other kind differs; and that turning the versions around turns the
    /// findings around.
    #[test]
    fn rows_are_told_apart_by_their_keys(before in register(), after in register()) {
        let ((_old, old), (_new, new)) = (reference(&before), reference(&after));
        let found = difference(&old, &new, usize::MAX).unwrap();
        let added = after.keys().filter(|key| !before.contains_key(*key)).count() as u64;
        let removed = before.keys().filter(|key| !after.contains_key(*key)).count() as u64;
        let changed: Vec<_> =
            before.iter().filter_map(|(key, old)| Some((key, old, after.get(key).filter(|new| *new != old)?))).collect();
        let register = of_kind(&found, Kind::Organisations);
        prop_assert_eq!(register.rows, [before.len() as u64, after.len() as u64]);
        prop_assert_eq!((register.added, register.removed), (added, removed));
        prop_assert_eq!(register.changed, changed.len() as u64);
        prop_assert_eq!(register.examples.len() as u64, added + removed + register.changed);
        for ((number, from), old, new) in changed {
            let key = vec![("organisation_id", id(*number)), ("valid_from", day(*from))];
            let example = register.examples.iter().find(|example| example.key == key).unwrap();
            let mut columns = vec![("name", Some(format!("name {}", old.0)), Some(format!("name {}", new.0)))];
            columns.push(("legal_form", form(old.1), form(new.1)));
            columns.retain(|(_, before, after)| before != after);
            prop_assert_eq!(&example.columns, &columns);
            prop_assert_eq!(example.present, [true, true]);
        }
        for other in found.iter().filter(|other| other.kind != Kind::Organisations) {
            prop_assert_eq!((other.added, other.removed, other.changed), (0, 0, 0), "{}", other.kind);
            prop_assert_eq!(other.rows[0], other.rows[1]);
        }
        let turned = difference(&new, &old, 0).unwrap();
        let turned = of_kind(&turned, Kind::Organisations);
        prop_assert_eq!((turned.added, turned.removed, turned.changed), (removed, added, register.changed));
        prop_assert!(turned.examples.is_empty());
    }
}

/// Proves that the built-in version and its folder are one, row by row.
#[test]
fn the_builtin_version_is_its_folder() {
    let dir = scratch();
    let version = commonweal_enrich::materialise_builtin(dir.path()).unwrap();
    let folder = Reference::open(dir.path(), &version).unwrap();
    let found = difference(&Reference::builtin().unwrap(), &folder, 5).unwrap();
    for kind in &found {
        assert_eq!((kind.added, kind.removed, kind.changed), (0, 0, 0), "{}", kind.kind);
        assert_eq!(kind.rows[0], kind.rows[1]);
    }
    assert!(found.iter().any(|kind| kind.rows[0] > 500));
}
