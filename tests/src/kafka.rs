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

    /// Nodes that it has, running or not.
    pub fn nodes(&self) -> usize {
        self.broker.address().split(',').count()
    }

    /// Gives an order of `tests/control` and waits for its effect.
    pub fn order(&self, order: &str) {
        self.run(&[order]);
    }

    /// Gives an order to one of several nodes, which count from 1.
    pub fn order_node(&self, order: &str, node: usize) {
        self.run(&[order, &node.to_string()]);
    }

    fn run(&self, arguments: &[&str]) {
        let ended = Command::new(&self.control).args(arguments).output().expect("the control command runs");
        assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
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
