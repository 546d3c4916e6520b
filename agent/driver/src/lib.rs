//! The driver: executes the engine's commands against the world, and decides nothing.
//!
//! This is the only place with time limits and with the lease. [`Journal`] is the append-only record in a store that
//! knows put-if-absent and nothing else; [`pass`] opens it, claims the lease where the pass may change anything, runs the
//! engine's [`Pass`](agent_engine::pass::Pass) to its end, and gives the lease back.

mod checkpoints;
#[cfg(debug_assertions)]
mod crash_point;
mod error;
mod journal;
mod lease;
mod memory;
mod past;
mod patient;
mod person;
mod progress;
mod recover;
mod run;
mod scrub;
mod system;
#[cfg(test)]
mod tests;
mod verify;
mod witness;
mod writer;

use std::sync::Arc;

pub use agent_engine::digests::Digests;
use agent_world::{Clock, Entropy, JournalStore, Provider, Vault};

pub use checkpoints::{Checkpoints, EVERY};
pub use error::DriverError;
pub use journal::Journal;
pub use lease::{LeaseTerms, claim, stand_by};
pub use memory::Memory;
pub use past::read_all;
pub use person::append_as_person;
pub use progress::{Doing, Progress, Reporter};
pub use recover::{RecoverRequest, confirm_recovery, search};
pub use run::{Report, Request, pass, reconcile};
pub use system::{NoCloud, NoVault, SystemClock, SystemEntropy};
pub use verify::{Finding, Verified, verify};
pub use witness::Sight;
pub use writer::{Receipt, Writer};

/// The world that a pass runs against.
#[derive(Clone)]
pub struct Driver {
    /// The cloud.
    pub provider: Arc<dyn Provider>,
    /// Where the journal of the environment lies.
    pub store: Arc<dyn JournalStore>,
    /// Where the checkpoints of that journal lie.
    pub checkpoints: Checkpoints,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where secret values live.
    pub vault: Arc<dyn Vault>,
    /// What memory has in the place of sensitive values.
    pub digests: Digests,
    /// How the lease is held.
    pub lease: LeaseTerms,
    /// What was read of the journal before.
    pub memory: Memory,
}
