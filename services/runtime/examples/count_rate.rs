//! How fast messages can be read at best: makes a topic, fills it, counts it.
//!
//!     tests/kafka/run -- cargo run --release -p commonweal-runtime --example count_rate [MESSAGES] [BYTES] [ROUNDS]

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use commonweal_runtime::kafka::{Sink, count, ensure_topics};
use commonweal_runtime::{Config, Shutdown, Sources};

#[expect(
    clippy::disallowed_methods,
    reason = "the broker's address comes from the environment; the topic's name must be fresh"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [messages, bytes, rounds] =
        [(0, 1_000_000), (1, 150), (2, 3)].map(|(place, default)| numbers.get(place).copied().unwrap_or(default));
    let brokers = std::env::var("COMMONWEAL_TEST_KAFKA")
        .map_err(|_| "set COMMONWEAL_TEST_KAFKA, or start with tests/kafka/run")?;
    let kafka =
        Config::load(&Sources { overrides: vec![format!("kafka.brokers={brokers}")], ..Sources::default() })?.kafka;
    let topic = format!("runtime.rate.{}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos());
    ensure_topics(&kafka, &[(&topic, 4)])?;

    let begun = Instant::now();
    let mut sink = Sink::new(&kafka)?;
    let mut value = vec![b'x'; bytes];
    for number in 0..messages {
        let digits = number.to_be_bytes();
        let length = digits.len().min(bytes);
        value[..length].copy_from_slice(&digits[..length]);
        sink.send(&topic, Some(&digits), Some(&value), &[])?;
    }
    sink.flush(Duration::from_mins(1))?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("sent    {} messages of {bytes} bytes in {seconds:.2} s", sink.delivered());

    for _ in 0..rounds {
        let counted = count(&kafka, &Shutdown::new(), &[&topic])?;
        let rate = 1e-6 * counted.messages_per_second();
        println!("counted {} messages in {:.2} s: {rate:.2} M/s", counted.messages, counted.seconds);
    }
    Ok(())
}
