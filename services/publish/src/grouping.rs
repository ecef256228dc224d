//! Summing rows per group, on codes instead of values.
//!
//! Grouping by two dozen text columns is what keeping balances costs. So each
//! value of a column is interned once and a row becomes a short array of
//! numbers: hashing and comparing it costs the same whatever the texts are, and
//! text arrays are only touched where a dictionary changes.

mod coder;
mod pairs;
mod scan;
mod tuples;

pub(crate) use coder::{Coder, Codes, NULL};
pub(crate) use pairs::{Amounts, COUNTS, Chunk, Pairs};
pub(crate) use scan::scan;
pub(crate) use tuples::Tuples;
