//! The time of the processor and the memory, as Linux tells them.

use std::fs;
use std::hint::black_box;

/// The least time that one of several runs takes, in seconds.
pub(crate) fn best_of<T>(runs: u32, what: impl Fn() -> T) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let before = processor_seconds();
        let result = black_box(what());
        best = best.min(processor_seconds() - before);
        drop(result);
    }
    best
}

/// How long this thread ran, in seconds.
fn processor_seconds() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: f64 = told.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default();
    nanoseconds / 1e9
}

/// What is resident, in MiB.
pub(crate) fn memory_mib() -> u64 {
    let told = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// A short time as it is shown.
pub(crate) fn microseconds(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

/// A time as it is shown.
pub(crate) fn milliseconds(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}
