//! Ledgers that post from partitions of an internal topic, side by side on one
//! journal.

use crate::support::batch::enriched;
use crate::support::drive::{REFERENCE, clock, examine, open, post, topic};
use crate::support::history::{Message, Record, Statement};
use crate::support::{block_on, folder, model, net};
use commonweal_journal::Writer;
use commonweal_ledger::{Ledger, LedgerError, SourceTopic};
use commonweal_schemas::Dataset::Funding;
use commonweal_schemas::partitioner::{key_of, partition_of};
use std::path::Path;
use std::sync::Arc;

const PARTITIONS: i32 = 3;

fn between(partitions: i32) -> SourceTopic {
    SourceTopic { name: Arc::from("between"), partitions }
}

fn statement(identity: u32, revision: i32) -> Statement {
    let content = u8::try_from((identity + revision.unsigned_abs()) % 6).unwrap();
    Statement { dataset: Funding, identity, revision, recorded_at: 0, content, cancel: false }
}

/// Events of one raw partition, each at the offset of its place.
fn log(revisions: i32, identities: u32) -> Vec<Record> {
    let statements = (0..revisions).flat_map(|revision| (0..identities).map(move |number| statement(number, revision)));
    (0..).zip(statements).map(|(offset, said)| Record { partition: 0, offset, message: Message::Event(said) }).collect()
}

fn said(record: &Record) -> &Statement {
    match &record.message {
        Message::Event(statement) => statement,
        Message::Bad(_) => panic!("events alone are sent"),
    }
}

/// The records that fall to `partition`, in their order.
fn of(records: &[Record], partition: i32, count: i32) -> Vec<&Record> {
    let falls = |record: &&Record| {
        let key = key_of("urn:test", &format!("event {}", said(record).identity));
        partition_of(&key, count) == partition
    };
    records.iter().filter(falls).collect()
}

async fn take(dir: &Path, partitions: &[i32]) -> Result<Vec<Ledger>, LedgerError> {
    Ledger::open_partitions(dir, REFERENCE, &between(PARTITIONS), partitions).await
}

/// Posts records as they come by `partition`, the first of them at its
/// position there.
fn hand(ledger: &mut Ledger, partition: i32, records: &[&Record]) {
    let rows: Vec<_> = records.iter().map(|record| (record.partition, record.offset, said(record))).collect();
    ledger.post(Funding, &topic(Funding), &enriched(&topic(Funding), &rows)).unwrap();
    let next = ledger.position(partition).unwrap() + i64::try_from(records.len()).unwrap();
    ledger.read_to(partition, next);
}

/// Proves that ledgers of different partitions commit side by side, that one
/// that takes a partition over goes on where the last left it, with what was
/// booked of its identities, and that what comes twice is booked once.
#[test]
fn partitions_are_posted_side_by_side() {
    block_on(async {
        let dir = folder();
        let records = log(2, 40);
        let (first, second) = records.split_at(50);
        let mut ledgers = take(dir.path(), &[0, 1, 2]).await.unwrap();
        for (partition, ledger) in (0..).zip(&mut ledgers) {
            hand(ledger, partition, &of(first, partition, PARTITIONS));
            ledger.flush(clock(0)).await.unwrap().unwrap();
        }
        drop(ledgers);
        // Taken over in another order, and some of what was booked comes again.
        for partition in [2, 0, 1] {
            let mut ledgers = take(dir.path(), &[partition]).await.unwrap();
            let ledger = ledgers.first_mut().unwrap();
            let read = i64::try_from(of(first, partition, PARTITIONS).len()).unwrap();
            assert_eq!(ledger.position(partition), Some(read));
            let again: Vec<&Record> = of(&records[30..], partition, PARTITIONS);
            hand(ledger, partition, &again);
            hand(ledger, partition, &of(second, partition, PARTITIONS));
            ledger.flush(clock(1)).await.unwrap().unwrap();
        }
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!(net::net(&journal), model::net(records.iter().map(|record| &record.message)));
        let [totals] = report.partitions.as_slice() else { panic!("one origin partition") };
        assert_eq!((totals.offsets, totals.next_offset, totals.under_way, totals.duplicate), (80, 80, 0, 0));
    });
}

