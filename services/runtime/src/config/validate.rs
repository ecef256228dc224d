//! The bounds that `default.toml` states, in its order.

mod catalogue;
mod security;

use std::fmt::Display;

use chrono::NaiveDate;

use super::values::MASK;
use super::{Config, ConfigError, Day, GatewayConfig, KafkaConfig, Properties, ProvisionConfig, RegistryConfig};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
/// librdkafka counts its queues in KiB, up to 2,097,151 of them.
const QUEUE_BYTES_MAX: usize = 2_097_151 * KIB;

/// Properties that this program sets itself, with the setting that does, or
/// why it stands fast.
const RESERVED: [(&str, &str); 24] = [
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("group.id", "kafka.group_id"),
    ("group.protocol", "kafka.group_protocol"),
    ("partition.assignment.strategy", "kafka.group_protocol"),
    ("group.instance.id", "nothing: a worker that is gone gives its partitions up at once"),
    ("client.id", "kafka.client_id"),
    ("fetch.max.bytes", "kafka.fetch_bytes_max"),
    ("receive.message.max.bytes", "kafka.fetch_bytes_max"),
    ("queued.max.messages.kbytes", "kafka.prefetch_bytes_max"),
    ("message.max.bytes", "kafka.produce_bytes_max"),
    ("queue.buffering.max.kbytes", "kafka.produce_buffer_bytes_max"),
    ("compression.type", "kafka.compression"),
    ("compression.codec", "kafka.compression"),
    ("delivery.timeout.ms", "kafka.delivery_timeout_seconds"),
    ("message.timeout.ms", "kafka.delivery_timeout_seconds"),
    ("topic.metadata.refresh.interval.ms", "kafka.metadata_refresh_seconds"),
    ("auto.offset.reset", "nothing: the journal knows where to go on"),
    ("enable.auto.commit", "nothing: positions are committed once the journal has them"),
    ("enable.auto.offset.store", "nothing: positions are committed once the journal has them"),
    ("enable.partition.eof", "nothing: offsets without a record are booked by it"),
    ("isolation.level", "nothing: aborted transactions are never read"),
    ("partitioner", "nothing: one named partitioner keeps an identity in one partition"),
    ("enable.idempotence", "nothing: a retried send must not double or reorder"),
];

pub(super) fn validate(config: &Config) -> Result<(), ConfigError> {
    require(!config.data.dir.as_os_str().is_empty(), "data.dir", &"empty", "a directory")?;
    kafka(&config.kafka)?;
    topics(config)?;
    provision(&config.provision)?;
    registry(&config.registry)?;
    gateway(&config.gateway)?;
    let Config { ingest, reference, ledger, split, publish, telemetry, shutdown, .. } = config;
    earliest_day(ingest.earliest_day)?;
    range("ingest.amount_max", ingest.amount_max, 1, 10_000_000_000_000)?;
    range("ingest.quantity_max", ingest.quantity_max, 1, 10_000_000_000_000)?;
    version("reference.version", &reference.version)?;
    range("ledger.flush_rows", ledger.flush_rows, 1, 16_777_216)?;
    range("ledger.flush_bytes", ledger.flush_bytes, MIB, 8 * GIB)?;
    range("ledger.flush_interval_seconds", ledger.flush_interval_seconds, 1, 3_600)?;
    range("ledger.queue_batches", ledger.queue_batches, 1, 64)?;
    range("ledger.batch_rows", ledger.batch_rows, 1, 65_536)?;
    range("replay.window_letters", config.replay.window_letters, 1, 65_536)?;
    range("replay.window_bytes", config.replay.window_bytes, MIB, GIB)?;
    range("split.partitions", split.partitions, 1, 1_000)?;
    range("split.commit_rows", split.commit_rows, 1, 16_777_216)?;
    range("split.commit_interval_seconds", split.commit_interval_seconds, 1, 3_600)?;
    range("publish.interval_seconds", publish.interval_seconds, 0, 86_400)?;
    version("publish.method", &publish.method)?;
    let one_line = publish.label.len() <= 256 && !publish.label.chars().any(char::is_control);
    require(one_line, "publish.label", &publish.label, "up to 256 bytes in one line")?;
    catalogue::catalogue(&config.catalogue)?;
    store(config)?;
    if let Err(error) = crate::telemetry::filter(&telemetry.log) {
        return Err(invalid("telemetry.log", &telemetry.log, &error.to_string()));
    }
    range("shutdown.grace_seconds", shutdown.grace_seconds, 1, 3_600)
}

