//! The spine against the yardstick: how fast `up --until-end` takes events
//! from Kafka to published Parquet, beside a consumer that only counts them.
//!
//!     tests/bench/run
//!
//! Both are processes of their own, run in turns over the same topics; rates
//! are messages over the wall time of the whole process, start and publication
//! included. Ends with 1 where the median ratio is below the least allowed,
//! `COMMONWEAL_BENCH_RATIO_MIN`, 0.25 unless set. Settings hold for sending and
//! for the spine: `--set kafka.compression=none`, say.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

use commonweal_runtime::kafka::count;
use commonweal_runtime::{Config, Shutdown, Sources};
use commonweal_tests::broker::{Broker, Topics};
use commonweal_tests::environment::bench_ratio_min;
use commonweal_tests::process::{Exit, Running};
use commonweal_tests::system::System;
use std::env;
use std::process::{Command, ExitCode};
use std::time::Duration;

const EVENTS: u64 = 2_000_000;
const SEED: u64 = 1;
const PARTITIONS: i32 = 4;
const ROUNDS: usize = 3;
const LIMIT: Duration = Duration::from_mins(15);

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (mut events, mut settings) = (EVENTS, Vec::new());
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("count", Some(brokers)) => return count_only(&brokers, &arguments.collect::<Vec<_>>()),
            ("--events", Some(number)) => events = number.parse().expect("a number of events"),
            ("--set", Some(setting)) => settings.push(setting),
            _ => {
                eprintln!("usage: spine-bench [--events N] [--set KEY=VALUE]...");
                return ExitCode::from(2);
            }
        }
    }
    bench(events, &settings)
}

/// The yardstick: reads topics to their end and prints what it read.
fn count_only(brokers: &str, topics: &[String]) -> ExitCode {
    let sources = Sources { overrides: vec![format!("kafka.brokers={brokers}")], ..Sources::default() };
    let config = Config::load(&sources).expect("a sound configuration");
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let counted = count(&config.kafka, &Shutdown::new(), &topics).expect("topics that can be read");
    println!("{} {} {:.3}", counted.messages, counted.bytes, counted.seconds);
    ExitCode::SUCCESS
}

fn bench(events: u64, settings: &[String]) -> ExitCode {
    let Some(broker) = Broker::real() else { return ExitCode::from(77) };
    let topics = broker.topics("bench", PARTITIONS);
    let program = env::current_exe().expect("this program's path").with_file_name("commonweal-under-test");
    let program = program.to_str().expect("a path in UTF-8");
    let system = || {
        let settings = settings.iter().filter_map(|setting| setting.split_once('='));
        settings.fold(System::new(program).on(&broker, &topics), |system, (key, value)| system.set(key, value))
    };
    let generator = system();
    let command = generator.command(["generate", "--events", &events.to_string(), "--seed", &SEED.to_string()]);
    let generated = Running::start(command).finish(LIMIT);
    assert_eq!(generated.exit.code, Some(0), "{}", generated.stderr);
    println!("{events} events of seed {SEED} generated and sent in {:.1} s", generated.exit.wall.as_secs_f64());

    let (mut ratios, mut sizes) = (Vec::new(), None);
    heading();
    for round in 1..=ROUNDS {
        let (counted, bytes) = counting(&broker, &topics, events);
        let system = system();
        let ran = spine(&system, events);
        let rate = |exit: Exit| number(events) / exit.wall.as_secs_f64();
        let ratio = rate(ran) / rate(counted);
        row(round, "count only", rate(counted), counted, None);
        row(round, "up --until-end", rate(ran), ran, Some(ratio));
        ratios.push(ratio);
        sizes = Some((bytes, system.journal().bytes(), system.published().bytes(), system.journal().commits()));
    }
    let (kafka, journal, published, commits) = sizes.expect("at least one round");
    println!(
        "\nbytes in Kafka (keys and values) {kafka}; journal {journal} in {commits} commits; published {published}"
    );
    ratios.sort_by(f64::total_cmp);
    let (median, least) = (ratios[ROUNDS / 2], bench_ratio_min());
    println!("median ratio {median:.3}, least allowed {least}");
    if median < least { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Counts as a child process; its use and the bytes it read.
fn counting(broker: &Broker, topics: &Topics, events: u64) -> (Exit, u64) {
    let mut command = Command::new(env::current_exe().expect("this program's path"));
    command.args(["count", broker.address(), &topics.funding, &topics.employment]);
    let ended = Running::start(command).finish(LIMIT);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    let mut said = ended.stdout.split_whitespace().map(|word| word.parse::<f64>().expect("a number"));
    assert_eq!(said.next(), Some(number(events)), "all messages were counted");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a byte count far below 2^53")]
    let bytes = said.next().expect("bytes") as u64;
    (ended.exit, bytes)
}

/// One run of the spine into a fresh data folder.
fn spine(system: &System, events: u64) -> Exit {
    let ended = Running::start(system.command(["up", "--until-end"])).finish(LIMIT);
    assert_eq!(ended.exit.code, Some(0), "{}", ended.stderr);
    let receipts = system.journal().receipts();
    receipts.check_conservation();
    assert_eq!(receipts.messages(), events, "every message is in the books");
    ended.exit
}

fn heading() {
    println!(
        "\n{:>5}  {:<15} {:>12} {:>9} {:>9} {:>13} {:>9} {:>6}",
        "round", "process", "messages/s", "wall s", "CPU s", "messages/CPU s", "peak MiB", "ratio"
    );
}

fn row(round: usize, process: &str, rate: f64, exit: Exit, ratio: Option<f64>) {
    let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}"));
    let (wall, cpu) = (exit.wall.as_secs_f64(), exit.cpu.as_secs_f64());
    let per_cpu = rate * wall / cpu;
    println!(
        "{round:>5}  {process:<15} {rate:>12.0} {wall:>9.2} {cpu:>9.2} {per_cpu:>13.0} {:>9} {ratio:>6}",
        exit.peak_rss_bytes >> 20
    );
}

#[expect(clippy::cast_precision_loss, reason = "event counts far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}
