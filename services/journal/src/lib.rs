//! The journal: one append-only Delta Lake table, partitioned by `book`.
//!
//! This crate opens, creates, lists and commits it; what the rows mean is the
//! ledger's business. One commit carries the rows of all four books and the
//! source positions, so a version of the table names one state of the whole
//! ledger.

mod book;
mod commit;
mod error;
mod reference;
mod table;
mod turn;
mod writer;

pub use book::{Book, JournalFile};
pub use commit::{Addition, Commit};
pub use error::JournalError;
pub use reference::{Adoption, Ended, References};
pub use table::{Journal, Operation, Position};
pub use turn::Turn;
pub use writer::{InternalTopic, Writer};
