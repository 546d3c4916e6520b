//! The lease: one writer per environment.
//!
//! Every batch renews it. A successor acts only after it watched, by its own clock, that no batch came for the whole term and
//! the longest call on top; so nothing that its predecessor may still send was begun after the predecessor's time was over.

use schema_documents::Millis;
use schema_documents::journal::Lease;
use tokio::sync::watch;

use crate::{Driver, DriverError, Journal, Progress, Reporter};

/// How a lease is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// Who holds it, for people: host and process.
    pub holder: String,
    /// How long it lasts from the last batch on, in milliseconds. Twice `longest_call_ms` is the
    /// least, and is taken for anything shorter.
    pub term_ms: u64,
    /// How long one call may take before its answer counts as lost, in milliseconds.
    pub longest_call_ms: u64,
}

impl Default for LeaseTerms {
    fn default() -> Self {
        let holder = format!("process {}", std::process::id());
        Self { holder, term_ms: 90_000, longest_call_ms: 30_000 }
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
    /// The lease since a batch that began to be written then, of a holder whose calls take so long at most.
    pub(crate) fn since(written_at_ms: Millis, lease: &Lease, longest_call_ms: u64) -> Self {
        let term_ms = lease.term_ms;
        // Up to the renewal a call can begin at any time, and end within the term.
        let covers_ms = term_ms.saturating_sub(longest_call_ms);
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

/// Claims the lease: at once when nobody holds it, else when its holder was silent for long enough.
pub async fn claim(
    driver: &Driver,
    journal: &mut Journal,
    reporter: &Reporter,
    stop: &watch::Receiver<bool>,
) -> Result<(), DriverError> {
    let terms = &driver.lease;
    // A call starts only if it ends within the term, so a shorter term would never let one start.
    let term_ms = terms.term_ms.max(terms.longest_call_ms.saturating_mul(2));
    let lease = Lease { holder: terms.holder.clone(), term_ms };
    loop {
        wait_for_silence(driver, journal, reporter, stop).await?;
        match journal.take_lease(lease.clone()).await {
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
    let mut silent_since_ms = driver.clock.now_ms();
    while let Some(lease) = journal.recorded().lease.clone() {
        let until_ms: Millis = silent_since_ms + lease.term_ms + driver.lease.longest_call_ms;
        let now_ms = driver.clock.now_ms();
        if now_ms >= until_ms {
            return Ok(());
        }
        if *stop.borrow() {
            return Err(DriverError::StoppedWaiting { holder: lease.holder });
        }
        reporter.tell(Progress::LeaseHeld { holder: lease.holder, until_ms });
        driver.clock.sleep_until(until_ms.min(now_ms + WATCH_MS)).await;
        if journal.catch_up().await? > 0 {
            silent_since_ms = driver.clock.now_ms();
        }
    }
    Ok(())
}
