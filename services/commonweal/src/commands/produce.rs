//! `commonweal generate` and `commonweal import`: events to the raw topics.

use crate::AppError;
use crate::cli::{Generate, Import, Settings};
use crate::contracts::Contracts;
use crate::settings::Loaded;
use commonweal_producers::{
    Codecs, EmploymentOptions, Generator, GivingOptions, Message, Plan, ProducerError, import_360giving,
    import_employment,
};
use commonweal_runtime::kafka::{Sink, ensure_topics};
use commonweal_runtime::{Config, Exit, Shutdown};
use commonweal_schemas::Dataset;
use commonweal_schemas::records::Header;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Messages between two looks at the progress bar.
const PROGRESS_STEP: u64 = 1_000;

pub(crate) fn generate(settings: &Settings, options: &Generate) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let plan = Plan::load(options.events);
    let codecs = Contracts::new(&loaded.config, &Shutdown::new())?.codecs_to_generate()?;
    let generator = Generator::new(options.seed, &plan, Arc::new(codecs));
    let mut outlet = Outlet::open(&loaded.config, options.partitions)?;
    let bar = counting(generator.messages());
    let sent = outlet.send_all(generator, &bar)?;
    outlet.finish()?;
    bar.finish_and_clear();
    println!("sent {sent} synthetic events of seed {}", options.seed);
    Ok(Exit::Ok)
}

pub(crate) fn import(settings: &Settings, import: &Import) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let codecs = Arc::new(Contracts::new(&loaded.config, &Shutdown::new())?.codecs()?);
    let (files, partitions) = match import {
        Import::Giving { files, partitions, .. } | Import::Employment { files, partitions } => (files, *partitions),
    };
    let mut outlet = Outlet::open(&loaded.config, partitions)?;
    for path in files {
        let bar = ProgressBar::new_spinner();
        let messages = messages(import, path, Arc::clone(&codecs))?;
        let sent = outlet.send_all(messages, &bar)?;
        outlet.finish()?;
        bar.finish_and_clear();
        println!("sent {sent} events from {}", path.display());
    }
    Ok(Exit::Ok)
}

/// Messages of one file.
pub(crate) type Messages = Box<dyn Iterator<Item = Result<Message, ProducerError>>>;

fn messages(import: &Import, path: &Path, codecs: Arc<Codecs>) -> Result<Messages, AppError> {
    match import {
        Import::Giving { programme, .. } => giving(path, programme.clone(), codecs),
        Import::Employment { .. } => {
            let options = EmploymentOptions { file: name(path), ..EmploymentOptions::default() };
            Ok(Box::new(import_employment(open(path)?, options, codecs)?))
        }
    }
}

/// Messages of a 360Giving file.
pub(crate) fn giving(path: &Path, programme: Option<String>, codecs: Arc<Codecs>) -> Result<Messages, AppError> {
    let options = GivingOptions { file: name(path), programme };
    Ok(Box::new(import_360giving(open(path)?, options, codecs)?))
}

fn open(path: &Path) -> Result<File, AppError> {
    File::open(path).map_err(AppError::file("open", path))
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A bar over a known number of messages.
pub(crate) fn counting(messages: u64) -> ProgressBar {
    let bar = ProgressBar::new(messages);
    if let Ok(style) = ProgressStyle::with_template("{msg:>10} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// The raw topics, to be written to.
pub(crate) struct Outlet {
    sink: Sink,
    funding: String,
    employment: String,
    delivery_timeout: Duration,
}

impl Outlet {
    /// Connects, and makes the topics that are not there yet.
    pub(crate) fn open(config: &Config, partitions: i32) -> Result<Self, AppError> {
        let topics = &config.topics;
        let wanted = [&topics.funding, &topics.employment, &topics.dead_letters];
        ensure_topics(&config.kafka, &wanted.map(|topic| (topic.as_str(), partitions)))?;
        Ok(Self {
            sink: Sink::new(&config.kafka)?,
            funding: topics.funding.clone(),
            employment: topics.employment.clone(),
            delivery_timeout: config.kafka.delivery_timeout(),
        })
    }

    /// Sends one message to the raw topic of its dataset.
    pub(crate) fn send(&mut self, message: &Message) -> Result<(), AppError> {
        let topic = match message.dataset {
            Dataset::Funding => &self.funding,
            Dataset::Employment => &self.employment,
        };
        let header = |(key, value): &(String, Vec<u8>)| Header { key: key.clone(), value: Some(value.clone()) };
        let headers: Vec<Header> = message.headers.iter().map(header).collect();
        let value = (!message.value.is_empty()).then_some(message.value.as_slice());
        self.sink.send(topic, Some(&message.key), value, &headers)?;
        Ok(())
    }

    /// Sends all messages and tells how many there were.
    pub(crate) fn send_all(
        &mut self,
        messages: impl Iterator<Item = Result<Message, ProducerError>>,
        bar: &ProgressBar,
    ) -> Result<u64, AppError> {
        let mut sent = 0;
        for message in messages {
            self.send(&message?)?;
            sent += 1;
            if sent % PROGRESS_STEP == 0 {
                bar.set_position(sent);
            }
        }
        Ok(sent)
    }

    /// Waits until the broker has acknowledged everything.
    pub(crate) fn finish(&mut self) -> Result<(), AppError> {
        self.sink.flush(self.delivery_timeout)?;
        Ok(())
    }
}
