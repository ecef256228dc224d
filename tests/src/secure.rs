//! The real Kafka by its encrypted listeners, and the settings that let in.

use crate::broker::Broker;
use crate::environment;
use crate::system::System;
use std::fs;
use std::path::PathBuf;

/// A Kafka with TLS and SASL; its plain listener is the way of the test itself.
#[derive(Debug)]
pub struct SecureKafka {
    pub broker: Broker,
    ssl: String,
    sasl: String,
    secrets: PathBuf,
}

impl SecureKafka {
    /// `None` where there is none or `program` was built without TLS; says so.
    pub fn find(program: &str) -> Option<Self> {
        let broker = Broker::real()?;
        let (ssl, sasl, secrets) = environment::secure_kafka()?;
        let asked = System::new(program).set("kafka.security.tls", true).run(["config", "check"]);
        if asked.exit.code != Some(0) {
            assert!(asked.stderr.contains("--features tls"), "{}", asked.stderr);
            environment::skip("a build with TLS (--features tls)");
            return None;
        }
        Some(Self { broker, ssl, sasl, secrets })
    }

    /// A file of `tests/kafka/secrets`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.secrets.join(name)
    }

    /// What such a file holds.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect("a file of the broker's secrets")
    }

    /// By a certificate alone: this one and its key.
    pub fn by_certificate(&self, system: System, name: &str) -> System {
        self.with_tls(system, &self.ssl)
            .set("kafka.security.certificate_file", self.file(&format!("{name}.pem")).display())
            .set("kafka.security.key_file", self.file(&format!("{name}.key")).display())
    }

    /// By TLS to where a certificate is asked for, without one.
    pub fn without_certificate(&self, system: System) -> System {
        self.with_tls(system, &self.ssl)
    }

    /// By SASL over TLS; what more the mechanism needs is still to be set.
    pub fn by(&self, mechanism: &str, system: System) -> System {
        self.with_tls(system, &self.sasl).set("kafka.security.sasl_mechanism", mechanism)
    }

    /// By the user's name and a password in a file.
    pub fn by_password_file(&self, mechanism: &str, system: System) -> System {
        self.by(mechanism, system)
            .set("kafka.security.username", self.read("username"))
            .set("kafka.security.password_file", self.file("password").display())
    }

    fn with_tls(&self, system: System, address: &str) -> System {
        system
            .set("kafka.brokers", address)
            .set("kafka.security.tls", true)
            .set("kafka.security.ca_file", self.file("ca.pem").display())
    }
}
