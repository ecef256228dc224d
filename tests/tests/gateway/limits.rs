//! Keys, rates and bounds.

use crate::{Gateway, JSON, KEYS_FILE, LINES, bearer, bytes, funding, lines, make_key, new_key, replace_keys, system};
use commonweal_runtime::Exit;
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::http::{Answer, Http};
use commonweal_tests::system::{PATIENCE, System};
use commonweal_tests::wire;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

fn keyed(broker: &Broker, topics: &Topics) -> System {
    system(broker, topics).set("gateway.keys_file", KEYS_FILE)
}

/// Repeats a request until it has the wanted answer.
fn until(wanted: u16, mut ask: impl FnMut() -> Answer) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer.status == wanted {
            return answer;
        }
        assert!(Instant::now() < deadline, "no {wanted}, but {answer:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Proves that a key may send its second's worth at once and is then told when
/// to come again, that it may after that time, and that others are not
/// concerned.
#[test]
fn a_key_has_its_rate() {
    let broker = Broker::embedded();
    let topics = broker.topics("rates", 1);
    let system = keyed(&broker, &topics);
    let (slow, fast) = (new_key(&system, "slow", "funding", 2), new_key(&system, "fast", "funding", 100_000));
    let (slow, fast) = (bearer(&slow), bearer(&fast));
    let gateway = Gateway::start(&system);
    let mut http = gateway.connect();
    let mut post = |key: &str, form, body: &[u8]| http.post("/v1/funding", &[form, ("authorization", key)], body);
    let event = bytes(&funding(1));
    let mut taken = 0;
    let refused = loop {
        let answer = post(&slow, JSON, &event);
        if answer.status != 202 {
            break answer;
        }
        taken += 1;
        assert!(taken < 20, "two a second are let in without end");
    };
    assert!(taken >= 2, "a second's worth may come at once");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(post(&fast, JSON, &event).status, 202);

    let told = |answer: &Answer| answer.header("retry-after").unwrap().parse::<u64>().unwrap();
    thread::sleep(Duration::from_secs(told(&refused)));
    // A batch is taken whole, and waited for after; one that is refused too.
    assert_eq!(post(&fast, LINES, &lines((0..10).map(funding))).status, 202);
    let broken = (0..10).map(|_| serde_json::json!({}));
    assert_eq!(post(&slow, LINES, &lines(broken)).status, 422);
    let refused = post(&slow, JSON, &event);
    assert!(refused.status == 429 && (2..=6).contains(&told(&refused)), "{refused:?}");
    gateway.end();
    assert_eq!(wire::read_all(&broker, &topics.funding).len(), taken + 11);
}

/// Proves that a key added to the file is taken up and one taken out is
/// refused, without a restart; that a file that cannot be used is told and
/// changes nothing; and that no output shows a key, whatever is logged.
#[test]
fn keys_come_and_go() {
    let broker = Broker::embedded();
    let topics = broker.topics("keys", 1);
    let system = keyed(&broker, &topics).set("telemetry.log", "trace");
    let first = new_key(&system, "first", "funding", 1_000);
    let mut gateway = Gateway::start(&system);
    let address = gateway.address.clone();
    let post = |key: &str| {
        let authorization = bearer(key);
        Http::connect(&address).post("/v1/funding", &[JSON, ("authorization", &authorization)], &bytes(&funding(1)))
    };
    assert_eq!(post(&first).status, 202);
    let (second, entry) = make_key(&system, "second", "funding", 1_000);
    replace_keys(&system, &entry);
    until(202, || post(&second));
    assert_eq!(post(&first).status, 401);
    replace_keys(&system, "[[key]]\nname = \"broken\"\n");
    gateway.await_line("the changed keys cannot be used");
    assert_eq!(post(&second).status, 202);

    let ended = gateway.end();
    let dump = system.succeed(["config", "dump"]).stdout;
    assert!(ended.stderr.contains("commonweal_gateway") && dump.contains(KEYS_FILE));
    for key in [first, second] {
        for shown in [&ended.stderr, &ended.stdout, &dump] {
            assert!(!shown.contains(&key) && !shown.contains(&key[3..]), "a key is shown");
        }
    }
    assert!(!ended.stderr.contains("A charity"), "the log shows an event");
}

/// Proves that beyond the bound of requests in flight, or of their bytes, a
/// request is told at once to come again, and is taken once there is room.
#[test]
fn what_is_in_flight_is_bounded() {
    let broker = Broker::embedded();
    let topics = broker.topics("in-flight", 1);
    let bounds = [("gateway.in_flight_max", 1), ("gateway.in_flight_bytes_max", 8 << 20)];
    for (setting, bound) in bounds {
        let system = system(&broker, &topics).set(setting, bound);
        let gateway = Gateway::start(&system);
        let (mut slow, mut quick) = (gateway.connect(), gateway.connect());
        let body = bytes(&funding(1));
        let padded = 8 << 20;
        slow.begin("POST", "/v1/funding", &[JSON, ("expect", "100-continue")], padded);
        assert_eq!(slow.answer().status, 100, "{setting}: its body is wanted, so it has its place");
        let refused = quick.post("/v1/funding", &[JSON], &body);
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")), "{setting}");
        slow.write(&body);
        slow.write(&vec![b' '; padded - body.len()]);
        assert_eq!(slow.answer().status, 202, "{setting}");
        until(202, || quick.post("/v1/funding", &[JSON], &body));
        gateway.end();
    }
}

/// Proves that a connection beyond the bound waits, and is served once another
/// is closed.
#[test]
fn connections_are_bounded() {
    let broker = Broker::embedded();
    let topics = broker.topics("connections", 1);
    let gateway = Gateway::start(&system(&broker, &topics).set("gateway.connections_max", 1));
    let mut first = gateway.connect();
    assert_eq!(first.get("/health").status, 200);
    let mut second = gateway.connect();
    second.send("GET", "/health", &[], b"");
    assert!(second.is_silent_for(Duration::from_millis(300)));
    assert_eq!(first.get("/health").status, 200);
    drop(first);
    assert_eq!(second.answer().status, 200);
    gateway.end();
}

/// Proves that a body that does not arrive is answered with 408 in time, and a
/// head that does not arrive ends its connection: nobody holds a place for
/// nothing.
#[test]
fn slow_senders_are_cut_off() {
    let broker = Broker::embedded();
    let topics = broker.topics("slow", 1);
    let system =
        system(&broker, &topics).set("gateway.body_timeout_seconds", 1).set("gateway.header_timeout_seconds", 1);
    let gateway = Gateway::start(&system);
    let begun = Instant::now();
    let (mut body, mut head) = (gateway.connect(), gateway.connect());
    body.begin("POST", "/v1/funding", &[JSON], 100);
    body.write(b"{");
    head.write(b"POST /v1/funding HTTP/1.1\r\nhost: ");
    assert_eq!(body.answer().status, 408);
    assert_eq!(head.try_answer(), None);
    let taken = begun.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(20)).contains(&taken), "{taken:?}");
    gateway.end();
}

/// Proves that settings which cannot be used end the program with their own
/// code and words before anything is served.
#[test]
fn wrong_settings_are_told() {
    let broker = Broker::embedded();
    let topics = broker.topics("settings", 1);
    let base = || system(&broker, &topics);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let broken = base().set("gateway.keys_file", "broken.toml");
    fs::write(broken.scratch().join("broken.toml"), "[[key]]\nname = \"a\"\nsha256 = \"abc\"\n").unwrap();
    let cases = [
        (base().set("gateway.listen", "0.0.0.0:0"), Exit::Config, "gateway.keys_file"),
        (base().set("gateway.listen", "localhost"), Exit::Config, "gateway.listen"),
        (base().set("gateway.keys_file", "nowhere.toml"), Exit::Io, "nowhere.toml"),
        (broken, Exit::Config, "datasets"),
        (base().set("gateway.listen", &address), Exit::Io, address.as_str()),
    ];
    for (system, exit, words) in cases {
        let ended = system.run(["gateway"]);
        assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    let ended = base().run(["gateway", "new-key", "two words"]);
    assert_eq!(ended.exit.code, Some(i32::from(Exit::Usage.code())), "{}", ended.stderr);
}
