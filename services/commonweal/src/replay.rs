//! Dead letters sent back to their topics of origin, each once.
//!
//! What is sent is told beforehand in a [`ReplayLog`] and confirmed when the
//! brokers have it. A run that dies between the two leaves letters of which
//! nobody knows whether they went: the next one looks for them in the topic,
//! from where it ended before they were sent, by the header that names them.

mod letter_set;
mod log;
mod sender;
mod trace;

pub(crate) use letter_set::LetterSet;
pub(crate) use log::{ReplayError, ReplayLog, Replayed};
pub(crate) use sender::Sender;
pub(crate) use trace::settle;
