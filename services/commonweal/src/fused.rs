//! The fused topology: raw topics to published Parquet in one process, with no
//! topic between the stages. One instance a dataset; a second is fenced.

pub(crate) mod dead_letters;
pub(crate) mod held;
pub(crate) mod intake;
mod progress;
#[cfg(test)]
mod skew;
mod stage;

pub use dead_letters::DeadLetters;
pub use progress::{Counts, Progress};
pub use stage::{RawMessage, Schemas, Stage, Staged};

use crate::AppError;
use crate::books::{Books, DeadLetterTopic, FlushLimits};
use crate::outlet::Outlet;
use crate::settings::Loaded;
use commonweal_enrich::Reference;
use commonweal_ledger::Ledger;
use commonweal_runtime::kafka::{Sink, Source, await_topics};
use commonweal_runtime::registry::RegistrySchemas;
use commonweal_runtime::{Clock, Config, Shutdown};
use commonweal_schemas::Dataset;
use commonweal_schemas::avro::EmbeddedSchemas;
use commonweal_schemas::records::Codec;
use held::Held;
use intake::{Ends, Intake};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Time until another attempt at the object store, where publishing has no
/// interval.
const AGAIN: Duration = Duration::from_mins(1);

/// How to run.
pub(crate) struct Run {
    /// Stop at the end present at start.
    pub(crate) until_end: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: Shutdown,
    pub(crate) progress: Arc<Progress>,
    /// The registry's schemas; `None`: those compiled in.
    pub(crate) schemas: Option<RegistrySchemas>,
    /// Writes dead letters.
    pub(crate) letters: Codec,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub counts: Counts,
    /// Last commit of the journal.
    pub ledger_version: i64,
}

/// Runs the pipeline until its end is reached or shutdown is requested; then
/// everything that was read is flushed and published.
pub(crate) async fn run(loaded: &Loaded, run: Run) -> Result<Summary, AppError> {
    let config = &loaded.config;
    // Brokers are asked while files are read.
    let (of_letters, shutdown, codec) = (config.clone(), run.shutdown.clone(), run.letters);
    let letters = std::thread::Builder::new()
        .name("dead-letters".to_owned())
        .spawn(move || dead_letters(&of_letters, &shutdown, codec))
        .map_err(AppError::Runtime)?;
    let reference = Arc::new(loaded.reference()?);
    let publish = loaded.publish_options()?;
    let store = loaded.store()?;
    let mut ledger = Ledger::open(&loaded.config.journal_dir(), reference.version(), &Dataset::ALL).await?;

    let dead_letters =
        letters.join().map_err(|_| AppError::Lost("the thread that finds the dead letters' topic"))??;
    let topics = topics(config);
    let mut source = connect(config, &run.shutdown, &mut ledger, &topics)?;
    let ends = run.until_end.then(|| ends(&source));
    if !run.until_end {
        // The books know these from a topic that had more partitions: they are not this one's.
        let others = beyond(&ledger, &source).await?;
        let position = move |topic: &str, partition| others.get(&(topic.to_owned(), partition)).copied();
        source.follow_growth(config.kafka.metadata_refresh(), position);
    }

    let stages = stages(loaded, &topics, run.schemas.as_ref(), &reference);
    let intake = Intake {
        source,
        stages,
        ends,
        batch_rows: config.ledger.batch_rows,
        shutdown: run.shutdown.clone(),
        schemas: run.schemas,
        held: Held::new(config.registry.held_rows_max, config.registry.held_bytes_max),
    };
    let mut books = Books {
        ledger,
        limits: FlushLimits::of(&config.ledger),
        dead_letters: Some(dead_letters),
        clock: run.clock,
        progress: Arc::clone(&run.progress),
    };

    let (to_books, from_intake) = tokio::sync::mpsc::channel(config.ledger.queue_batches);
    let reader = std::thread::Builder::new()
        .name("intake".to_owned())
        .spawn(move || intake.run(to_books))
        .map_err(AppError::Runtime)?;
    let outlet = Outlet::open(store, &publish.data_dir, config.publish.interval().unwrap_or(AGAIN));
    let outcome = books
        .run(from_intake, config.publish.interval(), async || {
            commonweal_publish::publish(&publish).await?;
            outlet.published();
            Ok(())
        })
        .await;
    let told_to_end = run.shutdown.is_requested();
    run.shutdown.trigger();
    run.progress.stopped();
    reader.join().map_err(|_| AppError::Lost("the thread that reads Kafka"))?;
    outcome?;
    let ledger_version = books.ledger.journal().version();
    // It waits for librdkafka to end, and nobody need wait with it.
    let closing =
        std::thread::Builder::new().name("closing".to_owned()).spawn(move || drop(books)).map_err(AppError::Runtime)?;
    commonweal_publish::publish(&publish).await?;
    outlet.published();
    closing.join().map_err(|_| AppError::Lost("the thread that closes the books"))?;
    outlet.close(told_to_end.then(|| config.shutdown.grace())).await?;
    Ok(Summary { counts: run.progress.counts(), ledger_version })
}

