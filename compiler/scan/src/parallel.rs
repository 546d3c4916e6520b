//! Work on many files at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Stack of a worker. Parsers recurse; each bounds how deep, and this is enough for all of them.
pub(crate) const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Items that a worker takes at a time.
const BATCH: usize = 8;

/// More workers than this wait for each other.
const MAX_THREADS: usize = 32;

/// As many workers as there are processors.
pub(crate) fn usual_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// Does the same with every item. The results are in the order of the items, whoever made them. A single worker is this
/// thread: what recurses wants to be called on a thread with [`STACK_BYTES`].
pub(crate) fn map<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = threads.clamp(1, items.len().div_ceil(BATCH).max(1));
    if threads == 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(batch) = items.get(start..).filter(|rest| !rest.is_empty()) else { return done };
            done.push((start, batch.iter().take(BATCH).map(&work).collect::<Vec<R>>()));
        }
    };
    let mut done = on_threads(threads, &worker);
    done.sort_unstable_by_key(|(start, _)| *start);
    let mut results = Vec::with_capacity(items.len());
    for (_, batch) in done {
        results.extend(batch);
    }
    results
}

/// Does two things, at the same time if there may be two threads.
pub(crate) fn both<A: Send, B>(
    threads: usize,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    if threads < 2 {
        return (one(), other());
    }
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// Runs a worker on each of so many threads. This one waits meanwhile: a system may start a thread on the processor of the
/// one that started it, and if that goes on working, they share it for milliseconds while another is idle.
pub(crate) fn on_threads<R: Send>(threads: usize, worker: &(impl Fn() -> Vec<R> + Sync)) -> Vec<R> {
    if threads < 2 {
        return worker();
    }
    std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, worker).ok();
        // Where there can be no threads, this one does it all.
        let workers: Vec<_> = (0..threads).filter_map(spawn).collect();
        let mut done = if workers.is_empty() { worker() } else { Vec::new() };
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<R>>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        for worker in workers {
            done.extend(join(worker));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for (count, threads) in [(0, 2), (1, 4), (7, 1), (1_000, 3), (1_001, 64)] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(
                map(&items, threads, |item| item * 2),
                (0..count).map(|item| item * 2).collect::<Vec<_>>()
            );
        }
    }
}
