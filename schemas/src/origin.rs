//! Where the rows of a batch came from.

use std::sync::Arc;

/// Kafka coordinates of each row of a batch; all rows are of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    pub topic: Arc<str>,
    /// Partition per row.
    pub partition: Vec<i32>,
    /// Offset per row.
    pub offset: Vec<i64>,
}

impl Origins {
    /// No rows yet, room for `capacity`.
    #[must_use]
    pub fn with_capacity(topic: Arc<str>, capacity: usize) -> Self {
        Self { topic, partition: Vec::with_capacity(capacity), offset: Vec::with_capacity(capacity) }
    }

    pub fn push(&mut self, partition: i32, offset: i64) {
        self.partition.push(partition);
        self.offset.push(offset);
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offset.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offset.is_empty()
    }
}
