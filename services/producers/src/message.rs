//! What producers yield, and the codecs they write with.

use crate::ProducerError;
use commonweal_schemas::Dataset;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::partitioner::key_of;
use commonweal_schemas::records::{Codec, EmploymentEvent, FundingEvent};

/// One message for the raw topic of its dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub dataset: Dataset,
    /// As [`key_of`] makes it.
    pub key: Vec<u8>,
    /// Avro in the Confluent wire format, or what a faulty producer sends
    /// instead; empty for a message without a value.
    pub value: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// One codec a contract that producers write.
#[derive(Debug)]
pub struct Codecs {
    pub funding: Codec,
    pub employment: Codec,
    /// Writes what does not belong on a raw topic, for the generator's faults;
    /// nobody else needs it.
    pub organisation: Option<Codec>,
}

impl Codecs {
    /// Codecs under the compiled-in schemas' own ids.
    ///
    /// # Errors
    /// Where a compiled-in schema does not parse.
    pub fn embedded() -> Result<Self, ProducerError> {
        Ok(Self {
            funding: Codec::embedded(Contract::Funding)?,
            employment: Codec::embedded(Contract::Employment)?,
            organisation: Some(Codec::embedded(Contract::Organisation)?),
        })
    }

    pub(crate) fn funding_message(&self, event: &FundingEvent) -> Result<Message, ProducerError> {
        Ok(Message {
            dataset: Dataset::Funding,
            key: key_of(&event.source, &event.event_id),
            value: self.funding.encode(event)?,
            headers: Vec::new(),
        })
    }

    pub(crate) fn employment_message(&self, event: &EmploymentEvent) -> Result<Message, ProducerError> {
        Ok(Message {
            dataset: Dataset::Employment,
            key: key_of(&event.source, &event.event_id),
            value: self.employment.encode(event)?,
            headers: Vec::new(),
        })
    }
}
