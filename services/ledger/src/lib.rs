//! The ledger: every event posted once, corrected by reversal, never
//! overwritten.
//!
//! [`post`] is the pure core: it decides, against an index of event identities,
//! what each row of a batch does to the books. [`Ledger`] performs it: it
//! gathers postings, rejections and receipts, and commits them together with
//! the source positions. [`verify`] checks what they wrote, from the files alone.

mod adopt;
mod columns;
mod error;
mod flush;
mod flushing;
mod gather;
mod identity;
mod in_force;
mod index;
pub mod letters;
mod parquet_files;
pub mod post;
pub mod protocol;
mod read_back;
mod rebuild;
mod receipts;
mod rejected;
mod share;
pub mod verify;
mod writer;

pub use adopt::{Adopter, AdoptionLimits, AdoptionProgress, AdoptionStep};
pub use error::LedgerError;
pub use identity::Identity;
pub use in_force::{InForce, Standing};
pub use index::{Head, Index, Location};
pub use receipts::{Outcome, Receipts, Stamp};
pub use rejected::RejectedMessage;
pub use share::SourceTopic;
pub use writer::{Committed, Ledger};
