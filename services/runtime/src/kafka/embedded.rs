//! A broker inside the process: librdkafka's mock cluster, which speaks the
//! real protocol on a loopback port.
//!
//! It is made for tests, and it has limits that a feeder must know:
//!
//! - It **silently drops the oldest messages** of a partition that holds more
//!   than [`EMBEDDED_PARTITION_BYTES_MAX`]. So whoever feeds it keeps a bounded
//!   lead over whoever reads, and counts are checked at the end.
//! - It shows aborted transactions, answers lookups by time wrongly, cannot
//!   create topics on request and stores nothing on disk.

use std::io;
use std::sync::mpsc;
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
