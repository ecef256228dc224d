//! How long the allocator keeps memory that was freed.
//!
//! Each flush and each publication takes as much memory as the one before and
//! gives it back. By default mimalloc returns to the system what has been free
//! for a second, and the next flush has the system clear the same pages again,
//! which costs more than encoding does. So freed memory is kept for longer than
//! two flushes lie apart; a program that is idle still returns it.
#![expect(unsafe_code, reason = "the crate wraps none of mimalloc's options; see `keep_freed`")]

// Links the library that has the function below.
use libmimalloc_sys as _;
use std::ffi::{c_int, c_long};

/// `mi_option_purge_delay` in `mimalloc.h`.
const PURGE_DELAY: c_int = 15;
/// Time between the first page that is freed and the return of all that are
/// free then: `ledger.flush_interval_seconds` as it is by default.
const KEPT_MILLISECONDS: c_long = 10_000;

unsafe extern "C" {
    fn mi_option_set(option: c_int, value: c_long);
}

/// Has freed memory kept; before much is allocated.
pub(crate) fn keep_freed() {
    // SAFETY: it stores a number in a table of the library's own, and the
    // option is one of those in it.
    unsafe { mi_option_set(PURGE_DELAY, KEPT_MILLISECONDS) };
}
