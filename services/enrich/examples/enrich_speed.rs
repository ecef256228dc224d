//! Nanoseconds an event costs in the enrich stage, over a reference of the size
//! of the real one. Seeded: each run joins the same events.
//!
//!     cargo run --release -p commonweal-enrich --example enrich_speed
#![allow(clippy::pedantic, reason = "a measurement for people: rates are rounded, and nobody calls it")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a measurement that cannot run fails by panicking")]

#[path = "../tests/common/batch.rs"]
mod batch;

use batch::{Event, validated};
use commonweal_enrich::{Kind, Reference, enrich, load};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

const SEED: u64 = 2020;
const POSTCODES: usize = 123_000;
const BODIES: usize = 60_000;
const BATCH_ROWS: usize = 4_096;
const BATCHES: usize = 64;
const ROUNDS: usize = 8;

fn postcode(number: usize) -> String {
    let letter = |place: usize| char::from(b'A' + u8::try_from(place % 26).unwrap());
    let (unit, sector) = (number % 676, number / 676);
    format!("L{} {}{}{}", sector / 10 + 1, sector % 10, letter(unit / 26), letter(unit))
}

fn district(number: usize) -> &'static str {
    ["E06000006", "E08000011", "E08000012", "E08000013", "E08000014", "E08000015"][number % 6]
}

fn load_kind(kind: Kind, csv: &str, folder: &Path, base: Option<&str>) -> String {
    let file = folder.join(format!("{kind}.csv"));
    std::fs::write(&file, csv).unwrap();
    load(kind, &[file], &folder.join("reference"), base, &mut |_| {}).unwrap().version
}

fn reference(folder: &Path) -> Reference {
    let mut postcodes = "pcds,lsoa11cd,ladcd\n".to_owned();
    for number in 0..POSTCODES {
        let lsoa = number / 40;
        writeln!(postcodes, "{},E0100{lsoa:04},{}", postcode(number), district(lsoa)).unwrap();
    }
    let version = load_kind(Kind::Postcodes, &postcodes, folder, None);
    let mut pairs = "org_id_a,org_id_b\n".to_owned();
    let mut register = "organisation_id,name,legal_form,sic,icnptso,valid_from,valid_to\n".to_owned();
    for body in 0..BODIES {
        writeln!(pairs, "GB-CHC-{body},GB-COH-{body:08}").unwrap();
        writeln!(register, "GB-CHC-{body},Body {body},CIO,88990,D10,,2019-12-31").unwrap();
        writeln!(register, "GB-CHC-{body},Body {body},CLG,94990,F20,2020-01-01,").unwrap();
    }
    let version = load_kind(Kind::OrgIds, &pairs, folder, Some(&version));
    let version = load_kind(Kind::Organisations, &register, folder, Some(&version));
    let start = Instant::now();
    let reference = Reference::open(&folder.join("reference"), &version).unwrap();
    let (postcodes, bodies) = (reference.postcode_count(), reference.organisation_count());
    println!(
        "open          {:>8.1} ms   ({postcodes} postcodes, {bodies} bodies)",
        start.elapsed().as_secs_f64() * 1e3
    );
    reference
}

/// Nine in ten with a postcode, most known; three in ten under an alias; two in
/// a hundred cancelled.
fn event(random: &mut ChaCha8Rng, funders: &[String]) -> Event {
    let body = random.random_range(0..BODIES + BODIES / 20);
    Event {
        cancel: random.random_bool(0.02),
        organisation: Some(if random.random_bool(0.3) {
            format!("GB-COH-{body:08}")
        } else {
            format!("GB-CHC-{body}")
        }),
        individual: random.random_bool(0.01),
        counterparty: funders.choose(random).cloned(),
        occurred_on: Some(random.random_range(17_897..18_628)),
        postcode: random.random_bool(0.9).then(|| postcode(random.random_range(0..POSTCODES + POSTCODES / 20))),
        place_code: random.random_bool(0.1).then(|| district(random.random_range(0..6)).to_owned()),
    }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let reference = reference(folder.path());
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let funders: Vec<String> = (0..40).map(|number| format!("GB-CHC-{}", number * 97)).collect();
    let batches: Vec<_> = (0..BATCHES)
        .map(|_| validated(&(0..BATCH_ROWS).map(|_| event(&mut random, &funders)).collect::<Vec<_>>()))
        .collect();
    let events = (BATCHES * BATCH_ROWS) as f64;
    let mut best = f64::INFINITY;
    for round in 1..=ROUNDS {
        let start = Instant::now();
        let rows: usize = batches.iter().map(|batch| enrich(batch, &reference).unwrap().num_rows()).sum();
        let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / events;
        best = best.min(nanoseconds);
        println!("round {round}       {nanoseconds:>8.1} ns per event   ({rows} events in batches of {BATCH_ROWS})");
    }
    println!("best          {best:>8.1} ns per event");
}
