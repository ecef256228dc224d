//! Enriched messages taken apart into what a ledger takes.

use crate::AppError;
use crate::books::{Read, Taken};
use crate::fused;
use crate::split::Worker;
use crate::split::internal::InternalReader;
use crate::split::notes::{Absent, Note};
use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;
use commonweal_ledger::LedgerError;
use commonweal_runtime::kafka::Message;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::partitioner::partition_of;
use commonweal_schemas::{Dataset, arrow_schema};
use std::sync::Arc;

/// Takes messages apart into what a ledger takes.
pub(in crate::split) struct Sorter {
    reader: InternalReader,
    raw: Vec<(Dataset, Arc<str>)>,
    reference_version: String,
    topic: String,
    /// Partitions of the topic, by which each event is held to its own.
    pub(in crate::split) partitions: Option<i32>,
}

impl Sorter {
    pub(in crate::split) fn new(worker: &Worker<'_>, topic: &str, reference_version: &str) -> Result<Self, AppError> {
        Ok(Self {
            reader: InternalReader::new(worker, topic, Contract::Enriched, arrow_schema::enriched())?,
            raw: fused::topics(worker.config()),
            reference_version: reference_version.to_owned(),
            topic: topic.to_owned(),
            partitions: None,
        })
    }

    /// What messages of one partition hold; `None` where a shutdown was
    /// requested meanwhile.
    pub(in crate::split) fn sort(
        &mut self,
        partition: i32,
        messages: &[Message<'_>],
    ) -> Result<Option<Taken>, AppError> {
        let Some(contents) = self.reader.read(messages)? else { return Ok(None) };
        let mut taken = Taken { messages: messages.len() as u64, ..Taken::default() };
        for (batch, positions) in contents.events {
            self.check_partition(partition, positions.iter().map(|position| &messages[*position]))?;
            self.check_reference(&batch)?;
            self.by_topic(&batch, &mut taken)?;
        }
        for (_, note) in contents.notes {
            match note {
                Note::Rejected(message) => taken.rejected.push(*message),
                Note::Absent(Absent { topic, partition, offsets, lost: false }) => {
                    taken.read.push(Read::Absent { topic, partition, offsets });
                }
                Note::Absent(Absent { topic, partition, offsets, lost: true }) => {
                    taken.read.push(Read::Lost { topic, partition, offsets });
                }
            }
        }
        Ok(Some(taken))
    }

    /// An event in another partition than its identity's would be posted
    /// beside what is known of it.
    fn check_partition<'m>(
        &self,
        partition: i32,
        mut messages: impl Iterator<Item = &'m Message<'m>>,
    ) -> Result<(), AppError> {
        let Some(partitions) = self.partitions else { return Ok(()) };
        let strayed =
            |message: &&Message<'_>| message.key().is_none_or(|key| partition_of(key, partitions) != partition);
        let Some(message) = messages.find(strayed) else { return Ok(()) };
        Err(AppError::Check(format!(
            "offset {} of {} [{partition}] belongs in another of its {} partitions: it was sent by another partitioner \
             than murmur2, or the topic was enlarged; run `commonweal topics repartition`",
            message.offset(),
            self.topic,
            partitions,
        )))
    }

    fn check_reference(&self, batch: &RecordBatch) -> Result<(), AppError> {
        let versions = batch.column_by_name("reference_version");
        let versions = versions.and_then(|column| column.as_dictionary_opt::<Int32Type>());
        let values = versions.and_then(|versions| versions.values().as_string_opt::<i32>());
        let other = values.into_iter().flatten().flatten().find(|version| *version != self.reference_version);
        match other {
            None => Ok(()),
            Some(version) => Err(AppError::Ledger(LedgerError::Reference {
                journal: self.reference_version.clone(),
                configured: format!("{version} at the enrich workers"),
            })),
        }
    }

    /// Sorts the rows of a batch by the raw topic they are from.
    fn by_topic(&self, batch: &RecordBatch, taken: &mut Taken) -> Result<(), AppError> {
        let origins = batch.column_by_name("origin_topic");
        let origins = origins.and_then(|column| column.as_dictionary_opt::<Int32Type>());
        let names = origins.and_then(|origins| origins.values().as_string_opt::<i32>());
        let (Some(origins), Some(names)) = (origins, names) else {
            return Err(AppError::Lost("the origin of enriched events"));
        };
        for (key, name) in (0..).zip(names) {
            let Some((dataset, topic)) = self.raw.iter().find(|(_, topic)| Some(&**topic) == name) else {
                return Err(AppError::Check(format!(
                    "{} holds events of topic {}, which is neither topics.funding nor topics.employment; set these as \
                     ingest has them",
                    self.topic,
                    name.unwrap_or("(none)"),
                )));
            };
            let rows = if names.len() == 1 {
                batch.clone()
            } else {
                let own: BooleanArray = origins.keys().iter().map(|own| own.map(|own| own == key)).collect();
                filter_record_batch(batch, &own)?
            };
            if rows.num_rows() > 0 {
                taken.events.push((*dataset, Arc::clone(topic), rows));
            }
        }
        Ok(())
    }
}
