//! What of `[kafka.security]` goes together, and what of `[kafka.properties]`
//! goes with it.

use std::path::Path;

use super::super::values::MASK;
use super::super::{ConfigError, KafkaConfig, SaslMechanism, SecurityConfig};
use super::{invalid, range, require};

/// Properties that say what this section says, each with the setting that
/// does. Beside the section there would be two answers.
const SAID_BY_SECTION: [(&str, &str); 17] = [
    ("security.protocol", "kafka.security.tls and kafka.security.sasl_mechanism"),
    ("ssl.ca.location", "kafka.security.ca_file"),
    ("ssl.ca.pem", "kafka.security.ca_file"),
    ("ssl.certificate.location", "kafka.security.certificate_file"),
    ("ssl.certificate.pem", "kafka.security.certificate_file"),
    ("ssl.key.location", "kafka.security.key_file"),
    ("ssl.key.pem", "kafka.security.key_file"),
    ("ssl.key.password", "kafka.security.key_password"),
    ("ssl.keystore.location", "kafka.security.certificate_file"),
    ("ssl.keystore.password", "kafka.security.key_password"),
    ("sasl.mechanism", "kafka.security.sasl_mechanism"),
    ("sasl.mechanisms", "kafka.security.sasl_mechanism"),
    ("sasl.username", "kafka.security.username"),
    ("sasl.password", "kafka.security.password"),
    ("sasl.oauthbearer.config", "kafka.security.token_url or kafka.security.token_file"),
    ("sasl.oauthbearer.method", "kafka.security.token_url or kafka.security.token_file"),
    ("enable.sasl.oauthbearer.unsecure.jwt", "kafka.security.token_url or kafka.security.token_file"),
];

pub(super) fn security(kafka: &KafkaConfig) -> Result<(), ConfigError> {
    let security = &kafka.security;
    properties(kafka)?;
    secrets(security)?;
    tls(security)?;
    password(security)?;
    tokens(security)?;
    let open = security.sasl_mechanism.name().is_some() && !security.tls;
    require(
        !open || security.login_without_tls,
        "kafka.security.login_without_tls",
        &"false",
        "true where a login may go over the network unencrypted; or set kafka.security.tls",
    )?;
    range("kafka.security.token_timeout_seconds", security.token_timeout_seconds, 1, 300)
}

fn given(file: &Path) -> bool {
    !file.as_os_str().is_empty()
}

fn properties(kafka: &KafkaConfig) -> Result<(), ConfigError> {
    for (name, value) in &kafka.properties.0 {
        let key = format!("kafka.properties.{name}");
        // Nobody would renew the token.
        if matches!(name.as_str(), "sasl.mechanism" | "sasl.mechanisms") && value.eq_ignore_ascii_case("OAUTHBEARER") {
            let instead = "not as a property; set kafka.security.sasl_mechanism";
            return Err(invalid(&key, &value, instead));
        }
        let said = SAID_BY_SECTION.iter().find(|(said, _)| said == name);
        if let Some((_, instead)) = said.filter(|_| kafka.security.is_used()) {
            return Err(invalid(&key, &"given", &format!("not beside kafka.security; set {instead}")));
        }
    }
    Ok(())
}

fn secrets(security: &SecurityConfig) -> Result<(), ConfigError> {
    for (key, secret, file_key, file) in security.secrets() {
        require(secret.0 != MASK, key, &"the mask of a dump", "the secret itself")?;
        require(secret.is_sendable(), key, &"a text with other characters", "printable ASCII")?;
        let twice = !secret.0.is_empty() && given(file);
        require(!twice, file_key, &"given", &format!("one of {key} and this, not both"))?;
    }
    Ok(())
}

