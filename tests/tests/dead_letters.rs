//! Dead letters, listed, shown, exported and replayed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use commonweal_producers::{Codecs, key_of};
use commonweal_runtime::Exit;
use commonweal_schemas::records::DeadLetter;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::dead_letters;
use commonweal_tests::events::{Version, sound};
use commonweal_tests::journal::{decimal, text};
use commonweal_tests::process::Signal;
use commonweal_tests::registry::Registry;
use commonweal_tests::rejections::{Rejected, by_reason, rejected};
use commonweal_tests::system::{PATIENCE, System, field};
use commonweal_tests::wire::{self, Wire};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_avro_fast::object_container_file_encoding::Reader;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commonweal-under-test");
const ATTEMPT: &str = "commonweal-attempt";
const REPLAY_OF: &str = "commonweal-replay-of";

/// Events of days that are refused until the rule for them is mended.
fn early(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Wire> {
    let codec = Codecs::embedded().unwrap().funding;
    numbers.map(move |number| {
        let event = sound(number);
        let headers = vec![("trace".to_owned(), Some(number.to_be_bytes().to_vec())), ("none".to_owned(), None)];
        Wire { headers, ..Wire::new(&key_of(&event.source, &event.event_id), Some(codec.encode(&event).unwrap())) }
    })
}

/// Messages that no mending makes sound.
fn hopeless() -> Vec<Wire> {
    vec![
        Wire { key: None, ..Wire::new(b"", None) },
        Wire::new(b"\xFF\x00", Some(Vec::new())),
        Wire { headers: vec![("again".to_owned(), Some(vec![0xFF, 0])); 2], ..Wire::new(b"", Some(vec![7; 3_000])) },
        Wire {
            headers: vec![(ATTEMPT.to_owned(), Some(b"none of ours".to_vec()))],
            ..Wire::new(b"k", Some(vec![0, 0]))
        },
    ]
}

/// A system that refuses events before June 2021, and the same mended.
fn system(broker: &Broker, topics: &Topics) -> System {
    System::new(PROGRAM).on(broker, topics).set("ingest.earliest_day", "2021-06-01")
}

fn mended(system: System) -> System {
    system.set("ingest.earliest_day", "1990-01-01")
}

/// Amounts of the posted funding events, each of which must be there once.
fn posted(system: &System) -> BTreeMap<String, i128> {
    let mut posted = BTreeMap::new();
    for batch in system.journal().batches("funding") {
        let (event, quantity) = (text(&batch, "event_id"), decimal(&batch, "quantity"));
        for row in 0..batch.num_rows() {
            let event = event(row).unwrap().to_owned();
            assert!(posted.insert(event.clone(), quantity(row).unwrap()).is_none(), "{event} is posted twice");
        }
    }
    posted
}

fn amounts(numbers: std::ops::Range<usize>) -> BTreeMap<String, i128> {
    numbers.map(|number| (format!("event-{number}"), i128::try_from(number + 1).unwrap() * 10_000)).collect()
}

fn attempt(headers: &[(String, Option<Vec<u8>>)]) -> Option<String> {
    let (_, value) = headers.iter().find(|(key, _)| key == ATTEMPT)?;
    String::from_utf8(value.clone()?).ok()
}

/// The message that a letter's replay must be, less where it lies.
fn replay_of(letter: &Rejected, attempt: u32) -> Wire {
    let ours = |(key, _): &(String, Option<Vec<u8>>)| key == ATTEMPT || key == REPLAY_OF;
    let mut headers: Vec<_> = letter.headers.iter().filter(|header| !ours(header)).cloned().collect();
    headers.push((ATTEMPT.to_owned(), Some(attempt.to_string().into_bytes())));
    let origin = format!("{}/{}/{}", letter.topic, letter.partition, letter.offset);
    headers.push((REPLAY_OF.to_owned(), Some(origin.into_bytes())));
    Wire { key: letter.key.clone(), value: letter.payload.clone(), headers, ..Wire::default() }
}

/// Everything in a topic from a message on, without its places.
fn contents(broker: &Broker, topic: &str) -> Vec<Wire> {
    let messages = wire::read_all(broker, topic).into_iter();
    let mut messages: Vec<Wire> = messages.map(|message| Wire { partition: 0, offset: 0, ..message }).collect();
    messages.sort_by(|a, b| (&a.headers, &a.key, &a.value).cmp(&(&b.headers, &b.key, &b.value)));
    messages
}

fn sorted(mut messages: Vec<Wire>) -> Vec<Wire> {
    messages.sort_by(|a, b| (&a.headers, &a.key, &a.value).cmp(&(&b.headers, &b.key, &b.value)));
    messages
}

/// Proves on Apache Kafka that messages refused for a cause that is mended
/// since are posted once by their replay, that hopeless ones are refused again
/// as the next attempt and not for ever, and that a second replay by accident
/// sends nothing.
#[test]
fn replayed_over_real_kafka() {
    if let Some(broker) = Broker::real() {
        replayed(&broker);
    }
}

/// Proves the same over the embedded broker.
#[test]
fn replayed_over_the_embedded_broker() {
    replayed(&Broker::embedded());
}

fn replayed(broker: &Broker) {
    const COUNT: usize = 300;
    let topics = broker.topics("replayed", 3);
    let sent: Vec<Wire> = early(0..COUNT).chain(hopeless()).collect();
    wire::send(broker, &topics.funding, &sent);
    let system = system(broker, &topics).set("replay.window_letters", 64);
    system.up_to_end();
    let first = rejected(&system.journal());
    assert_eq!(by_reason(&first)["DATE_OUT_OF_RANGE"], u64::try_from(COUNT).unwrap());
    assert_eq!(first.len(), COUNT + hopeless().len());

    let system = mended(system);
    let told = system.succeed(["dead-letters", "replay", "--dry-run"]).stdout;
    assert!(told.contains("304 dead letters would be sent"), "{told}");
    assert_eq!(wire::read_all(broker, &topics.funding).len(), sent.len(), "a dry run sends nothing");
    let told = system.succeed(["dead-letters", "replay"]).stdout;
    assert!(told.contains("304 of 304 dead letters sent back"), "{told}");
    let mut expected = sent.clone();
    expected.extend(first.iter().map(|letter| replay_of(letter, 1)));
    assert_eq!(contents(broker, &topics.funding), sorted(expected.clone()), "the very bytes are sent, and once");
    // By accident a second time, before and after the replays are read.
    for _ in 0..2 {
        let told = system.succeed(["dead-letters", "replay", "--topic", &topics.funding, "--attempts-max", "1"]).stdout;
        assert!(told.contains("0 of 0 dead letters sent back") && told.contains("304 were replayed before"), "{told}");
        assert_eq!(wire::read_all(broker, &topics.funding).len(), expected.len());
        system.up_to_end();
    }
    assert_eq!(posted(&system), amounts(0..COUNT));

    // What is hopeless came back as attempt 1, and is sent as attempt 2.
    let second: Vec<Rejected> = rejected(&system.journal()).into_iter().filter(|one| !first.contains(one)).collect();
    assert_eq!(second.len(), hopeless().len());
    assert!(second.iter().all(|letter| attempt(&letter.headers).as_deref() == Some("1")), "{second:?}");
    system.succeed(["dead-letters", "replay"]);
    expected.extend(second.iter().map(|letter| replay_of(letter, 2)));
    assert_eq!(contents(broker, &topics.funding), sorted(expected.clone()));
    system.up_to_end();
    // It goes no further than is allowed.
    let told = system.succeed(["dead-letters", "replay", "--attempts-max", "2"]).stdout;
    assert!(told.contains("0 of 0 dead letters sent") && told.contains("4 were refused in as many attempts"), "{told}");
    assert_eq!(wire::read_all(broker, &topics.funding).len(), expected.len());
    let refused = rejected(&system.journal());
    assert_eq!(refused.len(), first.len() + 2 * second.len());
    dead_letters::check(&dead_letters::read(broker, &topics.dead_letters), &refused, 1 << 19);
    assert_eq!(posted(&system), amounts(0..COUNT));
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.count("duplicate"), 0);

    // Asked to, it sends again; the ledger knows the events.
    system.succeed(["dead-letters", "replay", "--again", "--reason", "DATE_OUT_OF_RANGE"]);
    system.up_to_end();
    assert_eq!(posted(&system), amounts(0..COUNT));
    assert_eq!(system.journal().receipts().count("duplicate"), COUNT as u64);
}

