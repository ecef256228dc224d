//! The gateway under load: single events at a fixed rate over real Kafka, and
//! how long each answer takes.
//!
//!     tests/bench/gateway [--rate N] [--seconds N] [--connections N]
//!
//! Requests are due at fixed times, whatever became of those before, and a
//! latency counts from when its request was due: a stall is not hidden by the
//! requests that were not sent in it. Gateway, Kafka and this program share the
//! machine. Ends with 1 where an answer is not 202, the rate is not held, or
//! the 99th percentile is above the limit, `COMMONWEAL_BENCH_P99_MILLIS_MAX`,
//! 100 unless set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by panicking")]

use commonweal_tests::broker::Broker;
use commonweal_tests::environment::bench_p99_millis_max;
use commonweal_tests::process::{Running, Signal};
use commonweal_tests::system::{PATIENCE, System, field};
use commonweal_tests::wire;
use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PARTITIONS: i32 = 4;
/// Let go by before anything counts: a Kafka that was started just now compiles
/// its own code meanwhile, and answers late for some seconds.
const WARM_UP: Duration = Duration::from_secs(10);
/// Part of the asked-for rate that must be held.
const HELD_MIN: f64 = 0.99;

#[derive(Clone, Copy)]
struct Load {
    rate: u64,
    seconds: u64,
    connections: u64,
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    /// When each request was due, since the start, and how long its answer took.
    latencies: Vec<(Duration, Duration)>,
    refused: u64,
}

fn main() -> ExitCode {
    let mut load = Load { rate: 5_000, seconds: 20, connections: 64 };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let slot = match name.as_str() {
            "--rate" => &mut load.rate,
            "--seconds" => &mut load.seconds,
            "--connections" => &mut load.connections,
            _ => {
                eprintln!("usage: gateway-bench [--rate N] [--seconds N] [--connections N]");
                return ExitCode::from(2);
            }
        };
        *slot = arguments.next().and_then(|number| number.parse().ok()).expect("a number");
    }
    let Some(broker) = Broker::real() else { return ExitCode::from(77) };
    bench(&broker, load)
}

fn bench(broker: &Broker, load: Load) -> ExitCode {
    let topics = broker.topics("gateway-bench", PARTITIONS);
    let program = env::current_exe().expect("this program's path").with_file_name("commonweal");
    let system = System::new(program.to_str().expect("a path in UTF-8"))
        .on(broker, &topics)
        .set("gateway.listen", "127.0.0.1:0");
    let mut gateway = system.start(["gateway"]);
    let listens = |line: &str| field(line, "message").is_some_and(|message| message == "the gateway listens");
    let address = field(&gateway.wait_for_line(PATIENCE, listens), "address").expect("an address");

    let (seen, wall, own_cpu) = drive(&address, load);
    let ended = end(gateway);
    let taken = seen.iter().map(|seen| seen.latencies.len()).sum::<usize>() as u64;
    let refused: u64 = seen.iter().map(|seen| seen.refused).sum();
    let lie = wire::read_all(broker, &topics.funding).len() as u64;
    let timed: Vec<(Duration, Duration)> = seen.into_iter().flat_map(|seen| seen.latencies).collect();
    let mut latencies: Vec<Duration> = timed.iter().map(|(_, latency)| *latency).collect();
    latencies.sort_unstable();
    let counted = latencies.len() as u64;
    let rate = number(taken) / wall.as_secs_f64();
    println!("single funding events, {} asked for, {} connections, {wall:.1?}", load.rate, load.connections);
    println!("answered with 202 {taken}, otherwise {refused}, rate {rate:.0}/s, in the topic {lie}");
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        println!("{name:>6} {:>9.2} ms", millis(at(&latencies, share)));
    }
    stalls(&timed);
    println!(
        "gateway: CPU {:.1} s ({:.0} us a request), peak {} MiB; load generator: CPU {:.1} s",
        ended.cpu.as_secs_f64(),
        ended.cpu.as_secs_f64() * 1e6 / number(taken),
        ended.peak_rss_bytes >> 20,
        own_cpu.as_secs_f64()
    );
    let (p99, limit) = (millis(at(&latencies, 0.99)), bench_p99_millis_max());
    let sound = refused == 0 && lie >= counted && rate >= HELD_MIN * number(load.rate) && p99 <= limit;
    println!("p99 {p99:.1} ms, most allowed {limit} ms: {}", if sound { "held" } else { "not held" });
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sends the load; what each connection saw, the time counted, and the CPU
/// time that this program used.
fn drive(address: &str, load: Load) -> (Vec<Seen>, Duration, Duration) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let seen = runtime.block_on(async {
        let clients: Vec<_> = (0..load.connections)
            .map(|_| tokio::spawn(client(address.to_owned(), load, begun, Arc::clone(&next))))
            .collect();
        let mut seen = Vec::new();
        for client in clients {
            seen.push(client.await.expect("a client ends well"));
        }
        seen
    });
    let counted = begun.elapsed().saturating_sub(WARM_UP);
    (seen, counted, commonweal_tests::process::own_cpu())
}

