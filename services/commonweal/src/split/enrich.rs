//! `enrich`: validated events in, enriched events out; notes pass through.

use super::internal::InternalReader;
use super::outbound::Outbound;
use super::start::{self, between, starts};
use super::{POLL_WAIT, Worker};
use crate::AppError;
use commonweal_enrich::{Reference, enrich};
use commonweal_runtime::Exit;
use commonweal_runtime::config::OnLostOffsets;
use commonweal_runtime::kafka::{Change, GroupSource, Message, MessageBatch, Place, Record};
use commonweal_schemas::arrow_schema;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::encode::BatchEncoder;
use std::collections::BTreeMap;

/// Runs a worker to its end; messages read.
pub(crate) fn run(worker: &Worker<'_>) -> Result<u64, AppError> {
    let config = worker.config();
    let reference = worker.loaded.reference()?;
    let id = worker.contracts.id(Contract::Enriched)?;
    worker.ensure_topics()?;
    let topic = config.topics.validated.as_str();
    // What may have to be waited for comes first: a member that does not poll holds up its group.
    let mut enricher = Enricher {
        reader: InternalReader::new(worker, topic, Contract::Validated, arrow_schema::validated())?,
        source: GroupSource::join(&config.kafka, &worker.shutdown, &worker.group("enrich"), &[topic])?
            .minding_losses(config.kafka.on_lost_offsets),
        policy: config.kafka.on_lost_offsets,
        reference,
        encoder: BatchEncoder::new(Contract::Enriched, &arrow_schema::enriched(), id)?,
        out: Outbound::new(worker, &config.topics.enriched)?,
        ends: BTreeMap::new(),
        assigned: false,
    };
    while !worker.shutdown.is_requested() {
        for change in enricher.source.changes()? {
            enricher.change(change)?;
        }
        let wait = enricher.out.wait().min(POLL_WAIT);
        let batch = match enricher.source.poll(config.ledger.batch_rows, wait).map_err(between) {
            Err(error) if error.exit() == Exit::OffsetsLost => {
                // What was read cannot be read again.
                enricher.out.settle(&enricher.source)?;
                return Err(error);
            }
            outcome => outcome?,
        };
        enricher.pass(&batch)?;
        let ended = worker.until_end && enricher.assigned && enricher.ends.is_empty();
        if ended || enricher.out.is_due() {
            enricher.out.settle(&enricher.source)?;
        }
        if ended {
            return Ok(enricher.out.total());
        }
    }
    enricher.out.settle(&enricher.source)?;
    Ok(enricher.out.total())
}

struct Enricher {
    source: GroupSource,
    policy: OnLostOffsets,
    reader: InternalReader,
    reference: Reference,
    encoder: BatchEncoder,
    out: Outbound,
    /// Ends of the partitions when they were assigned, until they are reached.
    ends: BTreeMap<Place, i64>,
    /// Something was assigned once.
    assigned: bool,
}

impl Enricher {
    fn change(&mut self, change: Change) -> Result<(), AppError> {
        match change {
            Change::Assigned(places) => {
                let wanted = self.source.committed(&places)?;
                let starts = starts(&self.source, &places, &wanted)?;
                start::check_kept(&self.source, &starts, self.policy)?;
                let open = starts.iter().filter(|(_, start)| start.from < start.end);
                self.ends.extend(open.map(|(place, start)| (*place, start.end)));
                self.assigned = true;
                start::assign(&mut self.source, &starts)
            }
            Change::Revoked(places) => {
                self.out.settle(&self.source)?;
                self.give_up(&places)
            }
            Change::Lost(places) => {
                self.out.forget(&places);
                self.give_up(&places)
            }
        }
    }

    fn give_up(&mut self, places: &[Place]) -> Result<(), AppError> {
        self.ends.retain(|place, _| !places.contains(place));
        self.source.release(places)?;
        tracing::info!(partitions = start::names(&self.source, places), "partitions given up");
        Ok(())
    }

    fn pass(&mut self, batch: &MessageBatch) -> Result<(), AppError> {
        let messages: Vec<Message<'_>> = batch.iter().collect();
        // Where a shutdown came between, the next start reads them.
        let Some(contents) = self.reader.read(&messages)? else { return Ok(()) };
        for (events, positions) in contents.events {
            let frames = self.encoder.encode(&enrich(&events, &self.reference)?)?;
            for (frame, position) in frames.iter().zip(positions) {
                self.out.send(messages[position].key().unwrap_or_default(), frame)?;
            }
        }
        for (position, _) in contents.notes {
            let message = &messages[position];
            let (key, value, headers) = (message.key(), message.payload(), message.headers());
            self.out.forward(&Record { key, value, headers: &headers, ..Record::default() })?;
        }
        let mut reached: BTreeMap<Place, (i64, usize)> = BTreeMap::new();
        for message in &messages {
            let (next, rows) = reached.entry((message.topic(), message.partition())).or_default();
            (*next, *rows) = (message.offset() + 1, *rows + 1);
        }
        for end in batch.ends() {
            let (next, _) = reached.entry((end.topic, end.partition)).or_default();
            *next = end.offset.max(*next);
        }
        for lost in batch.lost() {
            start::tell_lost(&self.source, lost);
            reached.insert((lost.topic, lost.partition), (lost.next_offset, 0));
        }
        for (place, (next, rows)) in reached {
            if self.ends.get(&place).is_some_and(|end| next >= *end) {
                self.ends.remove(&place);
            }
            self.out.passed(place, next, rows);
        }
        Ok(())
    }
}
