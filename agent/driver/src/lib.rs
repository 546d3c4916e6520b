//! The driver: executes the engine's commands against the world, and decides nothing.
//!
//! This is the only place with time limits and with the lease. [`Journal`] is the append-only record in a store that
//! knows put-if-absent and nothing else; [`pass`] opens it, claims the lease where the pass may change anything, runs the
//! engine's [`Pass`](agent_engine::pass::Pass) to its end, and gives the lease back.

#[cfg(debug_assertions)]
mod crash_point;
mod error;
mod journal;
mod lease;
mod memory;
mod person;
mod progress;
mod run;
mod scrub;
mod system;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use agent_world::{Clock, Entropy, JournalStore, Provider, Vault};

pub use error::DriverError;
pub use journal::Journal;
pub use lease::LeaseTerms;
pub use memory::Memory;
pub use person::append_as_person;
pub use progress::{Doing, Progress, Reporter};
pub use run::{Report, Request, pass, reconcile};
pub use system::{NoVault, SystemClock, SystemEntropy};

/// The world that a pass runs against.
#[derive(Clone)]
pub struct Driver {
    /// The cloud.
    pub provider: Arc<dyn Provider>,
    /// Where the journal of the environment lies.
    pub store: Arc<dyn JournalStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where secret values live.
    pub vault: Arc<dyn Vault>,
    /// How the lease is held.
    pub lease: LeaseTerms,
    /// What was read of the journal before.
    pub memory: Memory,
}
