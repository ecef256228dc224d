//! Letters on their way: a bounded number at a time, told before and after.

use super::log::Line;
use super::{LetterSet, ReplayLog};
use crate::AppError;
use commonweal_ledger::letters::Letter;
use commonweal_runtime::config::{KafkaConfig, ReplayConfig};
use commonweal_runtime::kafka::{Isolation, Record, Sink, SinkError, bounds};
use commonweal_runtime::{Config, Shutdown};
use commonweal_schemas::replay::{MessageOrigin, headers_of_replay};
use std::collections::BTreeSet;

/// Sends letters to their topics of origin.
pub(crate) struct Sender<'a> {
    log: ReplayLog,
    kafka: &'a KafkaConfig,
    shutdown: &'a Shutdown,
    limits: &'a ReplayConfig,
    sink: Sink,
    window: Vec<Letter>,
    window_bytes: usize,
    /// Topics whose ends this run has written down.
    topics: BTreeSet<String>,
    sent: u64,
    /// Letters that cannot be sent, each with the reason.
    refused: Vec<(MessageOrigin, String)>,
}

impl<'a> Sender<'a> {
    /// # Errors
    /// The Kafka client cannot be made.
    pub(crate) fn new(log: ReplayLog, config: &'a Config, shutdown: &'a Shutdown) -> Result<Self, AppError> {
        let Config { kafka, replay: limits, .. } = config;
        let (sink, window) = (Sink::new(kafka)?, Vec::new());
        let (topics, refused) = (BTreeSet::new(), Vec::new());
        Ok(Self { log, kafka, shutdown, limits, sink, window, window_bytes: 0, topics, sent: 0, refused })
    }

    /// Takes a letter on its way; where the window is full by it, all that is
    /// in it is sent and acknowledged.
    ///
    /// # Errors
    /// As [`Sender::flush`].
    pub(crate) fn send(&mut self, letter: Letter) -> Result<(), AppError> {
        self.window_bytes += bytes(&letter);
        self.window.push(letter);
        if self.window.len() < self.limits.window_letters && self.window_bytes < self.limits.window_bytes {
            return Ok(());
        }
        self.flush()
    }

    /// Sends what is in the window and waits until the brokers have it.
    ///
    /// # Errors
    /// A letter was not delivered: the next run finds out which were. Or the
    /// log cannot be written.
    pub(crate) fn flush(&mut self) -> Result<(), AppError> {
        if self.window.is_empty() {
            return Ok(());
        }
        self.note_ends()?;
        let mut letters = LetterSet::default();
        self.window.iter().for_each(|letter| letters.insert(&letter.origin()));
        self.log.append(Line::Sending(letters.clone()))?;
        tracing::info!(letters = letters.len(), "sending dead letters back");
        let mut unsent = LetterSet::default();
        for letter in std::mem::take(&mut self.window) {
            let origin = letter.origin();
            if let Err(error) = send(&mut self.sink, &letter, &origin) {
                // Too long for what this program may send: that is this letter's affair alone.
                let SinkError::TooLarge { .. } = error else { return Err(error.into()) };
                unsent.insert(&origin);
                self.refused.push((origin, error.to_string()));
            }
        }
        self.window_bytes = 0;
        self.sink.flush(self.kafka.delivery_timeout())?;
        letters.remove(&unsent);
        self.sent += letters.len();
        self.log.append(Line::Sent(letters))?;
        if unsent.is_empty() { Ok(()) } else { Ok(self.log.append(Line::Unsent(unsent))?) }
    }

    /// Letters that the brokers have acknowledged.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    /// Letters that cannot be sent, each with the reason.
    pub(crate) fn refused(&self) -> &[(MessageOrigin, String)] {
        &self.refused
    }

    pub(crate) const fn log(&self) -> &ReplayLog {
        &self.log
    }

    /// Writes down where the topics of the window end, before the first letter
    /// goes there: a run that comes after a broken one searches from here.
    fn note_ends(&mut self) -> Result<(), AppError> {
        for letter in &self.window {
            let topic = &letter.letter.origin_topic;
            if self.topics.contains(topic) {
                continue;
            }
            let partitions = bounds(Isolation::Uncommitted, self.kafka, self.shutdown, &[topic])?;
            let offsets = partitions.iter().map(|partition| (partition.partition, partition.end)).collect();
            self.log.append(Line::Ends { topic: topic.clone(), offsets })?;
            self.topics.insert(topic.clone());
        }
        Ok(())
    }
}

/// Sends one letter in the background: value and key as they were, and the
/// headers with the next attempt behind them. The time is that of sending, for
/// a topic deletes by it.
fn send(sink: &mut Sink, letter: &Letter, origin: &MessageOrigin) -> Result<(), SinkError> {
    let headers = headers_of_replay(origin, &letter.letter.headers);
    sink.send_record(&Record {
        topic: &origin.topic,
        key: letter.letter.key.as_deref(),
        value: letter.letter.payload.as_deref(),
        headers: &headers,
        ..Record::default()
    })
}

fn bytes(letter: &Letter) -> usize {
    let letter = &letter.letter;
    letter.payload.as_ref().map_or(0, Vec::len) + letter.key.as_ref().map_or(0, Vec::len) + size_of::<Letter>()
}
