//! Feeds a log to a ledger as a reader of Kafka does.

use super::batch::{Placed, enriched};
use super::history::{Message, PARTITIONS, Record, Step};
use commonweal_journal::Journal;
use commonweal_ledger::verify::{Report, verify};
use commonweal_ledger::{Committed, Ledger, LedgerError, RejectedMessage};
use commonweal_schemas::{Dataset, Reason};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub(crate) const REFERENCE: &str = "test-1";

pub(crate) fn topic(dataset: Dataset) -> Arc<str> {
    Arc::from(format!("commonweal.{dataset}.v1"))
}

/// A ledger of both datasets with every partition started.
pub(crate) async fn open(dir: &Path) -> Ledger {
    open_of(dir, &Dataset::ALL).await.unwrap()
}

pub(crate) async fn open_of(dir: &Path, datasets: &[Dataset]) -> Result<Ledger, LedgerError> {
    let mut ledger = Ledger::open(dir, REFERENCE, datasets).await?;
    for &dataset in datasets {
        for partition in 0..PARTITIONS {
            ledger.start_partition(&topic(dataset), partition).await?;
        }
    }
    Ok(ledger)
}

/// Posts and rejects what was read, and says how far that was.
pub(crate) fn post(ledger: &mut Ledger, read: &[&Record]) -> Result<(), LedgerError> {
    for dataset in Dataset::ALL {
        let topic = topic(dataset);
        let records: Vec<&&Record> = read.iter().filter(|record| record.message.dataset() == dataset).collect();
        let mut rows: Vec<Placed<'_>> = Vec::new();
        let mut seen: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        for record in records {
            seen.entry(record.partition).or_default().push(record.offset);
            match &record.message {
                Message::Event(statement) => rows.push((record.partition, record.offset, statement)),
                Message::Bad(dataset) => ledger.reject(refused(*dataset, record)),
            }
        }
        if !rows.is_empty() {
            ledger.post(dataset, &topic, &enriched(&topic, &rows))?;
        }
        for (partition, offsets) in seen {
            let next = offsets.last().unwrap() + 1;
            ledger.advance(&topic, partition, offsets.into_iter(), next);
        }
    }
    Ok(())
}

fn refused(dataset: Dataset, record: &Record) -> RejectedMessage {
    RejectedMessage {
        topic: topic(dataset),
        partition: record.partition,
        offset: record.offset,
        dataset,
        reason: Reason::PayloadEmpty,
        field: None,
        message: "nothing in it".to_owned(),
        source: None,
        event_id: None,
        payload: Some(vec![0, 1, 2]),
        key: None,
        headers: Vec::new(),
        timestamp: None,
    }
}

/// A clock that now and then falls back, over some days.
pub(crate) fn clock(tick: usize) -> i64 {
    const HOUR_MICROS: i64 = 3_600_000_000;
    1_600_000_000_000_000 + i64::try_from(tick * 7 % 60).unwrap() * HOUR_MICROS
}

/// Feeds `log` from the journal's positions on, doing after each message what
/// `steps` says, each restart once; ends with everything committed.
pub(crate) async fn feed(dir: &Path, log: &[Record], steps: &[Step]) -> Vec<Committed> {
    let mut commits = Vec::new();
    let mut steps: Vec<Step> = log.iter().zip(steps.iter().cycle()).map(|(_, step)| *step).collect();
    'started: loop {
        let mut ledger = open(dir).await;
        let mut read: Vec<&Record> = Vec::new();
        for (number, record) in log.iter().enumerate() {
            let topic = topic(record.message.dataset());
            let behind = ledger.next_offset(&topic, record.partition).unwrap() > record.offset;
            if !behind {
                read.push(record);
            }
            match steps[number] {
                Step::Read => {}
                Step::Post => post(&mut ledger, &std::mem::take(&mut read)).unwrap(),
                Step::Flush => {
                    post(&mut ledger, &std::mem::take(&mut read)).unwrap();
                    commits.extend(ledger.finish_flush().await.unwrap());
                    commits.extend(ledger.flush(clock(number)).await.unwrap());
                }
                Step::Begin => {
                    post(&mut ledger, &std::mem::take(&mut read)).unwrap();
                    commits.extend(ledger.finish_flush().await.unwrap());
                    ledger.begin_flush(clock(number));
                }
                Step::Restart => {
                    // The commit on its way may happen after its writer is gone, but not after another began.
                    commits.extend(ledger.finish_flush().await.unwrap());
                    steps[number] = Step::Read;
                    continue 'started;
                }
            }
        }
        post(&mut ledger, &read).unwrap();
        commits.extend(ledger.finish_flush().await.unwrap());
        commits.extend(ledger.flush(clock(log.len())).await.unwrap());
        return commits;
    }
}

/// The journal as it lies there, with what verification says of it.
pub(crate) async fn examine(dir: &Path) -> (Journal, Report) {
    let journal = Journal::open(dir).await.unwrap();
    let report = verify(&journal).await.unwrap();
    (journal, report)
}
