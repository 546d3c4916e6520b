//! A way to die, for tests of recovery: only debug builds have it.
//!
//! With `MANIFEST_TEST_ABORT_AFTER_APPEND=n` in the environment the process ends, without any clean-up, right after its n-th
//! batch is durable and before anything else is done. So a test can stand at every point of the protocol, by count and not
//! by the clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static APPENDS: AtomicU64 = AtomicU64::new(0);

/// Counts an append that is durable, and ends the process if it was the last one it may make.
pub(crate) fn appended() {
    static LAST: OnceLock<Option<u64>> = OnceLock::new();
    let last = LAST.get_or_init(|| std::env::var("MANIFEST_TEST_ABORT_AFTER_APPEND").ok()?.parse().ok());
    if APPENDS.fetch_add(1, Ordering::SeqCst) + 1 == last.unwrap_or(0) {
        std::process::abort();
    }
}
