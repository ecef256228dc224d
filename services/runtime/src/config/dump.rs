use super::{Config, ConfigError};

pub(super) fn dump(config: &Config) -> Result<String, ConfigError> {
    let mut shown = config.clone();
    shown.kafka.properties = shown.kafka.properties.masked();
    shown.kafka.security = shown.kafka.security.masked();
    shown.registry.password = shown.registry.password.masked();
    shown.registry.token = shown.registry.token.masked();
    shown.store.secret_access_key = shown.store.secret_access_key.masked();
    toml::to_string(&shown).map_err(|error| ConfigError::Dump { reason: error.to_string() })
}
