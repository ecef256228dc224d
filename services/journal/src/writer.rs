//! Who posts: the marks by which one writer learns of another.

use commonweal_schemas::Dataset;
use std::fmt;
use std::sync::Arc;

/// One who posts. A commit raises the marks of those it posts for; whoever
/// finds one of his own moved by somebody else is fenced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// The one writer of a dataset.
    Dataset(Dataset),
    /// The one writer of what comes by a partition of an internal topic.
    Partition { topic: Arc<str>, partition: i32 },
    /// The writers of partitions, all together.
    Partitions,
}

impl Writer {
    /// Application id of the `txn` action that names the writer's last commit.
    pub(crate) fn app_id(&self) -> String {
        match self {
            Self::Dataset(dataset) => format!("commonweal/writer/{dataset}"),
            Self::Partition { topic, partition } => format!("commonweal/writer/{topic}/{partition}"),
            Self::Partitions => "commonweal/partition-writers".to_owned(),
        }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dataset(dataset) => write!(f, "{dataset}"),
            Self::Partition { topic, partition } => write!(f, "partition {partition} of {topic}"),
            Self::Partitions => f.write_str("the partitions of an internal topic"),
        }
    }
}

/// What the table holds of an internal topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalTopic {
    pub topic: Arc<str>,
    /// Partitions it was posted from.
    pub partitions: i32,
    /// Partitions it is about to be made anew with; 0 unless that has begun.
    pub repartition_to: i32,
}

impl InternalTopic {
    pub(crate) fn partitions_app(topic: &str) -> String {
        format!("commonweal/partitions/{topic}")
    }

    pub(crate) fn repartition_app(topic: &str) -> String {
        format!("commonweal/repartition/{topic}")
    }
}
