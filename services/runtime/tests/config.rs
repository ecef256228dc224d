//! Settings from every source, and what is said about those that are wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::path::PathBuf;

use commonweal_runtime::config::{Config, ConfigError, DEFAULTS, LogFormat, Sources};

fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn overrides(settings: &[&str]) -> Sources {
    Sources { overrides: settings.iter().map(|text| (*text).to_owned()).collect(), ..Sources::default() }
}

/// A file with `text`, and the directory that goes with it.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("commonweal.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn refusal(sources: &Sources) -> String {
    Config::load(sources).unwrap_err().to_string()
}

/// Proves that the compiled-in defaults keep their own rules and are what the
/// documentation promises.
#[test]
fn the_defaults_are_valid() {
    let config = Config::builtin().unwrap();
    assert_eq!(config.topics.funding, "commonweal.funding.v1");
    assert_eq!(config.topics.employment, "commonweal.employment.v1");
    assert_eq!(config.topics.dead_letters, "commonweal.dead-letters.v1");
    assert_eq!(config.kafka.message_bytes_max, 1 << 20);
    assert_eq!((config.ledger.flush_rows, config.ledger.batch_rows, config.ledger.queue_batches), (262_144, 8_192, 4));
    assert_eq!(config.ingest.earliest_day.days_since_1970(), 7_305);
    assert_eq!(config.telemetry.log_format, LogFormat::Text);
    assert_eq!(config.journal_dir(), PathBuf::from("data/journal"));
    assert_eq!(config.reference_dir(), PathBuf::from("data/reference"));
}

/// Proves that each default is explained: the line above it is a comment, or
/// another default that shares one.
#[test]
fn each_default_has_a_comment() {
    let lines: Vec<_> = DEFAULTS.lines().collect();
    let settings = lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#'));
    let mut seen = 0;
    for (index, line) in settings {
        seen += 1;
        assert!(lines[index - 1].starts_with('#') || lines[index - 1].contains(" = "), "{line} has no comment");
    }
    assert!(seen >= 30, "only {seen} settings found");
}

/// Proves the order of the sources: files over defaults and over each other,
/// the environment over files, the command line over all.
#[test]
fn later_sources_go_over_earlier_ones() {
    let (_first_dir, first) =
        file("[kafka]\nbrokers = \"first:1\"\ngroup_id = \"first\"\nclient_id = \"first\"\n[ledger]\nflush_rows = 1\n");
    let (_second_dir, second) =
        file("[kafka]\ngroup_id = \"second\"\nclient_id = \"second\"\nproperties = { \"socket.timeout.ms\" = 6000 }\n");
    let config = Config::load(&Sources {
        files: vec![first, second],
        environment: environment(&[
            ("COMMONWEAL__KAFKA__CLIENT_ID", "environment"),
            ("COMMONWEAL__LEDGER__FLUSH_BYTES", "2097152"),
            ("COMMONWEAL__KAFKA__PROPERTIES__SASL_USERNAME", "reader"),
            ("COMMONWEAL_TEST_KAFKA", "not ours"),
            ("PATH", "/bin"),
        ]),
        overrides: vec!["ledger.flush_bytes=3145728".to_owned(), "kafka.properties.sasl.password=a=b".to_owned()],
    })
    .unwrap();
    assert_eq!((config.kafka.brokers.as_str(), config.kafka.group_id.as_str()), ("first:1", "second"));
    assert_eq!(config.kafka.client_id, "environment");
    assert_eq!((config.ledger.flush_rows, config.ledger.flush_bytes), (1, 3_145_728));
    let properties: Vec<_> =
        config.kafka.properties.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(properties, [("sasl.password", "a=b"), ("sasl.username", "reader"), ("socket.timeout.ms", "6000")]);
    assert_eq!(config.publish, Config::builtin().unwrap().publish);
}

