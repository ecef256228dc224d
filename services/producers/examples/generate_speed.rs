//! Prints how many messages a second one core generates.
//!
//! `cargo run --release -p commonweal-producers --example generate_speed [MESSAGES]`
#![allow(clippy::pedantic, reason = "a measurement for people: rates are rounded, and nobody calls it")]

use commonweal_producers::{Codecs, Generator, Plan, ProducerError};
use std::sync::Arc;
use std::time::Instant;

const SEED: u64 = 7;

fn main() -> Result<(), ProducerError> {
    let events = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2_000_000);
    let codecs = Arc::new(Codecs::embedded()?);
    for (name, plan) in [("load", Plan::load(events)), ("region", Plan::region())] {
        let started = Instant::now();
        let generator = Generator::new(SEED, &plan, Arc::clone(&codecs));
        let prepared = started.elapsed();
        let (mut messages, mut bytes) = (0_u64, 0_u64);
        let started = Instant::now();
        for message in generator {
            let message = message?;
            messages += 1;
            bytes += (message.key.len() + message.value.len()) as u64;
        }
        let micros = started.elapsed().as_micros().max(1);
        println!(
            "{name}: prepared in {} ms, {messages} messages, {} bytes each, {} messages/s, {} MB/s",
            prepared.as_millis(),
            bytes / messages.max(1),
            u128::from(messages) * 1_000_000 / micros,
            u128::from(bytes) / micros,
        );
    }
    Ok(())
}
