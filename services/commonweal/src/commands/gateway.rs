//! `commonweal gateway`: events over HTTP to the raw topics.

use crate::AppError;
use crate::cli::{DatasetName, GatewayCommand, NewKey, Settings};
use crate::contracts::Contracts;
use crate::judge::IngestJudge;
use crate::settings::Loaded;
use commonweal_gateway::{RawTopic, new_key};
use commonweal_runtime::{Exit, Shutdown};
use commonweal_schemas::Dataset;
use std::sync::Arc;

pub(crate) fn run(settings: &Settings, command: Option<&GatewayCommand>) -> Result<Exit, AppError> {
    match command {
        None => serve(settings),
        Some(GatewayCommand::NewKey(options)) => make_key(options),
    }
}

fn serve(settings: &Settings) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let config = &loaded.config;
    let shutdown = Shutdown::on_signals(config.shutdown.grace()).map_err(AppError::Runtime)?;
    let contracts = Contracts::new(config, &shutdown)?;
    let topics = Dataset::ALL.into_iter().map(|dataset| {
        let contract = dataset.contract();
        let topic = contracts.topic(contract).to_owned();
        Ok(RawTopic { dataset, topic, schema_id: contracts.id(contract)? })
    });
    let topics = topics.collect::<Result<Vec<_>, AppError>>()?;
    let judge = IngestJudge::new(loaded.rules(), config.kafka.message_bytes_max, &topics);
    let settings = commonweal_gateway::Settings {
        gateway: config.gateway.clone(),
        kafka: config.kafka.clone(),
        grace: config.shutdown.grace(),
        topics,
    };
    loaded.runtime()?.block_on(commonweal_gateway::run(settings, Arc::new(judge), &shutdown))?;
    Ok(Exit::Ok)
}

fn make_key(options: &NewKey) -> Result<Exit, AppError> {
    let datasets: Vec<Dataset> = options.datasets.iter().map(|DatasetName(dataset)| *dataset).collect();
    let made = new_key(&options.name, &datasets, options.events_per_second)?;
    println!("# The key of {}, shown this once; they send it as Authorization: Bearer KEY", options.name);
    println!("# {}", made.key);
    println!("# For the file that gateway.keys_file names:");
    println!("{}", made.entry);
    Ok(Exit::Ok)
}