/// Proves on Apache Kafka that a backlog of 100,000 dead letters is replayed
/// by one command in bounded memory, and that one which is killed in the
/// middle is run again to the same end: no letter is lost and none goes twice,
/// though somebody's open transaction hides the end of the topic.
#[test]
fn a_backlog_of_100_000_over_real_kafka() {
    const COUNT: usize = 100_000;
    let Some(broker) = Broker::real() else { return };
    let topics = broker.topics("backlog", 4);
    wire::send(&broker, &topics.funding, &early(0..COUNT).collect::<Vec<_>>());
    let system = system(&broker, &topics);
    system.up_to_end();
    assert_eq!(
        by_reason(&rejected(&system.journal())),
        BTreeMap::from([("DATE_OUT_OF_RANGE".to_owned(), COUNT as u64)])
    );
    let system = mended(system);
    let transaction = open_transaction(&broker, &topics.funding);
    killed_while_sending(&system, 3);
    let ended = system.succeed(["dead-letters", "replay"]);
    println!(
        "{} in {:.1} s with {} MiB at most: {}",
        COUNT,
        ended.exit.wall.as_secs_f64(),
        ended.exit.peak_rss_bytes >> 20,
        ended.stdout.trim()
    );
    assert!(ended.exit.peak_rss_bytes < 256 << 20, "{} bytes of memory", ended.exit.peak_rss_bytes);
    assert!(ended.stdout.contains("an earlier replay broke off"), "{}", ended.stdout);
    unconfirmed(&system);
    transaction.abort_transaction(PATIENCE).unwrap();
    all_once(&system, COUNT);
}

