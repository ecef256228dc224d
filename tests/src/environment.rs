//! What a machine may lack, and how a test says that it was skipped for it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The four grant files of the shared data, 8,358 records together.
pub const GRANT_FILES: [&str; 4] = [
    "grants/power_to_change.json.gz",
    "grants/lloyds_bank_foundation_ew.json.gz",
    "grants/dulverton.json.gz",
    "grants/covid19_grants_2020-05-07_openly_licensed.json.gz",
];
/// 258 of their records once more.
pub const REPEATED_GRANTS: &str = "grants/lcr_recipients.json";

#[expect(clippy::disallowed_methods, reason = "what the machine has is told to tests by the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says what was skipped for want of `what`; a failure where CI=true.
pub fn skip(what: &str) {
    // Written past the harness, which would swallow the output of a test that passes.
    writeln!(std::io::stderr(), "skipped: needs {what}").expect("standard error can be written");
    assert!(variable("CI").as_deref() != Some("true"), "with CI=true nothing may be skipped");
}

/// Address of a running Apache Kafka.
pub fn real_kafka() -> Option<String> {
    variable("COMMONWEAL_TEST_KAFKA").or_else(|| {
        skip("a real Kafka (COMMONWEAL_TEST_KAFKA)");
        None
    })
}

/// Of that Kafka: where it wants a certificate, where it wants a login, and the
/// folder of both.
pub fn secure_kafka() -> Option<(String, String, PathBuf)> {
    let found = || {
        let (ssl, sasl) = (variable("COMMONWEAL_TEST_KAFKA_SSL")?, variable("COMMONWEAL_TEST_KAFKA_SASL")?);
        Some((ssl, sasl, PathBuf::from(variable("COMMONWEAL_TEST_KAFKA_SECRETS")?)))
    };
    found().or_else(|| {
        skip("a real Kafka with TLS and SASL (COMMONWEAL_TEST_KAFKA_SSL, _SASL and _SECRETS)");
        None
    })
}

/// The command that stops that Kafka and starts it again.
pub fn kafka_control() -> Option<String> {
    variable("COMMONWEAL_TEST_KAFKA_CONTROL").or_else(|| {
        skip("a real Kafka that may be stopped (COMMONWEAL_TEST_KAFKA_CONTROL)");
        None
    })
}

/// URL of a running schema registry's Confluent-compatible API.
pub fn real_registry() -> Option<String> {
    variable("COMMONWEAL_TEST_REGISTRY").or_else(|| {
        skip("a real schema registry (COMMONWEAL_TEST_REGISTRY)");
        None
    })
}

/// The command that stops that registry and starts it again.
pub fn registry_control() -> Option<String> {
    variable("COMMONWEAL_TEST_REGISTRY_CONTROL")
}

/// URL of a running S3 store that tests/s3/run describes.
pub fn real_s3() -> Option<String> {
    variable("COMMONWEAL_TEST_S3").or_else(|| {
        skip("a real S3 store (COMMONWEAL_TEST_S3)");
        None
    })
}

/// The command that stops that store and starts it again.
pub fn s3_control() -> Option<String> {
    variable("COMMONWEAL_TEST_S3_CONTROL")
}

/// A Python that has the readers of `tests/readers/requirements.txt`.
pub fn python() -> Option<PathBuf> {
    variable("COMMONWEAL_TEST_PYTHON").map(PathBuf::from).or_else(|| {
        skip("the Python readers (COMMONWEAL_TEST_PYTHON)");
        None
    })
}

/// A Python that has what `tests/schemathesis/requirements.txt` names.
pub fn schemathesis() -> Option<PathBuf> {
    variable("COMMONWEAL_TEST_SCHEMATHESIS").map(PathBuf::from).or_else(|| {
        skip("schemathesis (COMMONWEAL_TEST_SCHEMATHESIS)");
        None
    })
}

/// Folder of the open data that tests are held against.
pub fn shared_data() -> Option<PathBuf> {
    let folder = variable("COMMONWEAL_SHARED_DATA").map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    skip("../shared/data");
    None
}

/// The real grant files and, last, the one that repeats some of their records.
pub fn grant_files() -> Option<Vec<PathBuf>> {
    let folder = shared_data()?;
    Some(GRANT_FILES.into_iter().chain([REPEATED_GRANTS]).map(|name| folder.join(name)).collect())
}

/// Events that topologies are compared over; 200,000 unless set otherwise.
pub fn events() -> u64 {
    variable("COMMONWEAL_TEST_EVENTS").map_or(200_000, |text| text.parse().expect("a number"))
}

/// Root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The longest acceptable 99th percentile of the gateway's answers, in
/// milliseconds, 100 unless set otherwise.
pub fn bench_p99_millis_max() -> f64 {
    variable("COMMONWEAL_BENCH_P99_MILLIS_MAX").map_or(100.0, |text| text.parse().expect("a number"))
}

/// The longest acceptable pause of a rebalance, 2 seconds unless set otherwise.
pub fn rebalance_pause_max() -> Duration {
    Duration::from_secs(variable("COMMONWEAL_TEST_PAUSE_SECONDS_MAX").map_or(2, |text| text.parse().expect("seconds")))
}

/// The lowest acceptable ratio of the benchmark, 0.25 unless set otherwise.
pub fn bench_ratio_min() -> f64 {
    variable("COMMONWEAL_BENCH_RATIO_MIN").map_or(0.25, |text| text.parse().expect("a number"))
}
