//! Reference data and the enrich stage.
//!
//! Reference data (organisation register, places, deprivation, sectors) live in
//! immutable versions, `<reference_dir>/<version>/`. A version's id is made of
//! its content, so equal content is the same version wherever it was loaded.
//! [`load`] makes the next version out of CSV files, [`Reference`] holds one in
//! memory, and [`enrich`] joins it to validated events as of each event's date.
//!
//! A version folder holds
//! - `reference.json`: what the version is made of, with digests and sources;
//! - `kinds/<kind>.parquet`: one file per [`Kind`], sorted by its key;
//! - `places.parquet`, `organisations.parquet`, `sectors.parquet`: the dimension
//!   tables that published figures are read with ([`dimensions`]).

mod builtin;
mod canonical;
mod difference;
pub mod dimensions;
mod enrich;
mod error;
mod input;
mod kind;
mod load;
mod reference;
mod source;
mod store;
mod table;
mod vocabulary;

pub use difference::{KindDifference, RowDifference, difference};
pub use enrich::{basis, enrich};
pub use error::{EnrichError, ReferenceError};
pub use kind::Kind;
pub use load::{LoadedVersion, MALFORMED_ROWS_MAX, MalformedRow, Progress, load};
pub use reference::Reference;
pub use store::manifest::{KindEntry, Manifest, SourceFile, TableEntry};
pub use store::{latest, list, materialise_builtin};

/// Value of a column that the reference cannot fill.
pub const UNKNOWN: &str = "unknown";
/// Combined authority of a district that belongs to none.
pub const NONE: &str = "none";