/// Proves over the embedded broker that killed replays are run again to the
/// end, and that no letter is lost and none goes twice.
#[test]
fn killed_over_the_embedded_broker() {
    const COUNT: usize = 2_000;
    let broker = Broker::embedded();
    let topics = broker.topics("killed-replay", 4);
    wire::send(&broker, &topics.funding, &early(0..COUNT).collect::<Vec<_>>());
    let system = system(&broker, &topics).set("replay.window_letters", 100);
    system.up_to_end();
    let system = mended(system);
    for windows in [1, 4, 2] {
        killed_while_sending(&system, windows);
    }
    let told = system.succeed(["dead-letters", "replay"]).stdout;
    assert!(told.contains("an earlier replay broke off while it sent 100 dead letters"), "{told}");
    unconfirmed(&system);
    all_once(&system, COUNT);
}

/// Takes the last line off the log of replays, as if the run had died with
/// everything sent and nothing confirmed; the next one must find it all.
fn unconfirmed(system: &System) {
    let path = system.data().join("replays/replays.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[lines.len() - 1].starts_with("{\"sent\":"), "{log}");
    fs::write(&path, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    let told = system.succeed(["dead-letters", "replay"]).stdout;
    let words: Vec<&str> = told.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "sent").expect("it is said");
    let sent = words[at + 1];
    assert!(told.contains(&format!("sent {sent} dead letters: {sent} of them had gone")), "{told}");
    assert!(told.contains("0 of 0 dead letters sent back"), "{told}");
}

/// Kills a replay while it sends its window number `windows`.
fn killed_while_sending(system: &System, windows: usize) {
    let mut running = system.start(["dead-letters", "replay"]);
    for _ in 0..windows {
        running.wait_for_line(PATIENCE, |line| {
            field(line, "message").is_some_and(|message| message == "sending dead letters back")
        });
    }
    running.signal(Signal::Kill);
    let ended = running.finish(PATIENCE);
    assert_eq!(ended.exit.signal, Some(9), "{}{}", ended.stdout, ended.stderr);
}

/// Fails unless each event is posted once and none came twice.
fn all_once(system: &System, count: usize) {
    system.up_to_end();
    assert_eq!(posted(system), amounts(0..count));
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.count("rejected"), count as u64);
    assert_eq!(receipts.count("posted"), count as u64);
    assert_eq!(receipts.count("duplicate"), 0, "no letter was sent twice");
    let totals = system.succeed(["dead-letters", "list", "--format", "json"]).stdout;
    let totals: Value = serde_json::from_str(totals.trim()).unwrap();
    assert_eq!((&totals["letters"], &totals["replayed"]), (&count.into(), &count.into()));
}

