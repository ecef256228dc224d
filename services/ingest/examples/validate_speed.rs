//! How long validation takes: `cargo run --release -p commonweal-ingest
//! --example validate_speed`. Seeded; prints nanoseconds an event, one core.

#![allow(clippy::unwrap_used, reason = "an example stops at the first fault")]

#[path = "../tests/support/mod.rs"]
mod support;

use commonweal_ingest::Rules;
use commonweal_schemas::records::{EmploymentEvent, FundingEvent};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use std::hint::black_box;
use std::time::{Duration, Instant};
use support::{APRIL_2020, Event, grant, headcount, origins, raw};

const ROWS: usize = 4_096;
const ROUNDS: u32 = 400;
const PROGRAMMES: [&str; 4] = ["LCR-CARES", "KINDRED", "COMMUNITY-ANCHORS", "WINTER-FUND"];

fn grants(random: &mut ChaCha8Rng, dirty: bool) -> Vec<FundingEvent> {
    (0..ROWS)
        .map(|number| {
            let mut event = grant(number);
            let organisation: u32 = random.random_range(1..1_400);
            event.recipient_id = Some(format!("GB-CHC-{}", 1_100_000 + organisation));
            event.recipient_name = Some(format!("Synthetic Organisation {organisation}"));
            event.programme = PROGRAMMES.choose(random).map(|&programme| programme.to_owned());
            event.amount = Some(Decimal::new(random.random_range(1..10_000_000), 2));
            event.occurred_on = Some(APRIL_2020 - random.random_range(0..300));
            event.postcode = Some(format!("L{} {}TH", random.random_range(1..30), random.random_range(0..10)));
            if dirty && number % 50 == 0 {
                event.postcode = Some("l81th".to_owned());
                event.recipient_name = Some("  Synthetic   Organisation".to_owned());
                event.title = Some("Ring 0151 496 0123".to_owned());
            }
            if dirty && number % 1_000 == 0 {
                event.currency = None;
            }
            event
        })
        .collect()
}

fn stocks(random: &mut ChaCha8Rng) -> Vec<EmploymentEvent> {
    (0..ROWS)
        .map(|number| {
            let mut event = headcount(number);
            let organisation: u32 = random.random_range(1..1_400);
            event.employer_id = Some(format!("GB-CHC-{}", 1_100_000 + organisation));
            event.quantity = Some(Decimal::new(random.random_range(0..500), 0));
            event
        })
        .collect()
}

fn measure<E: Event>(name: &str, events: &[E]) {
    let batch = raw(events);
    let origins = origins(0, events.len());
    let rules = Rules::default();
    let mut best = Duration::MAX;
    let mut total = Duration::ZERO;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let validated = black_box(E::validate(black_box(&batch), &origins, &rules));
        let took = start.elapsed();
        assert_eq!(validated.valid.num_rows() + validated.rejected.len(), events.len());
        best = best.min(took);
        total += took;
    }
    let per_event = |time: Duration| time.as_nanos() / u128::try_from(ROWS).unwrap();
    println!("{name:<28} {:>5} ns/event mean, {:>5} best", per_event(total / ROUNDS), per_event(best));
}

fn main() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    measure("funding, canonical", &grants(&mut random, false));
    measure("funding, 2 % to normalise", &grants(&mut random, true));
    measure("employment, canonical", &stocks(&mut random));
}
