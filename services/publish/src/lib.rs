//! Publishing: balances kept from new journal entries alone, valued by the
//! method book's SQL, and written as one plain Parquet file per table.
//!
//! Equal events, method and reference give equal bytes, whatever the order of
//! arrival, the batch sizes or the restarts. What does depend on them (commit
//! numbers, times) stands in `manifest.json` only.

mod balances;
mod blocking;
mod calendar;
mod conform;
mod error;
mod files;
mod grouping;
mod inputs;
mod manifest;
mod method;
mod models;
mod publish;
mod store;
pub mod tables;
mod views;
mod write;

pub use balances::Refreshed;
pub use error::{MethodError, PublishError};
pub use manifest::{Manifest, ManifestMethod, ManifestTable};
pub use method::{Claim, DEFAULT_VERSION, MethodBook, Model, Parameter};
pub use publish::{LedgerState, Options, Publication, Published, Timing, publish, publish_state};
pub use store::{Copying, Login, Sent, Store, StoreError, StoreOptions};