/// A transaction with a message in each of four partitions.
fn open_transaction(broker: &Broker, topic: &str) -> BaseProducer {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker.address()).set("transactional.id", topic).create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    for partition in 0..4 {
        let record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).payload(b"open");
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    producer
}

/// Proves with a real registry that messages of a schema nobody knew are
/// posted by their replay once the schema is registered.
#[test]
fn a_schema_registered_later() {
    let Some((registry, _turn)) = Registry::alone() else { return };
    let broker = Broker::embedded();
    let topics = broker.topics("late-schema", 2);
    let subject = format!("{}-value", topics.funding);
    let codec = registry.register(&format!("{}-value", topics.dead_letters), dead_letter_schema());
    assert!(codec > 0);
    let id = registry.next_id(&topics.funding);
    wire::send(&broker, &topics.funding, &(0..50).map(|number| Version::Older.message(number, id)).collect::<Vec<_>>());
    let system = System::new(PROGRAM)
        .on(&broker, &topics)
        .set("registry.url", &registry.url)
        .set("registry.unknown_id_wait_seconds", 0);
    system.up_to_end();
    assert_eq!(by_reason(&rejected(&system.journal())), BTreeMap::from([("SCHEMA_UNKNOWN".to_owned(), 50)]));
    assert_eq!(registry.register(&subject, &Version::Older.schema(&topics.funding)), id);
    system.succeed(["dead-letters", "replay", "--reason", "SCHEMA_UNKNOWN"]);
    system.up_to_end();
    assert_eq!(posted(&system), amounts(0..50));
}

const fn dead_letter_schema() -> &'static str {
    commonweal_schemas::avro::Contract::DeadLetter.schema_json()
}

