//! The real Kafka as something that a test may stop and start again.

use crate::broker::Broker;
use crate::environment;
use std::process::Command;

/// The real Kafka and the command that stops it.
pub struct StoppableKafka {
    pub broker: Broker,
    control: String,
}

impl StoppableKafka {
    /// Says so where there is none.
    pub fn find() -> Option<Self> {
        Some(Self { broker: Broker::real()?, control: environment::kafka_control()? })
    }

    /// Gives an order of `tests/control` and waits for its effect.
    pub fn order(&self, order: &str) {
        let ended = Command::new(&self.control).arg(order).output().expect("the control command runs");
        assert!(ended.status.success(), "{order}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

impl Drop for StoppableKafka {
    /// Leaves it as it was found, whatever became of the test.
    fn drop(&mut self) {
        for order in ["resume", "start"] {
            // The other tests say so, should it not come back.
            let _tried = Command::new(&self.control).arg(order).output();
        }
    }
}
