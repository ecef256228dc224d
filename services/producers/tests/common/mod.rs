//! What the tests of producers share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses its part; a test fails by panicking")]

use commonweal_producers::{Codecs, Message};
use commonweal_schemas::Dataset;
use commonweal_schemas::records::{EmploymentEvent, FundingEvent};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) fn codecs() -> Arc<Codecs> {
    Arc::new(Codecs::embedded().unwrap())
}

/// A fixture of the repository.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data")).join(name)
}

/// The folder of published data beside the repository; `None` where it is
/// missing, which fails under `CI=true`.
#[expect(clippy::disallowed_methods, reason = "where the test data lie is told by the environment alone")]
pub(crate) fn published_data() -> Option<PathBuf> {
    let folder = std::env::var_os("COMMONWEAL_SHARED_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: needs ../shared/data");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "skipped under CI: needs ../shared/data");
    None
}

pub(crate) fn funding(codecs: &Codecs, message: &Message) -> FundingEvent {
    assert_eq!(message.dataset, Dataset::Funding);
    let event: FundingEvent = codecs.funding.decode(&message.value).unwrap();
    assert_eq!(message.key, format!("{}\u{1f}{}", event.source, event.event_id).as_bytes());
    event
}

pub(crate) fn employment(codecs: &Codecs, message: &Message) -> EmploymentEvent {
    assert_eq!(message.dataset, Dataset::Employment);
    let event: EmploymentEvent = codecs.employment.decode(&message.value).unwrap();
    assert_eq!(message.key, format!("{}\u{1f}{}", event.source, event.event_id).as_bytes());
    event
}