/// Takes the next request that is due, again and again, until the time is up.
async fn client(address: String, load: Load, begun: Instant, next: Arc<AtomicU64>) -> Seen {
    let mut stream = TcpStream::connect(&address).await.expect("the gateway takes connections");
    stream.set_nodelay(true).expect("an option");
    let (mut seen, mut answer) = (Seen::default(), Vec::with_capacity(1024));
    let end = WARM_UP + Duration::from_secs(load.seconds);
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        let due = Duration::from_nanos(turn * 1_000_000_000 / load.rate);
        if due >= end {
            return seen;
        }
        tokio::time::sleep_until((begun + due).into()).await;
        stream.write_all(&request(turn)).await.expect("the request is sent");
        let status = status(&mut stream, &mut answer).await;
        if due < WARM_UP {
            continue;
        }
        if status == 202 {
            seen.latencies.push((due, begun.elapsed().saturating_sub(due)));
        } else {
            seen.refused += 1;
        }
    }
}

fn request(number: u64) -> Vec<u8> {
    let body = format!(
        r#"{{"source":"urn:bench","event_id":"event-{number}","recorded_at":"2021-01-04T00:00:00Z","stage":"COMMITTED","instrument":"GRANT","programme":"LCR-CARES","funder_id":"GB-CHC-327114","recipient_id":"GB-CHC-1159982","recipient_name":"A Community Hub","amount":"{number}.25","currency":"GBP","occurred_on":"2021-01-01","postcode":"L8 1TH","title":"Food and company through the winter"}}"#
    );
    let length = body.len();
    format!("POST /v1/funding HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Reads one whole answer.
async fn status(stream: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    answer.clear();
    loop {
        if let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = std::str::from_utf8(&answer[..head]).expect("a head in ASCII");
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            if answer.len() >= head + 4 + length.parse::<usize>().expect("a length") {
                return text[9..12].parse().expect("a status");
            }
        }
        assert!(stream.read_buf(answer).await.expect("an answer") > 0, "the gateway closed the connection");
    }
}

/// Tells the seconds in which answers were late: one stall makes the requests
/// due in it late together.
fn stalls(timed: &[(Duration, Duration)]) {
    let limit = bench_p99_millis_max();
    let mut late: BTreeMap<u64, (u64, Duration)> = BTreeMap::new();
    for (due, latency) in timed.iter().filter(|(_, latency)| millis(*latency) > limit) {
        let (count, longest) = late.entry(due.as_secs()).or_default();
        *count += 1;
        *longest = (*longest).max(*latency);
    }
    for (second, (count, longest)) in late {
        println!("second {second}: {count} answers above {limit} ms, the longest {:.0} ms", millis(longest));
    }
}

fn end(gateway: Running) -> commonweal_tests::process::Exit {
    gateway.signal(Signal::Terminate);
    let ended = gateway.finish(PATIENCE);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    ended.exit
}

/// The latency that this share of the requests stays within.
fn at(sorted: &[Duration], share: f64) -> Duration {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count far below 2^53")]
    let position = (number(sorted.len() as u64) * share).ceil() as usize;
    sorted[position.clamp(1, sorted.len()) - 1]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}
