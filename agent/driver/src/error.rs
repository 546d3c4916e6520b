//! What stops a driver.

use agent_world::StoreError;
use schema_documents::recovery::Leftover;

/// A pass could not be run, or not to its end. Nothing is lost: the next one goes on from the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The store did not answer, several times.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A batch of the journal cannot be read.
    #[error(
        "batch {number} of the journal cannot be read: {reason}; nothing is written until it can (`manifest-agent verify` \
         says more)"
    )]
    Unreadable {
        /// Its number.
        number: u64,
        /// Why not, and what to do.
        reason: String,
    },
    /// A batch of the journal is not there, and a later one is.
    #[error(
        "batch {number} of the journal is missing, and batch {later} is there: put it back from a copy of the store; \
         nothing is written until then"
    )]
    Missing {
        /// Its number.
        number: u64,
        /// The number of a later one.
        later: u64,
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
    /// There is no journal, and something live says that it is of this environment.
    #[error(
        "there is no journal, and the {} `{}` says that it is this environment's `{}`: the journal was lost, or lies \
         elsewhere. Nothing was done. Name the place with `--state`, or let `manifest-agent recover` rebuild it",
        found.kind, found.identifier, found.resource
    )]
    JournalLost {
        /// One of possibly many.
        found: Leftover,
    },
    /// There is no journal, and whether one was lost is not known.
    #[error(
        "there is no journal, and whether one was lost is not known, for the {kind} resources cannot be searched for any of \
         this environment: {why}. Nothing was done; it can be tried again"
    )]
    PerhapsLost {
        /// The kind.
        kind: String,
        /// What the cloud said.
        why: String,
    },
    /// An entry would make a journal that cannot be read back; it was not written.
    #[error("an entry would be illegal and was not written: {0}")]
    Illegal(String),
    /// The entries cannot be written.
    #[error("{bytes} bytes of entries that belong together are more than a batch of the journal may hold")]
    TooLong {
        /// Their size.
        bytes: u64,
    },
    /// Too many appends wait already.
    #[error("{waiting} appends wait for the journal already")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The journal's writer has stopped.
    #[error("the journal is closed")]
    Closed,
}
