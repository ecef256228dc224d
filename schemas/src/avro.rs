//! The Avro schemas, compiled in from `avro/*.avsc`, which are the truth, and
//! what can be said of other people's.

pub(crate) mod model;
pub(crate) mod resolution;

pub use resolution::can_read;

/// A contract that has an Avro schema file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contract {
    Funding,
    Employment,
    Organisation,
    Validated,
    Enriched,
    DeadLetter,
}

impl Contract {
    pub const ALL: [Self; 6] =
        [Self::Funding, Self::Employment, Self::Organisation, Self::Validated, Self::Enriched, Self::DeadLetter];

    /// File name without its ending, as under `schemas/avro/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Employment => "employment",
            Self::Organisation => "organisation",
            Self::Validated => "validated",
            Self::Enriched => "enriched",
            Self::DeadLetter => "dead-letter",
        }
    }

    /// Avro schema as JSON text.
    #[must_use]
    pub const fn schema_json(self) -> &'static str {
        match self {
            Self::Funding => include_str!("../avro/funding.avsc"),
            Self::Employment => include_str!("../avro/employment.avsc"),
            Self::Organisation => include_str!("../avro/organisation.avsc"),
            Self::Validated => include_str!("../avro/validated.avsc"),
            Self::Enriched => include_str!("../avro/enriched.avsc"),
            Self::DeadLetter => include_str!("../avro/dead-letter.avsc"),
        }
    }

    /// Full name of the record, namespace included.
    #[must_use]
    pub const fn record_name(self) -> &'static str {
        match self {
            Self::Funding => "commonweal.v1.FundingEvent",
            Self::Employment => "commonweal.v1.EmploymentEvent",
            Self::Organisation => "commonweal.v1.OrganisationEvent",
            Self::Validated => "commonweal.v1.ValidatedEvent",
            Self::Enriched => "commonweal.v1.EnrichedEvent",
            Self::DeadLetter => "commonweal.v1.DeadLetter",
        }
    }

    /// Schema id in the wire format where no registry gives one. A contract
    /// that changes gets the next number that was never given; the number of
    /// its earlier schema keeps its meaning, for messages still in a topic.
    #[must_use]
    pub const fn embedded_id(self) -> u32 {
        match self {
            Self::Funding => 7,
            Self::Employment => 2,
            Self::Organisation => 3,
            Self::Validated => 4,
            Self::Enriched => 5,
            Self::DeadLetter => 6,
        }
    }
}

/// Numbers given to schemas that are no longer written under.
const EARLIER: [(u32, &str); 1] = [(1, include_str!("../avro/history/v1/funding.avsc"))];

/// Whether data written with the one schema, as JSON text, is data of the
/// other: the same names, types and order, whatever their documentation,
/// defaults and spelling. False where one is no Avro.
#[must_use]
pub fn writes_like(one: &str, other: &str) -> bool {
    match (model::Schema::parse(one), model::Schema::parse(other)) {
        (Ok(one), Ok(other)) => one.writes_like(&other),
        _ => false,
    }
}

/// What can be said of a schema id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriterSchema {
    /// Avro schema as JSON text.
    Found(String),
    /// Nobody knows the id, and asking again now is in vain; why, for people.
    Unknown(String),
    /// There is a schema, but none that a message can be read with; why.
    Unusable(String),
    /// It cannot be said yet: the id is being asked for.
    Awaited,
}

/// Finds the schema a message was written with. Never waits.
pub trait WriterSchemas {
    /// What is known of `id` now.
    fn writer_schema(&self, id: u32) -> WriterSchema;
}

impl<T: WriterSchemas + ?Sized> WriterSchemas for Box<T> {
    fn writer_schema(&self, id: u32) -> WriterSchema {
        (**self).writer_schema(id)
    }
}

/// The ids of the compiled-in schemas: for use without a registry.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedSchemas;

impl WriterSchemas for EmbeddedSchemas {
    fn writer_schema(&self, id: u32) -> WriterSchema {
        let current = Contract::ALL.map(|contract| (contract.embedded_id(), contract.schema_json()));
        let known = current.into_iter().chain(EARLIER).find(|(known, _)| *known == id);
        known.map_or_else(
            || WriterSchema::Unknown("no registry is configured, and the embedded schemas do not have it".to_owned()),
            |(_, schema)| WriterSchema::Found(schema.to_owned()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the names given here are those the schemas state.
    #[test]
    fn record_names_are_those_of_the_schemas() {
        for contract in Contract::ALL {
            let schema = model::Schema::parse(contract.schema_json()).unwrap();
            let model::Type::Record { name, .. } = &schema.types()[schema.root()] else { panic!("no record") };
            assert_eq!(name, contract.record_name());
        }
    }
}
