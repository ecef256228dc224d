//! Which of librdkafka's errors pass by themselves and which do not.

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;

/// Whether the client recovers from `code` by itself. What is not known to
/// pass counts as lasting: going on regardless could leave a hole.
pub(crate) const fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::MessageTimedOut
            | Code::TimedOutQueue
            | Code::WaitingForCoordinator
            | Code::WaitCache
            | Code::InProgress
            | Code::Retry
            | Code::NodeUpdate
            | Code::BrokerDestroy
            | Code::DestroyBroker
            | Code::UnknownBroker
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::RequestTimedOut
            | Code::BrokerNotAvailable
            | Code::ReplicaNotAvailable
            | Code::StaleControllerEpoch
            | Code::NetworkException
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::NotController
            | Code::KafkaStorageError
            | Code::FetchSessionIdNotFound
            | Code::InvalidFetchSessionEpoch
            | Code::ListenerNotFound
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::OffsetNotAvailable
            // The group serves lag tools alone: reading goes on without it.
            | Code::GroupAuthorizationFailed
            | Code::UnknownGroup
    )
}

/// Whether `code` says that the login or a right is refused.
pub(crate) const fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::Authentication
            | Code::SSL
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
    )
}

/// What a broker says to a certificate that it does not take, or to none. With
/// TLS 1.3 it comes after the handshake.
const ALERTS: [&str; 8] = [
    "alert bad certificate",
    "alert certificate required",
    "alert certificate unknown",
    "alert certificate expired",
    "alert certificate revoked",
    "alert unsupported certificate",
    "alert unknown ca",
    "alert handshake failure",
];

/// The code that fits librdkafka's words, where its own tells something else.
pub(crate) fn reread(code: Code, reason: &str) -> Code {
    match code {
        Code::BrokerTransportFailure if ALERTS.iter().any(|alert| reason.contains(alert)) => Code::SSL,
        // A broker that went away in the midst of letting this client in.
        Code::SSL if reason.contains("unexpected eof") => Code::BrokerTransportFailure,
        Code::Authentication if reason.contains("failed: Local: ") => Code::BrokerTransportFailure,
        code => code,
    }
}

/// Which settings a refusal is about, as the end of a sentence; may be empty.
pub(crate) fn advice(code: Code, reason: &str) -> &'static str {
    match code {
        Code::SSL if reason.contains("certificate verify failed") => {
            " (kafka.security.ca_file names whose certificates are taken)"
        }
        Code::SSL if reason.contains("alert") => {
            " (kafka.security.certificate_file and key_file are what this client shows)"
        }
        Code::Authentication if reason.contains("mechanism handshake failed") => {
            " (kafka.security.sasl_mechanism is what this client asks for)"
        }
        _ => "",
    }
}

/// What a broker that hangs up may mean by it, as the end of a sentence; may be
/// empty. `trouble` is what librdkafka says, which names the protocol it spoke.
pub(crate) fn guess(trouble: &str) -> &'static str {
    let hung_up = trouble.contains("Disconnected") || trouble.contains("Broken pipe");
    let (tls, login) = (trouble.contains("ssl://"), trouble.contains("sasl_"));
    if hung_up && !tls && trouble.contains("APIVERSION_QUERY") {
        " (brokers that want TLS hang up like this: see kafka.security.tls)"
    } else if trouble.contains("PLAINTEXT broker listener") || hung_up && trouble.contains("SSL_HANDSHAKE") {
        " (brokers that speak no TLS, or want a certificate, answer like this: see kafka.security.tls and certificate_file)"
    } else if hung_up && tls && !login && !trouble.contains("HANDSHAKE") {
        " (brokers that want a login hang up like this: see kafka.security.sasl_mechanism)"
    } else {
        ""
    }
}

/// What an error says, without the value of a setting: it may be a secret.
pub(crate) fn describe(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, reason, key, _) => format!("property {key}: {reason}"),
        other => other.rdkafka_error_code().map_or_else(|| other.to_string(), |code| code.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a certificate refused after the handshake is a refusal, and
    /// that a broker which goes away in the midst of a handshake or a login is
    /// none: these are librdkafka's own words.
    #[test]
    fn words_go_before_codes() {
        let refused = "Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42";
        let code = reread(Code::BrokerTransportFailure, refused);
        assert!(is_refusal(code) && advice(code, refused).contains("certificate_file"));
        let gone = [
            (Code::SSL, "SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading"),
            (Code::Authentication, "SASL PLAIN mechanism handshake failed: Local: Broker transport failure: ..."),
            (Code::BrokerTransportFailure, "Disconnected: connection closed by peer"),
        ];
        for (code, reason) in gone {
            assert!(is_transient(reread(code, reason)), "{reason}");
        }
        for (code, reason) in [
            (Code::SSL, "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed"),
            (Code::Authentication, "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism"),
            (Code::Authentication, "SASL authentication error: Authentication failed: Invalid username or password"),
        ] {
            assert!(is_refusal(reread(code, reason)), "{reason}");
        }
        let hung_up = "127.0.0.1:9092/bootstrap: Disconnected: connection closed by peer (after 3ms in state ";
        for (protocol, state, guessed) in [
            ("", "APIVERSION_QUERY)", "kafka.security.tls"),
            ("ssl://", "UP)", "kafka.security.sasl_mechanism"),
            ("ssl://", "SSL_HANDSHAKE)", "kafka.security.tls"),
            ("ssl://", "SSL_HANDSHAKE): connecting to a PLAINTEXT broker listener?", "kafka.security.tls"),
            ("sasl_ssl://", "UP)", ""),
        ] {
            let guess = guess(&format!("{protocol}{hung_up}{state}"));
            assert!(guess.contains(guessed) && guess.is_empty() == guessed.is_empty(), "{protocol} {state}: {guess}");
        }
    }
}
