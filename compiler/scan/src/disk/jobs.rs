//! Work that several threads share, and that grows while it is done.

use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is to be done.
pub(super) struct Jobs<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    open: Vec<J>,
    /// How many are being done, each of which may lead to more.
    taken: usize,
}

impl<J> Jobs<J> {
    /// Begins with one.
    pub(super) fn new(first: J) -> Self {
        Self { state: Mutex::new(State { open: vec![first], taken: 0 }), changed: Condvar::new() }
    }

    /// The next one, the last that was added first. Waits while those that others do may lead to more; none when all is
    /// done.
    pub(super) fn take(&self) -> Option<Job<'_, J>> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.open.pop() {
                state.taken += 1;
                return Some(Job { jobs: self, job });
            }
            if state.taken == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A panic elsewhere is reported there.
    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is being done. When it goes, be it by a panic, it is done.
pub(super) struct Job<'j, J> {
    jobs: &'j Jobs<J>,
    job: J,
}

impl<J> Job<'_, J> {
    /// Adds what this one led to.
    pub(super) fn then(&self, more: Vec<J>) {
        self.jobs.state().open.extend(more);
        self.jobs.changed.notify_all();
    }
}

impl<J> Deref for Job<'_, J> {
    type Target = J;

    fn deref(&self) -> &J {
        &self.job
    }
}

impl<J> Drop for Job<'_, J> {
    fn drop(&mut self) {
        let mut state = self.jobs.state();
        state.taken -= 1;
        if state.taken == 0 {
            self.jobs.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::parallel::on_threads;

    #[test]
    fn all_that_jobs_lead_to_is_done_once() {
        for threads in [1, 2, 8] {
            let jobs = Jobs::new(0_u32);
            let done = on_threads(threads, &|| {
                let mut done = Vec::new();
                while let Some(job) = jobs.take() {
                    if *job < 1_000 {
                        job.then(vec![2 * *job + 1, 2 * *job + 2]);
                    }
                    done.push(*job);
                }
                done
            });
            let mut done = done;
            done.sort_unstable();
            assert_eq!(done, (0..=2_000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_job_that_panics_is_done() {
        let jobs = Jobs::new(());
        let begun = AtomicUsize::new(0);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            on_threads(3, &|| -> Vec<()> {
                if let Some(_job) = jobs.take() {
                    begun.fetch_add(1, Ordering::Relaxed);
                    panic!("on purpose");
                }
                Vec::new()
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(begun.into_inner(), 1);
    }
}
