//! Another number of partitions between services: refused, and brought about.

use crate::PROGRAM;
use crate::crew::{Crew, booked, has_share, wait_until_booked};
use commonweal_runtime::Exit;
use commonweal_tests::broker::Broker;
use commonweal_tests::load::Load;
use commonweal_tests::process::Signal;
use commonweal_tests::system::{PATIENCE, System, field};

const EVENTS: u64 = 60_000;

fn refused(system: &System, arguments: &[&str], exit: Exit, told: &[&str]) {
    let ended = system.run(arguments);
    assert_eq!(ended.exit.code, Some(i32::from(exit.code())), "{}", ended.stderr);
    for text in told {
        assert!(ended.stderr.contains(text), "{text} is not told:\n{}", ended.stderr);
    }
}

/// Proves that the ledger refuses a topic that was enlarged by hand and names
/// the way out; that the way out is refused while workers are at work, can be
/// cut off and taken up again, posts what lies in the topics wherever it lies,
/// and makes them anew; and that the published bytes do not tell.
#[test]
fn a_topic_is_enlarged_and_made_anew() {
    let Some(broker) = Broker::real() else { return };
    let load = Load::prepare(PROGRAM, broker, "repartition", EVENTS, 37);
    let system = load.system().apart("repartition").set("ledger.flush_rows", 512).set("ledger.batch_rows", 256);
    let enriched = system.setting("topics.enriched").unwrap().to_owned();
    let mut crew = Crew::new(&system);
    crew.join(&['a']);
    wait_until_booked(&mut crew, EVENTS / 10);
    crew.finish();
    let before = booked(&system);
    assert!(before < EVENTS, "something is left to do");
    assert_eq!(load.broker.partitions(&enriched), 6);

    load.broker.add_partitions(&enriched, 9);
    // Some events of one identity now lie in two partitions.
    system.succeed(["ingest", "--until-end"]);
    system.succeed(["enrich", "--until-end"]);
    let told = ["9 partitions", "posted from 6", "commonweal topics repartition"];
    refused(&system, &["ledger", "--until-end"], Exit::PartitionCount, &told);
    assert_eq!(booked(&system), before, "nothing was posted");

    let repartition = ["topics", "repartition", "--partitions", "5"];
    for protocol in ["classic", "consumer"] {
        let group = format!("{enriched}.{protocol}");
        let settings = [("kafka.group_id", group.as_str()), ("kafka.group_protocol", protocol)];
        let mut worker = system.start_with(&settings, "enrich");
        worker.wait_for_line(PATIENCE, has_share);
        let overlaid = ["-s".to_owned(), format!("kafka.group_id={group}")];
        let arguments: Vec<&str> = overlaid.iter().map(String::as_str).chain(repartition).collect();
        refused(&system, &arguments, Exit::Usage, &["workers of enrich are at work", "stop them all"]);
        worker.signal(Signal::Kill);
        worker.finish(PATIENCE);
    }

    let mut cut_off = system.start(repartition);
    cut_off.wait_for_line(PATIENCE, |line| field(line, "message").is_some_and(|text| text.starts_with("drained")));
    cut_off.signal(Signal::Kill);
    cut_off.finish(PATIENCE);
    refused(&system, &["ledger", "--until-end"], Exit::PartitionCount, &["being made anew with 5 partitions"]);
    system.succeed(repartition);
    assert_eq!(load.broker.partitions(&enriched), 5);
    load.check_books(&system);

    for service in ["ingest", "enrich", "ledger"] {
        system.succeed([service, "--until-end"]);
    }
    system.succeed(["publish"]);
    load.check(&system);
}
