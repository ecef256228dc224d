//! Contracts of the pipeline: Avro schemas as files, the Arrow schemas beside
//! them, the Confluent wire format, poison-safe batch decoding, and the code
//! lists (datasets, measures, reasons) that every stage shares.

pub mod arrow_schema;
pub mod avro;
pub mod codes;
pub mod decode;
pub mod encode;
pub mod json;
pub mod origin;
pub mod partitioner;
pub mod reason;
pub mod records;
pub mod rejection;
pub mod replay;
pub mod wire;

pub use codes::{Dataset, Measure};
pub use origin::Origins;
pub use reason::Reason;
pub use rejection::Rejection;
