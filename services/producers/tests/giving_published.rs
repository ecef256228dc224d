//! Real grants, as published, through the importer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{codecs, funding, published_data};
use commonweal_producers::{GivingOptions, Message, import_360giving};
use commonweal_schemas::records::{Action, FundingEvent, FundingStage};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::Path;

/// File, grants, grants with something disbursed, and with nothing disbursed
/// in so many words.
const FILES: [(&str, usize, usize, usize); 4] = [
    ("power_to_change.json.gz", 870, 759, 111),
    ("lloyds_bank_foundation_ew.json.gz", 4116, 0, 0),
    ("dulverton.json.gz", 1860, 0, 0),
    ("covid19_grants_2020-05-07_openly_licensed.json.gz", 1512, 109, 41),
];
const REPEATED: (&str, usize, usize, usize) = ("lcr_recipients.json", 258, 52, 10);

fn import(folder: &Path, file: &str) -> Vec<Message> {
    let options = GivingOptions { file: file.to_owned(), programme: None };
    let reader = File::open(folder.join("grants").join(file)).unwrap();
    import_360giving(reader, options, codecs()).unwrap().map(Result::unwrap).collect()
}

fn events(messages: &[Message]) -> Vec<FundingEvent> {
    let codecs = codecs();
    messages.iter().map(|message| funding(&codecs, message)).collect()
}

fn count(events: &[FundingEvent], stage: FundingStage) -> usize {
    events.iter().filter(|event| event.stage == stage).count()
}

/// How many events have which dirt.
fn dirt(events: &[FundingEvent]) -> BTreeMap<&'static str, usize> {
    let mut found = BTreeMap::new();
    for event in events {
        let marks = [
            ("unreadable", event.unreadable_field.is_some()),
            ("no identity", event.event_id.is_empty()),
            ("no amount", event.amount.is_none()),
            ("amount not positive", event.amount.is_some_and(|amount| amount <= Decimal::ZERO)),
            ("no date", event.occurred_on.is_none()),
            ("currency not GBP", event.currency.as_deref() != Some("GBP")),
            ("no recipient id", event.recipient_id.is_none()),
            ("recipient id without a list", event.recipient_id.as_deref().is_some_and(|id| !id.contains('-'))),
            ("no place", event.postcode.is_none() && event.place_code.is_none()),
            ("place code", event.place_code.is_some()),
            ("no programme", event.programme.is_none()),
            ("onward grant", event.onward_grant),
        ];
        for (name, _) in marks.into_iter().filter(|(_, is_so)| *is_so) {
            *found.entry(name).or_default() += 1;
        }
    }
    found
}

/// Proves that every published grant becomes exactly one commitment and, where
/// money was paid, one payment, or where a dated record says that none was, a
/// withdrawal; that none of them is unreadable; and that the
/// totals are those of the digits in the files.
#[test]
fn published_grants_are_read_whole() {
    let Some(folder) = published_data() else {
        return;
    };
    let mut committed = Decimal::ZERO;
    for (file, grants, disbursed, withdrawn) in FILES.into_iter().chain([REPEATED]) {
        let messages = import(&folder, file);
        let (events, withdrawals): (Vec<_>, Vec<_>) =
            events(&messages).into_iter().partition(|event| event.action == Action::Record);
        println!("{file}: {} messages, {:?}", events.len(), dirt(&events));
        assert_eq!(count(&events, FundingStage::Committed), grants, "{file}");
        assert_eq!(count(&events, FundingStage::Disbursed), disbursed, "{file}");
        assert_eq!((events.len(), withdrawals.len()), (grants + disbursed, withdrawn), "{file}");
        assert!(events.iter().all(|event| event.unreadable_field.is_none() && event.occurred_on.is_some()));
        let of_stage = events.iter().filter(|event| event.stage == FundingStage::Committed);
        committed += of_stage.filter_map(|event| event.amount).sum::<Decimal>();
    }
    println!("committed over all files and currencies: {committed}");
    assert!(committed > Decimal::from(100_000_000));
}

/// Proves that amounts are exact, against the digits that stand in the file.
#[test]
fn amounts_are_the_files_digits() {
    let Some(folder) = published_data() else {
        return;
    };
    let file = File::open(folder.join("grants/lcr_recipients.json")).unwrap();
    let text = std::io::read_to_string(file).unwrap();
    let digits = text.lines().filter_map(|line| line.trim().strip_prefix("\"amountAwarded\": "));
    let naive: Vec<Decimal> = digits.map(|digits| digits.trim_end_matches(',').parse().unwrap()).collect();
    let events = events(&import(&folder, "lcr_recipients.json"));
    let committed = events.iter().filter(|event| event.stage == FundingStage::Committed);
    assert_eq!(committed.map(|event| event.amount.unwrap()).collect::<Vec<_>>(), naive);
    assert_eq!(naive.len(), 258);
}

/// Proves that importing again yields the same bytes.
#[test]
fn importing_again_yields_the_same_bytes() {
    let Some(folder) = published_data() else {
        return;
    };
    for (file, ..) in FILES.into_iter().chain([REPEATED]) {
        assert!(import(&folder, file) == import(&folder, file), "{file}");
    }
}

/// Proves that identities are unique over the four files, and that each grant
/// repeated in the fifth is the same event, but for the file it came from.
#[test]
fn repeated_grants_are_the_same_events() {
    let Some(folder) = published_data() else {
        return;
    };
    let mut first: HashMap<String, FundingEvent> = HashMap::new();
    let mut seen = HashSet::new();
    for (file, ..) in FILES {
        for event in events(&import(&folder, file)) {
            assert!(seen.insert(event.event_id.clone()), "{} is there twice", event.event_id);
            first.insert(event.event_id.clone(), event);
        }
    }
    for mut event in events(&import(&folder, REPEATED.0)) {
        let original = &first[&event.event_id];
        event.source_document.clone_from(&original.source_document);
        assert_eq!(&event, original);
    }
}