/// Proves that a name that is no setting is refused, wherever it stands, with
/// the place and the names that are known there.
#[test]
fn unknown_names_are_refused_with_their_place() {
    let (_dir, path) = file("[kafka]\nbroker = \"a:1\"\n");
    let text = refusal(&Sources { files: vec![path.clone()], ..Sources::default() });
    assert!(
        text.contains("kafka.broker") && text.contains(path.to_str().unwrap()) && text.contains("brokers"),
        "{text}"
    );
    let text =
        refusal(&Sources { environment: environment(&[("COMMONWEAL__LEDGER__FLUSH", "1")]), ..Sources::default() });
    assert!(
        text.contains("ledger.flush") && text.contains("COMMONWEAL__LEDGER__FLUSH") && text.contains("flush_rows"),
        "{text}"
    );
    let text = refusal(&overrides(&["legder.flush_rows=1"]));
    assert!(text.contains("legder") && text.contains("command line") && text.contains("ledger"), "{text}");
    let text = refusal(&overrides(&["kafka.brokers.first=1"]));
    assert!(text.contains("kafka.brokers") && text.contains("not a section"), "{text}");
    let text = refusal(&overrides(&["kafka.properties=1"]));
    assert!(text.contains("kafka.properties") && text.contains("section"), "{text}");
}

