//! How clients are let in: what `[kafka.security]` says, as librdkafka's
//! properties, and tokens for logins that expire.

mod endpoint;
mod error;
mod keeper;
mod seat;
mod token;

use std::fs::File;
use std::path::Path;

use rdkafka::config::ClientConfig;

pub use error::LoginError;
pub(crate) use keeper::{Keeper, Login};

use crate::config::{KafkaConfig, SaslMechanism, SecurityConfig};
use crate::secret::SecretSource;

/// Sets what the section says; nothing where it says nothing. Secrets are read
/// from their files now.
pub(super) fn apply(security: &SecurityConfig, client: &mut ClientConfig) -> Result<(), LoginError> {
    if !security.is_used() {
        return Ok(());
    }
    let protocol = match (security.tls, security.sasl_mechanism.name().is_some()) {
        (true, true) => "SASL_SSL",
        (true, false) => "SSL",
        (false, _) => "SASL_PLAINTEXT",
    };
    client.set("security.protocol", protocol);
    for (setting, path, property) in [
        ("kafka.security.ca_file", &security.ca_file, "ssl.ca.location"),
        ("kafka.security.certificate_file", &security.certificate_file, "ssl.certificate.location"),
        ("kafka.security.key_file", &security.key_file, "ssl.key.location"),
    ] {
        if let Some(path) = readable(setting, path)? {
            client.set(property, path);
        }
    }
    let unusable = |reason| LoginError::Settings { reason };
    let key_password =
        SecretSource::new(&security.key_password, "kafka.security.key_password_file", &security.key_password_file);
    let key_password = key_password.read().map_err(unusable)?;
    if !key_password.0.is_empty() {
        client.set("ssl.key.password", key_password.0);
    }
    let Some(mechanism) = security.sasl_mechanism.name() else { return Ok(()) };
    client.set("sasl.mechanism", mechanism);
    if security.sasl_mechanism.is_by_password() {
        let password = SecretSource::new(&security.password, "kafka.security.password_file", &security.password_file);
        client.set("sasl.username", &security.username).set("sasl.password", password.read().map_err(unusable)?.0);
    }
    Ok(())
}

/// A file that librdkafka is to read, which says less of what is wrong with it.
fn readable<'a>(setting: &str, path: &'a Path) -> Result<Option<&'a str>, LoginError> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let unusable = |reason: String| LoginError::Settings {
        reason: format!("the file of {setting}, {}, {reason}", path.display()),
    };
    File::open(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    path.to_str().map(Some).ok_or_else(|| unusable("has a name that is not UTF-8".to_owned()))
}

/// What the settings ask for and this build cannot do; `None` where it can
/// all.
#[must_use]
pub fn beyond_this_build(kafka: &KafkaConfig) -> Option<&'static str> {
    // librdkafka itself tells, so nothing has to be kept in step with how it was built.
    let native = ClientConfig::new().create_native_config().and_then(|native| native.get("builtin.features"));
    beyond(kafka, &native.unwrap_or_default())
}

fn beyond(kafka: &KafkaConfig, features: &str) -> Option<&'static str> {
    let has = |wanted: &str| features.split(',').any(|feature| feature.trim() == wanted);
    let property = |name: &str| kafka.properties.0.get(name).map(|value| value.to_ascii_uppercase());
    let security = &kafka.security;
    let tls = security.tls || property("security.protocol").is_some_and(|protocol| protocol.ends_with("SSL"));
    let mechanism = property("sasl.mechanism").or_else(|| property("sasl.mechanisms"));
    let scram = matches!(security.sasl_mechanism, SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512)
        || mechanism.is_some_and(|mechanism| mechanism.starts_with("SCRAM"));
    let bearer = security.sasl_mechanism == SaslMechanism::Oauthbearer;
    [(tls, "ssl", "TLS"), (scram, "sasl_scram", "SASL SCRAM"), (bearer, "sasl_oauthbearer", "SASL OAUTHBEARER")]
        .into_iter()
        .find_map(|(asked, feature, name)| (asked && !has(feature)).then_some(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::config::{Config, Sources};

    fn kafka(settings: &[&str]) -> KafkaConfig {
        let overrides = settings.iter().map(|text| (*text).to_owned()).collect();
        Config::load(&Sources { overrides, ..Sources::default() }).unwrap().kafka
    }

    /// Proves that a build without TLS names the first thing it lacks, whether
    /// the section asks for it or a property, and that PLAIN needs none.
    #[test]
    fn what_a_build_lacks_is_named() {
        let without = "gzip,snappy,regex,lz4,sasl_plain,plugins,zstd";
        let with = format!("{without},ssl,sasl_scram,sasl_oauthbearer");
        let user = ["kafka.security.username=a", "kafka.security.password=b", "kafka.security.login_without_tls=true"];
        let login = |mechanism: &str| kafka(&[&user[..], &[mechanism]].concat());
        for (asking, lacking) in [
            (kafka(&["kafka.security.tls=true"]), Some("TLS")),
            (kafka(&["kafka.properties.security.protocol=sasl_ssl"]), Some("TLS")),
            (kafka(&["kafka.properties.sasl.mechanisms=SCRAM-SHA-256"]), Some("SASL SCRAM")),
            (login("kafka.security.sasl_mechanism=scram_sha_512"), Some("SASL SCRAM")),
            (login("kafka.security.sasl_mechanism=plain"), None),
            (kafka(&[]), None),
        ] {
            assert_eq!(beyond(&asking, without), lacking);
            assert_eq!(beyond(&asking, &with), None);
        }
        let bearer = kafka(&[
            "kafka.security.sasl_mechanism=oauthbearer",
            "kafka.security.token_file=token",
            "kafka.security.login_without_tls=true",
        ]);
        assert_eq!(beyond(&bearer, without), Some("SASL OAUTHBEARER"));
    }
}
