//! `commonweal lag`: the books' positions against the brokers' ends.

use crate::cli::{Format, LagOptions, Settings};
use crate::lag::{Held, Lag};
use crate::settings::Loaded;
use crate::{AppError, table};
use commonweal_journal::{Book, Journal, JournalError, Writer};
use commonweal_ledger::Receipts;
use commonweal_runtime::config::KafkaConfig;
use commonweal_runtime::kafka::{Isolation, Source, bounds, read_to_end};
use commonweal_runtime::{Exit, Shutdown};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// By topic, in the order asked for, and partition.
type ByPartition<T> = BTreeMap<(usize, i32), T>;

pub(crate) fn run(settings: &Settings, options: &LagOptions) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let (kafka, shutdown) = (&loaded.config.kafka, Shutdown::new());
    let topics = [loaded.config.topics.funding.as_str(), loaded.config.topics.employment.as_str()];
    let runtime = loaded.runtime()?;
    // The books first: what is read meanwhile makes the lag longer than it is, never negative.
    let books = runtime.block_on(Books::open(&loaded.config.journal_dir()))?;
    let held = held(kafka, &shutdown, &topics)?;
    let mut lags = runtime.block_on(lags(&books, &topics, &held))?;
    let offsets: i64 = lags.values().map(|lag| lag.offsets).sum();
    if offsets > 0 && offsets <= options.count_max {
        count(kafka, &shutdown, &topics, &books, &mut lags)?;
    }
    let commit = books.journal.map(|journal| journal.version());
    match options.format {
        Format::Json => println!("{}", as_json(commit, &topics, &lags)),
        Format::Table => print(commit, &topics, &lags),
    }
    let waiting: i64 = lags.values().map(Lag::waiting).sum();
    let too_many = options.max.is_some_and(|max| waiting > max);
    let fault = lags.values().any(|lag| lag.state.is_fault());
    Ok(if too_many || fault { Exit::CheckFailed } else { Exit::Ok })
}

/// What the books tell of partitions.
struct Books {
    /// `None` before the first commit.
    journal: Option<Journal>,
    /// Where services run apart, offsets come to the books in any order, and
    /// these alone tell which are there.
    receipts: Option<Receipts>,
}

impl Books {
    async fn open(dir: &Path) -> Result<Self, AppError> {
        let journal = match Journal::open(dir).await {
            Ok(journal) => journal,
            Err(JournalError::Missing(_)) => return Ok(Self { journal: None, receipts: None }),
            Err(error) => return Err(error.into()),
        };
        let apart = journal.last_commit(&Writer::Partitions).await? > 0;
        let receipts = if apart { Some(Receipts::booked(&journal.book(Book::Receipts)?)?) } else { None };
        Ok(Self { journal: Some(journal), receipts })
    }

    /// Next offset that is missing of a partition.
    async fn position(&self, topic: &str, partition: i32) -> Result<Option<i64>, AppError> {
        let Some(journal) = &self.journal else { return Ok(None) };
        let position = journal.next_offset(topic, partition).await?;
        Ok(position.max(self.receipts.as_ref().and_then(|receipts| receipts.covered_to(topic, partition))))
    }

    /// How many of the offsets `first` to `last` are missing, both included and
    /// none below the position.
    fn missing(&self, topic: &str, partition: i32, (first, last): (i64, i64)) -> i64 {
        match &self.receipts {
            _ if last < first => 0,
            Some(receipts) => receipts.unbooked(topic, partition, (first, last)),
            None => last - first + 1,
        }
    }
}

/// What the brokers have.
fn held(kafka: &KafkaConfig, shutdown: &Shutdown, topics: &[&str]) -> Result<ByPartition<Held>, AppError> {
    let mut held = BTreeMap::new();
    for partition in bounds(Isolation::Committed, kafka, shutdown, topics)? {
        let (log_start, stable_end) = (partition.log_start, partition.end);
        held.insert((partition.topic, partition.partition), Held { log_start, stable_end, log_end: stable_end });
    }
    for partition in bounds(Isolation::Uncommitted, kafka, shutdown, topics)? {
        // One that came to be between the two questions is for the next answer.
        if let Some(held) = held.get_mut(&(partition.topic, partition.partition)) {
            held.log_end = partition.end;
        }
    }
    Ok(held)
}

