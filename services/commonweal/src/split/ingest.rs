//! `ingest`: raw topics in, validated events out.

use super::notes::{self, Absent};
use super::outbound::Outbound;
use super::start::{self, Start};
use super::{Worker, start::starts};
use crate::AppError;
use crate::books::DeadLetterTopic;
use crate::fused::held::Held;
use crate::fused::intake::{Ends, Intake, PartitionRead, Passed};
use crate::fused::{self, Schemas, Stage};
use arrow::array::{AsArray as _, RecordBatch};
use commonweal_runtime::Exit;
use commonweal_runtime::kafka::{Change, GroupSource, LostOffsets, Place};
use commonweal_schemas::arrow_schema;
use commonweal_schemas::avro::{Contract, EmbeddedSchemas};
use commonweal_schemas::encode::BatchEncoder;
use commonweal_schemas::partitioner::write_key;
use commonweal_schemas::records::Codec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs a worker to its end; messages read.
pub(crate) fn run(worker: &Worker<'_>) -> Result<u64, AppError> {
    let (config, contracts) = (worker.config(), worker.contracts);
    let id = contracts.id(Contract::Validated)?;
    let letters = contracts.codec(Contract::DeadLetter)?;
    worker.ensure_topics()?;
    let topics = fused::topics(config);
    let names: Vec<&str> = topics.iter().map(|(_, topic)| topic.as_ref()).collect();
    let schemas = contracts.schemas()?;
    let stages = topics.iter().map(|(dataset, topic)| {
        let schemas: Schemas = match &schemas {
            Some(schemas) => Box::new(schemas.clone()),
            None => Box::new(EmbeddedSchemas),
        };
        let message_bytes_max = config.kafka.message_bytes_max;
        Stage::new(*dataset, Arc::clone(topic), schemas, worker.loaded.rules(), message_bytes_max)
    });
    let stages = stages.collect();
    // What may have to be waited for comes first: a member that does not poll holds up its group.
    let mut ingest = Ingest {
        dead_letters: fused::dead_letters(config, &worker.shutdown, contracts.codec(Contract::DeadLetter)?)?,
        intake: Intake {
            source: GroupSource::join(&config.kafka, &worker.shutdown, &worker.group("ingest"), &names)?
                .minding_losses(config.kafka.on_lost_offsets),
            stages,
            ends: worker.until_end.then(Ends::new),
            batch_rows: config.ledger.batch_rows,
            shutdown: worker.shutdown.clone(),
            schemas,
            held: Held::new(config.registry.held_rows_max, config.registry.held_bytes_max),
        },
        encoder: BatchEncoder::new(Contract::Validated, &arrow_schema::validated(), id)?,
        letters,
        out: Outbound::new(worker, &config.topics.validated)?,
        next: BTreeMap::new(),
        assigned: false,
    };
    match ingest.run(worker) {
        Err(error) if error.exit() == Exit::OffsetsLost => {
            // What was read cannot be read again.
            ingest.settle()?;
            return Err(error);
        }
        outcome => outcome?,
    }
    Ok(ingest.out.total())
}

struct Ingest {
    intake: Intake<GroupSource>,
    encoder: BatchEncoder,
    letters: Codec,
    out: Outbound,
    dead_letters: DeadLetterTopic,
    /// Next offset expected of each partition that is read.
    next: BTreeMap<Place, i64>,
    /// Something was assigned once, be it nothing.
    assigned: bool,
}

impl Ingest {
    fn run(&mut self, worker: &Worker<'_>) -> Result<(), AppError> {
        while !worker.shutdown.is_requested() {
            for change in self.intake.source.changes()? {
                self.change(change)?;
            }
            for passed in self.intake.step()? {
                self.pass(passed)?;
            }
            let ended = self.assigned && self.intake.ends.as_ref().is_some_and(BTreeMap::is_empty);
            if ended || self.out.is_due() {
                self.settle()?;
            }
            if ended {
                return Ok(());
            }
        }
        self.settle()
    }