/// Proves that offsets on their way in another partition are told from a hole
/// that is none, and that an absent offset is booked once.
#[test]
fn what_is_under_way_is_no_fault() {
    block_on(async {
        let dir = folder();
        let records = log(1, 12);
        let mut ledgers = take(dir.path(), &[0, 1, 2]).await.unwrap();
        let own = of(&records, 1, PARTITIONS);
        hand(&mut ledgers[1], 1, &own);
        for _ in 0..2 {
            ledgers[1].absent(&topic(Funding), 0, (12, 14));
        }
        ledgers[1].flush(clock(0)).await.unwrap();
        let (_, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        let totals = report.partitions.first().unwrap();
        assert_eq!((totals.absent, totals.under_way), (3, 12 - own.len() as u64));
    });
}

/// Proves that a zombie, whose partition somebody took over, is refused
/// whether the other has posted yet or not, while its other partitions are
/// none the worse.
#[test]
fn a_zombie_is_fenced_by_partition() {
    block_on(async {
        let dir = folder();
        let records = log(1, 30);
        let mut zombies = take(dir.path(), &[0, 1]).await.unwrap();
        for (partition, zombie) in (0..).zip(&mut zombies) {
            hand(zombie, partition, &of(&records, partition, PARTITIONS));
        }
        let mut taken = take(dir.path(), &[0]).await.unwrap();
        let refused = zombies[0].flush(clock(1)).await;
        let fencer = |partition| Writer::Partition { topic: Arc::from("between"), partition };
        match refused {
            Err(LedgerError::Fenced { writer, .. }) => assert_eq!(writer, fencer(0)),
            other => panic!("{other:?}"),
        }
        zombies[1].flush(clock(1)).await.unwrap().unwrap();
        hand(&mut taken[0], 0, &of(&records, 0, PARTITIONS));
        taken[0].flush(clock(2)).await.unwrap().unwrap();
        assert!(matches!(zombies[0].flush(clock(3)).await, Err(LedgerError::Fenced { .. })));
        let (_, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
    });
}

/// Proves that writers of partitions and the writer of a raw topic fence each
/// other, and that either takes up what the other left without booking
/// anything twice.
#[test]
fn topologies_fence_each_other_and_take_over() {
    block_on(async {
        let dir = folder();
        let records = log(2, 10);
        let all: Vec<&Record> = records.iter().collect();
        let mut fused = open(dir.path()).await;
        post(&mut fused, &all[..5]).unwrap();
        fused.flush(clock(0)).await.unwrap().unwrap();

        let mut ledgers = take(dir.path(), &[0, 1, 2]).await.unwrap();
        post(&mut fused, &all[5..6]).unwrap();
        assert!(matches!(fused.flush(clock(1)).await, Err(LedgerError::Fenced { .. })));
        for (partition, ledger) in (0..).zip(&mut ledgers) {
            hand(ledger, partition, &of(&records[..12], partition, PARTITIONS));
            ledger.flush(clock(2)).await.unwrap();
        }

        let mut fused = open(dir.path()).await;
        assert_eq!(fused.next_offset(&topic(Funding), 0), Some(5));
        post(&mut fused, &all[5..]).unwrap();
        fused.flush(clock(3)).await.unwrap().unwrap();
        hand(&mut ledgers[0], 0, &of(&records[12..], 0, PARTITIONS));
        assert!(matches!(ledgers[0].flush(clock(4)).await, Err(LedgerError::Fenced { .. })));

        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!(net::net(&journal), model::net(records.iter().map(|record| &record.message)));
        assert_eq!(report.partitions.first().unwrap().offsets, 20);
    });
}

/// Proves that another number of partitions is refused by name, and that one
/// ledger over all partitions posts right from a topic that was enlarged.
#[test]
fn another_number_of_partitions_is_refused() {
    block_on(async {
        let dir = folder();
        let records = log(2, 20);
        let mut ledgers = take(dir.path(), &[0, 1, 2]).await.unwrap();
        for (partition, ledger) in (0..).zip(&mut ledgers) {
            hand(ledger, partition, &of(&records[..20], partition, PARTITIONS));
            ledger.flush(clock(0)).await.unwrap();
        }
        let refused = Ledger::open_partitions(dir.path(), REFERENCE, &between(5), &[0]).await;
        match refused.map(|ledgers| ledgers.len()) {
            Err(error @ LedgerError::PartitionCount { recorded: 3, found: 5, .. }) => {
                assert!(error.to_string().contains("commonweal topics repartition"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        let mut drain = Ledger::open_to_drain(dir.path(), REFERENCE, &between(5)).await.unwrap();
        for partition in 0..5 {
            hand(&mut drain, partition, &of(&records[20..], partition, 5));
        }
        drain.flush(clock(1)).await.unwrap().unwrap();
        let (journal, report) = examine(dir.path()).await;
        assert_eq!(report.faults, []);
        assert_eq!(net::net(&journal), model::net(records.iter().map(|record| &record.message)));
    });
}
