//! What a person says goes into the journal too, under the same lease.

use schema_documents::journal::Entry;
use tokio::sync::watch;

use crate::{Driver, DriverError, Journal, Reporter, lease};

/// Appends entries that come from a person and lead to no call: an answer, a confirmation.
pub async fn append_as_person(driver: &Driver, entries: Vec<Entry>) -> Result<(), DriverError> {
    let mut journal = Journal::open(driver).await?;
    let (_never, stop) = watch::channel(false);
    lease::claim(driver, &mut journal, &Reporter::silent(), &stop).await?;
    let appended = journal.append(entries).await;
    // That the lease stays taken for a while does not unsay a word that is durable.
    if let Err(error) = journal.release().await {
        tracing::warn!(%error, "the lease was not given back; the next writer waits until its term is over");
    }
    appended
}