/// The lag of all partitions that either side knows.
async fn lags(books: &Books, topics: &[&str], held: &ByPartition<Held>) -> Result<ByPartition<Lag>, AppError> {
    let mut lags = BTreeMap::new();
    for (topic, name) in topics.iter().enumerate() {
        let mut of_topic = BTreeMap::new();
        for partition in 0.. {
            let position = books.position(name, partition).await?;
            let held = held.get(&(topic, partition)).copied();
            if position.is_none() && held.is_none() {
                break;
            }
            let mut lag = Lag::of(position, held);
            if let (Some(first), Some(held)) = (lag.next_readable(), held) {
                lag.offsets = books.missing(name, partition, (first, held.stable_end - 1));
            }
            of_topic.insert((topic, partition), lag);
        }
        let known = of_topic.values().any(|lag| lag.position.is_some());
        let lag = |lag: Lag| if known { lag.of_known_topic() } else { lag };
        lags.extend(of_topic.into_iter().map(|(place, found)| (place, lag(found))));
    }
    Ok(lags)
}

/// Reads what waits and counts its messages.
fn count(
    kafka: &KafkaConfig,
    shutdown: &Shutdown,
    topics: &[&str],
    books: &Books,
    lags: &mut ByPartition<Lag>,
) -> Result<(), AppError> {
    let number = |name: &str| topics.iter().position(|topic| *topic == name);
    let mut source = Source::connect(kafka, shutdown, topics, |name, partition| {
        let lag = lags.get(&(number(name)?, partition))?;
        lag.next_readable()
    })?;
    for lag in lags.values_mut() {
        lag.messages = Some(0);
    }
    read_to_end(&mut source, shutdown, |message| {
        let Some(lag) = lags.get_mut(&(message.topic(), message.partition())) else { return };
        // What came after the ends were asked for is for the next answer.
        let offset = message.offset();
        let waits = lag.held.is_some_and(|held| offset < held.stable_end)
            && books.missing(topics[message.topic()], message.partition(), (offset, offset)) > 0;
        lag.messages = lag.messages.map(|messages| messages + i64::from(waits));
    })?;
    Ok(())
}

/// Sums over all partitions; messages where all of them were counted.
fn totals(lags: &ByPartition<Lag>) -> (i64, Option<i64>) {
    let messages = lags.values().map(|lag| lag.messages).sum();
    (lags.values().map(|lag| lag.offsets).sum(), messages)
}

fn as_json(commit: Option<i64>, topics: &[&str], lags: &ByPartition<Lag>) -> serde_json::Value {
    let partitions: Vec<_> = lags
        .iter()
        .map(|(&(topic, partition), lag)| {
            json!({
                "topic": topics[topic], "partition": partition, "state": lag.state.name(),
                "position": lag.position, "log_start": lag.held.map(|held| held.log_start),
                "stable_end": lag.held.map(|held| held.stable_end), "log_end": lag.held.map(|held| held.log_end),
                "offsets": lag.offsets, "messages": lag.messages, "held_back": lag.held_back, "deleted": lag.deleted,
            })
        })
        .collect();
    let (offsets, messages) = totals(lags);
    json!({ "commit": commit, "offsets": offsets, "messages": messages, "partitions": partitions })
}

fn print(commit: Option<i64>, topics: &[&str], lags: &ByPartition<Lag>) {
    let header =
        ["topic", "partition", "state", "position", "end", "offsets", "messages", "held back", "deleted unread"];
    let mut shown = table::new(&header);
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    for (&(topic, partition), lag) in lags {
        shown.add_row([
            topics[topic].to_owned(),
            partition.to_string(),
            lag.state.to_string(),
            number(lag.position),
            number(lag.held.map(|held| held.stable_end)),
            lag.offsets.to_string(),
            number(lag.messages),
            lag.held_back.to_string(),
            lag.deleted.to_string(),
        ]);
    }
    table::align_numbers(&mut shown, 1..2);
    table::align_numbers(&mut shown, 3..header.len());
    let as_of = commit.map_or_else(|| "no journal yet".to_owned(), |commit| format!("as of commit {commit}"));
    println!("{shown}");
    match totals(lags) {
        (offsets, Some(messages)) => println!("{messages} messages at {offsets} offsets wait to be read, {as_of}"),
        (offsets, None) => println!("{offsets} offsets wait to be read, {as_of}; too many to be counted as messages"),
    }
}
