//! Events that come in at a steady rate, while something else happens.

use crate::broker::{Broker, Topics};
use crate::events::Version;
use crate::system::PATIENCE;
use commonweal_runtime::kafka::Sink;
use commonweal_runtime::{Config, Sources};
use commonweal_schemas::avro::Contract;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Portions that a second's events are sent in.
const PORTIONS: usize = 20;

/// Sends funding events, so many a second, until it is enough; how many. Each
/// portion is acknowledged before the next is sent.
pub fn send_steadily(broker: &Broker, topics: &Topics, rate: usize, enough: &AtomicBool) -> u64 {
    let overrides = vec![format!("kafka.brokers={}", broker.address())];
    let config = Config::load(&Sources { overrides, ..Sources::default() }).expect("settings");
    let mut sink = Sink::new(&config.kafka).expect("a sink");
    let begun = Instant::now();
    let id = Contract::Funding.embedded_id();
    let mut sent = 0;
    for portion in 1_u32.. {
        if enough.load(Ordering::SeqCst) {
            break;
        }
        for number in sent..sent + rate / PORTIONS {
            let message = Version::Contract.message(number, id);
            sink.send(&topics.funding, message.key.as_deref(), message.value.as_deref(), &[]).expect("it is sent");
        }
        sink.flush(PATIENCE).expect("it is acknowledged");
        sent += rate / PORTIONS;
        // The rate is what is wanted here: the next portion is due at its time.
        let due = Duration::from_secs(1) * portion / u32::try_from(PORTIONS).expect("a small number");
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    sent as u64
}

/// Sets a flag when it goes, so that whatever fails, the sending ends.
pub struct Stop<'a>(pub &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
