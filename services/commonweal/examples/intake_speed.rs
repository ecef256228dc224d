//! Nanoseconds an event costs between Kafka and the ledger: decode, validate,
//! enrich, on one thread. Seeded; about one message in a thousand is bad.
//! `digest` as argument prints a digest of all that comes out instead.
//!
//!     cargo run --release --workspace --example intake_speed [digest]
#![allow(clippy::pedantic, reason = "a measurement for people: rates are rounded, and nobody calls it")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot run fails by panicking")]

use arrow::util::display::{ArrayFormatter, FormatOptions};
use commonweal::fused::{RawMessage, Stage, Staged};
use commonweal_enrich::{Reference, materialise_builtin};
use commonweal_ingest::Rules;
use commonweal_producers::{Codecs, Generator, Plan};
use commonweal_schemas::Dataset;
use commonweal_schemas::avro::EmbeddedSchemas;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// As the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SEED: u64 = 7;
const EVENTS: u64 = 400_000;
const BATCH_MESSAGES: usize = 8_192;
const ROUNDS: usize = 8;

fn digest(staged: &Staged, hasher: &mut DefaultHasher) {
    for batch in &staged.batches {
        let options = FormatOptions::default();
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            for column in &columns {
                column.value(row).to_string().hash(hasher);
            }
        }
    }
    format!("{:?}", staged.rejected).hash(hasher);
}

fn main() {
    let digests = std::env::args().any(|argument| argument == "digest");
    let folder = tempfile::tempdir().unwrap();
    let version = materialise_builtin(folder.path()).unwrap();
    let reference = Arc::new(Reference::open(folder.path(), &version).unwrap());
    let codecs = Arc::new(Codecs::embedded().unwrap());
    let mut messages: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
    for plan in [Plan::load(EVENTS), Plan::region()] {
        for message in Generator::new(SEED, &plan, Arc::clone(&codecs)) {
            let message = message.unwrap();
            // The region is all faults and corrections: it goes into the digest alone.
            if digests || plan == Plan::load(EVENTS) {
                messages[usize::from(message.dataset == Dataset::Employment)].push(message.value);
            }
        }
    }
    let (mut best_of_all, mut events_of_all) = (0.0, 0);
    for (dataset, messages) in [Dataset::Funding, Dataset::Employment].into_iter().zip(&messages) {
        let mut stage = Stage::new(
            dataset,
            Arc::from(dataset.name()),
            Box::new(EmbeddedSchemas),
            Rules::default(),
            Plan::MESSAGE_BYTES_MAX,
        )
        .enriching(Arc::clone(&reference));
        let mut best = f64::INFINITY;
        let (mut rows, mut refused) = (0, 0);
        let mut hasher = DefaultHasher::new();
        for _ in 0..if digests { 1 } else { ROUNDS } {
            (rows, refused) = (0, 0);
            let mut nanoseconds = 0;
            for batch in messages.chunks(BATCH_MESSAGES) {
                let batch: Vec<RawMessage<'_>> = (0_i64..)
                    .zip(batch)
                    .map(|(offset, payload)| RawMessage {
                        partition: 0,
                        offset,
                        payload: Some(payload),
                        key: None,
                        timestamp: None,
                    })
                    .collect();
                let start = Instant::now();
                let staged = black_box(stage.process(&batch, &|_| Vec::new()).unwrap());
                rows += staged.batches.iter().map(|batch| batch.num_rows()).sum::<usize>();
                refused += staged.rejected.len();
                if digests {
                    digest(&staged, &mut hasher);
                }
                drop(staged);
                nanoseconds += start.elapsed().as_nanos();
            }
            best = f64::min(best, nanoseconds as f64 / messages.len() as f64);
        }
        print!("{:<12} {rows} rows, {refused} refused: ", dataset.name());
        if digests {
            println!("{:016x}", hasher.finish())
        } else {
            println!("best {best:.1} ns per event")
        }
        best_of_all += best * messages.len() as f64;
        events_of_all += messages.len();
    }
    if !digests {
        println!("all          best {:.1} ns per event", best_of_all / events_of_all as f64);
    }
}
