//! Synthetic events, seeded: the same seed and plan yield the same bytes.
//!
//! Nothing here is real. Every source, organisation and programme says
//! synthetic, and organisation identifiers lie where the registers have none:
//! charities from GB-CHC-9000000 (the Charity Commission's numbers stand near
//! 1,220,000), companies from GB-COH-90000000 (Companies House's near
//! 16,500,000).
//!
//! [`Plan::region`] is a made-up Liverpool City Region with what goes wrong in
//! real data put into it on purpose; [`Plan::load`] is plain volume.
//! [`expectations`] says what a ledger must hold of either.

mod bytes;
mod employers;
mod expectations;
mod faults;
mod history;
mod load;
mod money;
mod money_book;
mod organisations;
mod places;
mod plan;
mod quarters;
mod region;
mod register;
mod work;

pub use expectations::{Expectations, QuantityKey, expectations};
pub use plan::{Plan, Region, Shape};
pub use register::{register, register_csv};

use crate::{Codecs, Message, ProducerError};
use commonweal_schemas::records::{EmploymentEvent, FundingEvent};
use commonweal_schemas::{Dataset, Reason};
use std::sync::Arc;

/// Programme of the synthetic fund that lends, is repaid and lends again.
pub const FUND_PROGRAMME: &str = "SYNTHETIC SOCIAL INVESTMENT FUND";
/// Programme of the synthetic small grants of 2020.
pub const CARES_PROGRAMME: &str = "SYNTHETIC CARES FUND";

/// The `source` of the events of a seed.
#[must_use]
pub fn source(seed: u64) -> String {
    format!("urn:commonweal:synthetic:{seed}")
}

/// An event as the generator means it, before it is bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Funding(FundingEvent),
    Employment(EmploymentEvent),
}

impl Event {
    const fn dataset(&self) -> Dataset {
        match self {
            Self::Funding(_) => Dataset::Funding,
            Self::Employment(_) => Dataset::Employment,
        }
    }
}

/// A generated message, as the generator means it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Generated {
    event: Event,
    /// Why it must be refused; `None` for an event that is right.
    refused: Option<Reason>,
}

/// Anything that can make its messages one by one, each by itself.
trait Script {
    /// Number of messages.
    fn messages(&self) -> u64;
    /// The message at `position`, from 0 to below [`Script::messages`].
    fn generated(&self, position: u64) -> Generated;
}

fn script(seed: u64, plan: &Plan) -> Box<dyn Script + Send> {
    match &plan.shape {
        Shape::Region(region) => Box::new(region::Script::new(seed, region)),
        Shape::Load { events } => Box::new(load::Script::new(seed, *events)),
    }
}

/// Messages of a plan, in the order they arrive.
pub struct Generator {
    script: Box<dyn Script + Send>,
    codecs: Arc<Codecs>,
    message_bytes_max: usize,
    synthetic_header: bool,
    position: u64,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Generator {
    /// The generator of a seed and plan, at its first message.
    #[must_use]
    pub fn new(seed: u64, plan: &Plan, codecs: Arc<Codecs>) -> Self {
        Self {
            script: script(seed, plan),
            codecs,
            message_bytes_max: plan.message_bytes_max,
            synthetic_header: matches!(plan.shape, Shape::Region(_)),
            position: 0,
        }
    }

    /// The same, at the message `position` (from 0), as if those before had
    /// been yielded.
    #[must_use]
    pub fn starting_at(mut self, position: u64) -> Self {
        self.position = position;
        self
    }

    /// Messages of the whole plan.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.script.messages()
    }
}

impl Iterator for Generator {
    type Item = Result<Message, ProducerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.script.messages() {
            return None;
        }
        let generated = self.script.generated(self.position);
        self.position += 1;
        let mut message = bytes::message(&generated, &self.codecs, self.message_bytes_max);
        if let (true, Ok(message)) = (self.synthetic_header, &mut message) {
            message.headers.push(("synthetic".to_owned(), b"true".to_vec()));
        }
        Some(message)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = usize::try_from(self.script.messages().saturating_sub(self.position)).unwrap_or(usize::MAX);
        (rest, Some(rest))
    }
}