    /// Letters are acknowledged before the positions are that count them.
    fn settle(&mut self) -> Result<(), AppError> {
        self.dead_letters.flush()?;
        self.out.settle(&self.intake.source)
    }

    fn change(&mut self, change: Change) -> Result<(), AppError> {
        match change {
            Change::Assigned(places) => {
                let wanted = self.intake.source.committed(&places)?;
                let starts = starts(&self.intake.source, &places, &wanted)?;
                for (&place, start) in &starts {
                    self.begin(place, *start)?;
                }
                self.assigned = true;
                start::assign(&mut self.intake.source, &starts)
            }
            Change::Revoked(places) => {
                self.settle()?;
                self.give_up(&places)
            }
            Change::Lost(places) => {
                self.out.forget(&places);
                self.give_up(&places)
            }
        }
    }

    /// Gets ready for a partition.
    fn begin(&mut self, place: Place, Start { wanted, from, end }: Start) -> Result<(), AppError> {
        let (topic, partition) = place;
        let first = wanted.unwrap_or(0);
        self.next.insert(place, first);
        let lost = first < from && (wanted.is_some() || self.intake.source.has_begun(topic)?);
        // A loss is told like a message.
        if let Some(ends) = self.intake.ends.as_mut().filter(|_| lost || from < end) {
            ends.insert(place, end);
        }
        if first >= from {
            return Ok(());
        }
        if lost {
            return Ok(self.intake.source.meet_loss(LostOffsets { topic, partition, first, next_offset: from })?);
        }
        // Committed at once: whatever is deleted later was to be read.
        let name = Arc::clone(&self.intake.source.topics()[topic]);
        tracing::info!(topic = &*name, partition, first, next_offset = from, "begins behind deleted offsets");
        self.leave_out(&name, place, PartitionRead { next_offset: from, ..PartitionRead::default() })
    }

    fn give_up(&mut self, places: &[Place]) -> Result<(), AppError> {
        for place in places {
            self.next.remove(place);
            self.intake.held.forget(*place);
            if let Some(ends) = &mut self.intake.ends {
                ends.remove(place);
            }
        }
        self.intake.source.release(places)?;
        tracing::info!(partitions = start::names(&self.intake.source, places), "partitions given up");
        Ok(())
    }

    /// Sends on what has been through the stage.
    fn pass(&mut self, passed: Passed) -> Result<(), AppError> {
        for batch in &passed.batches {
            self.send(batch)?;
        }
        for message in &passed.rejected {
            self.dead_letters.send(message)?;
            self.out.send_note(&notes::rejected(&self.letters, message)?)?;
        }
        for (partition, read) in passed.read {
            self.leave_out(&passed.topic, (passed.number, partition), read)?;
        }
        Ok(())
    }

    /// Tells of the offsets that nothing was sent on for, and notes how far a
    /// partition was read.
    fn leave_out(&mut self, topic: &Arc<str>, place: Place, read: PartitionRead) -> Result<(), AppError> {
        let PartitionRead { seen, next_offset, lost } = read;
        let next = self.next.insert(place, next_offset).unwrap_or(next_offset);
        let absent = notes::holes(next, &seen, lost.unwrap_or(next_offset)).into_iter().map(|offsets| (offsets, false));
        for (offsets, lost) in absent.chain(lost.map(|first| ((first, next_offset - 1), true))) {
            let topic = Arc::clone(topic);
            self.out.send_note(&notes::absent(&Absent { topic, partition: place.1, offsets, lost }))?;
        }
        self.out.passed(place, next_offset, seen.len());
        Ok(())
    }

    /// Sends the events of a batch, each under its identity.
    fn send(&mut self, batch: &RecordBatch) -> Result<(), AppError> {
        let frames = self.encoder.encode(batch)?;
        let text = |name| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(source), Some(event_id)) = (text("source"), text("event_id")) else {
            return Err(AppError::Lost("the identity of validated events"));
        };
        let mut key = Vec::with_capacity(128);
        for (row, frame) in frames.iter().enumerate() {
            write_key(source.value(row), event_id.value(row), &mut key);
            self.out.send(&key, frame)?;
        }
        Ok(())
    }
}
