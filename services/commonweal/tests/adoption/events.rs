//! Few identities, stated again and again, as validation passes them on.

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type};
use commonweal_schemas::{Dataset, arrow_schema};
use proptest::prelude::*;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

const ORGANISATIONS: [Option<&str>; 6] =
    [Some("GB-CHC-1"), Some("GB-COH-00000001"), Some("GB-CHC-2"), Some("GB-COH-00000002"), Some("GB-CHC-3"), None];
/// Postcode and place code.
const PLACES: [(Option<&str>, Option<&str>); 6] = [
    (Some("L8 1TH"), None),
    (Some("CH41 6AE"), None),
    (Some("WA7 1AA"), None),
    (None, Some("E08000003")),
    (Some("L8 1TH"), Some("E08000012")),
    (None, None),
];
const MEASURES: [(&str, &str); 6] = [
    ("COMMITTED", "GBP"),
    ("DISBURSED", "GBP"),
    ("COMMITTED", "EUR"),
    ("HEADCOUNT", "PERSONS"),
    ("HEADCOUNT", "PERSONS"),
    ("HIRES", "PERSONS"),
];

/// One statement of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Event {
    identity: u8,
    revision: i32,
    recorded_at: i64,
    cancel: bool,
    measure: usize,
    quantity: i64,
    organisation: usize,
    counterparty: usize,
    place: usize,
    /// Months after January 2019.
    month: i32,
    individual: bool,
}

impl Event {
    /// A record that nothing follows.
    pub(crate) fn plain(identity: u8) -> Self {
        let number = usize::from(identity);
        Self {
            identity,
            revision: 0,
            recorded_at: 0,
            cancel: false,
            measure: number % MEASURES.len(),
            quantity: 7 + i64::from(identity),
            organisation: number % 5,
            counterparty: (number + 2) % 5,
            place: number % 4,
            month: 13 + i32::from(identity),
            individual: false,
        }
    }

    pub(crate) fn dataset(&self) -> Dataset {
        // One identity may be in both: they are told apart.
        if self.measure < 3 { Dataset::Funding } else { Dataset::Employment }
    }

    fn digest(&self) -> [u8; 16] {
        let stated = if self.cancel { Self { cancel: true, ..Self::plain(0) } } else { self.clone() };
        let mut digest = [0; 16];
        for (seed, half) in digest.chunks_exact_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            (seed, self.identity, self.revision, self.recorded_at, self.dataset(), &stated).hash(&mut hasher);
            half.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        digest
    }

    fn text(&self, name: &str) -> Option<String> {
        let place = PLACES[self.place];
        let text = match name {
            "source" => return Some(format!("urn:test:{}", self.identity % 2)),
            "event_id" => return Some(format!("event {}", self.identity)),
            _ if self.cancel => return None,
            "measure" => MEASURES[self.measure].0,
            "unit" => MEASURES[self.measure].1,
            "instrument" if self.dataset() == Dataset::Funding => "GRANT",
            "job_basis" if self.quantity % 3 == 0 && MEASURES[self.measure].0 == "HEADCOUNT" => "CREATED",
            "prior_status" if MEASURES[self.measure].0 == "HIRES" => "UNEMPLOYED",
            "recipient_kind" if self.individual => "INDIVIDUAL",
            "recipient_kind" => "ORGANISATION",
            "organisation_key" if self.individual => return None,
            "organisation_key" => ORGANISATIONS[self.organisation]?,
            "organisation_name" => return Some(format!("Stated {}", self.organisation)),
            "counterparty_key" => ORGANISATIONS[self.counterparty]?,
            "programme" => {
                if self.quantity % 2 == 0 {
                    "LCR-CARES"
                } else {
                    "unknown"
                }
            }
            "postcode" => place.0?,
            "place_code" => place.1?,
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// Statements of a few events: revisions, withdrawals, conflicts and
/// duplicates come by themselves.
pub(crate) fn history() -> impl Strategy<Value = Vec<Event>> {
    let event = (
        (0..9_u8, 0..3_i32, 0..2_i64, prop::bool::weighted(0.12)),
        (0..MEASURES.len(), 1..40_i64, 0..24_i32, prop::bool::weighted(0.1)),
        (0..ORGANISATIONS.len(), 0..ORGANISATIONS.len(), 0..PLACES.len()),
    );
    let event = event.prop_map(
        |(
            (identity, revision, recorded_at, cancel),
            (measure, quantity, month, individual),
            (organisation, counterparty, place),
        )| Event {
            identity,
            revision,
            recorded_at,
            cancel,
            measure,
            quantity,
            organisation,
            counterparty,
            place,
            month,
            individual,
        },
    );
    prop::collection::vec(event, 1..70)
}

pub(crate) fn topic(dataset: Dataset) -> Arc<str> {
    Arc::from(format!("commonweal.{dataset}.v1"))
}

/// The events at offsets from `first` on, in the schema that validation gives.
pub(crate) fn batch(events: &[&Event], first: i64) -> RecordBatch {
    let schema = arrow_schema::validated();
    let columns = schema.fields().iter().map(|field| column(field, events, first)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

fn column(field: &Field, events: &[&Event], first: i64) -> ArrayRef {
    let rows = events.len();
    let day = |event: &&Event| (!event.cancel).then(|| 17_897 + event.month * 30);
    match (field.name().as_str(), field.data_type()) {
        ("origin_topic", _) => {
            let topics = events.iter().map(|event| Some(topic(event.dataset())));
            let topics: Vec<Option<String>> = topics.map(|topic| topic.map(|topic| topic.to_string())).collect();
            Arc::new(topics.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>())
        }
        ("origin_partition", _) => Arc::new(Int32Array::from(vec![0; rows])),
        ("origin_offset", _) => Arc::new(Int64Array::from_iter_values((first..).take(rows))),
        ("revision", _) => Arc::new(Int32Array::from_iter_values(events.iter().map(|event| event.revision))),
        ("recorded_at", _) => {
            let values = TimestampMicrosecondArray::from_iter_values(events.iter().map(|event| event.recorded_at));
            Arc::new(values.with_timezone("UTC"))
        }
        ("content_digest", _) => Arc::new(BinaryArray::from_iter_values(events.iter().map(|event| event.digest()))),
        ("cancel", _) => Arc::new(events.iter().map(|event| Some(event.cancel)).collect::<BooleanArray>()),
        ("quantity", _) => {
            let values = events.iter().map(|event| (!event.cancel).then(|| i128::from(event.quantity) * 2_500));
            Arc::new(values.collect::<Decimal128Array>().with_precision_and_scale(18, 4).unwrap())
        }
        ("onward_grant", _) => Arc::new(BooleanArray::from(vec![false; rows])),
        ("occurred_on", _) => Arc::new(events.iter().map(day).collect::<Date32Array>()),
        (name, DataType::Utf8 | DataType::Dictionary(..)) => {
            let texts: Vec<Option<String>> = events.iter().map(|event| event.text(name)).collect();
            cast(&(Arc::new(StringArray::from(texts)) as ArrayRef), field.data_type()).unwrap()
        }
        (_, other) => new_null_array(other, rows),
    }
}