/// Proves that values of the wrong type and out of range are refused with key,
/// value, place and what is allowed.
#[test]
fn wrong_values_are_refused_with_their_place() {
    let text = refusal(&Sources {
        environment: environment(&[("COMMONWEAL__LEDGER__FLUSH_ROWS", "many")]),
        ..Sources::default()
    });
    for part in ["ledger.flush_rows", "COMMONWEAL__LEDGER__FLUSH_ROWS", "many", "integer"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let (_dir, path) = file("[ledger]\nqueue_batches = 65\n");
    let text = refusal(&Sources { files: vec![path.clone()], ..Sources::default() });
    for part in ["ledger.queue_batches", "65", "1 to 64", path.to_str().unwrap()] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let text = refusal(&overrides(&["telemetry.log_format=xml"]));
    for part in ["telemetry.log_format", "xml", "text", "json", "command line"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let text = refusal(&overrides(&["ingest.earliest_day=1990-02-30"]));
    assert!(text.contains("ingest.earliest_day") && text.contains("YYYY-MM-DD"), "{text}");
    let text = refusal(&overrides(&["ledger.flush_rows=-1"]));
    assert!(text.contains("ledger.flush_rows") && text.contains("-1"), "{text}");
}

/// Settings that break a rule, of those that the program reaches others by.
const WRONG_ABROAD: [&str; 34] = [
    "data.dir=",
    "kafka.brokers=",
    "kafka.brokers=localhost",
    "kafka.brokers=a:1,,b:2",
    "kafka.brokers=a:99999",
    "kafka.group_id=",
    "kafka.client_id=",
    "kafka.message_bytes_max=100",
    "kafka.fetch_bytes_max=1",
    "kafka.prefetch_bytes_max=2147482625",
    "kafka.produce_bytes_max=0",
    "kafka.produce_buffer_bytes_max=1048576",
    "kafka.delivery_timeout_seconds=0",
    "kafka.connect_timeout_seconds=0",
    "kafka.topic_wait_seconds=3601",
    "kafka.security.password=********",
    "kafka.security.token_client_secret=two\nlines",
    "kafka.security.token_timeout_seconds=0",
    "topics.funding=a topic",
    "topics.employment=commonweal.funding.v1",
    "topics.dead_letters=..",
    "registry.url=registry:8080",
    "registry.url=http://",
    "registry.url=http://user:hunter2@registry:8080",
    "registry.url=http://registry:8080/?a=b",
    "registry.username=a:b",
    "registry.password=********",
    "registry.token=********",
    "registry.token=two\nlines",
    "registry.request_timeout_seconds=0",
    "registry.start_wait_seconds=3601",
    "registry.unknown_id_wait_seconds=86401",
    "registry.held_rows_max=0",
    "registry.held_bytes_max=1024",
];
/// The same of its own work.
const WRONG_AT_HOME: [&str; 45] = [
    "ingest.earliest_day=1899-12-31",
    "ingest.amount_max=0",
    "ingest.quantity_max=10000000000001",
    "reference.version=../other",
    "ledger.flush_rows=0",
    "ledger.flush_bytes=0",
    "ledger.flush_interval_seconds=0",
    "ledger.queue_batches=0",
    "ledger.batch_rows=65537",
    "publish.interval_seconds=86401",
    "publish.method=",
    "publish.label=two\nlines",
    "catalogue.title= ",
    "catalogue.publisher_name=two\nlines",
    "catalogue.licence_url=ftp://example.org",
    "catalogue.address=https://example.org/<a b>",
    "catalogue.contact_email=someone",
    "catalogue.licence_name=OGL",
    "publish.store_url=http://bucket",
    "publish.store_url=s3://",
    "publish.store_url=s3:///prefix",
    "publish.store_url=s3://bucket/a//b",
    "publish.store_url=s3://bucket/../other",
    "publish.store_url=s3://user:hunter2@bucket",
    "store.endpoint=s3:7070",
    "store.endpoint=https://",
    "store.endpoint=https://user:hunter2@s3:7070",
    "store.endpoint=http://s3:7070",
    "store.access_key_id=reader",
    "store.secret_access_key=********",
    "store.secret_access_key=two\nlines",
    "store.request_timeout_seconds=0",
    "store.retry_seconds=301",
    "store.parallel=0",
    "gateway.connections_max=0",
    "gateway.in_flight_max=0",
    "gateway.body_bytes_max=100",
    "gateway.in_flight_bytes_max=1024",
    "gateway.batch_events_max=100001",
    "gateway.header_timeout_seconds=0",
    "gateway.body_timeout_seconds=3601",
    "gateway.ack_timeout_seconds=301",
    "gateway.retry_after_seconds=0",
    "telemetry.log=commonweal=loud",
    "shutdown.grace_seconds=0",
];

/// Proves that each rule of the values is enforced, under the name of the
/// setting that breaks it.
#[test]
fn each_rule_is_enforced() {
    for setting in WRONG_ABROAD.into_iter().chain(WRONG_AT_HOME) {
        let key = setting.split_once('=').unwrap().0;
        match Config::load(&overrides(&[setting])) {
            Err(ConfigError::Invalid { key: named, origin, .. }) => {
                assert_eq!(named, key);
                assert!(origin.contains("command line"), "{origin}");
            }
            other => unreachable!("{setting}: {other:?}"),
        }
    }
}

/// Proves that a login to the registry is whole and one of its kind, and that
/// what is wrong with it is told without showing a secret.
#[test]
fn registry_logins_are_one_of_their_kind() {
    let wrong: [&[&str]; 5] = [
        &["registry.password=hunter2"],
        &["registry.username=reader", "registry.token=hunter2"],
        &["registry.username=reader", "registry.password=hunter2", "registry.password_file=secret"],
        &["registry.token=hunter2", "registry.token_file=secret"],
        &["registry.url=https://reader:hunter2@registry"],
    ];
    for settings in wrong {
        let text = refusal(&overrides(settings));
        assert!(text.contains("registry.") && !text.contains("hunter2"), "{text}");
    }
    let text = refusal(&overrides(&["registry.subject_naming=topic"]));
    assert!(text.contains("registry.subject_naming") && text.contains("record_name"), "{text}");
    let sound = Config::load(&overrides(&[
        "registry.url=https://registry.example:8443/apis/ccompat/v7",
        "registry.username=reader",
        "registry.password_file=/run/secrets/registry",
        "registry.subject_naming=record_name",
        "registry.register_on_start=true",
    ]));
    assert!(sound.unwrap().registry.register_on_start);
}

/// Proves that a way to be let in by Kafka is whole and one of its kind, and
/// that what is wrong with it is told by its setting, without showing a secret.
#[test]
fn kafka_logins_are_one_of_their_kind() {
    const PLAIN: &str = "kafka.security.sasl_mechanism=plain";
    const BEARER: &str = "kafka.security.sasl_mechanism=oauthbearer";
    const TLS: &str = "kafka.security.tls=true";
    const URL: &str = "kafka.security.token_url=https://id.example/token";
    const SECRET: &str = "kafka.security.token_client_secret=hunter2";
    const ID: &str = "kafka.security.token_client_id=me";
    let user = ["kafka.security.username=me", "kafka.security.password=hunter2"];
    let wrong: [(&[&str], &str); 22] = [
        (&["kafka.security.ca_file=ca.pem"], "tls"),
        (&["kafka.security.certificate_file=me.pem", "kafka.security.key_file=me.key"], "tls"),
        (&[TLS, "kafka.security.certificate_file=me.pem"], "key_file"),
        (&[TLS, "kafka.security.key_file=me.key"], "certificate_file"),
        (&[TLS, "kafka.security.key_password=hunter2"], "key_file"),
        (&[TLS, PLAIN], "username"),
        (&[TLS, PLAIN, user[0]], "password"),
        (&[TLS, PLAIN, user[0], user[1], "kafka.security.password_file=secret"], "password_file"),
        (&[TLS, user[0], user[1]], "sasl_mechanism"),
        (&[TLS, BEARER, "kafka.security.token_file=token", user[0]], "sasl_mechanism"),
        (&[PLAIN, user[0], user[1]], "login_without_tls"),
        (&[TLS, BEARER], "token_url"),
        (&[TLS, URL, ID, SECRET], "sasl_mechanism"),
        (&[TLS, BEARER, URL, ID, SECRET, "kafka.security.token_file=token"], "token_file"),
        (&[TLS, BEARER, "kafka.security.token_file=token", SECRET], "token_url"),
        (&[TLS, BEARER, URL, SECRET], "token_client_id"),
        (&[TLS, BEARER, URL, ID], "token_client_secret"),
        (&[TLS, BEARER, ID, SECRET, "kafka.security.token_url=id.example"], "token_url"),
        (&[TLS, BEARER, ID, SECRET, "kafka.security.token_url=http://id.example/token"], "token_url"),
        (&[TLS, BEARER, ID, SECRET, "kafka.security.token_url=https://me:hunter2@id.example"], "token_url"),
        (&[TLS, BEARER, ID, SECRET, "kafka.security.token_url=http://localhost.example/token"], "token_url"),
        (&["kafka.security.sasl_mechanism=gssapi"], "sasl_mechanism"),
    ];
    for (settings, named) in wrong {
        let text = refusal(&overrides(settings));
        assert!(text.starts_with(&format!("setting kafka.security.{named} ")), "{settings:?}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    let here = ["http://127.0.0.1:8080/token", "http://localhost/token", "http://[::1]:80/token"]
        .map(|url| format!("kafka.security.token_url={url}"));
    let sound: [&[&str]; 9] = [
        &[TLS],
        &[TLS, "kafka.security.certificate_file=me.pem", "kafka.security.key_file=me.key"],
        &[TLS, PLAIN, user[0], "kafka.security.password_file=secret"],
        &[PLAIN, user[0], user[1], "kafka.security.login_without_tls=true"],
        &[TLS, BEARER, URL, ID, SECRET, "kafka.security.token_scope=kafka"],
        &[TLS, BEARER, "kafka.security.token_file=token"],
        &[TLS, BEARER, &here[0], ID, SECRET],
        &[TLS, BEARER, &here[1], ID, SECRET],
        &[TLS, BEARER, &here[2], ID, SECRET],
    ];
    for settings in sound {
        let config = Config::load(&overrides(settings)).unwrap();
        assert!(config.kafka.security.is_used(), "{settings:?}");
    }
}

/// Proves that a login is said in one place: beside the section no property
/// says the same, and a property alone cannot ask for tokens, which nobody
/// would renew; other properties go with the section.
#[test]
fn a_login_is_said_in_one_place() {
    let tls = "kafka.security.tls=true";
    for property in
        ["security.protocol=SSL", "ssl.ca.location=ca.pem", "sasl.password=hunter2", "sasl.mechanism=GSSAPI"]
    {
        let property = format!("kafka.properties.{property}");
        Config::load(&overrides(&[&property])).unwrap();
        let text = refusal(&overrides(&[tls, &property]));
        assert!(text.contains("set kafka.security.") && !text.contains("hunter2"), "{text}");
    }
    let text = refusal(&overrides(&["kafka.properties.sasl.mechanisms=OAUTHBEARER"]));
    assert!(text.contains("set kafka.security.sasl_mechanism"), "{text}");
    Config::load(&overrides(&[tls, "kafka.properties.ssl.cipher.suites=DEFAULT"])).unwrap();
}

/// Proves that each setting of the login can come from the environment, and
/// that no other section is as deep.
#[test]
fn a_login_comes_from_the_environment() {
    let config = Config::load(&Sources {
        environment: environment(&[
            ("COMMONWEAL__KAFKA__SECURITY__TLS", "true"),
            ("COMMONWEAL__KAFKA__SECURITY__SASL_MECHANISM", "scram_sha_256"),
            ("COMMONWEAL__KAFKA__SECURITY__USERNAME", "me"),
            ("COMMONWEAL__KAFKA__SECURITY__PASSWORD", "hunter2"),
        ]),
        ..Sources::default()
    });
    let security = config.unwrap().kafka.security;
    assert_eq!((security.tls, security.password.0.as_str()), (true, "hunter2"));
    let unknown = environment(&[("COMMONWEAL__KAFKA__SECURITY__PASSWROD", "hunter2")]);
    let text = refusal(&Sources { environment: unknown, ..Sources::default() });
    assert!(text.contains("kafka.security.passwrod") && !text.contains("hunter2"), "{text}");
}

/// Proves that the object store's login is whole and one of its kind, that its
/// secret may stand in a file, and that http is spoken where it is allowed alone.
#[test]
fn store_logins_are_one_of_their_kind() {
    let wrong: [&[&str]; 3] = [
        &["store.secret_access_key=hunter2"],
        &["store.access_key_id=me", "store.secret_access_key=hunter2", "store.secret_access_key_file=secret"],
        &["store.endpoint=http://me:hunter2@s3", "store.allow_http=true"],
    ];
    for settings in wrong {
        let text = refusal(&overrides(settings));
        assert!(text.contains("store.") && !text.contains("hunter2"), "{text}");
    }
    let (_dir, path) = file("hunter2\n");
    let sound = Config::load(&overrides(&[
        "publish.store_url=s3://bucket/some/prefix",
        "store.endpoint=http://s3:7070",
        "store.allow_http=true",
        "store.access_key_id=me",
        &format!("store.secret_access_key_file={}", path.display()),
    ]));
    let store = sound.unwrap().store;
    assert_eq!(store.secret().unwrap().0, "hunter2");
    std::fs::write(&path, "").unwrap();
    assert!(store.secret().unwrap_err().contains("store.secret_access_key_file"));
}

/// Proves that properties which exactness rests on cannot be set, and that the
/// refusal names the setting to use instead.
#[test]
fn reserved_properties_are_refused() {
    let text = refusal(&overrides(&["kafka.properties.enable.auto.commit=true"]));
    assert!(text.contains("enable.auto.commit") && text.contains("command line"), "{text}");
    let text = refusal(&Sources {
        environment: environment(&[("COMMONWEAL__KAFKA__PROPERTIES__BOOTSTRAP_SERVERS", "a:1")]),
        ..Sources::default()
    });
    assert!(
        text.contains("set kafka.brokers") && text.contains("COMMONWEAL__KAFKA__PROPERTIES__BOOTSTRAP_SERVERS"),
        "{text}"
    );
}

/// Proves that sources which are no settings at all are refused: a missing
/// file, a file that is not TOML (without showing its text, which may be secret), a variable without a section, an argument
/// without a value, a value that is not UTF-8.
#[test]
fn malformed_sources_are_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let text = refusal(&Sources { files: vec![PathBuf::from("/nowhere/at-all.toml")], ..Sources::default() });
    assert!(text.contains("/nowhere/at-all.toml"), "{text}");
    for (wrong, line) in [("[kafka\n", "line 1"), ("[kafka.security]\npassword = \"hunter2\n", "line 2")] {
        let (_dir, path) = file(wrong);
        let text = refusal(&Sources { files: vec![path.clone()], ..Sources::default() });
        assert!(text.contains(path.to_str().unwrap()) && text.contains(line), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    for name in ["COMMONWEAL__KAFKA", "COMMONWEAL__A__B__C", "COMMONWEAL__"] {
        let text = refusal(&Sources { environment: environment(&[(name, "1")]), ..Sources::default() });
        assert!(text.contains(name) && text.contains("SECTION__KEY"), "{text}");
    }
    for argument in ["kafka.brokers", "brokers=a:1", "kafka.=1"] {
        assert!(refusal(&overrides(&[argument])).contains("section.key=value"), "{argument}");
    }
    let bad = vec![("COMMONWEAL__KAFKA__BROKERS".into(), OsString::from_vec(vec![0xFF]))];
    let text = refusal(&Sources { environment: bad, ..Sources::default() });
    assert!(text.contains("UTF-8") && text.contains("COMMONWEAL__KAFKA__BROKERS"), "{text}");
}

/// Proves that a dump gives the same settings again when loaded as a file.
#[test]
fn a_dump_loads_as_the_same_settings() {
    let config = Config::load(&overrides(&[
        "kafka.brokers=a:1,b:2",
        "kafka.properties.security.protocol=SASL_SSL",
        "kafka.properties.sasl.mechanism=GSSAPI",
        "ingest.earliest_day=2001-02-03",
        "publish.label=SYNTHETIC \"quoted\"",
        "telemetry.log_format=json",
    ]))
    .unwrap();
    let (_dir, path) = file(&config.dump().unwrap());
    assert_eq!(Config::load(&Sources { files: vec![path], ..Sources::default() }).unwrap(), config);
}

/// Proves that no secret is shown, neither by the dump nor in debug output,
/// and that a dump with masks is refused instead of logging in with them.
#[test]
fn secrets_are_masked() {
    let config = Config::load(&overrides(&[
        "kafka.properties.sasl.password=hunter2",
        "kafka.properties.ssl.key.pem=hunter2",
        "kafka.properties.sasl.oauthbearer.client.secret=hunter2",
        "kafka.properties.sasl.username=reader",
    ]))
    .unwrap();
    let tokens = [
        "kafka.security.tls=true",
        "kafka.security.sasl_mechanism=oauthbearer",
        "kafka.security.token_url=https://id.example/token",
        "kafka.security.token_client_id=me",
        "kafka.security.token_client_secret=hunter2",
        "kafka.security.certificate_file=me.pem",
        "kafka.security.key_file=me.key",
        "kafka.security.key_password=hunter2",
    ];
    let password = [
        "kafka.security.tls=true",
        "kafka.security.sasl_mechanism=scram_sha_512",
        "kafka.security.username=me",
        "kafka.security.password=hunter2",
    ];
    let registry = ["registry.username=me", "registry.password=hunter2"];
    let store = ["store.access_key_id=me", "store.secret_access_key=hunter2"];
    for login in [&registry[..], &["registry.token=hunter2"], &tokens, &password, &store] {
        let config = Config::load(&overrides(login)).unwrap();
        let dump = config.dump().unwrap();
        assert!(!dump.contains("hunter2") && !format!("{config:?}").contains("hunter2"), "{dump}");
        let (_dir, path) = file(&dump);
        let text = refusal(&Sources { files: vec![path], ..Sources::default() });
        let named = ["registry.", "kafka.security.", "store."].iter().any(|section| text.contains(section));
        assert!(named && text.contains("mask"), "{text}");
    }
    let dump = config.dump().unwrap();
    assert!(!dump.contains("hunter2") && dump.contains("reader"), "{dump}");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.kafka.properties.0["sasl.password"], "hunter2");
    let (_dir, path) = file(&dump);
    let text = refusal(&Sources { files: vec![path], ..Sources::default() });
    assert!(text.contains("kafka.properties.s") && text.contains("mask"), "{text}");
}
