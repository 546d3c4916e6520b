//! The time of the processor and the memory.

use std::fs;
use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// The least time that one of several runs takes, in seconds.
pub(crate) fn best_of<T>(runs: u32, what: impl Fn() -> T) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let mut result = None;
        best = best.min(seconds_of(|| result = Some(what())));
        drop(black_box(result));
    }
    best
}

/// How long something takes, in seconds.
pub(crate) fn seconds_of(what: impl FnOnce()) -> f64 {
    let before = processor_seconds();
    what();
    processor_seconds() - before
}

/// How long this thread ran, in seconds.
fn processor_seconds() -> f64 {
    let ran = clock_gettime(ClockId::ThreadCPUTime);
    ran.tv_sec as f64 + ran.tv_nsec as f64 / 1e9
}

/// What is resident, in MiB.
pub(crate) fn memory_mib() -> u64 {
    let told = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// A time as it is shown.
pub(crate) fn milliseconds(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}
