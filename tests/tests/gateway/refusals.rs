//! What is refused, in which words, and that nothing of it is taken.

use crate::{CLOUD_EVENT, Gateway, JSON, LINES, bearer, bytes, employment, funding, lines, new_key, system};
use commonweal_schemas::json::JsonMapping;
use commonweal_schemas::wire::write_prefix;
use commonweal_schemas::{Dataset, Reason};
use commonweal_tests::broker::Broker;
use commonweal_tests::http::Http;
use commonweal_tests::rejections::rejected;
use commonweal_tests::wire::{self, Wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Path, headers and body of a request; status and words of its answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Vec<u8>, u16, &'a str);

/// Proves that each kind of refusal has its status, says what to do in a
/// problem document, and leaves nothing in the topics.
#[test]
fn each_refusal_has_its_status() {
    let broker = Broker::embedded();
    let topics = broker.topics("refusals", 1);
    let system = system(&broker, &topics)
        .set("gateway.keys_file", crate::KEYS_FILE)
        .set("gateway.body_bytes_max", 4096)
        .set("gateway.batch_events_max", 3)
        .set("kafka.message_bytes_max", 2048);
    let (full, half) =
        (new_key(&system, "full", "funding,employment", 1_000), new_key(&system, "half", "funding", 1_000));
    let (full, half) = (bearer(&full), bearer(&half));
    let gateway = Gateway::start(&system);
    let key = ("authorization", full.as_str());
    let long = |bytes: usize| {
        let mut event = funding(1);
        event["title"] = "x".repeat(bytes).into();
        crate::bytes(&event)
    };
    let sound = bytes(&funding(1));
    let cases: [Case<'_>; 22] = [
        ("/v1/funding", &[JSON], sound.clone(), 401, "Bearer"),
        ("/v1/funding", &[JSON, ("authorization", "Bearer cw_wrong")], sound.clone(), 401, "Bearer"),
        ("/v1/funding", &[JSON, ("authorization", "Basic YTpi")], sound.clone(), 401, "Bearer"),
        ("/v1/employment", &[JSON, ("authorization", &half)], bytes(&employment(1)), 403, "half"),
        ("/v1/organisations", &[JSON, key], sound.clone(), 404, "openapi"),
        ("/health", &[JSON, key], sound.clone(), 405, "method"),
        ("/v1/funding", &[key], sound.clone(), 415, "content type"),
        ("/v1/funding", &[("content-type", "text/csv"), key], sound.clone(), 415, "text/csv"),
        ("/v1/funding", &[JSON, ("content-encoding", "gzip"), key], sound.clone(), 415, "compressed"),
        ("/v1/funding", &[JSON, key], Vec::new(), 400, "EOF"),
        ("/v1/funding", &[JSON, key], b"[]".to_vec(), 400, "object"),
        ("/v1/funding", &[JSON, key], b"{\"a\": \"\xff\"}".to_vec(), 400, "line 1"),
        ("/v1/funding", &[LINES, key], b" \n\n".to_vec(), 400, "no event"),
        ("/v1/funding", &[CLOUD_EVENT, key], b"{\"id\": 1}".to_vec(), 400, "CloudEvent"),
        ("/v1/funding", &[LINES, ("ce-id", "1"), key], sound.clone(), 422, "nothing was taken"),
        ("/v1/funding", &[JSON, key], long(5_000), 413, "4096"),
        ("/v1/funding", &[JSON, key], long(2_100), 413, "limit for one event"),
        ("/v1/funding", &[LINES, key], lines((0..4).map(funding)), 413, "at most 3"),
        ("/v1/funding", &[JSON, key], b"{}".to_vec(), 422, "nothing was taken"),
        ("/v1/funding", &[CLOUD_EVENT, key], b"{}".to_vec(), 422, "nothing was taken"),
        ("/v1/funding", &[JSON, ("ce-id", "1"), key], sound.clone(), 422, "nothing was taken"),
        ("/v1/employment", &[JSON, key], sound.clone(), 422, "nothing was taken"),
    ];
    for (path, headers, body, status, words) in &cases {
        let answer = Http::connect(&gateway.address).post(path, headers, body);
        assert_eq!(answer.status, *status, "{path} {headers:?}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem = answer.json();
        assert_eq!(problem["status"], json!(status));
        assert!(problem["detail"].as_str().unwrap().contains(words), "{words}: {problem}");
    }
    let answer = gateway.connect().get("/v1/funding");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(gateway.connect().post("/v1/funding", &[JSON, key], &sound).status, 202);
    gateway.end();
    assert_eq!(wire::read_all(&broker, &topics.funding).len(), 1);
    assert!(wire::read_all(&broker, &topics.employment).is_empty());
}

/// Proves that everything that is wrong with the events of a request is told
/// at once, by line, field and reason, what cannot be read beside what breaks
/// a rule, and that one bad line keeps its whole batch from being taken.
#[test]
fn everything_wrong_is_told() {
    let broker = Broker::embedded();
    let topics = broker.topics("wrong", 1);
    let system = system(&broker, &topics);
    let gateway = Gateway::start(&system);
    let mut http = gateway.connect();
    let wrong = json!({
        "source": " ", "event_id": "1", "recorded_at": "2021-01-04T00:00:00Z", "revision": -1, "stage": "PROMISED",
        "amount": "ten", "currency": "XXX", "occurred_on": "2021-01-05", "funder_id": "n/a", "colour": "red",
        "title": 5,
    });
    let answer = http.post("/v1/funding", &[JSON], &bytes(&wrong));
    assert_eq!(answer.status, 422);
    let expected = [
        ("amount", Reason::AmountUnreadable),
        ("colour", Reason::FieldUnreadable),
        ("currency", Reason::CurrencyUnknown),
        ("funder_id", Reason::OrgIdMalformed),
        ("occurred_on", Reason::DateInFuture),
        ("recipient_id", Reason::PartyMissing),
        ("revision", Reason::RevisionOutOfRange),
        ("source", Reason::IdentityMissing),
        ("stage", Reason::FieldUnreadable),
        ("title", Reason::FieldUnreadable),
    ];
    let mut told: Vec<_> =
        answer.errors().into_iter().map(|(line, field, reason)| (line, field.unwrap(), reason)).collect();
    told.sort();
    let expected: Vec<_> =
        expected.into_iter().map(|(field, reason)| (None, field.to_owned(), reason.code().to_owned())).collect();
    assert_eq!(told, expected);

    let mut batch: Vec<u8> = lines([funding(1)]);
    batch.extend(b"\n{\"broken\"\n");
    batch.extend(lines([funding(2), json!({"source": "s"}), funding(3)]));
    let answer = http.post("/v1/funding", &[LINES], &batch);
    let told = answer.errors();
    assert_eq!(told[0], (Some(3), None, "BODY_MALFORMED".to_owned()));
    assert!(told[1..].len() > 2 && told[1..].iter().all(|(line, ..)| *line == Some(5)), "{told:?}");

    let bad = json!({"source": "s", "event_id": "1", "recorded_at": "2021-01-04T00:00:00Z", "amount": 0});
    let answer = http.post("/v1/funding", &[LINES], &lines(vec![bad; 200])).json();
    assert_eq!(answer["errors"].as_array().unwrap().len(), 100, "the list is bounded");
    assert!(answer["errors_omitted"].as_u64().unwrap() > 100 && answer["status"] == 422);
    gateway.end();
    assert!(wire::read_all(&broker, &topics.funding).is_empty());
}

/// Proves that the gateway's verdict is ingest's: an event that breaks one rule
/// or several is refused here, and sent past the gateway is refused there, for
/// the first of the reasons told here.
#[test]
fn the_rules_are_those_of_ingest() {
    let broker = Broker::embedded();
    let topics = broker.topics("rules", 1);
    let system = system(&broker, &topics);
    let gateway = Gateway::start(&system);
    let mut http = gateway.connect();
    let mut told = BTreeMap::new();
    for (dataset, path, topic) in [
        (Dataset::Funding, "/v1/funding", &topics.funding),
        (Dataset::Employment, "/v1/employment", &topics.employment),
    ] {
        let mapping = JsonMapping::new(dataset.contract()).unwrap();
        for (number, (field, value)) in broken(dataset).into_iter().enumerate() {
            let mut event = if dataset == Dataset::Funding { funding(number) } else { employment(number) };
            event[field] = value;
            let answer = http.post(path, &[JSON], &bytes(&event));
            assert_eq!(answer.status, 422, "{field}: {answer:?}");
            // By the order of the reasons, which is the order of the answer.
            let (_, at, reason) = answer.errors().remove(0);
            let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
            let mut value = Vec::new();
            write_prefix(dataset.contract().embedded_id(), &mut value);
            let faults = mapping.write(&mapping.read(&bytes(&event)).unwrap(), &mut value);
            assert!(faults.is_empty(), "{faults:?}");
            wire::send(&broker, topic, [&Wire::new(b"key", Some(value))]);
            told.insert((topic.clone(), i64::try_from(number).unwrap()), (at, reason, message));
        }
    }
    gateway.end();
    system.up_to_end();
    let refused: BTreeMap<_, _> = rejected(&system.journal())
        .into_iter()
        .map(|one| ((one.topic, one.offset), (one.field, one.reason, one.message)))
        .collect();
    assert_eq!(told, refused);
}

/// Values that break a rule, by field.
fn broken(dataset: Dataset) -> Vec<(&'static str, Value)> {
    let common = [
        ("event_id", json!("a\nb")),
        ("source", json!("")),
        ("revision", json!(1_073_741_824)),
        ("recorded_at", json!("1999-12-31T23:59:59Z")),
        ("programme", json!("—")),
        ("postcode", json!("nowhere")),
        ("place_code", json!("Liverpool")),
        ("award_id", json!("x".repeat(5_000))),
        ("unreadable_field", json!("postcode")),
    ];
    let own = match dataset {
        Dataset::Funding => vec![
            ("stage", json!("UNSPECIFIED")),
            ("amount", json!(null)),
            ("amount", json!(-1)),
            ("amount", json!("99999999999999.9999")),
            ("currency", json!(null)),
            ("currency", json!("pounds")),
            ("occurred_on", json!(null)),
            ("occurred_on", json!("1066-10-14")),
            ("occurred_on", json!("2021-01-05")),
            ("funder_name", json!(" ")),
            ("recipient_id", json!("charity 7")),
            ("recipient_kind", json!("INDIVIDUAL")),
        ],
        Dataset::Employment => vec![
            ("measure", json!("UNSPECIFIED")),
            ("measure", json!("HIRES")),
            ("quantity", json!(null)),
            ("quantity", json!(-0.5)),
            ("quantity", json!(99_999_999_999_i64)),
            ("unit", json!("HOURS")),
            ("as_of", json!(null)),
            ("job_basis", json!(["CREATED", "SUPPORTED"])),
            ("prior_status", json!("EMPLOYED")),
            ("employer_name", json!(null)),
        ],
    };
    common.into_iter().chain(own).collect()
}
