//! The demonstration's published tables, attacked (L10).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../services/publish/tests/support/attack.rs"]
#[allow(clippy::pedantic, unreachable_pub, dead_code, reason = "shared with the publisher's own tests")]
mod attack;

use attack::{ONE, Release, attack};
use commonweal_runtime::Exit;
use commonweal_tests::system::System;

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");

/// Proves L10 on the demonstration: an attacker who has its tables, and one who
/// has an earlier release as well, finds no count below ten to within the
/// rounding base; and that tables before disclosure control never come where
/// published ones lie.
#[test]
fn the_demonstration_keeps_its_small_counts() {
    let system = System::new(PROGRAM).set("publish.label", "synthetic");
    let ended = system.succeed(["demo", "--data", "data"]);
    assert!(ended.stdout.contains("figures about work are rounded"), "{}", ended.stdout);
    let published = system.data().join("published");
    let folder = |name: &str| system.scratch().join(name).display().to_string();
    system.succeed(["publish", "--before-disclosure", "--to", &folder("exact")]);
    let (exact, told) = (Release::read(folder("exact").as_ref()), Release::read(&published));

    let recovered = attack(&[&told], &exact);
    assert!(recovered.is_empty(), "{} recovered: {:#?}", recovered.len(), recovered.first());
    // A second release of the same, made in the knowledge of the first.
    system.succeed(["publish", "--to", &folder("again"), "--against", &published.display().to_string()]);
    let again = Release::read(folder("again").as_ref());
    let recovered = attack(&[&told, &again], &exact);
    assert!(recovered.is_empty(), "{} recovered: {:#?}", recovered.len(), recovered.first());
    let counts = |release: &Release| release.figures().into_values().map(|(told, _)| told.count).collect::<Vec<_>>();
    assert_eq!(counts(&again), counts(&told), "nothing has changed");

    let cells = exact.cells.iter().filter(|(_, cell)| cell.count.is_some_and(|count| count != 0));
    let small = cells.clone().filter(|(_, cell)| cell.count.is_some_and(|count| count < 10 * ONE)).count();
    let shown = told.cells.values().filter(|cell| cell.count.is_some()).count();
    println!("{} cells, {small} below ten, {shown} told", cells.count());

    let refused = system.run(["publish", "--before-disclosure", "--to", &published.display().to_string()]);
    assert_eq!(refused.exit.code, Some(i32::from(Exit::Usage.code())), "{}", refused.stderr);
    let refused = system.run(["publish", "--to", &folder("next"), "--against", &folder("exact")]);
    assert_eq!(refused.exit.code, Some(i32::from(Exit::Usage.code())), "{}", refused.stderr);
}