fn kafka(kafka: &KafkaConfig) -> Result<(), ConfigError> {
    let addresses = kafka.brokers.split(',').all(|broker| is_address(broker.trim()));
    require(addresses, "kafka.brokers", &kafka.brokers, "HOST:PORT, several separated by commas")?;
    require(!kafka.group_id.is_empty(), "kafka.group_id", &"empty", "a name")?;
    require(!kafka.client_id.is_empty(), "kafka.client_id", &"empty", "a name")?;
    range("kafka.message_bytes_max", kafka.message_bytes_max, KIB, 64 * MIB)?;
    range("kafka.fetch_bytes_max", kafka.fetch_bytes_max, MIB, GIB)?;
    range("kafka.prefetch_bytes_max", kafka.prefetch_bytes_max, MIB, QUEUE_BYTES_MAX)?;
    range("kafka.produce_bytes_max", kafka.produce_bytes_max, KIB, 1_000_000_000)?;
    let buffer = kafka.produce_buffer_bytes_max;
    range("kafka.produce_buffer_bytes_max", buffer, kafka.produce_bytes_max, QUEUE_BYTES_MAX)?;
    range("kafka.delivery_timeout_seconds", kafka.delivery_timeout_seconds, 1, 3_600)?;
    range("kafka.connect_timeout_seconds", kafka.connect_timeout_seconds, 1, 3_600)?;
    range("kafka.topic_wait_seconds", kafka.topic_wait_seconds, 0, 3_600)?;
    range("kafka.metadata_refresh_seconds", kafka.metadata_refresh_seconds, 1, 300)?;
    properties(&kafka.properties)?;
    security::security(kafka)
}

fn properties(properties: &Properties) -> Result<(), ConfigError> {
    for (name, value) in &properties.0 {
        let key = format!("kafka.properties.{name}");
        if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| reserved == name) {
            return Err(invalid(&key, &"given", &format!("not as a property; set {instead}")));
        }
        require(value != MASK, &key, &"the mask of a dump", "the secret itself")?;
    }
    Ok(())
}

fn topics(config: &Config) -> Result<(), ConfigError> {
    let topics = &config.topics;
    let named = [
        ("topics.funding", &topics.funding),
        ("topics.employment", &topics.employment),
        ("topics.dead_letters", &topics.dead_letters),
        ("topics.validated", &topics.validated),
        ("topics.enriched", &topics.enriched),
        ("topics.organisations", &topics.organisations),
    ];
    for (index, (key, name)) in named.iter().enumerate() {
        let legal = is_word(name, 249) && *name != "." && *name != "..";
        require(legal, key, name, "up to 249 letters, digits, dots, dashes and underscores")?;
        let fresh = named[..index].iter().all(|(_, earlier)| earlier != name);
        require(fresh, key, name, "a topic of its own: another setting names this one")?;
    }
    Ok(())
}

