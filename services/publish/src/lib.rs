//! Publishing: balances kept from new journal entries alone, valued by the
//! method book's SQL, and written as one plain Parquet file per table.
//!
//! Equal events, method and reference give equal bytes, whatever the order of
//! arrival, the batch sizes or the restarts. What does depend on them (commit
//! numbers, times) stands in `manifest.json` only.

mod balances;
mod blocking;
mod calendar;
mod catalogue;
mod conform;
mod descriptors;
mod difference;
mod disclosure;
mod error;
mod examples;
mod export;
mod files;
mod giving;
mod grouping;
mod inputs;
mod made_up;
mod manifest;
mod method;
mod models;
mod moment;
mod probe;
mod publish;
mod revisions;
mod store;
pub mod tables;
pub mod trace;
mod values;
mod views;
mod write;

pub use balances::Refreshed;
pub use catalogue::Catalogue;
pub use difference::{Amounts, Change, Difference, Effect, Figure, difference, effects};
pub use disclosure::{CONFIDENTIAL, HELD, Policy, Protection, ROUNDED};
pub use error::{MethodError, MethodFaults, PublishError};
pub use examples::{Unmet, unmet_examples};
pub use export::{Exported, export};
pub use giving::{GivingExported, GivingFilter, export_360giving};
pub use manifest::{Manifest, ManifestFile, ManifestMethod, ManifestTable};
pub use method::{
    Claim, DEFAULT_VERSION, Discount, Distribution, Example, Extended, Extension, FunderRole, Listed, MethodBook,
    Model, Origin, Parameter, Shelf, Target, TraceModel, extend,
};
pub use probe::{ForbiddenSum, forbidden_sums};
pub use publish::{
    LedgerState, Options, Publication, Published, Timing, Valuation, publish, publish_as_of, publish_state,
    publish_state_as_of, value,
};
pub use revisions::{
    Ends, HeadlineRevision, ReleaseFacts, Revising, Revision, Revisions, RevisionsError, RowFacts, revisions,
    revisions_of_state,
};
pub use store::{Copying, Login, Sent, Store, StoreError, StoreOptions};