/// Proves that letters are counted, paged, filtered, shown and exported as
/// they are, to the byte, and that what is asked amiss is said.
#[test]
fn listed_shown_and_exported() {
    let broker = Broker::embedded();
    let topics = broker.topics("listed", 1);
    let sent: Vec<Wire> = early(0..120).chain(hopeless()).collect();
    wire::send(&broker, &topics.funding, &sent);
    let system = system(&broker, &topics);
    let code = |arguments: &[&str]| system.run(arguments).exit.code;
    assert_eq!(code(&["dead-letters", "list"]), Some(i32::from(Exit::Io.code())), "there is no journal yet");
    system.up_to_end();
    let refused = rejected(&system.journal());

    let totals = system.succeed(["dead-letters", "list", "--format", "json"]).stdout;
    let counted: BTreeMap<String, u64> = totals
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|total| (total["reason"].as_str().unwrap().to_owned(), total["letters"].as_u64().unwrap()))
        .collect();
    assert_eq!(counted, by_reason(&refused));
    let shown = system.succeed(["dead-letters", "list"]).stdout;
    assert!(shown.contains("124 dead letters, 0 of them replayed") && shown.contains("DATE_OUT_OF_RANGE"), "{shown}");

    let mut listed = Vec::new();
    for skip in ["0", "50", "100", "150"] {
        let page = system.succeed(["dead-letters", "list", "--each", "--format", "json", "--skip", skip]).stdout;
        listed.extend(page.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    let offsets: Vec<i64> = listed.iter().map(|letter| letter["offset"].as_i64().unwrap()).collect();
    assert_eq!(offsets, refused.iter().map(|one| one.offset).collect::<Vec<_>>(), "every letter is on one page");
    let page = system.succeed(["dead-letters", "list", "--each", "--limit", "7"]).stdout;
    assert!(page.contains("there are more: --skip 7"), "{page}");
    let posted_at = listed[0]["posted_at"].as_str().unwrap();
    let count = |filter: &[&str]| {
        let all = ["dead-letters", "list", "--each", "--format", "json", "--limit", "1000"];
        system.succeed([&all, filter].concat()).stdout.lines().count()
    };
    assert_eq!(count(&["--reason", "MAGIC_WRONG", "--reason", "PAYLOAD_EMPTY"]), 3);
    assert_eq!(count(&["--topic", &topics.funding, "--from", posted_at]), 124);
    assert_eq!((count(&["--to", posted_at]), count(&["--topic", &topics.employment])), (0, 0));
    assert_eq!(
        (count(&["--from", "2999-01-01"]), count(&["--replayed", "yes"]), count(&["--replayed", "no"])),
        (0, 0, 124)
    );

    let of = |one: &Rejected| format!("{}/{}/{}", one.topic, one.partition, one.offset);
    let long = refused.iter().find(|one| one.reason == "MAGIC_WRONG").unwrap();
    let page = system.succeed(["dead-letters", "show", &of(long)]).stdout;
    for words in ["MAGIC_WRONG", "header again: 2 bytes", "ff 00", "value: 3000 bytes", "key: 0 bytes"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let empty = refused.iter().find(|one| one.payload.is_none()).unwrap();
    let page = system.succeed(["dead-letters", "show", &of(empty), "--bytes", "text"]).stdout;
    assert!(page.contains("key: null") && page.contains("value: null"), "{page}");
    let usage = Some(i32::from(Exit::Usage.code()));
    assert_eq!(code(&["dead-letters", "show", "nowhere/0/0"]), usage);
    assert_eq!(code(&["dead-letters", "show", "nowhere"]), usage);
    assert_eq!(code(&["dead-letters", "list", "--reason", "BAD_WEATHER"]), usage);

    system.succeed(["dead-letters", "export", "letters.avro"]);
    check_export(&fs::read(system.scratch().join("letters.avro")).unwrap(), &refused);
    assert_eq!(code(&["dead-letters", "export", "letters.avro"]), usage, "a file that is there is left alone");
    system.succeed(["dead-letters", "export", "--reason", "MAGIC_WRONG", "one.avro"]);
    check_export(&fs::read(system.scratch().join("one.avro")).unwrap(), std::slice::from_ref(long));
}

/// Fails unless a file holds exactly these letters.
fn check_export(file: &[u8], refused: &[Rejected]) {
    let mut reader = Reader::from_slice(file).unwrap();
    let letters: Vec<DeadLetter> = reader.deserialize::<DeadLetter>().map(Result::unwrap).collect();
    assert_eq!(letters.len(), refused.len());
    let by_origin = letters
        .into_iter()
        .map(|letter| ((letter.origin_topic.clone(), letter.origin_partition, letter.origin_offset), letter))
        .collect();
    dead_letters::check(&by_origin, refused, usize::MAX);
    let origins: BTreeSet<_> = by_origin.keys().collect();
    assert_eq!(origins.len(), refused.len());
}

/// Proves that of two replays at once the second turns away with a code of its
/// own, before it has asked any broker.
#[test]
fn one_replay_at_a_time() {
    let broker = Broker::embedded();
    let topics = broker.topics("busy", 1);
    wire::send(&broker, &topics.funding, &early(0..3).collect::<Vec<_>>());
    let system = system(&broker, &topics);
    system.up_to_end();
    let folder = system.data().join("replays");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let ended = system.run(["dead-letters", "replay"]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::Busy.code())), "{}", ended.stderr);
    lock.unlock().unwrap();
    system.succeed(["dead-letters", "replay"]);
}

/// Proves that a letter too long to be sent is named and does not hold up the
/// others.
#[test]
fn a_letter_too_long_to_send() {
    let broker = Broker::embedded();
    let topics = broker.topics("long-letter", 1);
    let long = Wire::new(b"long", Some(vec![9; 60_000]));
    wire::send(&broker, &topics.funding, early(0..5).chain([long]).chain(early(5..10)).collect::<Vec<_>>().iter());
    let system = system(&broker, &topics);
    system.up_to_end();
    let short = mended(system).set("kafka.produce_bytes_max", 10_000);
    let ended = short.run(["dead-letters", "replay"]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::CheckFailed.code())), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("10 of 11 dead letters sent"), "{}", ended.stdout);
    assert!(ended.stdout.contains("not sent: ") && ended.stdout.contains("produce_bytes_max"), "{}", ended.stdout);
    short.succeed(["up", "--until-end"]);
    assert_eq!(posted(&short), amounts(0..10));
}
