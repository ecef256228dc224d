//! A row that broke a rule.

use crate::reason::Reason;

/// Why one row of a batch was refused; the original bytes stay with whoever
/// holds the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Row in the batch the stage was given.
    pub row: u32,
    pub reason: Reason,
    /// Field of the contract the reason is about.
    pub field: Option<&'static str>,
    /// What is wrong, with the offending value.
    pub message: String,
    /// Identity, where it could be read.
    pub source: Option<String>,
    pub event_id: Option<String>,
}
