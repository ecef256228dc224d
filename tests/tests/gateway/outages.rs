//! Kafka that goes away and comes back, and a gateway that is asked to end.

use crate::{Gateway, JSON, KAFKA, LINES, bytes, funding, ids, lines, posted, system};
use commonweal_tests::broker::Topics;
use commonweal_tests::http::Http;
use commonweal_tests::kafka::StoppableKafka;
use commonweal_tests::process::Signal;
use commonweal_tests::system::{PATIENCE, System};
use commonweal_tests::wire;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{PoisonError, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

/// The real Kafka, for one test alone, which may stop it.
struct Kafka {
    kafka: StoppableKafka,
    _turn: RwLockWriteGuard<'static, ()>,
}

impl Kafka {
    fn alone() -> Option<Self> {
        let kafka = StoppableKafka::find()?;
        Some(Self { kafka, _turn: KAFKA.write().unwrap_or_else(PoisonError::into_inner) })
    }
}

impl Deref for Kafka {
    type Target = StoppableKafka;

    fn deref(&self) -> &StoppableKafka {
        &self.kafka
    }
}

fn served(kafka: &Kafka, topics: &Topics) -> System {
    system(&kafka.broker, topics).set("gateway.ack_timeout_seconds", 3).set("gateway.retry_after_seconds", 1)
}

/// Sends one event until it is answered with 202, as a patient client does;
/// whether it was told to wait meanwhile.
fn insist(address: &str, number: usize) -> bool {
    let (deadline, mut waited) = (Instant::now() + PATIENCE, false);
    loop {
        let answer = Http::connect(address).post("/v1/funding", &[JSON], &bytes(&funding(number)));
        if answer.status == 202 {
            return waited;
        }
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(Instant::now() < deadline, "event {number} is never taken");
        waited = true;
        thread::sleep(Duration::from_millis(100));
    }
}

/// Proves that while Kafka is stopped clients are told to wait, soon and with
/// the time; that once it is back events are taken without a restart; and that
/// of eight clients who sent all the while every event is in the books, once.
#[test]
fn an_outage_loses_nothing() {
    let Some(kafka) = Kafka::alone() else { return };
    let topics = kafka.broker.topics("gateway-outage", 2);
    let system = served(&kafka, &topics);
    let mut gateway = Gateway::start(&system);
    let (address, next, over) = (gateway.address.clone(), AtomicUsize::new(0), AtomicBool::new(false));
    let (take, taken) = channel();
    let await_taken = |events: usize| {
        (0..events).for_each(|_| taken.recv_timeout(PATIENCE).expect("events are taken"));
    };
    let client = |take: Sender<()>| {
        let mut waited = 0;
        while !over.load(Ordering::Relaxed) {
            waited += usize::from(insist(&address, next.fetch_add(1, Ordering::Relaxed)));
            take.send(()).expect("somebody counts");
        }
        waited
    };
    let client = &client;
    let waited: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| take.clone()).map(|take| scope.spawn(move || client(take))).collect();
        await_taken(500);
        kafka.order("stop");
        gateway.await_line("kafka is away");
        let begun = Instant::now();
        let answer = Http::connect(&address).post("/v1/funding", &[LINES], &lines((0..10).map(funding)));
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "it is known to be away");
        assert_eq!(Http::connect(&address).get("/health").status, 503);
        taken.try_iter().for_each(drop);
        kafka.order("start");
        await_taken(500);
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert!(waited >= 8, "every client met the outage: {waited}");
    assert_eq!(Http::connect(&address).get("/health").status, 200);
    gateway.end();
    system.up_to_end();
    assert_eq!(posted(&system, "funding"), ids("event", 0..next.into_inner()));
    system.journal().receipts().check_conservation();
}

/// Proves that the gateway starts without Kafka, says that it is away, and
/// takes events once it is there.
#[test]
fn kafka_may_come_later() {
    let Some(kafka) = Kafka::alone() else { return };
    let topics = kafka.broker.topics("gateway-later", 1);
    let system = served(&kafka, &topics);
    kafka.order("stop");
    let mut gateway = Gateway::start(&system);
    let mut http = gateway.connect();
    while http.get("/health").status != 503 {}
    assert_eq!(http.post("/v1/funding", &[JSON], &bytes(&funding(0))).status, 503);
    kafka.order("start");
    gateway.await_line("kafka serves again");
    insist(&gateway.address, 1);
    assert_eq!(gateway.connect().get("/health").status, 200);
    gateway.end();
    system.up_to_end();
    assert_eq!(posted(&system, "funding"), ids("event", [1]));
}

/// Proves that a broker which answers nobody, though its connections stay, is
/// told with 503 after the time that was set, and that what was sent then and
/// sent again is posted once.
#[test]
fn a_silent_broker_is_given_up() {
    let Some(kafka) = Kafka::alone() else { return };
    let topics = kafka.broker.topics("gateway-silent", 1);
    let system = served(&kafka, &topics);
    let gateway = Gateway::start(&system);
    insist(&gateway.address, 0);
    kafka.order("pause");
    let begun = Instant::now();
    let answer = gateway.connect().post("/v1/funding", &[JSON], &bytes(&funding(1)));
    let taken = begun.elapsed();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    assert!((Duration::from_secs(2)..Duration::from_secs(10)).contains(&taken), "{taken:?}");
    kafka.order("resume");
    insist(&gateway.address, 1);
    gateway.end();
    system.up_to_end();
    assert_eq!(posted(&system, "funding"), ids("event", 0..2));
}

/// Proves that on SIGTERM a request that awaits its acknowledgement still gets
/// it, one whose body has not arrived is told to come again, idle connections
/// are closed, new ones refused, and the program ends by itself with 0.
#[test]
fn the_end_is_graceful() {
    let Some(kafka) = Kafka::alone() else { return };
    let topics = kafka.broker.topics("gateway-end", 1);
    let system = served(&kafka, &topics).set("gateway.ack_timeout_seconds", 8).set("gateway.in_flight_max", 2);
    let mut gateway = Gateway::start(&system);
    let (mut waiting, mut half, mut idle) = (gateway.connect(), gateway.connect(), gateway.connect());
    assert_eq!(waiting.post("/v1/funding", &[JSON], &bytes(&funding(0))).status, 202);
    assert_eq!(idle.get("/health").status, 200);
    kafka.order("pause");
    waiting.send("POST", "/v1/funding", &[JSON], &bytes(&funding(1)));
    half.begin("POST", "/v1/funding", &[JSON], 100);
    half.write(b"{");
    // Both are in flight once a third finds no place: until then it is refused for what it is.
    let mut third = gateway.connect();
    while third.post("/v1/funding", &[JSON], b"{}").status != 503 {}
    gateway.running.signal(Signal::Terminate);
    gateway.await_line("no connection is taken any more");
    let answer = half.answer();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    assert_eq!(idle.try_answer(), None);
    assert!(Http::try_connect(&gateway.address).is_none_or(|mut late| late.try_answer().is_none()));
    kafka.order("resume");
    assert_eq!(waiting.answer().status, 202);
    let ended = gateway.running.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    assert_eq!(wire::read_all(&kafka.broker, &topics.funding).len(), 2);
}
