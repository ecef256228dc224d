//! Partitions that are added to topics while they are read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;

use super::{Partition, Search, Source, SourceError, client_error};

/// Where to start a partition of a topic; `None`: at its beginning.
type Positions = Box<dyn FnMut(&str, i32) -> Option<i64> + Send>;

/// When to look, and where to start what is found.
pub(super) struct Growth {
    every: Duration,
    due: Instant,
    next_offset: Positions,
}

impl Source {
    /// Looks every so often whether its topics have got more partitions, and
    /// reads those too, each from the offset that `next_offset` gives for topic
    /// and partition, `None` from its beginning. So a partition is read within
    /// `every` and the time that the questions to the brokers take, a second each
    /// at most, as long as they answer.
    pub fn follow_growth(
        &mut self,
        every: Duration,
        next_offset: impl FnMut(&str, i32) -> Option<i64> + Send + 'static,
    ) {
        self.growth = Some(Growth { every, due: Instant::now() + every, next_offset: Box::new(next_offset) });
    }

    pub(super) fn find_added(&mut self) -> Result<(), SourceError> {
        let Some(mut growth) = self.growth.take_if(|growth| Instant::now() >= growth.due) else { return Ok(()) };
        let found = self.added(&mut growth.next_offset);
        growth.due = Instant::now() + growth.every;
        self.growth = Some(growth);
        let found = found?;
        if found.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        for partition in &found {
            let topic = Arc::clone(self.name(partition.topic)?);
            tracing::info!(topic = &*topic, partition = partition.partition, "a partition was added; it is read too");
            if let Some(lost) = partition.deleted() {
                outcome = outcome.and(self.losses.meet(&topic, lost, lost.next_offset - lost.first));
            }
        }
        outcome?;
        let assignment = self.assignment(&found)?;
        self.consumer()?.incremental_assign(&assignment).map_err(|error| client_error(&error))?;
        self.partitions.extend(found);
        Ok(())
    }

    fn added(&self, next_offset: impl FnMut(&str, i32) -> Option<i64>) -> Result<Vec<Partition>, SourceError> {
        let search = Search::new(self.consumer()?, &self.config, &self.shutdown);
        let known =
            |topic, partition| self.partitions.iter().any(|known| (known.topic, known.partition) == (topic, partition));
        search.added(self.topics.names(), known, next_offset)
    }
}
