//! A broker inside the process: librdkafka's mock cluster, which speaks the
//! real protocol on a loopback port.
//!
//! It is made for tests, and it has limits that a feeder must know:
//!
//! - It **silently drops the oldest messages** of a partition that holds more
//!   than [`EMBEDDED_PARTITION_BYTES_MAX`]. So whoever feeds it keeps a bounded
//!   lead over whoever reads ([`Lead`]), and counts are checked at the end.
//! - It shows aborted transactions, answers lookups by time wrongly, cannot
//!   create topics on request and stores nothing on disk.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rdkafka::mocking::MockCluster;

/// What one partition of the embedded broker holds before it drops its oldest
/// messages, without a word.
pub const EMBEDDED_PARTITION_BYTES_MAX: usize = 5 << 20;

/// Why the embedded broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// librdkafka refuses.
    #[error("the embedded broker does not start: {reason}")]
    Start { reason: String },
    /// The system has no thread to give.
    #[error("the embedded broker has no thread")]
    Thread(#[from] io::Error),
}

/// A running broker; it ends when dropped, and what it held is gone.
pub struct EmbeddedBroker {
    brokers: String,
    /// Dropping it is the sign to end.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts a broker that has `topics`, each with so many partitions.
    ///
    /// # Errors
    /// No free port, a topic name that is not allowed, or no partitions.
    pub fn start(topics: &[(&str, i32)]) -> Result<Self, EmbeddedError> {
        let topics: Vec<(String, i32)> =
            topics.iter().map(|(name, partitions)| ((*name).to_owned(), *partitions)).collect();
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = mpsc::channel::<()>();
        // The cluster's handle must stay on the thread that made it.
        let thread = thread::Builder::new().name("embedded-broker".to_owned()).spawn(move || {
            let outcome = make(&topics);
            let cluster = outcome.as_ref().ok().map(|(cluster, _)| cluster);
            let answer = match &outcome {
                Ok((_, brokers)) => Ok(brokers.clone()),
                Err(reason) => Err(reason.clone()),
            };
            if ready.send(answer).is_ok() && cluster.is_some() {
                // Ends with an error when the other side is dropped: the sign.
                let _end = stopped.recv();
            }
        })?;
        let answer = started.recv().unwrap_or_else(|_gone| Err("its thread ended".to_owned()));
        let brokers = answer.map_err(|reason| EmbeddedError::Start { reason })?;
        Ok(Self { brokers, stop: Some(stop), thread: Some(thread) })
    }

    /// Its address, for `kafka.brokers`.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }
}

fn make(
    topics: &[(String, i32)],
) -> Result<(MockCluster<'static, rdkafka::producer::DefaultProducerContext>, String), String> {
    let cluster = MockCluster::new(1).map_err(|error| error.to_string())?;
    for (name, partitions) in topics {
        cluster.create_topic(name, *partitions, 1).map_err(|error| format!("topic {name}: {error}"))?;
    }
    let brokers = cluster.bootstrap_servers();
    Ok((cluster, brokers))
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the embedded broker's thread ended badly");
        }
    }
}

impl std::fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedBroker").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

/// Keeps a feeder from running further ahead of a reader than the embedded
/// broker can hold. Clones share one count.
#[derive(Clone, Debug)]
pub struct Lead {
    shared: Arc<(Mutex<Ahead>, Condvar)>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Ahead {
    bytes: usize,
    closed: bool,
}

impl Default for Lead {
    /// Half of what one partition holds: safe even if every message goes to
    /// the same one.
    fn default() -> Self {
        Self::new(EMBEDDED_PARTITION_BYTES_MAX / 2)
    }
}

impl Lead {
    /// Framing of one message in a batch of its own, at most.
    const FRAMING_BYTES: usize = 100;

    /// A lead of at most `bytes_max` over the reader.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { shared: Arc::default(), bytes_max }
    }

    /// What a message counts for, by the length of its key, value and headers.
    #[must_use]
    pub const fn cost(payload_bytes: usize) -> usize {
        payload_bytes + Self::FRAMING_BYTES
    }

    /// Waits until `cost` more fits, then counts it. False once the lead is
    /// closed: nobody reads any more.
    #[must_use]
    pub fn advance(&self, cost: usize) -> bool {
        let (_, caught_up) = &*self.shared;
        // A message longer than the whole lead goes out when it is alone.
        let crowded = |ahead: &mut Ahead| !ahead.closed && ahead.bytes > 0 && ahead.bytes + cost > self.bytes_max;
        let mut ahead = caught_up.wait_while(self.lock(), crowded).unwrap_or_else(PoisonError::into_inner);
        ahead.bytes += cost;
        !ahead.closed
    }

    /// The reader has read messages of `cost` together.
    pub fn catch_up(&self, cost: usize) {
        let mut ahead = self.lock();
        ahead.bytes = ahead.bytes.saturating_sub(cost);
        drop(ahead);
        self.shared.1.notify_all();
    }

    /// Nobody reads any more: the feeder waits no longer.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Ahead> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that a feeder never leads by more than the bound while a slower
    /// reader follows, and that both come to the end.
    #[test]
    fn the_lead_is_bounded() {
        let lead = Lead::new(1_000);
        let (sent, received) = mpsc::channel();
        let feeder = thread::spawn({
            let lead = lead.clone();
            move || {
                for size in (1..=300).cycle().take(5_000) {
                    assert!(lead.advance(size));
                    sent.send(size).unwrap();
                }
            }
        });
        let mut total = 0;
        for size in received {
            assert!(lead.lock().bytes <= 1_000);
            total += size;
            lead.catch_up(size);
        }
        feeder.join().unwrap();
        assert_eq!(total, (1..=300).cycle().take(5_000).sum::<usize>());
        assert_eq!(lead.lock().bytes, 0);
    }

    /// Proves that a message longer than the bound still goes out, and that
    /// closing frees a feeder that waits.
    #[test]
    fn long_messages_and_closing() {
        let lead = Lead::new(10);
        assert!(lead.advance(50));
        let waiting = thread::spawn({
            let lead = lead.clone();
            move || lead.advance(1)
        });
        lead.close();
        assert!(!waiting.join().unwrap());
    }
}