/// What is done to the messages of each raw topic.
fn stages(
    loaded: &Loaded,
    topics: &[(Dataset, Arc<str>)],
    registry: Option<&RegistrySchemas>,
    reference: &Arc<Reference>,
) -> Vec<Stage> {
    let stage = |(dataset, topic): &(Dataset, Arc<str>)| {
        let schemas: Schemas = match registry {
            Some(schemas) => Box::new(schemas.clone()),
            None => Box::new(EmbeddedSchemas),
        };
        let message_bytes_max = loaded.config.kafka.message_bytes_max;
        Stage::new(*dataset, Arc::clone(topic), schemas, loaded.rules(), message_bytes_max)
            .enriching(Arc::clone(reference))
    };
    topics.iter().map(stage).collect()
}

/// Raw topics in the order of their numbers.
pub(crate) fn topics(config: &Config) -> Vec<(Dataset, Arc<str>)> {
    let of = |dataset| match dataset {
        Dataset::Funding => Arc::from(config.topics.funding.as_str()),
        Dataset::Employment => Arc::from(config.topics.employment.as_str()),
    };
    Dataset::ALL.into_iter().map(|dataset| (dataset, of(dataset))).collect()
}

/// Starts every partition at its position in the books.
fn connect(
    config: &Config,
    shutdown: &Shutdown,
    ledger: &mut Ledger,
    topics: &[(Dataset, Arc<str>)],
) -> Result<Source, AppError> {
    let names: Vec<&str> = topics.iter().map(|(_, topic)| topic.as_ref()).collect();
    let mut unreadable = None;
    let source = Source::connect(&config.kafka, shutdown, &names, |name, partition| {
        let (_, topic) = topics.iter().find(|(_, topic)| topic.as_ref() == name)?;
        // The source asks from within its own blocking search for partitions.
        let position = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(ledger.start_partition(topic, partition))
        });
        position.unwrap_or_else(|error| {
            unreadable.get_or_insert(error);
            None
        })
    });
    if let Some(error) = unreadable {
        return Err(error.into());
    }
    let mut source = source?;
    source.mind_losses(config.kafka.on_lost_offsets, |topic, partition, first, next_offset| {
        if ledger.has_begun(topic) { ledger.unbooked(topic, partition, (first, next_offset - 1)) } else { 0 }
    })?;
    let offsets: i64 = source.partitions().iter().map(|partition| partition.end - partition.start).sum();
    tracing::info!(offsets, "offsets wait to be read; `commonweal lag` tells how many at any time");
    Ok(source)
}

/// Positions in the books of partitions that the topics do not have.
async fn beyond(ledger: &Ledger, source: &Source) -> Result<BTreeMap<(String, i32), i64>, AppError> {
    let mut positions = BTreeMap::new();
    for (number, topic) in source.topics().iter().enumerate() {
        let of_topic = source.partitions().iter().filter(|partition| partition.topic == number);
        let first = of_topic.map(|partition| partition.partition + 1).max().unwrap_or(0);
        for partition in first.. {
            let Some(position) = ledger.journal().next_offset(topic, partition).await? else { break };
            positions.insert((topic.to_string(), partition), position);
        }
    }
    Ok(positions)
}

/// Ends to read to: those of partitions that are not there yet. Of others that
/// were deleted from the end has to be told.
fn ends(source: &Source) -> Ends {
    let open = source.partitions().iter().filter(|partition| partition.wanted.unwrap_or(0) < partition.end);
    open.map(|partition| ((partition.topic, partition.partition), partition.end)).collect()
}

/// Waits for the dead letters' topic: it is to be there before a letter is.
pub(crate) fn dead_letters(config: &Config, shutdown: &Shutdown, codec: Codec) -> Result<DeadLetterTopic, AppError> {
    await_topics(&config.kafka, shutdown, &[&config.topics.dead_letters])?;
    Ok(DeadLetterTopic {
        letters: DeadLetters::new(codec, config.kafka.message_bytes_max),
        topic: config.topics.dead_letters.clone(),
        sink: Sink::new(&config.kafka)?,
        delivery_timeout: config.kafka.delivery_timeout(),
    })
}