fn provision(provision: &ProvisionConfig) -> Result<(), ConfigError> {
    let (factor, in_sync) = (provision.replication_factor, provision.min_insync_replicas);
    range("provision.replication_factor", factor, 0, 100)?;
    range("provision.min_insync_replicas", in_sync, 0, if factor > 0 { factor } else { 100 })?;
    for (key, partitions) in [
        ("provision.raw_partitions", provision.raw_partitions),
        ("provision.dead_letters_partitions", provision.dead_letters_partitions),
        ("provision.register_partitions", provision.register_partitions),
    ] {
        range(key, partitions, 1, 10_000)?;
    }
    range("provision.raw_retention_hours", provision.raw_retention_hours, 0, 876_000)?;
    range("provision.internal_retention_hours", provision.internal_retention_hours, 0, 876_000)?;
    range("provision.dead_letters_retention_hours", provision.dead_letters_retention_hours, 0, 876_000)
}

fn registry(registry: &RegistryConfig) -> Result<(), ConfigError> {
    let url = &registry.url;
    // A login within it would be shown wherever the address is.
    let address = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let host = address.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return Err(invalid("registry.url", &"an address with a login in it", "one without; set registry.username"));
    }
    let plain = !url.contains(['?', '#']) && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    let sound = url.is_empty() || (!host.is_empty() && plain);
    require(sound, "registry.url", url, "empty, or http://HOST:PORT/PATH, or the same with https")?;
    for (key, secret) in [("registry.password", &registry.password), ("registry.token", &registry.token)] {
        require(secret.0 != MASK, key, &"the mask of a dump", "the secret itself")?;
        require(secret.is_sendable(), key, &"a text with other characters", "printable ASCII")?;
    }
    let given = |file: &std::path::Path| !file.as_os_str().is_empty();
    let password = !registry.password.0.is_empty();
    let password_twice = password && given(&registry.password_file);
    require(!password_twice, "registry.password_file", &"given", "one of registry.password and this, not both")?;
    let token_twice = !registry.token.0.is_empty() && given(&registry.token_file);
    require(!token_twice, "registry.token_file", &"given", "one of registry.token and this, not both")?;
    let token = !registry.token.0.is_empty() || given(&registry.token_file);
    let user = !registry.username.is_empty();
    let names = !registry.username.contains(':') && !registry.username.chars().any(char::is_control);
    require(names, "registry.username", &registry.username, "a name without a colon")?;
    require(!(user && token), "registry.username", &registry.username, "a user or a token, not both")?;
    let orphan = (password || given(&registry.password_file)) && !user;
    require(!orphan, "registry.username", &"empty", "a name, since there is a password")?;
    range("registry.request_timeout_seconds", registry.request_timeout_seconds, 1, 300)?;
    range("registry.start_wait_seconds", registry.start_wait_seconds, 0, 3_600)?;
    range("registry.unknown_id_wait_seconds", registry.unknown_id_wait_seconds, 0, 86_400)?;
    range("registry.held_rows_max", registry.held_rows_max, 1, 16_777_216)?;
    range("registry.held_bytes_max", registry.held_bytes_max, MIB, 8 * GIB)
}

fn store(config: &Config) -> Result<(), ConfigError> {
    let (url, store) = (&config.publish.store_url, &config.store);
    let path = url.strip_prefix("s3://").unwrap_or_default();
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    // "." and ".." would be other places to some stores.
    let steps = prefix.is_empty() || prefix.split('/').all(|step| !matches!(step, "" | "." | ".."));
    let sound = url.is_empty() || (!bucket.is_empty() && plain(path) && steps);
    require(
        sound,
        "publish.store_url",
        url,
        "empty, or s3://BUCKET/PREFIX of letters, digits, dots, dashes, underscores",
    )?;
    let endpoint = &store.endpoint;
    let secure = endpoint.starts_with("https://");
    let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://")).unwrap_or_default();
    // A login within it would be shown wherever the address is.
    if host.contains('@') {
        return Err(invalid(
            "store.endpoint",
            &"an address with a login in it",
            "one without; set store.access_key_id",
        ));
    }
    let address = !host.is_empty() && !host.contains(['?', '#']) && !host.contains(char::is_whitespace);
    require(endpoint.is_empty() || address, "store.endpoint", endpoint, "empty, or http://HOST:PORT, or https")?;
    let open = endpoint.is_empty() || secure || store.allow_http;
    require(open, "store.endpoint", endpoint, "https, unless store.allow_http is true")?;
    let secret = &store.secret_access_key;
    require(secret.0 != MASK, "store.secret_access_key", &"the mask of a dump", "the secret itself")?;
    let sendable = secret.is_sendable();
    require(sendable, "store.secret_access_key", &"a text with other characters", "printable ASCII")?;
    let (value, file) = (!secret.0.is_empty(), !store.secret_access_key_file.as_os_str().is_empty());
    let once = "one of store.secret_access_key and this, not both";
    require(!(value && file), "store.secret_access_key_file", &"given", once)?;
    let paired = (value || file) != store.access_key_id.is_empty();
    require(paired, "store.access_key_id", &"half of a login", "with a secret, or neither")?;
    range("store.request_timeout_seconds", store.request_timeout_seconds, 1, 3_600)?;
    range("store.retry_seconds", store.retry_seconds, 0, 300)?;
    range("store.parallel", store.parallel, 1, 64)
}

