//! Enriched messages taken apart into what a ledger takes.

use crate::AppError;
use crate::books::{Read, Taken};
use crate::fused;
use crate::settings::Loaded;
use crate::split::Worker;
use crate::split::internal::InternalReader;
use crate::split::notes::{Absent, Note};
use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;
use commonweal_enrich::{Reference, enrich};
use commonweal_runtime::kafka::Message;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::partitioner::partition_of;
use commonweal_schemas::{Dataset, arrow_schema};
use std::sync::Arc;

/// Takes messages apart into what a ledger takes.
pub(in crate::split) struct Sorter<'a> {
    loaded: &'a Loaded,
    reader: InternalReader,
    raw: Vec<(Dataset, Arc<str>)>,
    reference_version: String,
    /// That version, once an event came under another.
    reference: Option<Reference>,
    topic: String,
    /// Partitions of the topic, by which each event is held to its own.
    pub(in crate::split) partitions: Option<i32>,
}

impl<'a> Sorter<'a> {
    pub(in crate::split) fn new(worker: &Worker<'a>, topic: &str, reference_version: &str) -> Result<Self, AppError> {
        Ok(Self {
            loaded: worker.loaded,
            reader: InternalReader::new(worker, topic, Contract::Enriched, arrow_schema::enriched())?,
            raw: fused::topics(worker.config()),
            reference_version: reference_version.to_owned(),
            reference: None,
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
            let batch = self.enriched_here(batch)?;
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

    /// The events under the ledger's own reference version. What was enriched
    /// under another, before that was adopted say, is enriched anew: so the
    /// version that an event came with decides nothing.
    fn enriched_here(&mut self, batch: RecordBatch) -> Result<RecordBatch, AppError> {
        let versions = batch.column_by_name("reference_version");
        let versions = versions.and_then(|column| column.as_dictionary_opt::<Int32Type>());
        let values = versions.and_then(|versions| versions.values().as_string_opt::<i32>());
        let other = values.into_iter().flatten().flatten().find(|version| *version != self.reference_version);
        let Some(other) = other else { return Ok(batch) };
        let reference = if let Some(reference) = self.reference.take() {
            reference
        } else {
            let own = &self.reference_version;
            tracing::warn!(found = other, own, "events are enriched anew: enrich had another reference version");
            self.loaded.reference()?
        };
        let stated: Vec<usize> = (0..arrow_schema::validated().fields().len()).collect();
        let enriched = enrich(&batch.project(&stated)?, &reference)?;
        self.reference = Some(reference);
        Ok(enriched)
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
