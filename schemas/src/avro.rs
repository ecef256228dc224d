//! The Avro schemas, compiled in from `avro/*.avsc`, which are the truth.

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

    /// Schema id in the wire format where no registry gives one.
    #[must_use]
    pub const fn embedded_id(self) -> u32 {
        self as u32 + 1
    }
}

/// Finds the schema a message was written with.
pub trait WriterSchemas {
    /// Avro schema JSON behind `id`, or `None` where nobody knows the id.
    fn writer_schema(&self, id: u32) -> Option<String>;
}

/// The ids of the compiled-in schemas: for use without a registry.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedSchemas;

impl WriterSchemas for EmbeddedSchemas {
    fn writer_schema(&self, id: u32) -> Option<String> {
        Contract::ALL
            .into_iter()
            .find(|contract| contract.embedded_id() == id)
            .map(|contract| contract.schema_json().to_owned())
    }
}