fn gateway(gateway: &GatewayConfig) -> Result<(), ConfigError> {
    // Whoever can reach it may write to the books.
    let guarded = gateway.listen.ip().is_loopback() || !gateway.keys_file.as_os_str().is_empty();
    require(guarded, "gateway.keys_file", &"empty", "a file, since gateway.listen is not of this machine alone")?;
    range("gateway.connections_max", gateway.connections_max, 1, 65_536)?;
    range("gateway.in_flight_max", gateway.in_flight_max, 1, 65_536)?;
    range("gateway.body_bytes_max", gateway.body_bytes_max, KIB, GIB)?;
    range("gateway.in_flight_bytes_max", gateway.in_flight_bytes_max, gateway.body_bytes_max, 8 * GIB)?;
    range("gateway.batch_events_max", gateway.batch_events_max, 1, 100_000)?;
    range("gateway.header_timeout_seconds", gateway.header_timeout_seconds, 1, 3_600)?;
    range("gateway.body_timeout_seconds", gateway.body_timeout_seconds, 1, 3_600)?;
    range("gateway.ack_timeout_seconds", gateway.ack_timeout_seconds, 1, 300)?;
    range("gateway.retry_after_seconds", gateway.retry_after_seconds, 1, 3_600)
}

fn earliest_day(day: Day) -> Result<(), ConfigError> {
    let bounds = NaiveDate::from_ymd_opt(1900, 1, 1).zip(NaiveDate::from_ymd_opt(2100, 12, 31));
    let inside = bounds.is_some_and(|(first, last)| (first..=last).contains(&day.0));
    require(inside, "ingest.earliest_day", &day, "1900-01-01 to 2100-12-31")
}

fn version(key: &str, text: &str) -> Result<(), ConfigError> {
    // It becomes a directory's name, so it must not climb out of its parent.
    let plain = is_word(text, 64) && !text.starts_with('.');
    require(plain, key, &text, "1 to 64 letters, digits, dots, dashes and underscores, no dot first")
}

fn is_word(text: &str, length_max: usize) -> bool {
    (1..=length_max).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_address(broker: &str) -> bool {
    broker.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(char::is_whitespace) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn range<T: PartialOrd + Display + Copy>(key: &str, value: T, least: T, most: T) -> Result<(), ConfigError> {
    require((least..=most).contains(&value), key, &value, &format!("{least} to {most}"))
}

fn require(holds: bool, key: &str, value: &dyn Display, allowed: &str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(invalid(key, value, allowed)) }
}

fn invalid(key: &str, value: &dyn Display, allowed: &str) -> ConfigError {
    ConfigError::Invalid {
        key: key.to_owned(),
        value: value.to_string(),
        allowed: allowed.to_owned(),
        origin: "these settings".to_owned(),
    }
}
