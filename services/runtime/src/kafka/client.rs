//! librdkafka clients as this project sets them up.

mod events;

use std::ops::Deref;

use rdkafka::admin::AdminClient;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, FutureProducer, Producer as _, ProducerContext};

pub(crate) use events::{Events, Lasting, Rebalance};

use super::failure;
use super::login::{self, Keeper, LoginError};
use crate::config::{GroupProtocol, KafkaConfig};
use crate::shutdown::Shutdown;

/// Why a client cannot be made.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// librdkafka does not take it.
    Settings {
        reason: String,
    },
    Login(LoginError),
}

impl From<KafkaError> for ClientError {
    fn from(error: KafkaError) -> Self {
        Self::Settings { reason: failure::describe(&error) }
    }
}

impl From<LoginError> for ClientError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

/// A client and, where its login takes tokens, who keeps it in them. The two
/// are dropped in this order: nobody hands a token to a client that is gone.
pub(crate) struct Kept<T> {
    _keeper: Option<Keeper>,
    inner: T,
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

/// Every kind of client.
pub(crate) trait Native {
    /// Has the keeper serve it.
    fn be_kept(&self, keeper: &Keeper) -> Result<(), LoginError>;
}

impl<C: ConsumerContext> Native for BaseConsumer<C> {
    fn be_kept(&self, keeper: &Keeper) -> Result<(), LoginError> {
        keeper.serve(self.client())
    }
}

impl<C: ProducerContext> Native for BaseProducer<C> {
    fn be_kept(&self, keeper: &Keeper) -> Result<(), LoginError> {
        keeper.serve(self.client())
    }
}

impl<C: ClientContext + 'static> Native for FutureProducer<C> {
    fn be_kept(&self, keeper: &Keeper) -> Result<(), LoginError> {
        keeper.serve(self.client())
    }
}

impl<C: ClientContext> Native for AdminClient<C> {
    fn be_kept(&self, keeper: &Keeper) -> Result<(), LoginError> {
        keeper.serve(self.inner())
    }
}

/// A client of these properties, let in: where that takes a token, it has one.
/// Only for that it waits, for at most `kafka.connect_timeout_seconds`.
pub(crate) fn make<C, T>(
    config: &KafkaConfig,
    properties: Result<ClientConfig, LoginError>,
    shutdown: Option<&Shutdown>,
    context: impl FnOnce(Events) -> C,
) -> Result<Kept<T>, ClientError>
where
    C: ClientContext,
    T: FromClientConfigAndContext<C> + Native,
{
    let properties = properties?;
    let keeper = Keeper::start(config, shutdown)?;
    let events = Events::new(keeper.as_ref().map(|keeper| keeper.login().clone()));
    let inner: T = properties.create_with_context(context(events))?;
    if let Some(keeper) = &keeper {
        inner.be_kept(keeper)?;
    }
    Ok(Kept { _keeper: keeper, inner })
}

/// Room in an answer beyond `fetch.max.bytes`: a broker always sends one whole
/// batch, however long.
const ANSWER_HEADROOM_BYTES: usize = 128 << 20;

/// A client with what all share. The user's properties go over `defaults`;
/// what the caller sets afterwards goes over both.
///
/// # Errors
/// A file of the login that cannot be read.
pub(crate) fn common(config: &KafkaConfig, defaults: &[(&str, &str)]) -> Result<ClientConfig, LoginError> {
    let mut client = ClientConfig::new();
    // What it says of a broker that hangs up belongs to the error, whatever is logged of it.
    if (client.log_level as u8) < RDKafkaLogLevel::Info as u8 {
        client.set_log_level(RDKafkaLogLevel::Info);
    }
    for (name, value) in defaults {
        client.set(*name, *value);
    }
    for (name, value) in &config.properties.0 {
        client.set(name, value);
    }
    client.set("bootstrap.servers", &config.brokers).set("client.id", &config.client_id);
    login::apply(&config.security, &mut client)?;
    Ok(client)
}

/// Which records of transactions a consumer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Those of committed ones, and nothing behind one that is open: what
    /// events are read by.
    Committed,
    /// All, to the end of the partition's log: for looking at what is there.
    Uncommitted,
}

impl Isolation {
    const fn level(self) -> &'static str {
        match self {
            Self::Committed => "read_committed",
            Self::Uncommitted => "read_uncommitted",
        }
    }
}

pub(crate) fn consumer(config: &KafkaConfig, isolation: Isolation) -> Result<ClientConfig, LoginError> {
    // By default the fetcher sleeps a second whenever its queue is full, which
    // halves the rate.
    let mut client = common(config, &[("fetch.queue.backoff.ms", "5"), ("fetch.wait.max.ms", "100")])?;
    client
        .set("group.id", &config.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", isolation.level())
        .set("allow.auto.create.topics", "false")
        .set("topic.metadata.refresh.interval.ms", (config.metadata_refresh_seconds * 1_000).to_string())
        .set("fetch.max.bytes", config.fetch_bytes_max.to_string())
        .set("receive.message.max.bytes", (config.fetch_bytes_max + ANSWER_HEADROOM_BYTES).to_string())
        .set("queued.max.messages.kbytes", (config.prefetch_bytes_max >> 10).to_string());
    Ok(client)
}

/// A consumer that shares its topics with the other members of `group`.
pub(crate) fn member(config: &KafkaConfig, group: &str) -> Result<ClientConfig, LoginError> {
    let mut client = consumer(config, Isolation::Committed)?;
    // Reported ends would have the client go on one offset too late after a rebalance or a pause, and leave a
    // message out: it counts them as read (rd_kafka_q_serve_rkmessages, up to 2.12.1 at least).
    client.set("group.id", group).set("enable.partition.eof", "false");
    match config.group_protocol {
        GroupProtocol::Classic => {
            client.set("group.protocol", "classic").set("partition.assignment.strategy", "cooperative-sticky")
        }
        GroupProtocol::Consumer => client.set("group.protocol", "consumer"),
    };
    Ok(client)
}

pub(crate) fn producer(config: &KafkaConfig) -> Result<ClientConfig, LoginError> {
    let mut client = common(config, &[("linger.ms", "5"), ("queue.buffering.max.messages", "100000")])?;
    client
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("compression.type", config.compression.name())
        .set("message.max.bytes", config.produce_bytes_max.to_string())
        .set("queue.buffering.max.kbytes", (config.produce_buffer_bytes_max >> 10).to_string())
        .set("delivery.timeout.ms", (config.delivery_timeout_seconds * 1_000).to_string());
    Ok(client)
}
