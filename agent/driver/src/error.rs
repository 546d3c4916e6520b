//! What stops a driver.

use agent_world::StoreError;

/// A pass could not be run, or not to its end. Nothing is lost: the next one goes on from the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The store did not answer, several times.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch of the journal cannot be read.
    #[error("batch {number} of the journal cannot be read: {reason}")]
    Unreadable {
        /// Its number.
        number: u64,
        /// Why not.
        reason: String,
    },
    /// Another writer has taken over.
    #[error("another agent has taken over: {to}")]
    Lost {
        /// Who, as far as it is known.
        to: String,
    },
    /// Whether the last batch was written is not known, so nothing more is written.
    #[error("it is not known whether batch {number} of the journal was written: {reason}")]
    Unsettled {
        /// Its number.
        number: u64,
        /// What the store said last.
        reason: String,
    },
    /// It was told to stop while it waited for the lease.
    #[error("stopped while waiting for the lease of {holder}")]
    StoppedWaiting {
        /// Who holds it.
        holder: String,
    },
    /// A provider broke off in the middle of a call.
    #[error("the provider broke off: {0}")]
    Provider(String),
    /// There is a journal, so nothing was lost.
    #[error("the journal is there and reads well, up to batch {number}: only a lost one can be rebuilt")]
    NotLost {
        /// Its last batch.
        number: u64,
    },
    /// An entry would make a journal that cannot be read back; it was not written.
    #[error("an entry would be illegal and was not written: {0}")]
    Illegal(String),
}