fn tls(security: &SecurityConfig) -> Result<(), ConfigError> {
    let files = [
        ("kafka.security.ca_file", given(&security.ca_file)),
        ("kafka.security.certificate_file", given(&security.certificate_file)),
        ("kafka.security.key_file", given(&security.key_file)),
    ];
    if let Some((key, _)) = files.iter().find(|(_, given)| *given && !security.tls) {
        return Err(invalid("kafka.security.tls", &"false", &format!("true, since there is {key}")));
    }
    let (certificate, key) = (given(&security.certificate_file), given(&security.key_file));
    require(certificate || !key, "kafka.security.certificate_file", &"empty", "a file, since there is a key_file")?;
    require(key || !certificate, "kafka.security.key_file", &"empty", "a file, since there is a certificate_file")?;
    let password = !security.key_password.0.is_empty() || given(&security.key_password_file);
    require(key || !password, "kafka.security.key_file", &"empty", "a file, since there is a key_password")
}

fn password(security: &SecurityConfig) -> Result<(), ConfigError> {
    let password = !security.password.0.is_empty() || given(&security.password_file);
    let named = !security.username.is_empty();
    if security.sasl_mechanism.is_by_password() {
        require(named, "kafka.security.username", &"empty", "a name, since sasl_mechanism takes one")?;
        require(password, "kafka.security.password", &"empty", "a password here, or a file in password_file")?;
    }
    let allowed = "plain, scram_sha_256 or scram_sha_512, since there is a username or a password";
    let orphan = (named || password) && !security.sasl_mechanism.is_by_password();
    require(!orphan, "kafka.security.sasl_mechanism", &name(security.sasl_mechanism), allowed)?;
    let plain = !security.username.chars().any(char::is_control);
    require(plain, "kafka.security.username", &"a text with control characters", "a name")
}

fn tokens(security: &SecurityConfig) -> Result<(), ConfigError> {
    let (file, url) = (given(&security.token_file), !security.token_url.is_empty());
    let bearer = security.sasl_mechanism == SaslMechanism::Oauthbearer;
    require(
        bearer || !(file || url),
        "kafka.security.sasl_mechanism",
        &name(security.sasl_mechanism),
        "oauthbearer, since there is a token_file or a token_url",
    )?;
    require(!(file && url), "kafka.security.token_file", &"given", "one of token_url and this, not both")?;
    require(!bearer || file || url, "kafka.security.token_url", &"empty", "an address here, or a file in token_file")?;
    let secret = !security.token_client_secret.0.is_empty() || given(&security.token_client_secret_file);
    let (id, scope, ca) =
        (!security.token_client_id.is_empty(), !security.token_scope.is_empty(), given(&security.token_ca_file));
    if !url {
        let orphan = secret || id || scope || ca;
        return require(
            !orphan,
            "kafka.security.token_url",
            &"empty",
            "an address, since there is more to ask it with",
        );
    }
    address(security)?;
    require(id, "kafka.security.token_client_id", &"empty", "a name, since there is a token_url")?;
    let kept = "a secret here, or a file in token_client_secret_file";
    require(secret, "kafka.security.token_client_secret", &"empty", kept)?;
    for (key, text) in [
        ("kafka.security.token_client_id", &security.token_client_id),
        ("kafka.security.token_scope", &security.token_scope),
    ] {
        require(!text.chars().any(char::is_control), key, &"a text with control characters", "one line of text")?;
    }
    Ok(())
}

/// The token endpoint's address: the client's secret goes there.
fn address(security: &SecurityConfig) -> Result<(), ConfigError> {
    let key = "kafka.security.token_url";
    let url = &security.token_url;
    let open = url.strip_prefix("http://");
    let rest = open.or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        let instead = "one without; set kafka.security.token_client_id";
        return Err(invalid(key, &"an address with a login in it", instead));
    }
    let plain = !url.contains('#') && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    require(!authority.is_empty() && plain, key, url, "http://HOST:PORT/PATH, or the same with https")?;
    let allowed = "https, unless it is on this machine or kafka.security.login_without_tls is true";
    require(open.is_none() || is_here(authority) || security.login_without_tls, key, url, allowed)
}

/// Whether an address is of this machine alone, whatever names resolve to.
fn is_here(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn name(mechanism: SaslMechanism) -> &'static str {
    mechanism.name().unwrap_or("empty")
}
