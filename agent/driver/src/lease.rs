//! The lease: one writer per environment.
//!
//! Every batch renews it. A successor acts only after it watched, by its own clock, that no batch came for the whole term and
//! the longest call on top; so nothing that its predecessor may still send was begun after the predecessor's time was over.

use std::sync::Arc;
use std::time::Duration;

use schema_documents::Millis;
use schema_documents::journal::{Batch, Entry, Lease};
use tokio::sync::watch;

use crate::past::Batches;
use crate::patient::Patient;
use crate::{Driver, DriverError, Journal, Progress, Reporter};

/// How a lease is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// Who holds it, for people: host and process.
    pub holder: String,
    /// How long it lasts from the last batch on, in milliseconds. Twice `longest_call_ms` is the least, and is taken for
    /// anything shorter.
    pub term_ms: u64,
    /// How long one mutating call may take before its answer counts as lost, in milliseconds.
    pub longest_call_ms: u64,
    /// How long a question may take before its answer counts as lost, in milliseconds. The lease does not cover questions.
    pub longest_question_ms: u64,
}

impl Default for LeaseTerms {
    fn default() -> Self {
        let holder = format!("process {}", std::process::id());
        Self { holder, term_ms: 9_000, longest_call_ms: 4_000, longest_question_ms: 20_000 }
    }
}

impl LeaseTerms {
    fn lease(&self) -> Lease {
        // A call starts only if it ends within the term, so a shorter term would never let one start.
        let term_ms = self.term_ms.max(self.longest_call_ms.saturating_mul(2));
        Lease { holder: self.holder.clone(), term_ms, longest_call_ms: self.longest_call_ms }
    }
}

/// Between two renewals in an active pass lies at least this time, as far as the lease's term allows.
const LEAST_BETWEEN_RENEWALS_MS: u64 = 5_000;

/// Whether a lease is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// None was taken, or it was given back.
    Nothing,
    /// One is.
    Lease(Held),
    /// It is over, and nothing more is written.
    Over(DriverError),
}

/// A lease that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) lease: Lease,
    /// Until when nobody else acts.
    pub(crate) deadline_ms: Millis,
    /// When it is to be renewed, unless something else is written before.
    pub(crate) renewal_due_ms: Millis,
}

impl Held {
    /// The lease since a batch that began to be written then.
    pub(crate) fn since(written_at_ms: Millis, lease: &Lease) -> Self {
        let term_ms = lease.term_ms;
        // Up to the renewal a call can begin at any time, and end within the term.
        let covers_ms = term_ms.saturating_sub(lease.longest_call_ms);
        let renew_after_ms = (term_ms / 3).max(LEAST_BETWEEN_RENEWALS_MS).min(covers_ms);
        Self {
            lease: lease.clone(),
            deadline_ms: written_at_ms + term_ms,
            renewal_due_ms: written_at_ms + renew_after_ms,
        }
    }
}

/// How often the journal is read while somebody else holds the lease.
const WATCH_MS: u64 = 500;

/// How often it is read while nobody does: how late a predecessor may be noticed.
const IDLE_WATCH_MS: u64 = 1_000;

/// So many batches may come before whoever stands by folds them, and lets the record rest again: they are read in a moment when it
/// takes over, or waits anew.
pub(crate) const MOST_UNFOLDED: u64 = 64;

/// Waits between two passes. Ends after `pause`; while another writer holds the lease it does not end, for that one works;
/// when the other has fallen silent with the lease in its hands it ends at once, for then there is work to take over. So
/// a killed agent is followed within its lease's term, the longest call, and a second.
pub async fn stand_by(
    driver: &Driver,
    pause: Duration,
    stop: &watch::Receiver<bool>,
) -> Result<(), DriverError> {
    let mut watched = Watched::end_of(driver).await?;
    let due_ms = driver.clock.now_ms() + Millis::try_from(pause.as_millis()).unwrap_or(Millis::MAX);
    let mut silence = Silence::from_now(driver);
    while !*stop.borrow() {
        let now_ms = driver.clock.now_ms();
        let wake_ms = match silence.over_at_ms(watched.lease.as_ref()) {
            Some(over_at_ms) if now_ms >= over_at_ms => return Ok(()),
            Some(over_at_ms) => over_at_ms.min(now_ms + WATCH_MS),
            None if now_ms >= due_ms => return Ok(()),
            None => due_ms.min(now_ms + IDLE_WATCH_MS),
        };
        sleep_until(driver, wake_ms, stop).await;
        silence.listen(driver, watched.catch_up().await?);
        if watched.unfolded >= MOST_UNFOLDED {
            fold(driver).await?;
            watched = Watched::end_of(driver).await?;
        }
    }
    Ok(())
}

/// Reads the journal to its end, and lets the record rest.
async fn fold(driver: &Driver) -> Result<(), DriverError> {
    drop(Journal::open(driver).await?);
    driver.memory.rest();
    Ok(())
}

/// The end of a journal and its lease. Whoever only waits needs no more of it, and lets the record rest.
struct Watched {
    batches: Batches,
    lease: Option<Lease>,
    /// How many batches were read that the record does not have.
    unfolded: u64,
}

impl Watched {
    async fn end_of(driver: &Driver) -> Result<Self, DriverError> {
        if driver.memory.end().is_none() {
            fold(driver).await?;
        }
        let (number, lease) = driver.memory.end().unwrap_or_default();
        let objects = Patient { store: Arc::clone(&driver.store), clock: Arc::clone(&driver.clock) };
        Ok(Self { batches: Batches::from(objects, number + 1), lease, unfolded: 0 })
    }

    /// Reads what others have written since. How many batches that were.
    async fn catch_up(&mut self) -> Result<u64, DriverError> {
        let before = self.unfolded;
        loop {
            let (first, batches) = self.batches.read().await?;
            if batches.is_empty() {
                return Ok(self.unfolded - before);
            }
            for (number, bytes) in (first..).zip(batches) {
                let opened = Batch::open(&bytes);
                let (batch, _) =
                    opened.map_err(|error| DriverError::Unreadable { number, reason: error.to_string() })?;
                batch.entries.into_iter().for_each(|entry| self.take(entry));
                self.unfolded += 1;
            }
        }
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Lease(lease) => self.lease = Some(lease),
            Entry::Released {} => self.lease = None,
            _ => {}
        }
    }
}

/// Sleeps, unless it is told to stop.
async fn sleep_until(driver: &Driver, at_ms: Millis, stop: &watch::Receiver<bool>) {
    let mut stop = stop.clone();
    tokio::select! {
        () = driver.clock.sleep_until(at_ms) => {}
        // When nobody can tell it to stop any more it sleeps on.
        Ok(_) = stop.wait_for(|stop| *stop) => {}
    }
}

/// For how long nothing was written, as far as this process watched.
struct Silence {
    since_ms: Millis,
}

impl Silence {
    fn from_now(driver: &Driver) -> Self {
        Self { since_ms: driver.clock.now_ms() }
    }

    /// Whatever was written breaks it.
    fn listen(&mut self, driver: &Driver, written: u64) {
        if written > 0 {
            *self = Self::from_now(driver);
        }
    }

    /// When it has lasted long enough to take the lease from its holder; none: nobody holds it.
    fn over_at_ms(&self, lease: Option<&Lease>) -> Option<Millis> {
        let lease = lease?;
        Some(self.since_ms.saturating_add(lease.term_ms).saturating_add(lease.longest_call_ms))
    }
}

/// Claims the lease: at once when nobody holds it, else when its holder was silent for long enough.
pub async fn claim(
    driver: &Driver,
    journal: &mut Journal,
    reporter: &Reporter,
    stop: &watch::Receiver<bool>,
) -> Result<(), DriverError> {
    loop {
        wait_for_silence(driver, journal, reporter, stop).await?;
        match journal.take_lease(driver.lease.lease()).await {
            Err(DriverError::Lost { .. }) => {}
            done => return done,
        }
    }
}

async fn wait_for_silence(
    driver: &Driver,
    journal: &mut Journal,
    reporter: &Reporter,
    stop: &watch::Receiver<bool>,
) -> Result<(), DriverError> {
    let mut silence = Silence::from_now(driver);
    while let Some(until_ms) = silence.over_at_ms(journal.recorded().lease.as_ref()) {
        let now_ms = driver.clock.now_ms();
        if now_ms >= until_ms {
            return Ok(());
        }
        let holder = journal.recorded().lease.as_ref().map(|lease| lease.holder.clone()).unwrap_or_default();
        if *stop.borrow() {
            return Err(DriverError::StoppedWaiting { holder });
        }
        reporter.tell(Progress::LeaseHeld { holder, until_ms });
        sleep_until(driver, until_ms.min(now_ms + WATCH_MS), stop).await;
        silence.listen(driver, journal.catch_up().await?);
    }
    Ok(())
}
